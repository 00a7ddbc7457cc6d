//! Reading: what is asked for, and the events that answer it, a page at a time.

use std::collections::VecDeque;

use super::frame::Frame;
use super::index::{Place, Selection};
use super::reader::Reader;
use crate::record::{RawRecord, Recorded};
use crate::{CorrelationId, HubId, Position, ReadError, StreamId};

/// How many places are looked up at once.
const PAGE: usize = 512;

/// Which way events are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the oldest to the newest.
    #[default]
    Forward,
    /// From the newest to the oldest.
    Backward,
}

/// Which events are asked for, and in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    selection: Selection,
    from: Position,
    to: Option<Position>,
    direction: Direction,
}

impl Query {
    const fn of(selection: Selection) -> Self {
        Self { selection, from: Position::FIRST, to: None, direction: Direction::Forward }
    }

    /// Every event.
    pub const fn all() -> Self {
        Self::of(Selection::All)
    }

    /// The events of one hub.
    pub const fn hub(hub: HubId) -> Self {
        Self::of(Selection::Hub(hub))
    }

    /// The events of one stream of a hub.
    pub const fn stream(hub: HubId, stream: StreamId) -> Self {
        Self::of(Selection::Stream(hub, stream))
    }

    /// The events of one story.
    pub const fn correlation(id: CorrelationId) -> Self {
        Self::of(Selection::Correlation(id))
    }

    /// The events of one type, by its name in the catalogue.
    pub fn event_type(name: &str) -> Self {
        Self::of(Selection::EventType(name.into()))
    }

    /// Only events from this position on.
    pub const fn from(mut self, first: Position) -> Self {
        self.from = first;
        self
    }

    /// Only events up to this position, which is included.
    pub const fn to(mut self, last: Position) -> Self {
        self.to = Some(last);
        self
    }

    /// The newest first.
    pub const fn backward(mut self) -> Self {
        self.direction = Direction::Backward;
        self
    }
}

/// The events a query asks for, as they stood when it was put; holds one page of places and one
/// commit at a time.
///
/// An event that cannot be read is an error in its place; the ones behind it still come.
#[derive(Debug)]
pub struct Events {
    reader: Reader,
    selection: Selection,
    direction: Direction,
    /// What is left to look up; none when nothing is.
    left: Option<(Position, Position)>,
    page: VecDeque<Place>,
    commit: Option<(u64, Vec<u8>)>,
}

impl Events {
    pub(crate) fn new(reader: Reader, query: Query) -> Self {
        let head = Position::new(reader.head().position);
        let left = head.map(|head| (query.from, query.to.map_or(head, |to| to.min(head))));
        let Query { selection, direction, .. } = query;
        Self { reader, selection, direction, left, page: VecDeque::new(), commit: None }
    }

    fn turn_page(&mut self) -> Option<()> {
        let (from, to) = self.left.take().filter(|(from, to)| from <= to)?;
        let page = self.reader.index().places(&self.selection, (from, to), self.direction, PAGE);
        if page.len() == PAGE {
            let last = page.last()?.position;
            self.left = match self.direction {
                Direction::Forward => Some((last.next(), to)),
                Direction::Backward => {
                    Position::new(last.get().saturating_sub(1)).map(|before| (from, before))
                }
            };
        }
        self.page = page.into();
        Some(())
    }

    fn event_at(&mut self, place: Place) -> Result<Recorded, ReadError> {
        let Place { position, commit, offset } = place;
        if self.commit.as_ref().is_none_or(|(number, _)| *number != commit) {
            let bytes = self
                .reader
                .store()
                .read(commit)
                .map_err(|source| ReadError::Store { position, source })?;
            self.commit = Some((commit, bytes));
        }
        let bytes = self.commit.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        decode(bytes, position, offset)
    }
}

fn decode(commit: &[u8], position: Position, offset: u32) -> Result<Recorded, ReadError> {
    let damaged = |why: String| ReadError::Damaged { position, why };
    let framed = usize::try_from(offset)
        .ok()
        .and_then(|offset| Frame::read(commit)?.at(offset))
        .ok_or_else(|| damaged("its commit does not hold it".to_owned()))?;
    let record = RawRecord::decode(framed.record).map_err(|error| damaged(error.to_string()))?;
    if record.envelope.position != position {
        let found = record.envelope.position;
        return Err(damaged(format!("the record of position {found} is in its place")));
    }
    record.into_recorded(framed.hash).map_err(|source| ReadError::Facts { position, source })
}

impl Iterator for Events {
    type Item = Result<Recorded, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty() {
            self.turn_page()?;
        }
        let place = self.page.pop_front()?;
        Some(self.event_at(place))
    }
}
