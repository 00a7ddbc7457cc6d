use proptest::prelude::*;

use super::verify::root_from;
use super::*;

impl Leaf for Vec<u8> {
    fn hash(&self) -> Digest {
        leaf(self)
    }
}

/// The eight leaves on which implementations of certificate transparency are tested, first in
/// `merkle_tree_test.cc` of google/certificate-transparency and since in transparency-dev/merkle.
fn published_leaves() -> Vec<Vec<u8>> {
    vec![
        vec![],
        vec![0x00],
        vec![0x10],
        vec![0x20, 0x21],
        vec![0x30, 0x31],
        vec![0x40, 0x41, 0x42, 0x43],
        (0x50..=0x57).collect(),
        (0x60..=0x6f).collect(),
    ]
}

/// The roots published for the first 1 to 8 of them.
const PUBLISHED_ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Published inclusion proofs: leaf from 0, size, path.
const PUBLISHED_INCLUSION: [(u64, u64, &[&str]); 4] = [
    (0, 1, &[]),
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
];

/// Published consistency proofs: both sizes, path.
const PUBLISHED_CONSISTENCY: [(u64, u64, &[&str]); 4] = [
    (1, 1, &[]),
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

fn digests(path: &[&str]) -> Vec<Digest> {
    path.iter().map(|step| step.parse().unwrap()).collect()
}

fn tree_of<L: Leaf>(leaves: impl IntoIterator<Item = L>) -> Tree<L> {
    let mut tree = Tree::default();
    leaves.into_iter().for_each(|leaf| tree.push(leaf));
    tree
}

fn record(number: u64) -> Digest {
    Digest::of(&number.to_le_bytes())
}

fn tree_of_records(size: u64) -> Tree {
    tree_of((0..size).map(record))
}

/// The definition of the root, as the RFC words it.
fn root_by_definition(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(&[]),
        [one] => one.hash(),
        more => {
            let (left, right) = more.split_at(usize::try_from(split(tree_len(more))).unwrap());
            node(&root_by_definition(left), &root_by_definition(right))
        }
    }
}

fn tree_len(leaves: &[Digest]) -> u64 {
    u64::try_from(leaves.len()).unwrap()
}

#[test]
fn roots_are_the_published_ones() {
    let tree = tree_of(published_leaves());
    for (size, root) in (1..).zip(PUBLISHED_ROOTS) {
        assert_eq!(tree.root(size).unwrap().to_string(), root, "of {size}");
    }
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(tree.root(0).unwrap().to_string(), empty);
    assert_eq!(tree.root(9), None);
}

#[test]
fn inclusion_proofs_are_the_published_ones() {
    let leaves = published_leaves();
    let tree = tree_of(leaves.clone());
    for (index, size, path) in PUBLISHED_INCLUSION {
        let path = digests(path);
        assert_eq!(tree.inclusion(index, size).as_ref(), Some(&path), "{index} in {size}");
        let leaf = leaf(&leaves[usize::try_from(index).unwrap()]);
        assert_eq!(root_from(leaf, index, size, &path), tree.root(size), "{index} in {size}");
    }
}

#[test]
fn consistency_proofs_are_the_published_ones() {
    let tree = tree_of(published_leaves());
    for (from, to, path) in PUBLISHED_CONSISTENCY {
        let path = digests(path);
        assert_eq!(tree.consistency(from, to).as_ref(), Some(&path), "{from} to {to}");
        let (old, new) = (tree.root(from).unwrap(), tree.root(to).unwrap());
        assert!(consistency_holds((from, &old), (to, &new), &path), "{from} to {to}");
    }
}

#[test]
fn the_root_of_every_size_is_what_the_definition_says() {
    let tree = tree_of_records(200);
    for size in 0..=200 {
        let leaves = &tree.leaves()[..usize::try_from(size).unwrap()];
        assert_eq!(tree.root(size), Some(root_by_definition(leaves)), "of {size}");
    }
}

