//! C2SP `signed-note`: a text and who signed it.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::CheckpointError;
use crate::{PublicKey, SignError, Signature, Signer};

/// The most bytes a note may take, and signatures it may have: far more than any of ours.
const MAX_NOTE: usize = 64 * 1024;
const MAX_SIGNATURES: usize = 100;

/// A text, ended by a line feed and without an empty line, and its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    text: String,
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    name: String,
    /// The four bytes of the key's id, then the signature.
    bytes: Vec<u8>,
}

impl Note {
    pub(super) fn sign(text: String, name: &str, signer: &dyn Signer) -> Result<Self, SignError> {
        let id = signer.public_key().note_id(name);
        let signature = signer.sign(text.as_bytes())?;
        let bytes = [&id, &signature.as_bytes()[..]].concat();
        Ok(Self { text, lines: vec![Line { name: name.to_owned(), bytes }] })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the key signed it under this name. Where several lines say so, all must be right.
    pub(super) fn is_signed(&self, name: &str, key: &PublicKey) -> bool {
        let id = key.note_id(name);
        let mut claims = self.lines.iter().filter_map(|line| {
            let signature = line.bytes.strip_prefix(&id)?;
            (line.name == name).then_some(signature)
        });
        let holds = |signature: &[u8]| {
            let signature = signature.try_into().map(Signature::from_bytes);
            signature.is_ok_and(|signature| key.signed(self.text.as_bytes(), &signature))
        };
        claims.next().is_some_and(holds) && claims.all(holds)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for Line { name, bytes } in &self.lines {
            writeln!(f, "— {name} {}", STANDARD.encode(bytes))?;
        }
        Ok(())
    }
}

impl FromStr for Note {
    type Err = CheckpointError;

    fn from_str(note: &str) -> Result<Self, Self::Err> {
        read(note).ok_or(CheckpointError::Note)
    }
}

fn read(note: &str) -> Option<Note> {
    let is_control = |c: char| c.is_ascii_control() && c != '\n';
    if note.len() > MAX_NOTE || note.contains(is_control) {
        return None;
    }
    let (text, signatures) = note.rsplit_once("\n\n")?;
    let signatures = signatures.strip_suffix('\n')?;
    let lines = signatures.split('\n').map(line).collect::<Option<Vec<Line>>>()?;
    let text = format!("{text}\n");
    (lines.len() <= MAX_SIGNATURES).then_some(Note { text, lines })
}

fn line(line: &str) -> Option<Line> {
    let (name, bytes) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = STANDARD.decode(bytes).ok()?;
    let is_name = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+');
    (is_name && bytes.len() > 4).then(|| Line { name: name.to_owned(), bytes })
}
