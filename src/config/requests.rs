//! The requests of a run: one JSON object per line.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::mistake::{ConfigError, Mistake, quoted};

/// The longest id of a request, in bytes.
pub const MAX_REQUEST_ID: usize = 128;
/// The longest title of a request, in bytes.
pub const MAX_TITLE: usize = 1024;
/// The longest title and body of a request together, in bytes.
pub const MAX_CONTENT: usize = convoke_actors::MAX_TASK_BYTES;
/// The longest source of a request, in bytes.
pub const MAX_SOURCE: usize = 256;

const FIELDS: [&str; 4] = ["id", "title", "body", "source"];

/// One request, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The host's own id of it.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// In all words.
    pub body: String,
    /// Where it came from.
    pub source: Option<String>,
}

/// Reads a file of requests, each once: a line that repeats an earlier one is passed over.
///
/// # Errors
/// [`ConfigError`] if the file cannot be read, or with every mistake in it.
pub fn load_requests(file: &Path) -> Result<Vec<Request>, ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
    parse_requests(file, &text)
}

/// Reads requests from a text; `file` is what mistakes are reported under.
///
/// # Errors
/// [`ConfigError::Mistaken`] with every mistake.
pub fn parse_requests(file: &Path, text: &str) -> Result<Vec<Request>, ConfigError> {
    let mut requests: Vec<Request> = Vec::new();
    let mut places: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut mistakes = Vec::new();
    let mut lines = 0;
    for (number, line) in (1..).zip(text.lines()) {
        lines = number;
        if line.trim().is_empty() {
            continue;
        }
        let mut reading = Line { file, number, mistakes: &mut mistakes };
        let Some(request) = reading.request(line) else { continue };
        let before = places
            .get(&request.id)
            .and_then(|(index, line)| requests.get(*index).map(|earlier| (earlier, line)));
        match before {
            Some((earlier, _)) if *earlier == request => {}
            Some((_, line)) => {
                let allowed = format!("another id, or the same content as on line {line}");
                reading.mistake("id", format!("{} again", quoted(&request.id)), allowed);
            }
            None => {
                places.insert(request.id.clone(), (requests.len(), number));
                requests.push(request);
            }
        }
    }
    if requests.is_empty() && mistakes.is_empty() {
        Line { file, number: lines.max(1), mistakes: &mut mistakes }.mistake(
            "",
            "no request",
            "at least one line such as {\"id\": \"1\", \"title\": \"…\", \"body\": \"…\"}",
        );
    }
    if mistakes.is_empty() { Ok(requests) } else { Err(ConfigError::Mistaken { mistakes }) }
}

struct Line<'a> {
    file: &'a Path,
    number: usize,
    mistakes: &'a mut Vec<Mistake>,
}

impl Line<'_> {
    fn mistake(&mut self, field: &str, found: impl Into<String>, allowed: impl Into<String>) {
        self.mistakes.push(Mistake {
            file: self.file.to_owned(),
            line: self.number,
            field: field.to_owned(),
            found: found.into(),
            allowed: allowed.into(),
        });
    }

    fn request(&mut self, line: &str) -> Option<Request> {
        let object = match serde_json::from_str(line) {
            Ok(Value::Object(object)) => object,
            Ok(other) => {
                self.mistake("", quoted(&other.to_string()), "a JSON object");
                return None;
            }
            Err(error) => {
                // It read one line, whose number is said already.
                let why = error.to_string().replace(" at line 1 column ", " at column ");
                let found = format!("{} ({why})", quoted(line));
                self.mistake("", found, "a JSON object on one line");
                return None;
            }
        };
        for name in object.keys().filter(|name| !FIELDS.contains(&name.as_str())) {
            let allowed = format!("one of: {}", FIELDS.join(", "));
            self.mistake(name, format!("the unknown field {}", quoted(name)), allowed);
        }
        let known = object.keys().all(|name| FIELDS.contains(&name.as_str()));
        let id = self.text("id", object.get("id"), 1, MAX_REQUEST_ID);
        let title = self.text("title", object.get("title"), 1, MAX_TITLE);
        let body = self.text("body", object.get("body"), 0, MAX_CONTENT);
        let source = match object.get("source") {
            None | Some(Value::Null) => Some(None),
            given => self.text("source", given, 0, MAX_SOURCE).map(Some),
        };
        let request = Request { id: id?, title: title?, body: body?, source: source? };
        let size = request.title.len().saturating_add(request.body.len());
        if size > MAX_CONTENT {
            let found = format!("{size} bytes together with the title");
            self.mistake("body", found, format!("at most {MAX_CONTENT} bytes"));
            return None;
        }
        known.then_some(request)
    }

    fn text(
        &mut self,
        field: &str,
        value: Option<&Value>,
        least: usize,
        most: usize,
    ) -> Option<String> {
        let found = match value {
            Some(Value::String(text)) => {
                let blank = least > 0 && text.trim().is_empty();
                if !blank && text.len() <= most {
                    return Some(text.clone());
                }
                if blank { quoted(text) } else { format!("a text of {} bytes", text.len()) }
            }
            Some(other) => quoted(&other.to_string()),
            None => "nothing".to_owned(),
        };
        self.mistake(field, found, format!("a text of {least} to {most} bytes"));
        None
    }
}
