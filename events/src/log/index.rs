//! Where every event is, in memory: rebuilt from the log when it is opened, or read back from what
//! a clean stop left behind.

pub(crate) mod file;
pub(crate) mod postings;

use std::collections::HashMap;
use std::sync::Arc;

use self::postings::{Postings, number};
use super::leaves::Leaves;
use super::read::Direction;
use super::remembered::{Command, Remembered};
use crate::{
    CorrelationId, Digest, Event, Head, HubId, Keys, Position, PublicKey, Receipt, Revision, Stats,
    StreamId, Timestamp,
};

/// What the index needs to know of one event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) hub: &'a str,
    pub(crate) stream: &'a str,
    pub(crate) correlation: CorrelationId,
    pub(crate) event_type: &'a str,
    pub(crate) version: u16,
    /// Where its record begins in its commit.
    pub(crate) offset: u32,
    /// How long its record is.
    pub(crate) length: u32,
}

/// The same of an event that is not durable yet, and its record's hash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) seen: Seen<'a>,
    pub(crate) hash: Digest,
}

/// What the index needs to know of one commit.
#[derive(Debug, Default)]
pub(crate) struct Commit<'a> {
    pub(crate) entries: Vec<Entry<'a>>,
    pub(crate) commands: Vec<(Command, Digest, Receipt)>,
    /// The key that vouches for the log from a record of this commit on, if it changes there.
    pub(crate) key: Option<(Position, PublicKey)>,
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

#[derive(Debug, Default, PartialEq, Eq)]
struct HubIndex {
    positions: Postings,
    streams: HashMap<Box<str>, Postings>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct OfType {
    positions: Postings,
    /// The versions its events are written in.
    versions: Vec<u16>,
}

/// Where every durable event is.
///
/// A name is kept once, however many events bear it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    /// The first position of every commit.
    commits: Vec<Position>,
    /// The offset of every event in its commit.
    offsets: Vec<u32>,
    hubs: HashMap<Box<str>, HubIndex>,
    types: HashMap<Box<str>, OfType>,
    correlations: HashMap<CorrelationId, Postings>,
    remembered: Remembered,
    bytes: u64,
    hash: Option<Digest>,
    keys: Keys,
    leaves: Arc<Leaves>,
}

impl Index {
    /// Takes in the next commit.
    pub(crate) fn publish(&mut self, commit: Commit<'_>, hash: Digest, recorded_at: Timestamp) {
        self.begin_commit();
        for entry in &commit.entries {
            self.add(entry.seen);
        }
        for (command, digest, receipt) in commit.commands {
            self.remember(command, digest, receipt, recorded_at);
        }
        if let Some((position, key)) = commit.key {
            self.keys.accept(position, key);
        }
        self.leaves.extend(commit.entries.iter().map(|entry| entry.hash));
        self.hash = Some(hash);
    }

    /// What is added from now on is of the next commit.
    pub(crate) fn begin_commit(&mut self) {
        self.commits.push(self.next());
    }

    /// The next event's record begins here in its commit.
    pub(crate) fn place(&mut self, offset: u32) {
        self.offsets.push(offset);
    }

    /// Takes in the next event.
    pub(crate) fn add(&mut self, event: Seen<'_>) {
        let position = self.next();
        self.place(event.offset);
        self.bytes = self.bytes.saturating_add(event.length.into());
        change(&mut self.hubs, event.hub, |hub| {
            hub.positions.push(position);
            change(&mut hub.streams, event.stream, |stream| stream.push(position));
        });
        change(&mut self.types, event.event_type, |of_type| {
            of_type.positions.push(position);
            if !of_type.versions.contains(&event.version) {
                of_type.versions.push(event.version);
            }
        });
        self.correlations.entry(event.correlation).or_default().push(position);
    }

    /// Takes in a command that landed.
    pub(crate) fn remember(
        &mut self,
        command: Command,
        digest: Digest,
        receipt: Receipt,
        at: Timestamp,
    ) {
        self.remembered.insert(command, digest, receipt, at);
    }

    /// The chain's link at the newest event taken in.
    pub(crate) const fn set_hash(&mut self, hash: Digest) {
        self.hash = Some(hash);
    }

    /// Which key vouches for how much of the log.
    pub(crate) const fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(crate) const fn keys_mut(&mut self) -> &mut Keys {
        &mut self.keys
    }

    /// The hashes of all records, and the tree over them.
    pub(crate) const fn leaves(&self) -> &Arc<Leaves> {
        &self.leaves
    }

