//! Where every event is, in memory: rebuilt from the log when it is opened.

use std::collections::HashMap;
use std::sync::Arc;

use super::read::Direction;
use super::remembered::{Command, Remembered};
use crate::{
    CorrelationId, Digest, Head, HubId, Position, Receipt, Revision, Stats, StreamId, Timestamp,
};

/// What the index needs to know of one event.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) hub: HubId,
    pub(crate) stream: StreamId,
    pub(crate) correlation: CorrelationId,
    pub(crate) event_type: &'static str,
    /// Where its record begins among those of its commit.
    pub(crate) offset: u32,
    /// How long its record is.
    pub(crate) length: u32,
}

/// What the index needs to know of one commit.
#[derive(Debug, Default)]
pub(crate) struct Commit {
    pub(crate) entries: Vec<Entry>,
    pub(crate) commands: Vec<(Command, Digest, Receipt)>,
}

/// Where an event lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) position: Position,
    pub(crate) commit: u64,
    pub(crate) offset: u32,
}

/// Which events are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    All,
    Hub(HubId),
    Stream(HubId, StreamId),
    EventType(Arc<str>),
    Correlation(CorrelationId),
}

#[derive(Debug, Default)]
struct HubIndex {
    positions: Vec<Position>,
    streams: HashMap<StreamId, Vec<Position>>,
}

/// Where every durable event is.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The first position of every commit.
    commits: Vec<Position>,
    /// The offset of every event in its commit.
    offsets: Vec<u32>,
    hubs: HashMap<HubId, HubIndex>,
    types: HashMap<&'static str, Vec<Position>>,
    correlations: HashMap<CorrelationId, Vec<Position>>,
    remembered: Remembered,
    bytes: u64,
    hash: Option<Digest>,
}

impl Index {
    /// Takes in the next commit.
    pub(crate) fn publish(&mut self, commit: Commit, hash: Digest, recorded_at: Timestamp) {
        let mut position = self.next();
        self.commits.push(position);
        for entry in commit.entries {
            self.offsets.push(entry.offset);
            self.bytes = self.bytes.saturating_add(entry.length.into());
            let hub = self.hubs.entry(entry.hub).or_default();
            hub.positions.push(position);
            hub.streams.entry(entry.stream).or_default().push(position);
            self.types.entry(entry.event_type).or_default().push(position);
            self.correlations.entry(entry.correlation).or_default().push(position);
            position = position.next();
        }
        for (command, digest, receipt) in commit.commands {
            self.remembered.insert(command, digest, receipt, recorded_at);
        }
        self.hash = Some(hash);
    }

    pub(crate) fn events(&self) -> u64 {
        u64::try_from(self.offsets.len()).unwrap_or(u64::MAX)
    }

    pub(crate) fn commits(&self) -> u64 {
        u64::try_from(self.commits.len()).unwrap_or(u64::MAX)
    }

    pub(crate) fn next(&self) -> Position {
        Position::after(self.events())
    }

    pub(crate) fn head(&self) -> Head {
        Head { position: self.events(), hash: self.hash }
    }

    pub(crate) fn revision(&self, hub: &HubId, stream: &StreamId) -> Option<Revision> {
        let positions = self.hubs.get(hub)?.streams.get(stream)?;
        Revision::new(u64::try_from(positions.len()).ok()?)
    }

    pub(crate) fn command(&self, command: &Command) -> Option<(Digest, Receipt)> {
        self.remembered.get(command)
    }

    /// The first `limit` places of the selection that lie in `from..=to`, from the front or from
    /// the back.
    pub(crate) fn places(
        &self,
        selection: &Selection,
        (from, to): (Position, Position),
        direction: Direction,
        limit: usize,
    ) -> Vec<Place> {
        let to = to.get().min(self.events());
        let Some(positions) = self.positions(selection) else {
            let numbers = from.get()..=to;
            let numbers: Vec<u64> = match direction {
                Direction::Forward => numbers.take(limit).collect(),
                Direction::Backward => numbers.rev().take(limit).collect(),
            };
            return numbers
                .into_iter()
                .filter_map(|number| self.place(Position::new(number)?))
                .collect();
        };
        let first = positions.partition_point(|position| *position < from);
        let end = positions.partition_point(|position| position.get() <= to);
        let within = positions.get(first..end).unwrap_or_default().iter().copied();
        let places = |position| self.place(position);
        match direction {
            Direction::Forward => within.take(limit).filter_map(places).collect(),
            Direction::Backward => within.rev().take(limit).filter_map(places).collect(),
        }
    }

    /// The positions of a selection; nothing where it is the whole log.
    fn positions(&self, selection: &Selection) -> Option<&[Position]> {
        let positions = match selection {
            Selection::All => return None,
            Selection::Hub(hub) => self.hubs.get(hub).map(|hub| &hub.positions),
            Selection::Stream(hub, stream) => {
                self.hubs.get(hub).and_then(|hub| hub.streams.get(stream))
            }
            Selection::EventType(name) => self.types.get(&**name),
            Selection::Correlation(id) => self.correlations.get(id),
        };
        Some(positions.map_or(&[], Vec::as_slice))
    }

    fn place(&self, position: Position) -> Option<Place> {
        let event = usize::try_from(position.get().checked_sub(1)?).ok()?;
        let offset = *self.offsets.get(event)?;
        let commit = self.commits.partition_point(|first| *first <= position);
        Some(Place { position, commit: u64::try_from(commit).ok()?, offset })
    }

    pub(crate) fn stats(&self) -> Stats {
        let count = |positions: &Vec<Position>| u64::try_from(positions.len()).unwrap_or(u64::MAX);
        let types = &self.types;
        Stats {
            events: self.events(),
            bytes: self.bytes,
            commits: self.commits(),
            by_type: types.iter().map(|(name, at)| ((*name).to_owned(), count(at))).collect(),
            by_hub: self.hubs.iter().map(|(id, hub)| (id.clone(), count(&hub.positions))).collect(),
        }
    }
}
