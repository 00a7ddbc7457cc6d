//! Reading: what is asked for, and the events that answer it, a page at a time.

mod ahead;
mod fetch;

use std::collections::VecDeque;

use self::ahead::{Ahead, Page};
use self::fetch::Fetcher;
use super::index::{Place, Selection};
use super::reader::Reader;
use crate::record::{RawRecord, Recorded};
use crate::{CorrelationId, Digest, HubId, Position, ReadError, StreamId, Timestamp};

/// How many places are looked up at once.
const PAGE: usize = 512;

/// After how many pages a read is a long one.
const ALONE: usize = 2;

/// How many pages of a long read are looked up, every other one for the second thread.
const AHEAD: usize = 4;

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
    fetcher: Fetcher,
    selection: Selection,
    direction: Direction,
    bodies: Bodies,
    /// Why nothing can be found.
    failed: Option<ReadError>,
    /// What is left to look up; none when nothing is.
    left: Option<(Position, Position)>,
    /// How many pages were looked up.
    pages: usize,
    turns: VecDeque<Turn>,
    /// The page that is being read here.
    page: VecDeque<Place>,
    /// The page that was read ahead.
    read: Page,
    ahead: Option<Ahead>,
}

/// A page that was looked up.
#[derive(Debug)]
struct Turn {
    places: Vec<Place>,
    is_ahead: bool,
}

impl Events {
    pub(crate) fn new(reader: Reader, query: Query) -> Self {
        let (left, failed) = match query.bounds(&reader) {
            Ok(left) => (left, None),
            Err(error) => (None, Some(error)),
        };
        let Query { selection, direction, bodies, .. } = query;
        Self {
            fetcher: Fetcher::new(reader),
            selection,
            direction,
            bodies,
            failed,
            left,
            pages: 0,
            turns: VecDeque::new(),
            page: VecDeque::new(),
            read: Page::new(),
            ahead: None,
        }
    }

    fn look_up(&mut self) -> Option<Vec<Place>> {
        let (from, to) = self.left.take().filter(|(from, to)| from <= to)?;
        let index = self.fetcher.reader().index();
        let page = index.places(&self.selection, (from, to), self.direction, PAGE);
        if page.len() == PAGE {
            let last = page.last()?.position;
            self.left = match self.direction {
                Direction::Forward => Some((last.next(), to)),
                Direction::Backward => {
                    Position::new(last.get().saturating_sub(1)).map(|before| (from, before))
                }
            };
        }
        self.pages += 1;
        Some(page)
    }

    /// Looks up what the second thread can begin with, once a read proves to be long.
    fn look_ahead(&mut self) {
        if self.pages < ALONE {
            return;
        }
        while self.turns.len() < AHEAD {
            let Some(places) = self.look_up() else { return };
            let is_ahead = self.turns.back().is_some_and(|turn| !turn.is_ahead);
            if is_ahead && self.ahead.is_none() {
                self.ahead = Ahead::start(self.fetcher.reader()).ok();
            }
            let ahead = self.ahead.as_ref().filter(|_| is_ahead);
            if let Some(ahead) = ahead {
                ahead.ask(&places);
            }
            let is_ahead = ahead.is_some();
            self.turns.push_back(Turn { places, is_ahead });
        }
    }

    fn turn_page(&mut self) -> Option<()> {
        let turn = match self.turns.pop_front() {
            Some(turn) => turn,
            None => Turn { places: self.look_up()?, is_ahead: false },
        };
        let read = self.ahead.as_ref().filter(|_| turn.is_ahead).and_then(Ahead::take);
        match read {
            Some(read) => self.read = read,
            None => self.page = turn.places.into(),
        }
        Some(())
    }

    /// Fetches the texts that lie beside the log, if they are asked for.
    fn complete(&self, mut recorded: Recorded) -> Result<Recorded, ReadError> {
        if self.bodies == Bodies::Fetched {
            let envelope = &recorded.envelope;
            let bodies = self.fetcher.reader().bodies();
            let fetched = bodies.fetch(&envelope.hub, &mut recorded.texts);
            let position = envelope.position;
            fetched.map_err(|(name, source)| ReadError::Body { position, name, source })?;
        }
        Ok(recorded)
    }

    /// The next record as it lies in the log, its texts where they lie, with its hash.
    pub(crate) fn next_raw(&mut self) -> Option<Result<(RawRecord, Digest), ReadError>> {
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        if self.page.is_empty() {
            self.turn_page()?;
        }
        let place = self.page.pop_front()?;
        Some(self.fetcher.raw_at(place))
    }
}

impl Iterator for Events {
    type Item = Result<Recorded, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        if self.read.is_empty() && self.page.is_empty() {
            self.look_ahead();
            self.turn_page()?;
        }
        let read = match self.read.pop_front() {
            Some(read) => read,
            None => self.fetcher.event_at(self.page.pop_front()?),
        };
        Some(read.and_then(|recorded| self.complete(recorded)))
    }
}
