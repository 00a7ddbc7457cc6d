//! The host's own records, on streams under `host/`.

use serde::{Deserialize, Serialize};

/// Something happened between the host and its users. Text: `body`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InteractionRecorded {}

/// Something turned out well or badly. Text: `body`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeRecorded {}
