//! A record about to be written: its fields where they are, measured first and then encoded.

use super::{Envelope, FORMAT, MAX_EVENT, TooLarge};
use crate::text::{Text, TextBody, Texts};
use crate::{CorrelationId, Digest, EventId, LogId, Position, Revision, Timestamp};

/// Bytes of the fields whose length is fixed, and of the lengths of the others.
const FIXED: usize = 104;

/// The same of a text.
const FIXED_OF_TEXT: usize = 9;

/// A record's fields, in its order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
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
    pub(crate) texts: &'a Texts,
}

impl<'a> Fields<'a> {
    /// The fields of an envelope, its principal spelled out, and of what it holds.
    pub(super) fn of(
        envelope: &'a Envelope,
        principal: &'a str,
        (event_type, version): (&'a str, u16),
        facts: &'a [u8],
        texts: &'a Texts,
    ) -> Self {
        Self {
            log: envelope.log,
            position: envelope.position,
            stream: envelope.stream.as_str(),
            revision: envelope.revision,
            index: envelope.index,
            count: envelope.count,
            id: envelope.id,
            event_type,
            version,
            recorded_at: envelope.recorded_at,
            decided_at: envelope.decided_at,
            hub: envelope.hub.as_str(),
            principal,
            correlation: envelope.correlation,
            causation: envelope.causation,
            trace: envelope.trace.as_deref().unwrap_or(""),
            idempotency_key: envelope.idempotency_key.as_ref().map_or("", |key| key.as_str()),
            content: envelope.content,
            extension: &envelope.extension,
            facts,
            texts,
        }
    }

    /// How many bytes the record takes, its extension left out.
    ///
    /// # Errors
    /// [`TooLarge`] with both numbers, where a field or the whole passes its bound.
    pub(crate) fn measure(&self) -> Result<usize, TooLarge> {
        let mut size = FIXED;
        for (what, text) in [
            ("a stream name", self.stream),
            ("an event type", self.event_type),
            ("a hub", self.hub),
            ("a principal", self.principal),
            ("a trace context", self.trace),
            ("an idempotency key", self.idempotency_key),
        ] {
            size += within(what, text.len(), u8::MAX.into())?;
        }
        size += self.causation.map_or(0, |id| id.as_bytes().len());
        size += self.content.map_or(0, |digest| digest.as_bytes().len());
        within("an extension", self.extension.len(), MAX_EVENT)?;
        size += within("an event's facts", self.facts.len(), MAX_EVENT)?;
        within("the number of texts of an event", self.texts.len(), u8::MAX.into())?;
        for text in self.texts.iter() {
            size += measure_text(text)?;
        }
        within("an event", size, MAX_EVENT)
    }

    /// Writes the record's bytes behind `out`; their lengths must have been measured.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        out.push(FORMAT);
        out.extend(self.log.as_bytes());
        out.extend(self.position.get().to_le_bytes());
        put8(out, self.stream.as_bytes());
        out.extend(self.revision.get().to_le_bytes());
        out.extend(self.index.to_le_bytes());
        out.extend(self.count.to_le_bytes());
        out.extend(self.id.as_bytes());
        put8(out, self.event_type.as_bytes());
        out.extend(self.version.to_le_bytes());
        out.extend(self.recorded_at.as_micros().to_le_bytes());
        out.extend(self.decided_at.as_micros().to_le_bytes());
        put8(out, self.hub.as_bytes());
        put8(out, self.principal.as_bytes());
        out.extend(self.correlation.as_bytes());
        put8(out, self.causation.as_ref().map_or(&[], |id| id.as_bytes().as_slice()));
        put8(out, self.trace.as_bytes());
        put8(out, self.idempotency_key.as_bytes());
        put8(out, self.content.as_ref().map_or(&[], |digest| digest.as_bytes().as_slice()));
        put16(out, self.extension);
        put16(out, self.facts);
        out.push(u8::try_from(self.texts.len()).unwrap_or(u8::MAX));
        for text in self.texts.iter() {
            put_text(out, text);
        }
        let checksum = crc32fast::hash(out.get(begin..).unwrap_or_default());
        out.extend(checksum.to_le_bytes());
    }
}

fn measure_text(text: &Text) -> Result<usize, TooLarge> {
    let mut size = FIXED_OF_TEXT;
    for (what, field) in [
        ("a text's name", text.name.as_str()),
        ("a text's media type", text.media.as_str()),
        ("a text's subject", text.subject.as_deref().unwrap_or("")),
        ("a text's key id", text.key_id.as_deref().unwrap_or("")),
    ] {
        size += within(what, field.len(), u8::MAX.into())?;
    }
    Ok(size
        + match &text.body {
            TextBody::Inline(content) => within("a text", content.len(), MAX_EVENT)?,
            TextBody::Stored { digest, .. } => digest.as_bytes().len(),
            TextBody::Fetched { digest, content } => {
                let longest = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
                within("a text", content.len(), longest)?;
                digest.as_bytes().len()
            }
        })
}

fn put_text(out: &mut Vec<u8>, text: &Text) {
    let length = |content: &str| u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes();
    put8(out, text.name.as_str().as_bytes());
    out.push(u8::from(!matches!(text.body, TextBody::Inline(_))));
    put8(out, text.media.as_str().as_bytes());
    put8(out, text.subject.as_deref().unwrap_or("").as_bytes());
    put8(out, text.key_id.as_deref().unwrap_or("").as_bytes());
    match &text.body {
        TextBody::Inline(content) => {
            out.extend(length(content));
            out.extend(content.as_bytes());
        }
        TextBody::Stored { digest, length } => {
            out.extend(length.to_le_bytes());
            out.extend(digest.as_bytes());
        }
        TextBody::Fetched { digest, content } => {
            out.extend(length(content));
            out.extend(digest.as_bytes());
        }
    }
}

fn put8(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
    out.extend(bytes);
}

fn put16(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend(bytes);
}

const fn within(what: &'static str, size: usize, limit: usize) -> Result<usize, TooLarge> {
    if size <= limit { Ok(size) } else { Err(TooLarge { what, size, limit }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::RecordView;
    use crate::testkit::sample_records;

    #[test]
    fn every_sample_is_measured_as_it_is_written() {
        for sample in sample_records() {
            let raw = RecordView::read(&sample.bytes).unwrap().to_raw().unwrap();
            let principal = raw.envelope.principal.to_string();
            let kind = (raw.event_type.as_str(), raw.version);
            let fields = Fields::of(&raw.envelope, &principal, kind, &raw.facts, &raw.texts);
            let mut bytes = b"before".to_vec();
            fields.write(&mut bytes);
            assert_eq!(bytes, [b"before", &sample.bytes[..]].concat());
            let extension = raw.envelope.extension.len();
            assert_eq!(fields.measure(), Ok(sample.bytes.len() - extension));
        }
    }
}
