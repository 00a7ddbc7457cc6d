//! One sample of every event, with every field filled in.

mod collectives;
mod coordination;
mod delegations;
mod federation;
mod lifecycle;
mod proposals;
mod routing;
mod work;

use crate::record::{self, Envelope, Recorded};
use crate::text::{MediaType, Text, TextBody};
use crate::{
    CorrelationId, Digest, Event, EventId, LogId, Position, Principal, Revision, StreamId, TaskId,
    TextName, Texts,
};

use super::{NOON, word};

/// One sample of every event in the catalogue, in its order, each field filled in, with texts.
pub fn samples() -> Vec<(Event, Texts)> {
    let mut samples = federation::samples();
    samples.extend(work::samples());
    samples
}

/// A sample as it lies in a log.
#[derive(Clone, Debug)]
pub struct SampleRecord {
    /// Its event type.
    pub event_type: &'static str,
    /// The version its facts are written in.
    pub version: u16,
    /// The record's bytes.
    pub bytes: Vec<u8>,
    /// What reading them must give.
    pub recorded: Recorded,
}

/// Every sample as a record, each in the newest version of its type, with every field of the
/// envelope filled in.
///
/// # Panics
/// If a sample cannot be written.
pub fn sample_records() -> Vec<SampleRecord> {
    samples().into_iter().map(|(event, texts)| sample_record(event, &texts)).collect()
}

fn sample_record(event: Event, texts: &Texts) -> SampleRecord {
    let (event_type, version) = (event.event_type(), event.version());
    let task = TaskId::derive(&["golden"]);
    let envelope = Envelope {
        log: LogId::derive(&["golden"]),
        position: Position::new(4_711).unwrap(),
        stream: StreamId::task(task),
        revision: Revision::new(42).unwrap(),
        index: 1,
        count: 3,
        id: EventId::mint(NOON, 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
        recorded_at: NOON.plus(std::time::Duration::from_micros(1_234)),
        decided_at: NOON,
        hub: word("golden"),
        principal: Principal::person(&word("golden"), "Ada"),
        correlation: CorrelationId::of_task(task),
        causation: Some(EventId::mint(NOON, 7)),
        trace: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        idempotency_key: Some(word("golden-1")),
        content: Some(Digest::of(b"the command")),
        extension: Vec::new(),
    };
    let stored = Text {
        name: TextName::NOTE,
        media: MediaType::Plain,
        subject: Some("person:golden".to_owned()),
        key_id: Some("key-1".to_owned()),
        body: TextBody::Stored { digest: Digest::of(b"a long note"), length: 11 },
    };
    let texts: Texts = texts.iter().cloned().chain([stored]).collect();
    let mut facts = Vec::new();
    event.encode_facts(&mut facts).unwrap();
    let bytes = record::encode(&envelope, event_type, version, &facts, &texts).unwrap();
    let hash = record::genesis(envelope.log).chain(&bytes);
    let recorded = Recorded { envelope, event, texts, hash };
    SampleRecord { event_type, version, bytes, recorded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_sample_of_every_event_in_the_order_of_the_catalogue() {
        let sampled: Vec<_> =
            samples().iter().map(|(event, _)| (event.event_type(), event.version())).collect();
        assert_eq!(sampled, Event::TYPES);
    }

    #[test]
    fn no_sample_is_without_a_text() {
        for (event, texts) in samples() {
            assert!(!texts.is_empty(), "{} has no text", event.event_type());
        }
    }
}
