//! A Merkle tree in the shape of RFC 6962 (§2.1), and the proofs it gives.
//!
//! The leaves are the hashes of records, in the order of their positions. With SHA-256 for `H`:
//!
//! - a leaf's hash is `H(0x00 ‖ record hash)`, a node's is `H(0x01 ‖ left ‖ right)`;
//! - the tree of no leaves has the root `H()`;
//! - a tree of `n` leaves, more than one, has on its left the tree of the first `k`, where `k` is
//!   the largest power of two smaller than `n`, and on its right the tree of the rest.
//!
//! **Invariant.** The tree only grows: the root of its first `n` leaves is the same for ever.

use crate::Digest;

mod verify;

pub(crate) use self::verify::{Climb, consistency_holds, inclusion_root};

/// The hash of the leaf over these bytes.
pub(crate) fn leaf(bytes: &[u8]) -> Digest {
    Digest::of_all(&[&[0], bytes])
}

/// The hash of the node over two others.
pub(crate) fn node(left: &Digest, right: &Digest) -> Digest {
    let mut bytes = [1; 65];
    let (_, both) = bytes.split_at_mut(1);
    let (first, second) = both.split_at_mut(32);
    first.copy_from_slice(left.as_bytes());
    second.copy_from_slice(right.as_bytes());
    Digest::of(&bytes)
}

/// What can be a leaf.
pub(crate) trait Leaf {
    /// Its hash in the tree.
    fn hash(&self) -> Digest;
}

impl Leaf for Digest {
    fn hash(&self) -> Digest {
        leaf(self.as_bytes())
    }
}

/// The tree, every level of it in memory.
#[derive(Clone, Debug)]
pub(crate) struct Tree<L = Digest> {
    leaves: Vec<L>,
    /// The roots of whole subtrees of 2, 4, 8 … leaves.
    levels: Vec<Vec<Digest>>,
}

impl<L> Default for Tree<L> {
    fn default() -> Self {
        Self { leaves: Vec::new(), levels: Vec::new() }
    }
}

impl<L: Leaf> Tree<L> {
    /// Adds the next leaf.
    pub(crate) fn push(&mut self, leaf: L) {
        let Some(before) = self.leaves.last().filter(|_| !self.leaves.len().is_multiple_of(2))
        else {
            self.leaves.push(leaf);
            return;
        };
        let mut whole = node(&before.hash(), &leaf.hash());
        self.leaves.push(leaf);
        for level in &mut self.levels {
            let left = level.last().filter(|_| !level.len().is_multiple_of(2)).copied();
            level.push(whole);
            let Some(left) = left else { return };
            whole = node(&left, &whole);
        }
        self.levels.push(vec![whole]);
    }

    /// How many leaves it has.
    pub(crate) fn size(&self) -> u64 {
        u64::try_from(self.leaves.len()).unwrap_or(u64::MAX)
    }

    /// The leaves, in order.
    pub(crate) fn leaves(&self) -> &[L] {
        &self.leaves
    }

    /// The root of its first `size` leaves; nothing if it has fewer.
    pub(crate) fn root(&self, size: u64) -> Option<Digest> {
        if size == 0 {
            return Some(Digest::of(&[]));
        }
        self.root_between(0, size)
    }

    /// The path from leaf `index`, counted from 0, to the root of the first `size`; nothing if that
    /// leaf is not among them, or they are not there.
    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Digest>> {
        if index >= size || size > self.size() {
            return None;
        }
        let mut path = Vec::new();
        let (mut begin, mut end) = (0, size);
        while end - begin > 1 {
            let middle = begin + split(end - begin);
            if index < middle {
                path.push(self.root_between(middle, end)?);
                end = middle;
            } else {
                path.push(self.root_between(begin, middle)?);
                begin = middle;
            }
        }
        path.reverse();
        Some(path)
    }

    /// What proves that its first `from` leaves are the beginning of its first `to`; nothing if
    /// `from` is 0 or more than `to`, or they are not there.
    pub(crate) fn consistency(&self, from: u64, to: u64) -> Option<Vec<Digest>> {
        if from == 0 || from > to || to > self.size() {
            return None;
        }
        let mut path = Vec::new();
        let (mut begin, mut end) = (0, to);
        while end != from {
            let middle = begin + split(end - begin);
            if from <= middle {
                path.push(self.root_between(middle, end)?);
                end = middle;
            } else {
                path.push(self.root_between(begin, middle)?);
                begin = middle;
            }
        }
        // Whoever verifies knows the root of the first `from` leaves, if that is what this is.
        if begin > 0 {
            path.push(self.root_between(begin, end)?);
        }
        path.reverse();
        Some(path)
    }

    /// The root of the leaves in `begin..end`, which is one of the ranges the tree is split into.
    fn root_between(&self, begin: u64, end: u64) -> Option<Digest> {
        let size = end.checked_sub(begin).filter(|size| *size > 0)?;
        if size.is_power_of_two() {
            return self.whole(begin, size.trailing_zeros());
        }
        let middle = begin + split(size);
        Some(node(&self.root_between(begin, middle)?, &self.root_between(middle, end)?))
    }

    /// The root of the whole subtree of 2 to the power of `height` leaves that starts at `begin`.
    fn whole(&self, begin: u64, height: u32) -> Option<Digest> {
        let nth = usize::try_from(begin >> height).ok()?;
        match usize::try_from(height).ok()?.checked_sub(1) {
            None => self.leaves.get(nth).map(Leaf::hash),
            Some(level) => self.levels.get(level)?.get(nth).copied(),
        }
    }
}

/// The largest power of two smaller than `size`, which is at least 2.
const fn split(size: u64) -> u64 {
    let power = size.next_power_of_two();
    power / 2
}

#[cfg(test)]
mod tests;
