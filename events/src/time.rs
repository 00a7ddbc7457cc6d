//! Moments, spans and where they come from.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::word::spelled;

/// A moment: microseconds since 1970-01-01T00:00:00Z, spelled as RFC 3339 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment this many microseconds after 1970 began.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970 began.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The moment `span` later, or the last one there is.
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The day this falls on, UTC, counted from 1970-01-01.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(86_400_000_000)
    }

    /// The month this falls in, UTC, counted from January of the year 0.
    pub fn month(self) -> i64 {
        DateTime::<Utc>::from_timestamp_micros(self.0)
            .map_or(0, |moment| i64::from(moment.year()) * 12 + i64::from(moment.month0()))
    }

    /// How long after `earlier` this is; nothing if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // RFC 3339 has four digits for the year.
        match DateTime::<Utc>::from_timestamp_micros(self.0) {
            Some(moment) if (0..=9_999).contains(&moment.year()) => {
                f.write_str(&moment.to_rfc3339_opts(SecondsFormat::Micros, true))
            }
            Some(_) | None => write!(f, "{}us", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a moment: expected one such as 2026-01-31T12:00:00Z")]
pub struct TimestampParseError {
    /// What was found instead.
    pub found: String,
}

impl FromStr for Timestamp {
    type Err = TimestampParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || TimestampParseError { found: text.to_owned() };
        if let Some(micros) = text.strip_suffix("us") {
            return micros.parse().map(Self).map_err(|_| wrong());
        }
        let moment = DateTime::parse_from_rfc3339(text).map_err(|_| wrong())?;
        Ok(Self(moment.timestamp_micros()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            spelled(deserializer)
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

/// Where the time comes from. Nothing else in Convoke reads a clock.
pub trait Clock: Send + Sync + 'static {
    /// The present moment; never earlier than what this clock said before.
    fn now(&self) -> Timestamp;

    /// Returns once `span` has passed on this clock.
    fn wait(&self, span: Duration) {
        std::thread::sleep(span);
    }
}

/// The wall clock as it stood when this was made, carried on by the monotonic clock, so that a
/// stepped wall clock never turns time back.
#[derive(Debug)]
pub struct SystemClock {
    wall: Timestamp,
    since: Instant,
}

impl SystemClock {
    /// Reads the wall clock once.
    pub fn start() -> Self {
        #[allow(clippy::disallowed_methods, reason = "this is the one place that reads it")]
        let wall = std::time::SystemTime::now();
        let wall = wall.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self { wall: Timestamp(0).plus(wall), since: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        self.wall.plus(self.since.elapsed())
    }
}
