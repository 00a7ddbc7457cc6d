//! The journal's two files: made once, filled with zeros, used in turns.
//!
//! The first 4,096 bytes of `journal-0` and `journal-1` never change. All integers are
//! little-endian; zeros follow the fields, and then the frames.
//!
//! | field | type | meaning |
//! |---|---|---|
//! | magic | 4 bytes | `cvkj` |
//! | format | `u32` | 1 |
//! | segment | `u32` | 0 or 1 |
//! | nonce | 16 bytes | chosen at random when the journal was made; the same in both |
//! | size | `u64` | bytes of the file |
//! | checksum | `u32` | CRC-32 (IEEE) of the fields before |

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::disagreement::Disagreement;
use super::frame::{self, BLOCK, Frame, Nonce};
use super::mark::sync_directory;
use crate::Durability;

const MAGIC: [u8; 4] = *b"cvkj";

const FORMAT: u32 = 1;

/// Where the first frame begins.
pub(super) const START: u64 = 4_096;

/// What both segments have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) nonce: Nonce,
    /// Bytes of each.
    pub(super) size: u64,
}

/// A journal as it was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) shape: Option<Shape>,
    /// Every whole frame, with its segment.
    pub(super) frames: BTreeMap<u64, (u8, Frame)>,
    /// What is wrong with the journal as a whole.
    pub(super) trouble: Option<Disagreement>,
    bytes: [Vec<u8>; 2],
    /// The segments whose first block has to be written again.
    headless: Vec<u8>,
}

pub(super) fn path(directory: &Path, segment: u8) -> PathBuf {
    directory.join(format!("journal-{segment}"))
}

impl Found {
    /// Reads what is there and looks for frames, but not in a journal of which nothing is there.
    pub(super) fn read(directory: &Path) -> io::Result<Self> {
        let mut found = Self::default();
        let mut shapes = Vec::new();
        for segment in [0, 1] {
            let bytes = match fs::read(path(directory, segment)) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    found.trouble = Some(Disagreement::JournalMissing { segment });
                    continue;
                }
                Err(error) => return Err(error),
            };
            match read_header(&bytes, segment) {
                Some(shape) => shapes.push(shape),
                None => found.headless.push(segment),
            }
            if let Some(place) = found.bytes.get_mut(usize::from(segment)) {
                *place = bytes;
            }
        }
        let Some(&shape) = shapes.first() else {
            found.trouble.get_or_insert(Disagreement::JournalUnreadable);
            return Ok(found);
        };
        if shapes.iter().any(|other| *other != shape) {
            found.trouble = Some(Disagreement::JournalMixed);
            return Ok(found);
        }
        found.shape = Some(shape);
        for (segment, bytes) in (0..).zip(&found.bytes) {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            if length != shape.size && found.trouble.is_none() {
                let expected = shape.size;
                found.trouble = Some(Disagreement::JournalCut { segment, found: length, expected });
            }
            found.frames.extend(whole_frames(&shape.nonce, segment, bytes));
        }
        Ok(found)
    }

    /// The commit that a frame holds.
    pub(super) fn commit(&self, (segment, frame): &(u8, Frame)) -> &[u8] {
        let bytes = self.bytes.get(usize::from(*segment));
        bytes.and_then(|bytes| bytes.get(frame.bytes.clone())).unwrap_or_default()
    }

    /// Whether a frame is the oldest that its segment was to hold: the first, or behind newer ones
    /// that took the place of older.
    pub(super) fn is_oldest(&self, (segment, frame): &(u8, Frame)) -> bool {
        let is_newer_before = |(other, before): &(u8, Frame)| {
            other == segment
                && before.bytes.start < frame.bytes.start
                && before.commit > frame.commit
        };
        frame.bytes.start == BLOCK + frame::HEADER || self.frames.values().any(is_newer_before)
    }

    /// Writes the first block of a segment again where it was damaged.
    pub(super) fn heal(&self, directory: &Path) -> io::Result<()> {
        let Some(shape) = self.shape else { return Ok(()) };
        for segment in &self.headless {
            let file = File::options().write(true).open(path(directory, *segment))?;
            file.write_all_at(&header(&shape, *segment), 0)?;
            file.sync_data()?;
        }
        Ok(())
    }
}

