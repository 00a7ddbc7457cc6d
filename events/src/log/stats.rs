//! How much there is in a log.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{HubId, Timestamp};

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

/// How a log has grown, counted in its own time: back from its newest event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Growth {
    /// When its first event was recorded.
    pub first_at: Timestamp,
    /// When its newest event was recorded.
    pub newest_at: Timestamp,
    /// Events of the last 24 hours.
    pub day: u64,
    /// Events of the last 7 days.
    pub week: u64,
    /// Events of the last 30 days.
    pub month: u64,
}
