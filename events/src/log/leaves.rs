//! The leaves of a log's Merkle tree as they come in, and the tree over them once someone asks.
//!
//! The writer only hands hashes in; whoever needs the tree does the hashing, so that no commit waits
//! for it.

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Digest;
use crate::merkle::Tree;

/// The hashes of all durable records, in order.
#[derive(Default)]
pub(crate) struct Leaves {
    incoming: Mutex<Incoming>,
    news: Condvar,
    tree: Mutex<Tree>,
}

#[derive(Default)]
struct Incoming {
    /// What the tree has not taken in yet.
    hashes: Vec<Digest>,
    /// How many there are, those in the tree included.
    count: u64,
    /// How many the one who waits is waiting for.
    awaited: Option<u64>,
    ended: bool,
}

/// Why waiting for leaves ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// There are as many as were waited for, or the time is over.
    Count(u64),
    /// No more will come.
    Ended(u64),
}

impl Leaves {
    /// Takes in the hashes of the next records.
    pub(crate) fn extend(&self, hashes: impl IntoIterator<Item = Digest>) {
        let mut incoming = self.incoming();
        let before = incoming.hashes.len();
        incoming.hashes.extend(hashes);
        let added = incoming.hashes.len().saturating_sub(before);
        incoming.count = incoming.count.saturating_add(u64::try_from(added).unwrap_or(u64::MAX));
        if incoming.awaited.is_some_and(|awaited| awaited <= incoming.count) {
            incoming.awaited = None;
            self.news.notify_all();
        }
    }

    /// Says that no more will come, to the one who waits.
    pub(crate) fn end(&self) {
        self.incoming().ended = true;
        self.news.notify_all();
    }

    /// Waits until there are so many, no more will come, or the time is over.
    pub(crate) fn wait(&self, count: u64, most: Option<Duration>) -> News {
        let mut incoming = self.incoming();
        incoming.awaited = Some(count);
        let is_early = |incoming: &mut Incoming| incoming.count < count && !incoming.ended;
        let mut incoming = match most {
            None => {
                self.news.wait_while(incoming, is_early).unwrap_or_else(PoisonError::into_inner)
            }
            Some(most) => {
                self.news
                    .wait_timeout_while(incoming, most, is_early)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        };
        incoming.awaited = None;
        if incoming.ended { News::Ended(incoming.count) } else { News::Count(incoming.count) }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.incoming().count
    }

    /// The tree over all of them.
    pub(crate) fn tree(&self) -> MutexGuard<'_, Tree> {
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken under the tree's lock, so that two who ask keep them in order.
        let hashes = std::mem::take(&mut self.incoming().hashes);
        for hash in hashes {
            tree.push(hash);
        }
        tree
    }

    fn incoming(&self) -> MutexGuard<'_, Incoming> {
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for Leaves {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || {
            // One after the other: two that wait for each other's lock would wait for ever.
            let leaves = self.tree().leaves().to_vec();
            leaves == other.tree().leaves()
        }
    }
}

impl Eq for Leaves {}

impl fmt::Debug for Leaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaves").field("count", &self.count()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn hashes(numbers: std::ops::Range<u64>) -> Vec<Digest> {
        numbers.map(|number| Digest::of(&number.to_le_bytes())).collect()
    }

    #[test]
    fn the_tree_is_the_same_however_the_leaves_came_in() {
        let at_once = Leaves::default();
        at_once.extend(hashes(0..100));
        let piecemeal = Leaves::default();
        for number in 0..100 {
            piecemeal.extend(hashes(number..number + 1));
            if number % 7 == 0 {
                assert_eq!(piecemeal.tree().size(), number + 1);
            }
        }
        assert_eq!(at_once.tree().root(100), piecemeal.tree().root(100));
        assert_eq!(at_once, piecemeal);
        piecemeal.extend(hashes(0..1));
        assert_ne!(at_once, piecemeal);
    }

    #[test]
    fn whoever_waits_is_woken_by_the_last_leaf_it_needs_or_by_the_end() {
        let leaves = Leaves::default();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| leaves.wait(3, None));
            for hash in hashes(0..3) {
                leaves.extend([hash]);
            }
            assert_eq!(waiting.join().unwrap(), News::Count(3));
            let waiting = scope.spawn(|| leaves.wait(4, None));
            leaves.end();
            assert_eq!(waiting.join().unwrap(), News::Ended(3));
        });
        assert_eq!(leaves.wait(9, Some(Duration::ZERO)), News::Ended(3));
    }
}