/// Reads what both segments say of themselves, if they are as they were made.
pub(super) fn shape(directory: &Path) -> io::Result<Option<Shape>> {
    let mut shapes = Vec::new();
    for segment in [0, 1] {
        let file = match File::open(path(directory, segment)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut block = [0; BLOCK];
        let length = file.metadata()?.len();
        if length < START {
            return Ok(None);
        }
        file.read_exact_at(&mut block, 0)?;
        shapes.push(read_header(&block, segment).filter(|shape| shape.size == length));
    }
    Ok(match &shapes[..] {
        [Some(one), Some(other)] if one == other => Some(*one),
        _ => None,
    })
}

fn whole_frames(nonce: &Nonce, segment: u8, bytes: &[u8]) -> BTreeMap<u64, (u8, Frame)> {
    let mut frames = BTreeMap::new();
    let mut offset = BLOCK;
    while offset < bytes.len() {
        // Behind one that is damaged, the next may begin at any block.
        offset = match frame::read(nonce, bytes, offset) {
            Some(frame) => {
                let end = frame.bytes.end.next_multiple_of(BLOCK);
                frames.insert(frame.commit, (segment, frame));
                end
            }
            None => offset + BLOCK,
        };
    }
    frames
}

/// Makes both segments, each whole or not at all.
pub(super) fn make(directory: &Path, shape: &Shape, durability: Durability) -> io::Result<()> {
    for segment in [0, 1] {
        let new = directory.join(format!("journal-{segment}.new"));
        let mut file = File::create(&new)?;
        file.write_all(&header(shape, segment))?;
        match durability {
            Durability::Synced => {
                // Written, and not only reserved: then a commit's sync has no other work to do.
                let zeros = vec![0; 256 * 1024];
                let mut left = shape.size.saturating_sub(START);
                while left > 0 {
                    let length = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
                    file.write_all(zeros.get(..length).unwrap_or_default())?;
                    left = left.saturating_sub(u64::try_from(length).unwrap_or(left));
                }
                file.sync_all()?;
            }
            Durability::Buffered => file.set_len(shape.size)?,
        }
        fs::rename(&new, path(directory, segment))?;
    }
    sync_directory(directory)
}

fn header(shape: &Shape, segment: u8) -> Vec<u8> {
    let mut header = Vec::with_capacity(BLOCK);
    header.extend(MAGIC);
    header.extend(FORMAT.to_le_bytes());
    header.extend(u32::from(segment).to_le_bytes());
    header.extend(shape.nonce);
    header.extend(shape.size.to_le_bytes());
    header.extend(crc32fast::hash(&header).to_le_bytes());
    header.resize(BLOCK, 0);
    header
}

fn read_header(bytes: &[u8], segment: u8) -> Option<Shape> {
    let fields = bytes.get(12..)?;
    let (nonce, fields) = fields.split_first_chunk::<16>()?;
    let (size, _) = fields.split_first_chunk::<8>()?;
    let shape = Shape { nonce: *nonce, size: u64::from_le_bytes(*size) };
    let fields = 4 + 4 + 4 + 16 + 8 + 4;
    (bytes.get(..fields)? == header(&shape, segment).get(..fields)?).then_some(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { nonce: [3; 16], size: 8 * START };

    #[test]
    fn a_journal_that_was_made_has_two_equal_segments_without_frames() {
        for durability in Durability::ALL {
            let directory = tempfile::tempdir().unwrap();
            assert_eq!(shape(directory.path()).unwrap(), None);
            make(directory.path(), &SHAPE, *durability).unwrap();
            assert_eq!(shape(directory.path()).unwrap(), Some(SHAPE));
            let found = Found::read(directory.path()).unwrap();
            assert_eq!((found.shape, found.trouble), (Some(SHAPE), None));
            assert!(found.frames.is_empty());
            assert_eq!(fs::metadata(path(directory.path(), 1)).unwrap().len(), SHAPE.size);
        }
    }

    #[test]
    fn one_damaged_header_is_healed_and_two_are_named() {
        let directory = tempfile::tempdir().unwrap();
        make(directory.path(), &SHAPE, Durability::Buffered).unwrap();
        let damage = |segment| {
            let file = File::options().write(true).open(path(directory.path(), segment)).unwrap();
            file.write_all_at(b"x", 13).unwrap();
        };
        damage(0);
        assert_eq!(shape(directory.path()).unwrap(), None);
        let found = Found::read(directory.path()).unwrap();
        assert_eq!((found.shape, &found.trouble), (Some(SHAPE), &None));
        found.heal(directory.path()).unwrap();
        assert_eq!(shape(directory.path()).unwrap(), Some(SHAPE));
        damage(0);
        damage(1);
        let found = Found::read(directory.path()).unwrap();
        assert_eq!(found.trouble, Some(Disagreement::JournalUnreadable));
    }

    #[test]
    fn a_frame_is_found_behind_one_that_is_damaged() {
        let mut segment = header(&SHAPE, 0);
        for commit in 1..=3 {
            segment.extend(frame::write(&SHAPE.nonce, commit, 0, &[7; 5_000]).0);
        }
        segment[BLOCK + 2 * BLOCK + 100] ^= 1;
        let frames = whole_frames(&SHAPE.nonce, 0, &segment);
        assert_eq!(frames.keys().copied().collect::<Vec<_>>(), [1, 3]);
        let found = Found { frames, ..Found::default() };
        let oldest = |commit| found.is_oldest(&found.frames[&commit]);
        assert!(oldest(1) && !oldest(3));
    }
}
