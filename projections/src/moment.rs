//! As of when a report speaks.

use std::fmt;
use std::str::FromStr;

use convoke_events::{Log, Position, ReadError, Timestamp};

/// A moment in a log's life: a position, or the last one recorded at or before a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After the event at this position.
    Position(Position),
    /// At this time, by the writer's clock.
    Time(Timestamp),
}

/// The text names no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no moment: expected a position from 1, or a time like 2026-03-01T09:00:00Z")]
pub struct MomentParseError {
    /// What was found, cut after 60 characters.
    pub found: String,
}

impl Moment {
    /// How many events there were; 0 for a time before the first. A position behind the head is the
    /// head.
    ///
    /// # Errors
    /// [`ReadError`] if the log cannot tell when its events were recorded.
    pub fn events(self, log: &Log) -> Result<u64, ReadError> {
        match self {
            Self::Position(position) => Ok(position.get().min(log.head().position)),
            Self::Time(time) => Ok(log.as_of(time)?.map_or(0, Position::get)),
        }
    }
}

impl FromStr for Moment {
    type Err = MomentParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let position = text.parse().map(Self::Position).ok();
        let time = || text.parse().map(Self::Time).ok();
        position
            .or_else(time)
            .ok_or_else(|| MomentParseError { found: text.chars().take(60).collect() })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position(position) => fmt::Display::fmt(position, f),
            Self::Time(time) => fmt::Display::fmt(time, f),
        }
    }
}
