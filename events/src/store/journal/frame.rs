//! How a commit lies in the journal, to the byte.
//!
//! A frame begins at a multiple of 4,096 bytes and is filled up with zeros to the next. All
//! integers are little-endian.
//!
//! | field | type | meaning |
//! |---|---|---|
//! | magic | 4 bytes | `cvkf` |
//! | length | `u32` | bytes of the commit |
//! | commit | `u64` | its number |
//! | previous | `u32` | CRC-32 (IEEE) of the commit before; 0 before the first |
//! | content | `u32` | CRC-32 of the commit's bytes |
//! | header | `u32` | CRC-32 of the journal's nonce and every field before this one |
//! | bytes | `length` | the commit |
//!
//! A segment that is used again still holds frames of its last use. They are told by their numbers,
//! which are smaller, and cannot be mistaken for what follows a newer frame. The nonce keeps a
//! frame of another journal, also one quoted within a commit, from being taken for one of ours.

use std::ops::Range;

/// Where a frame may begin: at multiples of this.
pub(super) const BLOCK: usize = 4_096;

/// Bytes before a commit's own.
pub(super) const HEADER: usize = 4 + 4 + 8 + 4 + 4 + 4;

const MAGIC: [u8; 4] = *b"cvkf";

/// What tells one journal's frames from another's.
pub(super) type Nonce = [u8; 16];

/// A frame that was found whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) commit: u64,
    pub(super) previous: u32,
    pub(super) content: u32,
    /// Where the commit's bytes are in what was read.
    pub(super) bytes: Range<usize>,
}

/// How many bytes a commit of this length takes.
pub(super) const fn occupied(length: usize) -> usize {
    (HEADER + length).next_multiple_of(BLOCK)
}

/// The frame of a commit, filled up, and the checksum of the commit.
pub(super) fn write(nonce: &Nonce, commit: u64, previous: u32, bytes: &[u8]) -> (Vec<u8>, u32) {
    let content = crc32fast::hash(bytes);
    let length = occupied(bytes.len());
    let mut frame = Vec::with_capacity(length);
    frame.extend(MAGIC);
    frame.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    frame.extend(commit.to_le_bytes());
    frame.extend(previous.to_le_bytes());
    frame.extend(content.to_le_bytes());
    frame.extend(header_checksum(nonce, &frame).to_le_bytes());
    frame.extend(bytes);
    frame.resize(length, 0);
    (frame, content)
}

/// The frame that begins at `offset`; nothing if no whole one does.
pub(super) fn read(nonce: &Nonce, segment: &[u8], offset: usize) -> Option<Frame> {
    let (header, rest) = segment.get(offset..)?.split_at_checked(HEADER)?;
    let (fields, checksum) = header.split_last_chunk::<4>()?;
    let (magic, fields_behind) = fields.split_first_chunk::<4>()?;
    if *magic != MAGIC || u32::from_le_bytes(*checksum) != header_checksum(nonce, fields) {
        return None;
    }
    let (length, fields_behind) = fields_behind.split_first_chunk::<4>()?;
    let (commit, fields_behind) = fields_behind.split_first_chunk::<8>()?;
    let (previous, content) = fields_behind.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let content = u32::from_le_bytes(content.try_into().ok()?);
    if crc32fast::hash(rest.get(..length)?) != content {
        return None;
    }
    let begin = offset + HEADER;
    Some(Frame {
        commit: u64::from_le_bytes(*commit),
        previous: u32::from_le_bytes(*previous),
        content,
        bytes: begin..begin + length,
    })
}

fn header_checksum(nonce: &Nonce, fields: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(nonce);
    hasher.update(fields);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: Nonce = [7; 16];

    #[test]
    fn a_frame_is_laid_out_as_documented() {
        let (frame, content) = write(&NONCE, 0x0102, 9, b"commit");
        assert_eq!(frame.len(), BLOCK);
        let fields = [
            &b"cvkf"[..],
            &[6, 0, 0, 0],
            &[2, 1, 0, 0, 0, 0, 0, 0],
            &[9, 0, 0, 0],
            &crc32fast::hash(b"commit").to_le_bytes(),
        ]
        .concat();
        let header = crc32fast::hash(&[&NONCE[..], &fields].concat()).to_le_bytes();
        assert_eq!(frame[..HEADER], [&fields[..], &header].concat());
        assert_eq!(&frame[HEADER..HEADER + 6], b"commit");
        assert!(frame[HEADER + 6..].iter().all(|byte| *byte == 0));
        let expected = Frame { commit: 0x0102, previous: 9, content, bytes: HEADER..HEADER + 6 };
        assert_eq!(read(&NONCE, &frame, 0), Some(expected));
    }

    #[test]
    fn a_frame_with_any_bit_changed_is_none() {
        let (frame, _) = write(&NONCE, 3, 9, b"commit");
        for bit in 0..(HEADER + 6) * 8 {
            let mut changed = frame.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read(&NONCE, &changed, 0), None, "bit {bit}");
        }
    }

    #[test]
    fn a_frame_of_another_journal_or_a_cut_one_is_none() {
        let (frame, _) = write(&NONCE, 3, 9, b"commit");
        assert_eq!(read(&[8; 16], &frame, 0), None);
        for length in 0..HEADER + 6 {
            assert_eq!(read(&NONCE, &frame[..length], 0), None);
        }
    }
}
