//! Reading a record where it lies: fields of the bytes, nothing copied.

use std::str::FromStr;

use super::{Envelope, FORMAT, Names, RawRecord, RecordError, Recorded};
use crate::text::{MediaType, Text, TextBody, TextName, Texts};
use crate::{
    CorrelationId, Digest, Event, EventId, FactsError, HubId, IdempotencyKey, LogId, Position,
    Principal, Revision, Timestamp,
};

/// A record's fields as they lie in its bytes; its checksum is right, its names are unread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordView<'a> {
    pub(crate) log: LogId,
    pub(crate) position: Position,
    pub(crate) stream: &'a str,
    pub(crate) revision: Revision,
    pub(crate) index: u16,
    pub(crate) count: u16,
    pub(crate) id: EventId,
    pub(crate) event_type: &'a str,
    pub(crate) version: u16,
    pub(crate) recorded_at: Timestamp,
    pub(crate) decided_at: Timestamp,
    pub(crate) hub: &'a str,
    pub(crate) principal: &'a str,
    pub(crate) correlation: CorrelationId,
    pub(crate) causation: Option<EventId>,
    pub(crate) trace: &'a str,
    pub(crate) idempotency_key: &'a str,
    pub(crate) content: Option<Digest>,
    pub(crate) extension: &'a [u8],
    pub(crate) facts: &'a [u8],
    /// How many texts there are, and their bytes.
    texts: (u8, &'a [u8]),
}

impl<'a> RecordView<'a> {
    /// Reads a record's bytes and checks them against their checksum.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, RecordError> {
        Self::check(bytes)?;
        Self::read_checked(bytes)
    }

    /// Checks a record's bytes against their checksum.
    pub(crate) fn check(bytes: &[u8]) -> Result<(), RecordError> {
        let (body, actual) = checksum_of(bytes)?;
        let expected = crc32fast::hash(body);
        if actual == expected { Ok(()) } else { Err(RecordError::Checksum { expected, actual }) }
    }

    /// Reads the bytes of a record whose checksum was found right.
    pub(crate) fn read_checked(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let (body, _) = checksum_of(bytes)?;
        let mut bytes = Bytes(body);
        let [format] = bytes.take::<1>("format")?;
        if format != FORMAT {
            return Err(RecordError::Format { found: format });
        }
        // In the order of the record: a field is read where the one before it ends.
        Ok(Self {
            log: LogId::from_bytes(bytes.take("log id")?),
            position: Position::new(bytes.u64("position")?).ok_or(field("position"))?,
            stream: bytes.text8("stream")?,
            revision: Revision::new(bytes.u64("revision")?).ok_or(field("revision"))?,
            index: bytes.u16("index")?,
            count: bytes.u16("count")?,
            id: EventId::from_bytes(bytes.take("event id")?),
            event_type: bytes.text8("event type")?,
            version: bytes.u16("payload version")?,
            recorded_at: bytes.moment("recorded at")?,
            decided_at: bytes.moment("decided at")?,
            hub: bytes.text8("hub")?,
            principal: bytes.text8("principal")?,
            correlation: CorrelationId::from_bytes(bytes.take("correlation id")?),
            causation: bytes.optional("causation id")?.map(EventId::from_bytes),
            trace: bytes.text8("trace context")?,
            idempotency_key: bytes.text8("idempotency key")?,
            content: bytes.optional("content digest")?.map(Digest::from_bytes),
            extension: bytes.bytes16("extension")?,
            facts: bytes.bytes16("facts")?,
            texts: {
                let [count] = bytes.take::<1>("texts")?;
                (count, bytes.0)
            },
        })
    }

    /// Its command, by the name its caller gave it.
    pub(crate) fn command(&self) -> Result<(HubId, Principal, IdempotencyKey), RecordError> {
        let key = self.key()?.ok_or(field("idempotency key"))?;
        Ok((parsed(self.hub, "hub")?, parsed(self.principal, "principal")?, key))
    }

    /// The command's name, where it has one.
    fn key(&self) -> Result<Option<IdempotencyKey>, RecordError> {
        let key = some(self.idempotency_key).map(IdempotencyKey::new).transpose();
        key.map_err(|_| field("idempotency key"))
    }

    /// Where, when and by whom.
    #[inline]
    fn envelope(&self, names: &mut Names) -> Result<Envelope, RecordError> {
        // What can fail comes first, so that the rest is written once, where it stays.
        let stream = names.streams.parse(self.stream).ok_or(field("stream"))?;
        let hub = names.hubs.parse(self.hub).ok_or(field("hub"))?;
        let principal = names.principals.parse(self.principal).ok_or(field("principal"))?;
        let idempotency_key = self.key()?;
        Ok(Envelope {
            log: self.log,
            position: self.position,
            stream,
            revision: self.revision,
            index: self.index,
            count: self.count,
            id: self.id,
            recorded_at: self.recorded_at,
            decided_at: self.decided_at,
            hub,
            principal,
            correlation: self.correlation,
            causation: self.causation,
            trace: some(self.trace).map(str::to_owned),
            idempotency_key,
            content: self.content,
            extension: self.extension.to_vec(),
        })
    }

    /// All of it, with its hash.
    #[inline]
    pub(crate) fn to_recorded(
        self,
        names: &mut Names,
        hash: Digest,
    ) -> Result<Recorded, RecordError> {
        let (event, texts) = (self.event(names)?, self.texts()?);
        Ok(Recorded { envelope: self.envelope(names)?, event, texts, hash })
    }

    /// What was said.
    #[inline]
    fn texts(&self) -> Result<Texts, RecordError> {
        let (count, bytes) = self.texts;
        let mut bytes = Bytes(bytes);
        let mut texts = Vec::with_capacity(count.into());
        for _ in 0..count {
            texts.push(bytes.text()?);
        }
        let texts = Texts::from(texts);
        if bytes.0.is_empty() { Ok(texts) } else { Err(RecordError::Length { field: "texts" }) }
    }

    /// Name, digest and length of every text that lies beside the log.
    pub(crate) fn stored_texts(&self) -> Result<Vec<(&'a str, Digest, u32)>, RecordError> {
        let (count, bytes) = self.texts;
        let mut bytes = Bytes(bytes);
        let mut stored = Vec::new();
        for _ in 0..count {
            let name = bytes.text8("text name")?;
            let [storage] = bytes.take("text storage")?;
            for field in ["text media type", "text subject", "text key id"] {
                bytes.bytes8(field)?;
            }
            let length = u32::from_le_bytes(bytes.take("text length")?);
            if storage == 0 {
                let length = usize::try_from(length).map_err(|_| field("text length"))?;
                bytes.slice(length, "text")?;
            } else {
                stored.push((name, Digest::from_bytes(bytes.take("text digest")?), length));
            }
        }
        Ok(stored)
    }

    /// All of it but the facts.
    pub(crate) fn to_raw(self) -> Result<RawRecord, RecordError> {
        Ok(RawRecord {
            envelope: self.envelope(&mut Names::default())?,
            event_type: self.event_type.to_owned(),
            version: self.version,
            facts: self.facts.to_vec(),
            texts: self.texts()?,
        })
    }

    /// What happened.
    #[inline]
    fn event(&self, names: &mut Names) -> Result<Event, RecordError> {
        let (event_type, version) = (self.event_type, self.version);
        let known = names.decoders.find(
            event_type,
            |(of, _)| *of == version,
            || Some((version, Event::decoder(event_type, version)?)),
        );
        let unknown = || FactsError::Unknown { event_type: event_type.to_owned(), version };
        let (_, decode) = known.ok_or_else(unknown)?;
        Ok(decode(self.facts)?)
    }
}

