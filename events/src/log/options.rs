//! How a log is opened.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::{Clock, Durability, MAX_TEXT, Proofs, SystemClock};

/// How a log is opened.
#[derive(Clone)]
pub struct Options {
    /// What an acknowledged append survives.
    pub durability: Durability,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// What happens when the clock is more than five seconds behind the newest event.
    pub clock_behind: ClockBehind,
    /// The longest text that is taken, in bytes; one too long for a record lies beside the log.
    pub max_text: usize,
    /// Where texts too long for a record lie, if not in the log's own directory. A log on a store
    /// of the host's own keeps them in memory unless this is said.
    pub bodies: Option<PathBuf>,
    /// Who is told how far the index is built, where that takes reading the log.
    pub on_indexing: Option<OnIndexing>,
    /// How it is vouched for.
    pub proofs: Proofs,
}

/// How far the index is built, in commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indexing {
    /// How many commits were read.
    pub done: u64,
    /// How many have to be.
    pub of: u64,
}

/// Whoever is told how far the index is built.
#[derive(Clone)]
pub struct OnIndexing(Arc<dyn Fn(Indexing) + Send + Sync>);

impl OnIndexing {
    /// Calls `tell` now and then, and when it is done.
    pub fn new(tell: impl Fn(Indexing) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(crate) fn tell(&self, indexing: Indexing) {
        (self.0)(indexing);
    }
}

impl fmt::Debug for OnIndexing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnIndexing").finish_non_exhaustive()
    }
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
            max_text: MAX_TEXT,
            bodies: None,
            on_indexing: None,
            proofs: Proofs::default(),
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
