//! How a log is opened.

use std::fmt;
use std::sync::Arc;

use crate::{Clock, Durability, SystemClock};

/// How a log is opened.
#[derive(Clone)]
pub struct Options {
    /// What an acknowledged append survives.
    pub durability: Durability,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// What happens when the clock is more than five seconds behind the newest event.
    pub clock_behind: ClockBehind,
}

/// What happens when the clock is far behind the newest event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockBehind {
    /// The log is not opened.
    #[default]
    Refuse,
    /// The log is opened, and records the newest event's time until the clock has caught up.
    Allow,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Synced,
            clock: Arc::new(SystemClock::start()),
            clock_behind: ClockBehind::default(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("durability", &self.durability)
            .field("clock_behind", &self.clock_behind)
            .finish_non_exhaustive()
    }
}