#[test]
fn every_leaf_of_every_size_up_to_200_is_proved_to_be_there() {
    let tree = tree_of_records(200);
    for size in 1..=200 {
        let root = tree.root(size);
        for index in 0..size {
            let path = tree.inclusion(index, size).unwrap();
            assert_eq!(inclusion_root(&record(index), index, size, &path), root, "{index}/{size}");
        }
        assert_eq!(tree.inclusion(size, size), None);
    }
    assert_eq!(tree.inclusion(0, 201), None);
}

#[test]
fn every_two_sizes_up_to_200_are_proved_to_be_consistent() {
    let tree = tree_of_records(200);
    for to in 1..=200 {
        let new = tree.root(to).unwrap();
        for from in 1..=to {
            let old = tree.root(from).unwrap();
            let path = tree.consistency(from, to).unwrap();
            assert!(consistency_holds((from, &old), (to, &new), &path), "{from} to {to}");
        }
    }
    for (from, to) in [(0, 1), (2, 1), (200, 201)] {
        assert_eq!(tree.consistency(from, to), None, "{from} to {to}");
    }
}

/// The digest with one bit flipped.
fn flipped(digest: &Digest, bit: usize) -> Digest {
    let mut bytes = *digest.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Digest::from_bytes(bytes)
}

/// The path with one bit of one step flipped; nothing if it has no step.
fn flipped_in(path: &[Digest], step: prop::sample::Index, bit: usize) -> Option<Vec<Digest>> {
    let mut path = path.to_vec();
    if path.is_empty() {
        return None;
    }
    let step = step.index(path.len());
    path[step] = flipped(&path[step], bit);
    Some(path)
}

proptest! {
    #[test]
    fn a_flipped_bit_makes_an_inclusion_proof_worthless(
        size in 1_u64..=200,
        index in any::<prop::sample::Index>(),
        step in any::<prop::sample::Index>(),
        bit in 0_usize..256,
        number_bit in 0_u32..64,
    ) {
        let tree = tree_of_records(size);
        let index = u64::try_from(index.index(usize::try_from(size).unwrap())).unwrap();
        let (record, root) = (record(index), tree.root(size));
        let path = tree.inclusion(index, size).unwrap();
        prop_assert_eq!(inclusion_root(&record, index, size, &path), root);
        prop_assert_ne!(inclusion_root(&flipped(&record, bit), index, size, &path), root);
        if let Some(path) = flipped_in(&path, step, bit) {
            prop_assert_ne!(inclusion_root(&record, index, size, &path), root);
        }
        let other = index ^ (1 << number_bit);
        prop_assert_ne!(inclusion_root(&record, other, size, &path), root);
        let longer = [&path[..], &[record]].concat();
        prop_assert_ne!(inclusion_root(&record, index, size, &longer), root);
        if let Some((_, shorter)) = path.split_last() {
            prop_assert_ne!(inclusion_root(&record, index, size, shorter), root);
        }
    }

    #[test]
    fn a_flipped_bit_makes_a_consistency_proof_worthless(
        to in 2_u64..=200,
        from in any::<prop::sample::Index>(),
        step in any::<prop::sample::Index>(),
        bit in 0_usize..256,
    ) {
        let tree = tree_of_records(to);
        let from = 1 + u64::try_from(from.index(usize::try_from(to - 1).unwrap())).unwrap();
        let (old, new) = (tree.root(from).unwrap(), tree.root(to).unwrap());
        let path = tree.consistency(from, to).unwrap();
        prop_assert!(consistency_holds((from, &old), (to, &new), &path));
        prop_assert!(!consistency_holds((from, &flipped(&old, bit)), (to, &new), &path));
        prop_assert!(!consistency_holds((from, &old), (to, &flipped(&new, bit)), &path));
        if let Some(path) = flipped_in(&path, step, bit) {
            prop_assert!(!consistency_holds((from, &old), (to, &new), &path));
        }
        let longer = [&path[..], &[old]].concat();
        prop_assert!(!consistency_holds((from, &old), (to, &new), &longer));
        if let Some((_, shorter)) = path.split_last() {
            prop_assert!(!consistency_holds((from, &old), (to, &new), shorter));
        }
    }
}