/// A record's bytes but the last, and the checksum these are.
fn checksum_of(bytes: &[u8]) -> Result<(&[u8], u32), RecordError> {
    let (body, checksum) =
        bytes.split_last_chunk::<4>().ok_or(RecordError::Length { field: "checksum" })?;
    Ok((body, u32::from_le_bytes(*checksum)))
}

fn parsed<T: FromStr>(text: &str, name: &'static str) -> Result<T, RecordError> {
    text.parse().map_err(|_| field(name))
}

const fn field(field: &'static str) -> RecordError {
    RecordError::Field { field }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    #[inline]
    fn slice(&mut self, length: usize, field: &'static str) -> Result<&'a [u8], RecordError> {
        let (head, rest) = self.0.split_at_checked(length).ok_or(RecordError::Length { field })?;
        self.0 = rest;
        Ok(head)
    }

    fn take<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], RecordError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(RecordError::Length { field })?;
        self.0 = rest;
        Ok(*head)
    }

    fn u16(&mut self, field: &'static str) -> Result<u16, RecordError> {
        self.take(field).map(u16::from_le_bytes)
    }

    fn u64(&mut self, field: &'static str) -> Result<u64, RecordError> {
        self.take(field).map(u64::from_le_bytes)
    }

    fn moment(&mut self, field: &'static str) -> Result<Timestamp, RecordError> {
        self.take(field).map(i64::from_le_bytes).map(Timestamp::from_micros)
    }

    #[inline]
    fn bytes8(&mut self, field: &'static str) -> Result<&'a [u8], RecordError> {
        let [length] = self.take(field)?;
        self.slice(length.into(), field)
    }

    fn bytes16(&mut self, field: &'static str) -> Result<&'a [u8], RecordError> {
        let length = self.u16(field)?;
        self.slice(length.into(), field)
    }

    fn text8(&mut self, name: &'static str) -> Result<&'a str, RecordError> {
        match self.bytes8(name)? {
            // Many fields are mostly empty.
            [] => Ok(""),
            bytes => std::str::from_utf8(bytes).map_err(|_| field(name)),
        }
    }

    fn optional<const N: usize>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<[u8; N]>, RecordError> {
        match self.bytes8(name)? {
            [] => Ok(None),
            bytes => bytes.try_into().map(Some).map_err(|_| field(name)),
        }
    }

    #[inline]
    fn text(&mut self) -> Result<Text, RecordError> {
        let name = TextName::new(self.text8("text name")?).ok_or(field("text name"))?;
        let [storage] = self.take("text storage")?;
        let media = self.text8("text media type")?;
        let media = MediaType::from_name(media).ok_or(field("text media type"))?;
        let subject = some(self.text8("text subject")?).map(str::to_owned);
        let key_id = some(self.text8("text key id")?).map(str::to_owned);
        let length = u32::from_le_bytes(self.take("text length")?);
        let body = match storage {
            0 => {
                let length = usize::try_from(length).map_err(|_| field("text length"))?;
                let bytes = self.slice(length, "text")?;
                let content = std::str::from_utf8(bytes).map_err(|_| field("text"))?;
                TextBody::Inline(content.to_owned())
            }
            1 => TextBody::Stored { digest: Digest::from_bytes(self.take("text digest")?), length },
            _ => return Err(field("text storage")),
        };
        Ok(Text { name, media, subject, key_id, body })
    }
}
