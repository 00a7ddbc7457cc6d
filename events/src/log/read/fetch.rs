//! Fetching one event: its commit from the store, its record from the commit, checked.

use crate::log::frame::{Frame, Framed};
use crate::log::index::Place;
use crate::record::{Names, RawRecord, RecordError, RecordView, Recorded};
use crate::{Digest, ReadError, Reader};

/// Reads events by their places; holds the commit it read last.
#[derive(Debug)]
pub(super) struct Fetcher {
    reader: Reader,
    commit: Option<(u64, Vec<u8>)>,
    names: Names,
}

impl Fetcher {
    pub(super) fn new(reader: Reader) -> Self {
        Self { reader, commit: None, names: Names::default() }
    }

    pub(super) const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The event at a place, its checksum, its position and its hash checked; texts that lie beside
    /// the log are left there.
    pub(super) fn event_at(&mut self, place: Place) -> Result<Recorded, ReadError> {
        let position = place.position;
        let commit = commit(&self.reader, &mut self.commit, place)?;
        let framed = find(commit, place)?;
        let damaged = |why: String| ReadError::Damaged { position, why };
        let record = RecordView::read(framed.record).map_err(|error| damaged(error.to_string()))?;
        if record.position != position {
            let found = record.position;
            return Err(damaged(format!("the record of position {found} is in its place")));
        }
        record.to_recorded(framed.hash, &mut self.names).map_err(|error| match error {
            RecordError::Facts(source) => ReadError::Facts { position, source },
            error @ (RecordError::Length { .. }
            | RecordError::Field { .. }
            | RecordError::Checksum { .. }
            | RecordError::Format { .. }) => damaged(error.to_string()),
        })
    }

    /// The record at a place as it lies in the log, with its hash.
    pub(super) fn raw_at(&mut self, place: Place) -> Result<(RawRecord, Digest), ReadError> {
        let position = place.position;
        let framed = find(commit(&self.reader, &mut self.commit, place)?, place)?;
        let raw = RawRecord::decode(framed.record)
            .map_err(|error| ReadError::Damaged { position, why: error.to_string() })?;
        Ok((raw, framed.hash))
    }
}

/// The bytes of the commit an event lies in.
fn commit<'a>(
    reader: &Reader,
    last: &'a mut Option<(u64, Vec<u8>)>,
    Place { position, commit, .. }: Place,
) -> Result<&'a [u8], ReadError> {
    if last.as_ref().is_none_or(|(number, _)| *number != commit) {
        let read = reader.store().read(commit);
        *last = Some((commit, read.map_err(|source| ReadError::Store { position, source })?));
    }
    Ok(last.as_ref().map_or(&[], |(_, bytes)| bytes))
}

/// Finds one record in its commit and checks its hash.
fn find(commit: &[u8], Place { position, offset, .. }: Place) -> Result<Framed<'_>, ReadError> {
    let damaged = |why: &str| ReadError::Damaged { position, why: why.to_owned() };
    let (framed, previous) = usize::try_from(offset)
        .ok()
        .and_then(|offset| {
            let frame = Frame::read(commit)?;
            Some((frame.at(offset)?, frame.hash_before(offset)?))
        })
        .ok_or_else(|| damaged("its commit does not hold it"))?;
    if previous.chain(framed.record) != framed.hash {
        return Err(damaged("its record or its hash was changed"));
    }
    Ok(framed)
}
