//! The format file: how a directory is laid out, and how an older layout becomes the newest.
//!
//! It holds two lines: `convoke-data N`, and `checksum` with the CRC-32 (IEEE) of the line before, its
//! line feed included, as eight hexadecimal digits. Format 1 had the first line alone. The rule:
//!
//! 1. The newest number is opened; an older one is upgraded in place, one step after the other, and
//!    the file says the new number once the step is on disk. A step that was interrupted is taken
//!    again.
//! 2. A newer number is refused: a newer Convoke has been here, which alone knows how to go back.
//! 3. A directory with a log whose format file is missing, or is none by its checksum, is refused as
//!    damaged: one changed digit would make it look newer than it is.
//!
//! | number | layout | the step to it |
//! |---|---|---|
//! | 1 | the store alone | |
//! | 2 | a journal before the store | an empty journal is made: in format 1 the store was synced with every commit, so it is the whole log |
//!
//! Records have a format of their own, and so has every event: neither needs a step here.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use super::failed;
use crate::{JournaledStore, OpenError};

/// The newest layout, which this build writes.
const NEWEST: &str = "convoke-data 2";

/// The layout before there was a journal.
const WITHOUT_JOURNAL: &str = "convoke-data 1";

/// Says that a new directory has the newest layout.
pub(super) fn begin(directory: &Path) -> Result<(), OpenError> {
    write(directory).map_err(|source| failed("write", &directory.join("format"), source))
}

/// Upgrades a directory to the newest layout.
pub(super) fn upgrade(directory: &Path) -> Result<(), OpenError> {
    let file = directory.join("format");
    let found = match fs::read(&file) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(source) => return Err(failed("read", &file, source)),
    };
    let first = found.lines().next().unwrap_or_default();
    if found == text(NEWEST) {
        return Ok(());
    }
    if found == format!("{WITHOUT_JOURNAL}\n") {
        // Both are there where only this file was not written any more.
        if !["journal-0", "journal-1"].iter().all(|name| directory.join(name).exists()) {
            JournaledStore::put_before(directory)?;
        }
        begin(directory)?;
        tracing::info!(directory = %directory.display(), "a journal was put before the store");
        return Ok(());
    }
    let is_whole = found == text(first);
    let found = first.chars().take(60).collect();
    Err(if is_whole {
        OpenError::Format { file, found, known: NEWEST }
    } else {
        OpenError::NoFormat { file, found }
    })
}

/// What the file holds for a format.
fn text(format: &str) -> String {
    let line = format!("{format}\n");
    format!("{line}checksum {:08x}\n", crc32fast::hash(line.as_bytes()))
}

/// Writes the file whole or not at all.
fn write(directory: &Path) -> io::Result<()> {
    let new = directory.join("format.new");
    let mut file = File::create(&new)?;
    file.write_all(text(NEWEST).as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, directory.join("format"))?;
    File::open(directory)?.sync_all()
}