    pub(crate) fn events(&self) -> u64 {
        number(self.offsets.len())
    }

    pub(crate) fn commits(&self) -> u64 {
        number(self.commits.len())
    }

    /// Whether every event is of a type and version in the catalogue.
    pub(crate) fn knows_its_events(&self) -> bool {
        self.types.iter().all(|(name, of)| {
            of.versions.iter().all(|version| Event::VERSIONS.contains(&(&**name, *version)))
        })
    }

    pub(crate) fn next(&self) -> Position {
        Position::after(self.events())
    }

    pub(crate) fn head(&self) -> Head {
        Head { position: self.events(), hash: self.hash }
    }

    pub(crate) fn revision(&self, hub: &HubId, stream: &StreamId) -> Option<Revision> {
        let positions = self.hubs.get(hub.as_str())?.streams.get(stream.as_str())?;
        Revision::new(positions.count())
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
        let postings = match selection {
            Selection::All => return self.places_of(every((from, to), direction, limit)),
            Selection::Hub(hub) => self.hubs.get(hub.as_str()).map(|hub| &hub.positions),
            Selection::Stream(hub, stream) => {
                self.hubs.get(hub.as_str()).and_then(|hub| hub.streams.get(stream.as_str()))
            }
            Selection::EventType(name) => self.types.get(&**name).map(|of| &of.positions),
            Selection::Correlation(id) => self.correlations.get(id),
        };
        let positions = postings.map(|postings| match direction {
            Direction::Forward => postings.forward(from, to, limit),
            Direction::Backward => postings.backward(from, to, limit),
        });
        self.places_of(positions.unwrap_or_default())
    }

    fn places_of(&self, positions: Vec<Position>) -> Vec<Place> {
        let mut commit = 0;
        let place = |position: Position| {
            let event = usize::try_from(position.get().checked_sub(1)?).ok()?;
            let offset = *self.offsets.get(event)?;
            // Neighbours mostly lie in the same commit.
            let same = self.commits.get(commit).is_none_or(|next| position < *next)
                && commit.checked_sub(1).and_then(|at| self.commits.get(at)) <= Some(&position)
                && commit > 0;
            if !same {
                commit = self.commits.partition_point(|first| *first <= position);
            }
            Some(Place { position, commit: number(commit), offset })
        };
        let mut places = Vec::with_capacity(positions.len());
        places.extend(positions.into_iter().filter_map(place));
        places
    }

    pub(crate) fn stats(&self) -> Stats {
        let types = self.types.iter();
        let hubs = self.hubs.iter();
        Stats {
            events: self.events(),
            bytes: self.bytes,
            commits: self.commits(),
            by_type: types.map(|(name, of)| (name.to_string(), of.positions.count())).collect(),
            by_hub: hubs
                .filter_map(|(id, hub)| Some((HubId::new(id).ok()?, hub.positions.count())))
                .collect(),
        }
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn memory(&self) -> u64 {
        fn map<K, V>(map: &HashMap<K, V>, of: impl Fn(&K, &V) -> usize) -> usize {
            // A map keeps one byte beside each place, and at least an eighth of its places free.
            map.capacity() * 8 / 7 * (size_of::<(K, V)>() + 1)
                + map.iter().map(|(key, value)| of(key, value)).sum::<usize>()
        }
        number(
            self.commits.capacity() * size_of::<Position>()
                + self.offsets.capacity() * size_of::<u32>()
                + map(&self.hubs, |name, hub| {
                    name.len()
                        + hub.positions.heap()
                        + map(&hub.streams, |name, positions| name.len() + positions.heap())
                })
                + map(&self.types, |name, of| name.len() + of.positions.heap())
                + map(&self.correlations, |_, postings| postings.heap())
                + self.remembered.memory(),
        )
    }
}

/// Changes the value of a name; a new name is added.
fn change<V: Default>(map: &mut HashMap<Box<str>, V>, name: &str, change: impl FnOnce(&mut V)) {
    match map.get_mut(name) {
        Some(value) => change(value),
        None => change(map.entry(name.into()).or_default()),
    }
}

fn every((from, to): (Position, u64), direction: Direction, limit: usize) -> Vec<Position> {
    let numbers = (from.get()..=to).filter_map(Position::new);
    let mut positions = Vec::with_capacity(limit);
    match direction {
        Direction::Forward => positions.extend(numbers.take(limit)),
        Direction::Backward => positions.extend(numbers.rev().take(limit)),
    }
    positions
}
