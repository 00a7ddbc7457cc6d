//! How much there is in a log.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::HubId;

/// How much there is in a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Events.
    pub events: u64,
    /// Bytes of their records.
    pub bytes: u64,
    /// Commits they were stored in: each is one sync of a synced store.
    pub commits: u64,
    /// Events of each type.
    pub by_type: BTreeMap<String, u64>,
    /// Events of each hub.
    pub by_hub: BTreeMap<HubId, u64>,
}
