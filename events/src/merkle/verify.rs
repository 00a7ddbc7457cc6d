//! Checking proofs: what a path leads to, by the algorithms of RFC 9162 (§2.1.3.2 and §2.1.4.2),
//! which speaks of the same tree.

use super::{leaf, node};
use crate::Digest;

/// The root of the tree of `size` leaves in which the record with this hash is leaf `index`, counted
/// from 0, if the path is right; nothing if no such path has that many steps.
pub(crate) fn inclusion_root(
    record: &Digest,
    index: u64,
    size: u64,
    path: &[Digest],
) -> Option<Digest> {
    root_from(leaf(record.as_bytes()), index, size, path)
}

pub(super) fn root_from(leaf: Digest, index: u64, size: u64, path: &[Digest]) -> Option<Digest> {
    let mut stand = Stand::at(index, size)?;
    let mut root = leaf;
    for step in path {
        root = stand.climb(&root, step)?;
    }
    stand.is_at_root().then_some(root)
}

/// Where a way up the tree has come to: the number of a node on its level, and the level's last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stand {
    at: u64,
    last: u64,
}

impl Stand {
    fn at(index: u64, size: u64) -> Option<Self> {
        let last = size.checked_sub(1).filter(|last| index <= *last)?;
        Some(Self { at: index, last })
    }

    /// The node above the one stood on, with `step` beside it; nothing if there is none.
    fn climb(&mut self, hash: &Digest, step: &Digest) -> Option<Digest> {
        if self.is_at_root() {
            return None;
        }
        let is_right = self.is_right();
        if is_right {
            self.skip();
        }
        self.up();
        Some(if is_right { node(step, hash) } else { node(hash, step) })
    }

    /// Whether the node beside this one is on its left.
    const fn is_right(&self) -> bool {
        self.at % 2 == 1 || self.at == self.last
    }

    /// Passes the levels on which this node has nothing beside it.
    const fn skip(&mut self) {
        while self.at.is_multiple_of(2) && self.at != 0 {
            self.up();
        }
    }

    const fn up(&mut self) {
        self.at /= 2;
        self.last /= 2;
    }

    const fn is_at_root(&self) -> bool {
        self.last == 0
    }
}

/// A way from a leaf to the root, with every node on it.
#[derive(Clone, Debug)]
pub(crate) struct Climb {
    size: u64,
    /// Where it stood before each step and at the end, and the hash it had there.
    nodes: Vec<(Stand, Digest)>,
    path: Vec<Digest>,
}

impl Climb {
    /// Climbs as [`inclusion_root`] does, and only as far as the way meets one known to be right:
    /// the same node with the same hash, and the same steps from there on.
    pub(crate) fn to_root(
        (record, index): (&Digest, u64),
        size: u64,
        path: &[Digest],
        known: Option<&Self>,
    ) -> Option<Self> {
        let known = known.filter(|known| known.size == size);
        let mut stand = Stand::at(index, size)?;
        let mut hash = leaf(record.as_bytes());
        let mut nodes = Vec::with_capacity(path.len() + 1);
        let mut steps = path;
        loop {
            if let Some(rest) = known.and_then(|known| known.from(stand, &hash, steps)) {
                nodes.extend_from_slice(rest);
                break;
            }
            nodes.push((stand, hash));
            let Some((step, rest)) = steps.split_first() else { break };
            hash = stand.climb(&hash, step)?;
            steps = rest;
        }
        let (end, _) = nodes.last()?;
        end.is_at_root().then(|| Self { size, nodes, path: path.to_vec() })
    }

    /// The nodes from this one on, if it is on this way and the steps from there are the same.
    fn from(&self, stand: Stand, hash: &Digest, steps: &[Digest]) -> Option<&[(Stand, Digest)]> {
        let taken = self.path.len().checked_sub(steps.len())?;
        let nodes = self.nodes.get(taken..)?;
        let meets = nodes.first()? == &(stand, *hash) && self.path.get(taken..)? == steps;
        meets.then_some(nodes)
    }

    /// The root it leads to.
    pub(crate) fn root(&self) -> Option<Digest> {
        self.nodes.last().map(|(_, root)| *root)
    }
}

/// Whether the path proves that the tree of `from` leaves is the beginning of the tree of `to`.
///
/// Nothing is claimed of an empty tree: there `from` is 0 and the path proves nothing.
pub(crate) fn consistency_holds(
    (from, from_root): (u64, &Digest),
    (to, to_root): (u64, &Digest),
    path: &[Digest],
) -> bool {
    if from == 0 || from > to {
        return false;
    }
    if from == to {
        return path.is_empty() && from_root == to_root;
    }
    both_roots((from, from_root), to, path).is_some_and(|roots| roots == (*from_root, *to_root))
}

/// The two roots the path leads to.
fn both_roots(
    (from, from_root): (u64, &Digest),
    to: u64,
    path: &[Digest],
) -> Option<(Digest, Digest)> {
    let mut stand = Stand::at(from - 1, to)?;
    while stand.at % 2 == 1 {
        stand.up();
    }
    let mut steps = path.iter();
    let first = if from.is_power_of_two() { from_root } else { steps.next()? };
    let (mut old, mut new) = (*first, *first);
    for step in steps {
        if stand.is_right() {
            old = node(step, &old);
        }
        new = stand.climb(&new, step)?;
    }
    stand.is_at_root().then_some((old, new))
}
