//! What is found by its id, in no order that shows.

use std::collections::HashMap;
use std::hash::Hash;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Values by their ids. It lists nothing: what it holds is only ever asked for by id, so that no
/// order of a table gets into a view; its bytes are in the order of the ids.
#[derive(Clone, Debug)]
pub(crate) struct Index<I, V>(HashMap<I, V>);

impl<I: Copy + Eq + Hash, V: Copy> Index<I, V> {
    /// What this id stands for.
    pub(crate) fn get(&self, id: I) -> Option<V> {
        self.0.get(&id).copied()
    }

    /// Lets an id stand for a value.
    pub(crate) fn insert(&mut self, id: I, value: V) {
        self.0.insert(id, value);
    }

    /// Takes an id out, with what it stood for.
    pub(crate) fn remove(&mut self, id: I) -> Option<V> {
        self.0.remove(&id)
    }
}

impl<I, V> Index<I, V> {
    /// How many ids stand for something.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<I, V> Default for Index<I, V> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<I: Eq + Hash, V: PartialEq> PartialEq for Index<I, V> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<I: Eq + Hash, V: Eq> Eq for Index<I, V> {}

impl<I: Ord + Serialize, V: Serialize> Serialize for Index<I, V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut all: Vec<(&I, &V)> = self.0.iter().collect();
        all.sort_unstable_by(|one, other| one.0.cmp(other.0));
        all.serialize(to)
    }
}

impl<'de, I: Eq + Hash + DeserializeOwned, V: DeserializeOwned> Deserialize<'de> for Index<I, V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vec::<(I, V)>::deserialize(from).map(|all| Self(all.into_iter().collect()))
    }
}
