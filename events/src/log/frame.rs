//! The frame: what one commit holds, to the byte.
//!
//! All integers are little-endian.
//!
//! | field | type | meaning |
//! |---|---|---|
//! | format | `u8` | 1 |
//! | count | `u32` | how many records follow |
//! | first | `u64` | the position of the first one |
//! | previous hash | 32 bytes | the chain's link before the first one |
//! | records | `count` times | `u32` length in bytes, the record's bytes, 32 bytes of its hash |
//!
//! Nothing follows the last record. The hashes are stored so that one event can be read with its
//! link of the chain; whoever reads the whole log computes them anew.

use crate::{Digest, Position};

/// The frame format this build writes, and the only one it reads.
const FORMAT: u8 = 1;

/// Bytes before the first record.
pub(crate) const HEADER: usize = 1 + 4 + 8 + 32;

/// Bytes around one record.
pub(crate) const AROUND_RECORD: usize = 4 + 32;

/// A frame being written: what there is of it so far.
#[derive(Debug)]
pub(crate) struct FrameInMaking {
    bytes: Vec<u8>,
    count: u32,
    /// The chain's link at the newest record.
    hash: Digest,
}

impl FrameInMaking {
    /// Begins a frame whose first record has this position and follows this hash.
    pub(crate) fn begin(first: Position, previous: Digest) -> Self {
        let mut bytes = Vec::with_capacity(4_096);
        bytes.push(FORMAT);
        bytes.extend([0; 4]);
        bytes.extend(first.get().to_le_bytes());
        bytes.extend(previous.as_bytes());
        Self { bytes, count: 0, hash: previous }
    }

    /// Adds the record that is written, and answers where it lies and its length.
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> (usize, usize) {
        let offset = self.bytes.len();
        self.bytes.extend([0; 4]);
        write(&mut self.bytes);
        let record = self.bytes.get(offset + 4..).unwrap_or_default();
        let length = record.len();
        self.hash = self.hash.chain(record);
        self.bytes.extend(self.hash.as_bytes());
        self.count = self.count.saturating_add(1);
        let place = self.bytes.get_mut(offset..).and_then(<[u8]>::first_chunk_mut);
        put(place, u32::try_from(length).unwrap_or(u32::MAX));
        (offset, length)
    }

    /// The chain's link at the newest record.
    pub(crate) const fn hash(&self) -> Digest {
        self.hash
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many bytes it has.
    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The whole frame.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let place = self.bytes.get_mut(1..).and_then(<[u8]>::first_chunk_mut);
        put(place, self.count);
        self.bytes
    }
}

fn put(place: Option<&mut [u8; 4]>, number: u32) {
    if let Some(place) = place {
        *place = number.to_le_bytes();
    }
}

/// A frame as it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// How many records it says it has.
    pub(crate) count: u32,
    /// The position it says its first record has.
    pub(crate) first: u64,
    /// The chain's link before its first record.
    pub(crate) previous: Digest,
    bytes: &'a [u8],
}

/// One record of a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Framed<'a> {
    /// Where it begins in the frame.
    pub(crate) offset: usize,
    /// Its bytes.
    pub(crate) record: &'a [u8],
    /// Its hash as stored.
    pub(crate) hash: Digest,
}

impl<'a> Frame<'a> {
    /// Reads a frame's header; nothing if it is none.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (&[format], rest) = bytes.split_first_chunk::<1>()?;
        let (count, rest) = rest.split_first_chunk::<4>()?;
        let (first, rest) = rest.split_first_chunk::<8>()?;
        let (previous, _) = rest.split_first_chunk::<32>()?;
        (format == FORMAT).then(|| Self {
            count: u32::from_le_bytes(*count),
            first: u64::from_le_bytes(*first),
            previous: Digest::from_bytes(*previous),
            bytes,
        })
    }

    /// The record that begins at `offset`; nothing if none can.
    pub(crate) fn at(&self, offset: usize) -> Option<Framed<'a>> {
        let rest = self.bytes.get(offset..)?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (record, rest) = rest.split_at_checked(length)?;
        let (hash, _) = rest.split_first_chunk::<32>()?;
        Some(Framed { offset, record, hash: Digest::from_bytes(*hash) })
    }

    /// All its records; nothing if it does not hold just as many as it says.
    pub(crate) fn records(&self) -> Option<Vec<Framed<'a>>> {
        let mut records = Vec::new();
        let mut offset = HEADER;
        for _ in 0..self.count {
            let record = self.at(offset)?;
            offset = record.end();
            records.push(record);
        }
        self.ends_at(offset).then_some(records)
    }

    /// The chain's link before the record that begins at `offset`: it lies in front of every record,
    /// as the hash of the one before or at the end of the header.
    pub(crate) fn hash_before(&self, offset: usize) -> Option<Digest> {
        let (before, _) = self.bytes.split_at_checked(offset)?;
        before.last_chunk::<32>().copied().map(Digest::from_bytes)
    }

    /// Whether the frame ends at `offset`.
    pub(crate) const fn ends_at(&self, offset: usize) -> bool {
        self.bytes.len() == offset
    }
}

impl Framed<'_> {
    /// Where the record behind this one begins.
    pub(crate) const fn end(&self) -> usize {
        self.offset + self.record.len() + AROUND_RECORD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_laid_out_as_documented() {
        let previous = Digest::of(b"before");
        let mut frame = FrameInMaking::begin(Position::after(0x0102), previous);
        assert_eq!(frame.push(|bytes| bytes.extend(b"record")), (HEADER, 6));
        let hash = previous.chain(b"record");
        assert_eq!((frame.hash(), frame.len()), (hash, HEADER + 6 + AROUND_RECORD));
        let expected = [
            &[1][..],
            &[1, 0, 0, 0],
            &[3, 1, 0, 0, 0, 0, 0, 0],
            previous.as_bytes(),
            &[6, 0, 0, 0],
            b"record",
            hash.as_bytes(),
        ];
        assert_eq!(frame.finish(), expected.concat());
    }

    #[test]
    fn no_cut_frame_is_read_past_its_end() {
        let mut frame = FrameInMaking::begin(Position::FIRST, Digest::of(b"before"));
        frame.push(|bytes| bytes.extend(b"record"));
        let whole = frame.finish();
        for length in 0..whole.len() {
            let frame = Frame::read(&whole[..length]);
            assert_eq!(frame.is_some(), length >= HEADER);
            assert!(frame.and_then(|frame| frame.at(HEADER)).is_none());
        }
        let record = Frame::read(&whole).and_then(|frame| frame.at(HEADER)).unwrap();
        assert_eq!((record.record, record.end()), (&b"record"[..], whole.len()));
    }
}
