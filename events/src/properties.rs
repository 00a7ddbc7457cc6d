//! Properties that hold for every value: what is spelled out is read back, what is written too.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use proptest::prelude::*;

use crate::record::{self, Envelope, RawRecord, RecordError};
use crate::testkit::samples;
use crate::text::{MediaType, Text, TextBody, TextName, Texts};
use crate::{
    AgentId, CorrelationId, Digest, Durability, Event, EventId, HubId, IdempotencyKey, LogId,
    MicroUsd, ModelName, PersonId, Position, Principal, ProviderName, Revision, ServiceName,
    StreamId, TaskId, Timestamp, Tokens,
};

fn reads_back<T: Display + FromStr<Err: Debug> + PartialEq + Debug>(value: &T) {
    assert_eq!(&value.to_string().parse::<T>().unwrap(), value);
}

fn slug() -> impl Strategy<Value = String> {
    "[a-z0-9][a-z0-9._-]{0,63}"
}

fn free() -> impl Strategy<Value = String> {
    "[^\\p{C}\\s]([^\\p{C}]{0,20}[^\\p{C}\\s])?"
        .prop_filter("at most 128 bytes", |s| s.len() <= 128)
}

fn principal() -> impl Strategy<Value = Principal> {
    prop_oneof![
        any::<[u8; 16]>().prop_map(|id| Principal::Person(PersonId::from_bytes(id))),
        any::<[u8; 16]>().prop_map(|id| Principal::Agent(AgentId::from_bytes(id))),
        free().prop_map(|name| Principal::Service(ServiceName::new(&name).unwrap())),
        Just(Principal::Runtime),
    ]
}

fn stream() -> impl Strategy<Value = StreamId> {
    prop_oneof![
        Just(StreamId::hub()),
        any::<[u8; 16]>().prop_map(|id| StreamId::task(TaskId::from_bytes(id))),
        "[^\\p{C}\\s]{1,24}".prop_map(|name| StreamId::host(&name).unwrap()),
    ]
}

fn text() -> impl Strategy<Value = Text> {
    let inline = ".{0,300}".prop_map(TextBody::Inline);
    let stored = (any::<[u8; 32]>(), any::<u32>()).prop_map(|(digest, length)| TextBody::Stored {
        digest: Digest::from_bytes(digest),
        length,
    });
    let some = || proptest::option::of("[a-z:]{1,60}");
    let media = prop_oneof![Just(MediaType::Plain), Just(MediaType::Json)];
    ("[a-z_]{1,32}", media, some(), some(), prop_oneof![inline, stored]).prop_map(
        |(name, media, subject, key_id, body)| Text {
            name: TextName::new(&name).unwrap(),
            media,
            subject,
            key_id,
            body,
        },
    )
}

prop_compose! {
    fn envelope()(
        ids in any::<([u8; 16], [u8; 16], [u8; 16], Option<[u8; 16]>)>(),
        places in (1..=u64::MAX, 1..=u64::MAX, any::<u16>(), any::<u16>()),
        times in any::<(i64, i64)>(),
        hub in slug(),
        stream in stream(),
        principal in principal(),
        trace in proptest::option::of("[0-9a-f-]{1,60}"),
        key in proptest::option::of(free()),
        content in any::<Option<[u8; 32]>>(),
        extension in proptest::collection::vec(any::<u8>(), 0..40),
    ) -> Envelope {
        Envelope {
            log: LogId::from_bytes(ids.0),
            position: Position::new(places.0).unwrap(),
            stream,
            revision: Revision::new(places.1).unwrap(),
            index: places.2,
            count: places.3,
            id: EventId::from_bytes(ids.1),
            recorded_at: Timestamp::from_micros(times.0),
            decided_at: Timestamp::from_micros(times.1),
            hub: HubId::new(&hub).unwrap(),
            principal,
            correlation: CorrelationId::from_bytes(ids.2),
            causation: ids.3.map(EventId::from_bytes),
            trace,
            idempotency_key: key.map(|key| IdempotencyKey::new(&key).unwrap()),
            content: content.map(Digest::from_bytes),
            extension,
        }
    }
}

