//! The mark of a clean stop: the file `clean`, which says how far the log went.
//!
//! It is written when a log is closed and removed before anything is written again. It alone tells
//! a store that was shortened at rest: it names the number of commits and the digest of the newest.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use crate::Digest;

const NAME: &str = "clean";

const FIRST_LINE: &str = "convoke-clean 1";

/// What a clean stop left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// How many commits there were, all of them in the store.
    pub(super) commits: u64,
    /// The digest of the newest one's bytes; of none where there is none.
    pub(super) newest: Digest,
    /// In which segment of the journal the next commit begins.
    pub(super) segment: u8,
    /// And at which byte.
    pub(super) offset: u64,
}

impl Mark {
    /// The mark, if the last stop left one that is whole.
    pub(super) fn read(directory: &Path) -> io::Result<Option<Self>> {
        match fs::read(directory.join(NAME)) {
            // A damaged mark is none: then everything is looked at.
            Ok(bytes) => Ok(String::from_utf8(bytes).ok().and_then(|text| Self::parse(&text))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the mark, whole or not at all, and durable.
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        let new = directory.join("clean.new");
        let mut file = File::create(&new)?;
        file.write_all(self.text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, directory.join(NAME))?;
        sync_directory(directory)
    }

    /// Removes the mark for good, if there is one.
    pub(super) fn remove(directory: &Path) -> io::Result<()> {
        match fs::remove_file(directory.join(NAME)) {
            Ok(()) => sync_directory(directory),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn text(&self) -> String {
        let Self { commits, newest, segment, offset } = self;
        let text = format!(
            "{FIRST_LINE}\ncommits {commits}\nnewest {newest}\nsegment {segment}\noffset {offset}\n"
        );
        format!("{text}checksum {:08x}\n", crc32fast::hash(text.as_bytes()))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let first = lines.next()?;
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let mark = Self {
            commits: field("commits")?.parse().ok()?,
            newest: field("newest")?.parse().ok()?,
            segment: field("segment")?.parse().ok()?,
            offset: field("offset")?.parse().ok()?,
        };
        (first == FIRST_LINE && mark.text() == text).then_some(mark)
    }
}

pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark { commits: 12, newest: Digest::of(b"newest"), segment: 1, offset: 8_192 }
    }

    #[test]
    fn a_mark_is_read_as_it_was_written_until_it_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Mark::read(directory.path()).unwrap(), None);
        mark().write(directory.path()).unwrap();
        assert_eq!(Mark::read(directory.path()).unwrap(), Some(mark()));
        for _ in 0..2 {
            Mark::remove(directory.path()).unwrap();
            assert_eq!(Mark::read(directory.path()).unwrap(), None);
        }
    }

    #[test]
    fn a_mark_with_any_bit_changed_or_its_end_missing_is_none() {
        let text = mark().text().into_bytes();
        for bit in 0..text.len() * 8 {
            let mut changed = text.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let parsed = String::from_utf8(changed).ok().and_then(|text| Mark::parse(&text));
            assert_eq!(parsed, None, "bit {bit}");
        }
        for length in 0..text.len() {
            let cut = String::from_utf8(text[..length].to_vec()).unwrap();
            assert_eq!(Mark::parse(&cut), None, "{length} bytes");
        }
    }
}
