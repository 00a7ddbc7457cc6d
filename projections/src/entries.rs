//! What a view lists: in the order in which it came about, and found by its id.

use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use convoke_events::Position;
use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::index::Index;
use crate::{Order, Page, Paging};

/// How many entries are copied at most when one of them changes while a reader holds them.
const CHUNK: usize = 64;

/// Something that a view lists.
pub trait Listed {
    /// By what it is found.
    type Id: Copy + Eq + Hash;

    /// Its id.
    fn id(&self) -> Self::Id;

    /// The event that made it: no two of a view share one.
    fn position(&self) -> Position;
}

/// Everything a view lists, oldest first. A copy shares what neither changes, so that a snapshot of
/// many entries costs little.
///
/// A host's own views may keep what they list in one too; entries must be added in the order of the
/// events that made them, as a fold does.
pub struct Entries<T: Listed> {
    /// All full but the last.
    chunks: Vec<Arc<Vec<T>>>,
    places: Index<T::Id, usize>,
}

impl<T: Listed + Clone> Entries<T> {
    /// Adds an entry; one of this id that is there already stays as it is.
    pub fn add(&mut self, entry: T) {
        self.get_or_add(entry.id(), || entry);
    }

    /// The entry with this id, to be changed, which is made where there is none.
    pub fn get_or_add(&mut self, id: T::Id, make: impl FnOnce() -> T) -> &mut T {
        let place = match self.places.get(id) {
            Some(place) => place,
            None => self.push(id, make()),
        };
        self.at_mut(place).unwrap_or_else(|| unreachable!("it has its place"))
    }

    fn push(&mut self, id: T::Id, entry: T) -> usize {
        let place = self.len();
        self.places.insert(id, place);
        if self.chunks.last().is_none_or(|last| last.len() == CHUNK) {
            self.chunks.push(Arc::new(Vec::with_capacity(CHUNK)));
        }
        if let Some(last) = self.chunks.last_mut() {
            Arc::make_mut(last).push(entry);
        }
        place
    }

    /// The entry with this id, to be changed; its id and its position must stay.
    pub fn get_mut(&mut self, id: T::Id) -> Option<&mut T> {
        self.at_mut(self.places.get(id)?)
    }

    fn at_mut(&mut self, place: usize) -> Option<&mut T> {
        Arc::make_mut(self.chunks.get_mut(place / CHUNK)?).get_mut(place % CHUNK)
    }
}

impl<T: Listed> Entries<T> {
    /// The entry with this id.
    pub fn get(&self, id: T::Id) -> Option<&T> {
        self.at(self.places.get(id)?)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The page that is asked for, of those that pass. Entries made between two pages neither repeat
    /// nor hide any other.
    pub fn page(&self, takes: impl Fn(&T) -> bool, paging: Paging) -> Page<'_, T> {
        // From there on, or up to there, depending on the order.
        let bound = match (paging.after, paging.order) {
            (None, Order::Oldest) => 0,
            (None, Order::Newest) => self.len(),
            (Some(after), Order::Oldest) => self.before(after.next()),
            (Some(after), Order::Newest) => self.before(after),
        };
        match paging.order {
            Order::Oldest => {
                Page::of((bound..self.len()).filter_map(|at| self.at(at)), takes, paging)
            }
            Order::Newest => Page::of((0..bound).rev().filter_map(|at| self.at(at)), takes, paging),
        }
    }

    fn at(&self, place: usize) -> Option<&T> {
        self.chunks.get(place / CHUNK)?.get(place % CHUNK)
    }

    /// How many were made before this event.
    fn before(&self, position: Position) -> usize {
        let is_before = |one: &T| one.position() < position;
        let full = self.chunks.partition_point(|chunk| chunk.last().is_some_and(is_before));
        let rest = self.chunks.get(full).map_or(0, |chunk| chunk.partition_point(is_before));
        full.saturating_mul(CHUNK).saturating_add(rest)
    }
}

impl<T: Listed> Default for Entries<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), places: Index::default() }
    }
}

impl<T: Listed> Clone for Entries<T> {
    fn clone(&self) -> Self {
        Self { chunks: self.chunks.clone(), places: self.places.clone() }
    }
}

impl<T: Listed + fmt::Debug> fmt::Debug for Entries<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Listed + PartialEq> PartialEq for Entries<T> {
    fn eq(&self, other: &Self) -> bool {
        self.chunks == other.chunks
    }
}

impl<T: Listed + Eq> Eq for Entries<T> {}

impl<T: Listed + Serialize> Serialize for Entries<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut all = to.serialize_seq(Some(self.len()))?;
        for entry in self.iter() {
            all.serialize_element(entry)?;
        }
        all.end()
    }
}

impl<'de, T: Listed + Clone + Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(Added(PhantomData))
    }
}

/// Adds what is read, one after the other.
struct Added<T>(PhantomData<T>);

impl<'de, T: Listed + Clone + Deserialize<'de>> Visitor<'de> for Added<T> {
    type Value = Entries<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("entries, oldest first")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Self::Value, A::Error> {
        let mut entries = Entries::default();
        while let Some(entry) = all.next_element()? {
            entries.add(entry);
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests;
