//! Export: events as JSON lines, for other tools.
//!
//! A line holds every field of the envelope under its own name, then
//!
//! | name | meaning |
//! |---|---|
//! | `event_type`, `version` | the type, and the version its facts were written in |
//! | `payload` | the bytes of the facts, in base64: the authority |
//! | `facts` | the same as this build understands them, for people |
//! | `texts` | each with `name`, `media`, `subject`, `key_id`, `digest`, `length`, `inline` and `content` |
//! | `extension` | the bytes of the extension area, in base64 |
//! | `hash` | the hash chain's link at this record |

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::record::RawRecord;
use crate::text::{Text, TextBody};
use crate::{Digest, Event, Query, ReadError, Reader};

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// An event cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Where it goes takes no more.
    #[error("the export cannot be written")]
    Write(#[from] io::Error),
}

impl ExportError {
    /// Whether the same may succeed later with nothing repaired.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Read(error) => error.is_retryable(),
            Self::Write(_) => true,
        }
    }
}

/// Writes the events a query asks for, one line each, and answers how many.
pub(crate) fn export(
    reader: &Reader,
    query: Query,
    to: &mut dyn Write,
) -> Result<u64, ExportError> {
    let mut events = reader.read(query);
    let mut written = 0;
    while let Some(record) = events.next_raw() {
        let (mut record, hash) = record?;
        let envelope = &record.envelope;
        let position = envelope.position;
        let fetched = reader.bodies().fetch(&envelope.hub, &mut record.texts);
        fetched.map_err(|(name, source)| ReadError::Body { position, name, source })?;
        serde_json::to_writer(&mut *to, &line(&record, hash)).map_err(io::Error::from)?;
        to.write_all(b"\n")?;
        written += 1;
    }
    Ok(written)
}

/// A record as one JSON object.
pub(super) fn line(record: &RawRecord, hash: Digest) -> Value {
    let envelope = serde_json::to_value(&record.envelope);
    let mut line = match envelope {
        Ok(Value::Object(envelope)) => envelope,
        Ok(_) | Err(_) => Map::new(),
    };
    let facts = Event::decode_facts(&record.event_type, record.version, &record.facts);
    line.insert("event_type".to_owned(), json!(record.event_type));
    line.insert("version".to_owned(), json!(record.version));
    line.insert("payload".to_owned(), json!(STANDARD.encode(&record.facts)));
    line.insert("facts".to_owned(), facts.map_or(Value::Null, |event| event.to_json()));
    line.insert("texts".to_owned(), record.texts.iter().map(text).collect());
    let extension = STANDARD.encode(&record.envelope.extension);
    line.insert("extension".to_owned(), json!(extension));
    line.insert("hash".to_owned(), json!(hash));
    Value::Object(line)
}

fn text(text: &Text) -> Value {
    let (digest, length) = match &text.body {
        TextBody::Inline(content) => (Digest::of(content.as_bytes()), length(content)),
        TextBody::Fetched { digest, content } => (*digest, length(content)),
        TextBody::Stored { digest, length } => (*digest, u64::from(*length)),
    };
    json!({
        "name": text.name.as_str(),
        "media": text.media.as_str(),
        "subject": text.subject,
        "key_id": text.key_id,
        "digest": digest,
        "length": length,
        "inline": matches!(text.body, TextBody::Inline(_)),
        "content": text.body.content(),
    })
}

fn length(content: &str) -> u64 {
    u64::try_from(content.len()).unwrap_or(u64::MAX)
}
