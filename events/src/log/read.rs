//! Reading: what is asked for, and the events that answer it, a page at a time.

mod ahead;
mod fetch;
mod turns;

use self::fetch::{Checked, Page};
use self::turns::Turns;
use super::index::{Place, Selection};
use super::reader::Reader;
use crate::record::{Names, RawRecord, RecordError, RecordView, Recorded};
use crate::{CorrelationId, Digest, Envelope, HubId, Position, ReadError, StreamId, Timestamp};

/// How many events a page of a long read holds.
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
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    direction: Direction,
    bodies: Bodies,
}

/// What is read of texts that lie beside the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Bodies {
    /// Their content.
    #[default]
    Fetched,
    /// Their digests and lengths.
    Named,
}

impl Query {
    const fn of(selection: Selection) -> Self {
        Self {
            selection,
            from: Position::FIRST,
            to: None,
            since: None,
            until: None,
            direction: Direction::Forward,
            bodies: Bodies::Fetched,
        }
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

    /// Only events recorded at this moment or later.
    pub const fn since(mut self, moment: Timestamp) -> Self {
        self.since = Some(moment);
        self
    }

    /// Only events recorded at this moment or earlier.
    pub const fn until(mut self, moment: Timestamp) -> Self {
        self.until = Some(moment);
        self
    }

    /// Texts that lie beside the log are left there: for who needs the facts only.
    pub const fn without_bodies(mut self) -> Self {
        self.bodies = Bodies::Named;
        self
    }

    /// The newest first.
    pub const fn backward(mut self) -> Self {
        self.direction = Direction::Backward;
        self
    }

    /// The first and the last position that can be among the answers, as the log stands.
    fn bounds(&self, reader: &Reader) -> Result<Option<(Position, Position)>, ReadError> {
        let Some(head) = Position::new(reader.head().position) else { return Ok(None) };
        let mut to = self.to.map_or(head, |last| last.min(head));
        let mut from = self.from;
        if let Some(moment) = self.since {
            from = from.max(Position::after(reader.count_recorded(|at| at < moment)?));
        }
        if let Some(moment) = self.until {
            let Some(last) = reader.as_of(moment)? else { return Ok(None) };
            to = to.min(last);
        }
        Ok(Some((from, to)))
    }
}

/// The events a query asks for, as they stood when it was put; holds a few pages at a time.
///
/// A long read is shared with a second thread, which ends with it. An event that cannot be read is
/// an error in its place; the ones behind it still come.
#[derive(Debug)]
pub struct Events {
    selection: Selection,
    direction: Direction,
    bodies: Bodies,
    /// Why nothing can be found.
    failed: Option<ReadError>,
    /// What is left to look up; none when nothing is.
    left: Option<(Position, Position)>,
    /// How many events the next page holds: few at first, so that a short read costs little.
    size: usize,
    turns: Turns,
    /// The page that is being read.
    page: Page,
    names: Names,
}

impl Events {
    pub(crate) fn new(reader: Reader, query: Query) -> Self {
        let (left, failed) = match query.bounds(&reader) {
            Ok(left) => (left, None),
            Err(error) => (None, Some(error)),
        };
        let Query { selection, direction, bodies, .. } = query;
        Self {
            selection,
            direction,
            bodies,
            failed,
            left,
            size: 1,
            turns: Turns::new(reader),
            page: Page::default(),
            names: Names::default(),
        }
    }

    fn look_up(&mut self) -> Option<Vec<Place>> {
        let (from, to) = self.left.take().filter(|(from, to)| from <= to)?;
        let index = self.turns.reader().index();
        let places = index.places(&self.selection, (from, to), self.direction, self.size);
        if places.len() == self.size {
            let last = places.last()?.position;
            self.left = match self.direction {
                Direction::Forward => Some((last.next(), to)),
                Direction::Backward => {
                    Position::new(last.get().saturating_sub(1)).map(|before| (from, before))
                }
            };
        }
        self.size = PAGE.min(self.size * 2);
        Some(places)
    }

    /// The next page; an empty one where there is none.
    fn turn_page(&mut self) -> Page {
        while !self.turns.are_full() {
            let is_long = self.size == PAGE;
            let Some(places) = self.look_up() else { break };
            self.turns.push(places);
            if !is_long {
                break;
            }
        }
        let read = std::mem::take(&mut self.page);
        self.turns.next(read).unwrap_or_default()
    }

    /// Goes on to the page that the next record is in.
    fn go_on(&mut self) -> Result<(), ReadError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if self.page.is_empty() {
            self.page = self.turn_page();
        }
        Ok(())
    }

    /// The next record as it lies in the log, its texts where they lie, with its hash.
    pub(crate) fn next_raw(&mut self) -> Option<Result<(RawRecord, Digest), ReadError>> {
        if let Err(error) = self.go_on() {
            return Some(Err(error));
        }
        Some(self.page.next()?.and_then(|checked| {
            let raw = view(checked).and_then(RecordView::to_raw);
            raw.map(|raw| (raw, checked.hash)).map_err(|error| unread(checked.position, error))
        }))
    }

    /// Fetches the texts that lie beside the log, if they are asked for.
    fn complete(&self, recorded: &mut Recorded) -> Result<(), ReadError> {
        if self.bodies == Bodies::Named {
            return Ok(());
        }
        let Envelope { position, hub, .. } = &recorded.envelope;
        let fetched = self.turns.reader().bodies().fetch(hub, &mut recorded.texts);
        fetched.map_err(|(name, source)| ReadError::Body { position: *position, name, source })
    }
}

impl Iterator for Events {
    type Item = Result<Recorded, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Err(error) = self.go_on() {
            return Some(Err(error));
        }
        let checked = match self.page.next()? {
            Ok(checked) => checked,
            Err(error) => return Some(Err(error)),
        };
        let position = checked.position;
        let read = view(checked).and_then(|view| view.to_recorded(&mut self.names, checked.hash));
        Some(match read {
            Ok(mut recorded) => self.complete(&mut recorded).map(|()| recorded),
            Err(error) => Err(unread(position, error)),
        })
    }
}

/// The record, if it is the one that belongs in its place.
fn view(checked: Checked<'_>) -> Result<RecordView<'_>, RecordError> {
    let view = RecordView::read_checked(checked.record)?;
    if view.position == checked.position {
        Ok(view)
    } else {
        Err(RecordError::Field { field: "position" })
    }
}

fn unread(position: Position, error: RecordError) -> ReadError {
    match error {
        RecordError::Facts(source) => ReadError::Facts { position, source },
        error @ (RecordError::Length { .. }
        | RecordError::Field { .. }
        | RecordError::Checksum { .. }
        | RecordError::Format { .. }) => ReadError::Damaged { position, why: error.to_string() },
    }
}

#[cfg(test)]
mod tests;
