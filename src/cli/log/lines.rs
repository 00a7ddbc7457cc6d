//! What the host hands in for `convoke log append`: one JSON object per line.

use std::io::{self, BufRead, Read};

use convoke_events::{Digest, Event, InteractionRecorded, MediaType, OutcomeRecorded, StreamId};
use serde_json::{Map, Value};

use crate::cli::failure::Failure;

/// The longest line that is read, in bytes: the longest text, every byte of it escaped.
const MAX_LINE: u64 = 52 * 1024 * 1024;

const FIELDS: [&str; 3] = ["stream", "kind", "body"];

/// One record of the host's.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) stream: StreamId,
    pub(super) event: Event,
    pub(super) media: MediaType,
    pub(super) body: String,
}

impl Entry {
    pub(super) fn content(&self) -> Digest {
        Digest::of(self.body.as_bytes())
    }
}

/// Reads the next line that is not blank; nothing at the end. `number` counts every line.
pub(super) fn next_line(
    input: &mut impl BufRead,
    number: &mut usize,
) -> Result<Option<String>, Failure> {
    loop {
        let mut bytes = Vec::new();
        *number = number.saturating_add(1);
        let read = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes);
        if read.map_err(|source| Failure::Input { source })? == 0 {
            return Ok(None);
        }
        let whole =
            bytes.ends_with(b"\n") || u64::try_from(bytes.len()).is_ok_and(|n| n < MAX_LINE);
        if !whole {
            let found = format!("more than {MAX_LINE} bytes");
            return Err(mistake(*number, "", &found, "a line that fits in an event"));
        }
        let line = String::from_utf8(bytes)
            .map_err(|_| mistake(*number, "", "bytes that are no text", "UTF-8"))?;
        if !line.trim().is_empty() {
            return Ok(Some(line));
        }
    }
}

/// Reads one record from its line.
pub(super) fn entry(line: &str, number: usize) -> Result<Entry, Failure> {
    let wrong = |field: &str, found: &str, allowed: &str| mistake(number, field, found, allowed);
    let object: Map<String, Value> = match serde_json::from_str(line) {
        Ok(Value::Object(object)) => object,
        Ok(other) => return Err(wrong("", &cut(&other), "a JSON object")),
        Err(error) => {
            let why = error.to_string().replace(" at line 1 column ", " at column ");
            return Err(wrong(
                "",
                &format!("what is no JSON ({why})"),
                "a JSON object on one line",
            ));
        }
    };
    if let Some(name) = object.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        let allowed = format!("one of: {}", FIELDS.join(", "));
        return Err(wrong(name, "an unknown field", &allowed));
    }
    let found = |field: &str| object.get(field).map_or_else(|| "nothing".to_owned(), cut);
    let stream = object.get("stream").and_then(Value::as_str).map(StreamId::host);
    let Some(Ok(stream)) = stream else {
        let allowed = "a name of at most 123 bytes without white space";
        return Err(wrong("stream", &found("stream"), allowed));
    };
    let event = match object.get("kind").and_then(Value::as_str) {
        Some("interaction") => Event::from(InteractionRecorded {}),
        Some("outcome") => Event::from(OutcomeRecorded {}),
        _ => return Err(wrong("kind", &found("kind"), "`interaction` or `outcome`")),
    };
    let (media, body) = match object.get("body") {
        Some(Value::String(text)) => (MediaType::Plain, text.clone()),
        Some(other) => (MediaType::Json, other.to_string()),
        None => return Err(wrong("body", "nothing", "a text, or any other JSON value")),
    };
    Ok(Entry { stream, event, media, body })
}

fn mistake(line: usize, field: &str, found: &str, allowed: &str) -> Failure {
    let field = if field.is_empty() { String::new() } else { format!("{field}: ") };
    Failure::Line { line, field, found: found.to_owned(), allowed: allowed.to_owned() }
}

fn cut(value: &Value) -> String {
    let text = value.to_string();
    format!("`{}`", text.chars().take(60).collect::<String>())
}

/// Standard input, buffered, for a thread of its own.
pub(super) fn standard_input() -> impl BufRead + Send + 'static {
    io::BufReader::with_capacity(64 * 1024, io::stdin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_text_is_plain_and_any_other_is_compact_json() {
        let text = entry(r#"{"stream":"chat","kind":"interaction","body":"hello"}"#, 1).unwrap();
        assert_eq!((text.media, text.body.as_str()), (MediaType::Plain, "hello"));
        assert_eq!(text.stream.as_str(), "host/chat");
        let json = entry(r#"{"stream":"chat","kind":"outcome","body":{"b": [1, 2]}}"#, 1).unwrap();
        assert_eq!((json.media, json.body.as_str()), (MediaType::Json, r#"{"b":[1,2]}"#));
    }

    #[test]
    fn a_mistake_names_line_field_found_and_allowed() {
        let check = |line: &str, expected: &str| {
            assert_eq!(entry(line, 7).unwrap_err().to_string(), expected);
        };
        check("[1]", "line 7 of the input: found `[1]`, expected a JSON object");
        check(
            r#"{"stream":"s","kind":"gossip","body":1}"#,
            "line 7 of the input: kind: found `\"gossip\"`, expected `interaction` or `outcome`",
        );
        check(
            r#"{"stream":"s","kind":"outcome"}"#,
            "line 7 of the input: body: found nothing, expected a text, or any other JSON value",
        );
        check(
            r#"{"stream":"s","kind":"outcome","body":1,"x":1}"#,
            "line 7 of the input: x: found an unknown field, expected one of: stream, kind, body",
        );
        check(
            r#"{"stream":"a b","kind":"outcome","body":1}"#,
            "line 7 of the input: stream: found `\"a b\"`, expected a name of at most 123 bytes \
             without white space",
        );
    }

    #[test]
    fn blank_lines_are_passed_over_and_counted() {
        let mut input = io::Cursor::new("\n  \n{}\n");
        let mut number = 0;
        assert_eq!(next_line(&mut input, &mut number).unwrap().as_deref(), Some("{}\n"));
        assert_eq!(number, 3);
        assert_eq!(next_line(&mut input, &mut number).unwrap(), None);
    }
}
