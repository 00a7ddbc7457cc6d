//! The record: one event to the byte.
//!
//! All integers are little-endian. `text8`, `bytes16` and `bytes32` are a length of that many bits
//! followed by that many bytes; an absent optional field has length 0.
//!
//! | field | type | meaning |
//! |---|---|---|
//! | format | `u8` | 1 |
//! | log id | 16 bytes | the log this record belongs to |
//! | position | `u64` | place in the whole log, from 1 |
//! | stream | `text8` | the entity it belongs to |
//! | revision | `u64` | place in its stream, from 1 |
//! | index, count | `u16`, `u16` | place in its append, from 0, and how many that append has |
//! | event id | 16 bytes | UUID version 7 |
//! | event type | `text8` | the name in the catalogue |
//! | payload version | `u16` | the version of the facts |
//! | recorded at | `i64` | µs since 1970; never less than in the record before |
//! | decided at | `i64` | µs since 1970; the hub's clock when it decided |
//! | hub | `text8` | the tenant |
//! | principal | `text8` | `person:ID`, `service:NAME`, `agent:ID` or `runtime` |
//! | correlation id | 16 bytes | the story it belongs to |
//! | causation id | `bytes8` | 16 bytes: the event that caused it |
//! | trace context | `text8` | W3C `traceparent` |
//! | idempotency key | `text8` | the caller's name for the command |
//! | content digest | `bytes8` | 32 bytes: SHA-256 of the command |
//! | extension | `bytes16` | what the log says of its own keys; see below |
//! | facts | `bytes16` | bincode `standard()` of the struct of this type and version |
//! | texts | `u8`, then each | see below |
//! | checksum | `u32` | CRC-32 (IEEE) of everything before it |
//!
//! A text is: name `text8`; storage `u8` (0 inline, 1 by digest); media type `text8`; subject
//! `text8`; encryption key id `text8`; length `u32` in bytes; then the bytes themselves if inline,
//! or the 32 bytes of their SHA-256.
//!
//! The extension is empty, or a list of entries, each a tag `u8`, a length `u8` and that many bytes;
//! readers pass over tags they do not know. Tag 1 is the Ed25519 public key (32 bytes) in force from
//! this record on where none was before, which is the first record of a log that has one. Tag 2 is a
//! rotation: the public key in force from this record on (32 bytes), and the signature (64 bytes) by
//! the key before it of what [`rotation_message`] says.
//!
//! A record's hash is SHA-256 of the hash before it and the record's bytes, checksum included; the
//! hash before the first is SHA-256 of `convoke log 1` and the log id.

pub(crate) mod extension;
mod fields;
mod names;
mod view;

use serde::Serialize;

pub use self::extension::rotation_message;
pub(crate) use self::fields::Fields;
pub(crate) use self::names::Names;
pub(crate) use self::view::RecordView;
use crate::text::Texts;
use crate::{
    CorrelationId, Digest, Event, EventId, FactsError, HubId, IdempotencyKey, LogId, Position,
    Principal, Revision, StreamId, Timestamp,
};

/// The newest record format this build writes, and the only one it reads.
pub const FORMAT: u8 = 1;

/// The most an encoded event may take, texts in the record included. What the log itself adds, its
/// extension, does not count.
pub const MAX_EVENT: usize = 16 * 1024;