proptest! {
    #[test]
    fn ids_and_digests_are_read_back_as_they_are_spelled(
        id in any::<[u8; 16]>(),
        digest in any::<[u8; 32]>(),
    ) {
        reads_back(&LogId::from_bytes(id));
        reads_back(&EventId::from_bytes(id));
        reads_back(&TaskId::from_bytes(id));
        reads_back(&Digest::from_bytes(digest));
    }

    #[test]
    fn numbers_are_read_back_as_they_are_spelled(number in any::<u64>()) {
        reads_back(&Tokens::new(number));
        reads_back(&MicroUsd::new(number));
        reads_back(&Position::after(number));
        reads_back(&Revision::after(number));
    }

    #[test]
    fn words_are_read_back_as_they_are_spelled(slug in slug(), free in free()) {
        reads_back(&HubId::new(&slug).unwrap());
        reads_back(&ModelName::new(&free).unwrap());
        reads_back(&ProviderName::Host(slug.parse().unwrap()));
    }

    #[test]
    fn streams_and_principals_are_read_back_as_they_are_spelled(
        stream in stream(),
        principal in principal(),
    ) {
        reads_back(&stream);
        reads_back(&principal);
    }

    #[test]
    fn moments_are_read_back_as_they_are_spelled(micros in any::<i64>()) {
        reads_back(&Timestamp::from_micros(micros));
    }

    #[test]
    fn records_are_read_back_as_they_are_written(
        envelope in envelope(),
        sample in proptest::sample::select(samples()),
        texts in proptest::collection::vec(text(), 0..6),
    ) {
        let (event, _) = sample;
        let texts: Texts = texts.into_iter().collect();
        let mut facts = Vec::new();
        event.encode_facts(&mut facts).unwrap();
        let bytes =
            record::encode(&envelope, event.event_type(), event.version(), &facts, &texts).unwrap();
        let raw = RawRecord::decode(&bytes).unwrap();
        prop_assert_eq!(&raw.envelope, &envelope);
        let hash = Digest::of(&bytes);
        let recorded = raw.into_recorded(hash).unwrap();
        prop_assert_eq!(recorded.event, event);
        prop_assert_eq!(recorded.texts, texts);
    }

    #[test]
    fn no_byte_of_a_record_can_be_changed_unnoticed(
        sample in proptest::sample::select(crate::testkit::sample_records()),
        at in any::<prop::sample::Index>(),
        flip in 1..=u8::MAX,
    ) {
        let mut bytes = sample.bytes;
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let error = RawRecord::decode(&bytes).unwrap_err();
        let is_checksum = matches!(error, RecordError::Checksum { .. });
        prop_assert!(is_checksum, "{}", error);
    }

    #[test]
    fn bytes_that_are_no_record_are_refused_and_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let with_checksum = [&bytes[..], &crc32fast::hash(&bytes).to_le_bytes()].concat();
        prop_assert!(RawRecord::decode(&bytes).is_err());
        prop_assert!(RawRecord::decode(&with_checksum).is_err());
    }

    #[test]
    fn facts_that_are_no_facts_never_panic(
        event_type in proptest::sample::select(Event::TYPES),
        facts in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let (name, version) = event_type;
        if let Ok(event) = Event::decode_facts(name, version, &facts) {
            prop_assert_eq!(event.event_type(), name);
        }
    }
}

#[test]
fn every_word_of_an_enumeration_is_read_back() {
    for durability in Durability::ALL {
        reads_back(durability);
    }
    let unknown = "fast".parse::<Durability>().unwrap_err();
    assert_eq!(unknown.to_string(), "`fast` is not a durability: expected synced, buffered");
}
