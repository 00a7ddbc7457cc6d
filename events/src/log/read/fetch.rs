//! Fetching a page of events: their records out of the store, each checked, none read yet.

use crate::log::frame::{Frame, Framed};
use crate::log::index::Place;
use crate::record::RecordView;
use crate::{Digest, Position, ReadError, Reader};

/// Records that were found whole, in order, those that were not as errors in their places.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The bytes of all records, one behind the other.
    bytes: Vec<u8>,
    /// Those that were not taken out yet, the next one last.
    left: Vec<Result<Found, ReadError>>,
}

/// A record of a page.
#[derive(Debug)]
struct Found {
    position: Position,
    begin: usize,
    end: usize,
    hash: Digest,
}

/// A record whose checksum and hash are right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checked<'a> {
    pub(super) position: Position,
    pub(super) record: &'a [u8],
    pub(super) hash: Digest,
}

impl Page {
    pub(super) const fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Takes the next record out.
    pub(super) fn next(&mut self) -> Option<Result<Checked<'_>, ReadError>> {
        let found = self.left.pop()?;
        Some(found.map(|Found { position, begin, end, hash }| {
            let record = self.bytes.get(begin..end).unwrap_or_default();
            Checked { position, record, hash }
        }))
    }
}

/// Fetches records by their places; holds the commit it fetched last.
#[derive(Debug)]
pub(super) struct Fetcher {
    reader: Reader,
    commit: Option<(u64, Vec<u8>)>,
}

impl Fetcher {
    pub(super) const fn new(reader: Reader) -> Self {
        Self { reader, commit: None }
    }

    pub(super) const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The records at these places, the checksum and the hash of each checked; in a page that was
    /// read, so that its memory is used again.
    pub(super) fn fetch(&mut self, places: &[Place], mut page: Page) -> Page {
        page.bytes.clear();
        page.left.clear();
        page.left.reserve(places.len());
        for place in places {
            let found = self.add(*place, &mut page.bytes);
            page.left.push(found);
        }
        page.left.reverse();
        page
    }

    /// Adds the record at a place to the bytes of a page.
    fn add(&mut self, place: Place, bytes: &mut Vec<u8>) -> Result<Found, ReadError> {
        let Place { position, offset, .. } = place;
        let damaged = |why: String| ReadError::Damaged { position, why };
        let commit = self.commit(place)?;
        let (Framed { record, hash, .. }, previous) = usize::try_from(offset)
            .ok()
            .and_then(|offset| {
                let frame = Frame::read(commit)?;
                Some((frame.at(offset)?, frame.hash_before(offset)?))
            })
            .ok_or_else(|| damaged("its commit does not hold it".to_owned()))?;
        RecordView::check(record).map_err(|error| damaged(error.to_string()))?;
        let chained = bytes.len();
        bytes.extend(previous.as_bytes());
        let begin = bytes.len();
        bytes.extend(record);
        // What `chain` says, over one run of bytes: two are digested noticeably slower.
        if Digest::of(bytes.get(chained..).unwrap_or_default()) != hash {
            return Err(damaged("its record or its hash was changed".to_owned()));
        }
        Ok(Found { position, begin, end: bytes.len(), hash })
    }

    /// The bytes of the commit an event lies in.
    fn commit(&mut self, Place { position, commit, .. }: Place) -> Result<&[u8], ReadError> {
        if self.commit.as_ref().is_none_or(|(number, _)| *number != commit) {
            let read = self.reader.store().read(commit);
            let bytes = read.map_err(|source| ReadError::Store { position, source })?;
            self.commit = Some((commit, bytes));
        }
        Ok(self.commit.as_ref().map_or(&[], |(_, bytes)| bytes))
    }
}
