//! Carving: records found in any file by what they look like, whatever holds them.
//!
//! A record says by itself where it ends and carries a checksum, so it is found wherever it lies
//! whole: in the journal, in the store's file, in a copy of either. Around it lie the hash chain's
//! links before and at it, wherever it lies in a frame.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use crate::record::{FORMAT, MAX_EVENT, RecordView};
use crate::{Digest, LogId};

/// How much of a file is looked at, at once.
const WINDOW: usize = 4 * 1024 * 1024;

/// Bytes before a record that belong to it: the link before it, and its length.
const BEFORE: usize = 32 + 4;

/// Bytes behind a record that belong to it: the link at it.
const BEHIND: usize = 32;

/// A record that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) source: usize,
    offset: u64,
    length: usize,
    pub(super) log: LogId,
    pub(super) position: u64,
    /// The link before it, if what lies there is one.
    pub(super) previous: Digest,
    /// The link at it, if what lies there is one.
    pub(super) hash: Digest,
}

impl Found {
    /// Whether the links around it and its own bytes agree.
    fn is_linked(&self, record: &[u8]) -> bool {
        self.previous.chain(record) == self.hash
    }
}

/// The files that are looked through.
#[derive(Debug, Default)]
pub(super) struct Sources(Vec<File>);

impl Sources {
    /// Opens a file to be looked through; answers whether it could.
    pub(super) fn add(&mut self, path: &PathBuf) -> bool {
        let file = File::open(path);
        file.map(|file| self.0.push(file)).is_ok()
    }

    /// Finds every record in every file. What cannot be read is passed over.
    pub(super) fn carve(&self) -> Vec<(Found, bool)> {
        let mut all = Vec::new();
        for source in 0..self.0.len() {
            let mut start = 0;
            while let Ok(window) = self.read(source, start, BEFORE + WINDOW + MAX_EVENT + BEHIND) {
                find(&window, |at, record, previous, hash| {
                    let offset = start.saturating_add(wide(at));
                    let (log, position, length) =
                        (record.log, record.position.get(), record.length);
                    let found = Found { source, offset, length, log, position, previous, hash };
                    all.push((found, found.is_linked(record.bytes)));
                });
                if window.len() <= BEFORE + WINDOW {
                    break;
                }
                start = start.saturating_add(wide(WINDOW));
            }
        }
        all
    }

