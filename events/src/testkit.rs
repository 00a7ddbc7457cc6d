//! What the tests of every room share: samples of every event, a clock to be moved by hand, stores
//! that fail on demand, and the suite that holds a store to its contract.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod clock;
mod conformance;
mod faulty;
mod samples;
mod signer;

use std::str::FromStr;

pub use self::clock::ManualClock;
pub use self::conformance::{Reopening, conformance};
pub use self::faulty::{Fault, FaultyStore};
pub use self::samples::{SampleRecord, sample_records, samples};
pub use self::signer::TestSigner;
use crate::{
    Append, CorrelationId, EventId, HubId, InteractionRecorded, MediaType, Pending, Prepared,
    Principal, ServiceName, StreamId, TextName, Texts, Timestamp,
};

/// The moment at which samples happen: 2026-01-31T12:00:00Z.
pub const NOON: Timestamp = Timestamp::from_micros(1_769_860_800_000_000);

/// Reads a word, an id or a stream that is known to be one.
///
/// # Panics
/// If it is none.
pub fn word<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// An append of one host's record: hub `samples`, stream `host/STREAM`, expecting nothing.
///
/// # Panics
/// If `stream` cannot name one.
pub fn interaction(stream: &str, body: &str) -> Append {
    let stream = StreamId::host(stream).unwrap();
    let texts = Texts::none().with_media(TextName::BODY, MediaType::Json, body);
    Append {
        hub: word::<HubId>("samples"),
        principal: Principal::Service(word::<ServiceName>("testkit")),
        trace: None,
        idempotency: None,
        content: None,
        expected: Vec::new(),
        events: vec![pending(stream, InteractionRecorded {}, texts)],
    }
}

/// The appends as an engine takes them.
///
/// # Panics
/// If one passes a bound.
pub fn prepared(appends: impl IntoIterator<Item = Append>) -> Vec<Prepared> {
    appends.into_iter().map(|append| append.prepare().unwrap()).collect()
}

/// An event decided at [`NOON`], of a story of its own stream.
pub fn pending(stream: StreamId, event: impl Into<crate::Event>, texts: Texts) -> Pending {
    Pending {
        id: EventId::mint(NOON, 1),
        correlation: CorrelationId::derive(&[stream.as_str()]),
        stream,
        causation: None,
        decided_at: NOON,
        event: event.into(),
        texts,
    }
}
