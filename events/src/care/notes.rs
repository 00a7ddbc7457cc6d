//! The signed checkpoints that go with a copy: those that speak of no more than it holds.

use std::fs;
use std::path::Path;

use crate::SignedCheckpoint;

/// Every checkpoint that can be read in a file, whatever lies between them, the oldest first.
pub(super) fn readable(file: &Path) -> Vec<SignedCheckpoint> {
    let bytes = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    // A note is a text, an empty line, its signatures; another empty line follows.
    let parts: Vec<&str> = text.split("\n\n").collect();
    let pairs = parts.windows(2);
    let note = |pair: &[&str]| format!("{}\n", pair.join("\n\n")).parse().ok();
    pairs.filter_map(note).collect()
}

/// Those of them that speak of at most `events` events.
pub(super) fn within(notes: &[SignedCheckpoint], events: u64) -> String {
    let notes = notes.iter().filter(|note| note.checkpoint().size <= events);
    file_of(notes)
}

/// The bytes of a file that holds them.
pub(super) fn file_of<'a>(notes: impl IntoIterator<Item = &'a SignedCheckpoint>) -> String {
    notes.into_iter().flat_map(|note| [note.to_string(), "\n".to_owned()]).collect()
}