/// Everything about an event but what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Envelope {
    /// The log it belongs to.
    pub log: LogId,
    /// Its place in the log.
    pub position: Position,
    /// The entity it belongs to.
    #[serde(serialize_with = "as_text")]
    pub stream: StreamId,
    /// Its place in its stream.
    pub revision: Revision,
    /// Its place in its append, from 0.
    pub index: u16,
    /// How many events its append has.
    pub count: u16,
    /// Its id.
    pub id: EventId,
    /// When the writer took it.
    pub recorded_at: Timestamp,
    /// When it was decided, by the hub's clock.
    pub decided_at: Timestamp,
    /// The tenant.
    pub hub: HubId,
    /// Who caused it.
    #[serde(serialize_with = "as_text")]
    pub principal: Principal,
    /// The story it belongs to.
    pub correlation: CorrelationId,
    /// The event that caused it.
    pub causation: Option<EventId>,
    /// W3C `traceparent` of the command.
    pub trace: Option<String>,
    /// The caller's name for the command.
    pub idempotency_key: Option<IdempotencyKey>,
    /// SHA-256 of the command, or of the content of a host's own record.
    pub content: Option<Digest>,
    /// What the log says of its own keys; mostly nothing.
    #[serde(skip)]
    pub extension: Vec<u8>,
}

fn as_text<T: ToString, S: serde::Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&value.to_string())
}

/// An event that is in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Where, when and by whom.
    pub envelope: Envelope,
    /// What happened.
    pub event: Event,
    /// What was said.
    pub texts: Texts,
    /// The link of the hash chain at this record.
    pub hash: Digest,
}

/// The hash before the first record of a log.
pub fn genesis(log: LogId) -> Digest {
    Digest::of(b"convoke log 1").chain(log.as_bytes())
}

/// Bytes that are no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// They end before the record does, or go on behind it.
    #[error("the record is cut short or too long at its field `{field}`")]
    Length {
        /// Where.
        field: &'static str,
    },
    /// A field does not hold what it must.
    #[error("the record's field `{field}` holds something else")]
    Field {
        /// Which.
        field: &'static str,
    },
    /// The checksum is another.
    #[error("the record's checksum is {actual:08x} and should be {expected:08x}")]
    Checksum {
        /// As computed.
        expected: u32,
        /// As found.
        actual: u32,
    },
    /// The format is not one this build reads.
    #[error("record format {found} is unknown to this version of Convoke, which reads {FORMAT}")]
    Format {
        /// As found.
        found: u8,
    },
    /// The facts cannot be read.
    #[error(transparent)]
    Facts(#[from] FactsError),
}

/// An event is larger than one may be, in a field or in all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} takes {size} bytes, more than the {limit} allowed")]
pub struct TooLarge {
    /// What is too large.
    pub what: &'static str,
    /// How large it is.
    pub size: usize,
    /// How large it may be.
    pub limit: usize,
}

/// Writes a record's bytes.
///
/// # Errors
/// [`TooLarge`] with both numbers, where a field or the whole passes its bound.
pub fn encode(
    envelope: &Envelope,
    event_type: &str,
    version: u16,
    facts: &[u8],
    texts: &Texts,
) -> Result<Vec<u8>, TooLarge> {
    let principal = envelope.principal.to_string();
    let fields = Fields::of(envelope, &principal, (event_type, version), facts, texts);
    let size = fields.measure()?;
    let mut out = Vec::with_capacity(size + envelope.extension.len());
    fields.write(&mut out);
    Ok(out)
}

/// A record as it lies in the log, its facts not yet read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRecord {
    /// Where, when and by whom.
    pub envelope: Envelope,
    /// The event type.
    pub event_type: String,
    /// The version its facts are written in.
    pub version: u16,
    /// The bytes of its facts.
    pub facts: Vec<u8>,
    /// Its texts.
    pub texts: Texts,
}

impl RawRecord {
    /// Reads a record's bytes and checks them against their checksum.
    ///
    /// # Errors
    /// [`RecordError`] names the field that is not as it must be.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        RecordView::read(bytes)?.to_raw()
    }

    /// Reads the facts too; `hash` is the chain's link at this record.
    ///
    /// # Errors
    /// [`FactsError`] if they are of an unknown type or version, or malformed.
    pub fn into_recorded(self, hash: Digest) -> Result<Recorded, FactsError> {
        let event = Event::decode_facts(&self.event_type, self.version, &self.facts)?;
        Ok(Recorded { envelope: self.envelope, event, texts: self.texts, hash })
    }
}