    /// The bytes of a record that was found.
    pub(super) fn record(&self, found: &Found) -> io::Result<Vec<u8>> {
        let bytes = self.read(found.source, found.offset, found.length)?;
        if bytes.len() == found.length {
            Ok(bytes)
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    fn read(&self, source: usize, offset: u64, most: usize) -> io::Result<Vec<u8>> {
        let mut file = self.0.get(source).ok_or(io::ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(wide(most)).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

struct Carved<'a> {
    log: LogId,
    position: crate::Position,
    length: usize,
    bytes: &'a [u8],
}

/// Calls `take` with every record that begins in the window, where it begins, and the links.
fn find(window: &[u8], mut take: impl FnMut(usize, &Carved<'_>, Digest, Digest)) {
    // The very first record of a file has nothing before it, which no file of ours begins with.
    let begins = BEFORE..window.len().min(BEFORE + WINDOW);
    let mut at = begins.start;
    while at < begins.end {
        let rest = window.get(at..).unwrap_or_default();
        let length = measure(rest);
        let record = length.and_then(|length| rest.get(..length));
        let Some(view) = record.and_then(|record| RecordView::read(record).ok()) else {
            // On to the next byte that could begin one.
            at += 1 + until_format(rest.get(1..).unwrap_or_default());
            continue;
        };
        let bytes = record.unwrap_or_default();
        let link = |from: usize| {
            let bytes = window.get(from..).and_then(<[u8]>::first_chunk::<32>);
            Digest::from_bytes(bytes.copied().unwrap_or_default())
        };
        let carved = Carved { log: view.log, position: view.position, length: bytes.len(), bytes };
        take(at, &carved, link(at - BEFORE), link(at + bytes.len()));
        at += bytes.len();
    }
}

/// How many bytes lie before the next that could begin a record.
fn until_format(bytes: &[u8]) -> usize {
    let blocks = bytes.chunks(512);
    // Most of a file is zeros, which are passed over faster by the block.
    let passed = blocks.take_while(|block| !block.contains(&FORMAT)).map(<[u8]>::len).sum();
    let rest = bytes.get(passed..).unwrap_or_default();
    passed + rest.iter().position(|byte| *byte == FORMAT).unwrap_or(rest.len())
}

/// How long the record is that begins here, if one may.
fn measure(bytes: &[u8]) -> Option<usize> {
    let mut walk = Walk { bytes, at: 0 };
    if walk.take()? != [FORMAT] {
        return None;
    }
    walk.skip(16)?;
    let position = u64::from_le_bytes(walk.take()?);
    // No log is ever that long, and most of what is no record is found out here.
    if position == 0 || position >> 48 != 0 {
        return None;
    }
    walk.skip8()?;
    walk.skip(8 + 2 + 2 + 16)?;
    walk.skip8()?;
    walk.skip(2 + 8 + 8)?;
    walk.skip8()?;
    walk.skip8()?;
    walk.skip(16)?;
    for _ in ["causation", "trace", "idempotency key", "content digest"] {
        walk.skip8()?;
    }
    for _ in ["extension", "facts"] {
        let length = u16::from_le_bytes(walk.take()?);
        walk.skip(length.into())?;
    }
    let [texts] = walk.take()?;
    for _ in 0..texts {
        walk.skip8()?;
        let [storage] = walk.take()?;
        for _ in ["media type", "subject", "key id"] {
            walk.skip8()?;
        }
        let length = usize::try_from(u32::from_le_bytes(walk.take()?)).ok()?;
        walk.skip(if storage == 0 { length } else { 32 })?;
    }
    walk.skip(4)?;
    (walk.at <= MAX_EVENT).then_some(walk.at)
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = self.bytes.get(self.at..)?.first_chunk::<N>()?;
        self.at += N;
        Some(*taken)
    }

    fn skip(&mut self, length: usize) -> Option<()> {
        self.at = self.at.checked_add(length).filter(|at| *at <= self.bytes.len())?;
        Some(())
    }

    fn skip8(&mut self) -> Option<()> {
        let [length] = self.take()?;
        self.skip(length.into())
    }
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::sample_records;

    #[test]
    fn every_sample_is_measured_to_its_last_byte() {
        for sample in sample_records() {
            let longer = [&sample.bytes[..], &[7; 100]].concat();
            assert_eq!(measure(&longer), Some(sample.bytes.len()), "{}", sample.event_type);
            assert_eq!(measure(&sample.bytes[..sample.bytes.len() - 1]), None);
        }
    }

    #[test]
    fn records_are_found_among_anything_else_and_across_windows() {
        let records = sample_records();
        let mut bytes = vec![1; 50];
        for (nth, sample) in records.iter().cycle().take(400).enumerate() {
            bytes.extend(vec![u8::try_from(nth % 3).unwrap(); 9_973 + nth * 17]);
            bytes.extend([9; BEFORE]);
            bytes.extend(&sample.bytes);
        }
        assert!(bytes.len() > WINDOW);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, &bytes).unwrap();
        let mut sources = Sources::default();
        assert!(sources.add(&path));
        let found = sources.carve();
        assert_eq!(found.len(), 400);
        for ((found, linked), sample) in found.iter().zip(records.iter().cycle()) {
            assert_eq!(sources.record(found).unwrap(), sample.bytes);
            assert_eq!((found.previous, linked), (Digest::from_bytes([9; 32]), &false));
        }
    }
}
