use std::time::Duration;

use super::*;
use crate::Principal;
use crate::log::index::{Commit, Entry, Seen};
use crate::testkit::{NOON, word};

fn indexed() -> (Index, Bound) {
    let mut index = Index::default();
    let streams = ["a", "b", "c", "d", "e", "f", "g"];
    let mut nth = 0_u64;
    for size in [1, 300, 2] {
        let mut commit = Commit::default();
        for at in 0..size {
            nth += 1;
            let seen = Seen {
                hub: ["a", "b"][usize::from(nth.is_multiple_of(3))],
                stream: streams[usize::try_from(nth % 7).unwrap()],
                correlation: CorrelationId::derive(&[&(nth % 11).to_string()]),
                event_type: if nth.is_multiple_of(2) { "TaskSubmitted" } else { "HubOpened" },
                version: 1,
                offset: 45 + at * 200,
                length: 164,
            };
            commit.entries.push(Entry { seen, hash: Digest::of(b"record") });
        }
        let position = Position::after(nth - 1);
        let receipt = Receipt { first: position, last: position, hash: Digest::of(b"receipt") };
        let command = (word("a"), Principal::Runtime, word(&format!("key {nth}")));
        commit.commands.push((command, Digest::of(b"command"), receipt));
        let at = NOON.plus(Duration::from_secs(nth));
        index.publish(commit, Digest::of(&nth.to_le_bytes()), at);
    }
    let hash = Digest::of(&nth.to_le_bytes());
    let (commits, events) = (index.commits(), index.events());
    (index, Bound { log: LogId::derive(&["log"]), hash, recorded_at: NOON, commits, events })
}

/// As the index was, but for what is read off the log.
fn without_places(index: Index) -> Index {
    let Index { hubs, types, correlations, remembered, bytes, hash, keys, .. } = index;
    let places = Index::default();
    Index { hubs, types, correlations, remembered, bytes, hash, keys, ..places }
}

#[test]
fn an_index_is_read_back_as_it_was_written() {
    let (index, bound) = indexed();
    let (read, of) = decode(&encode(&index, &bound)).unwrap();
    assert_eq!(of, bound);
    assert_eq!(bound.events, 303);
    assert_eq!(read, without_places(index));
}

#[test]
fn an_empty_index_is_read_back_too() {
    let (_, bound) = indexed();
    let (read, _) = decode(&encode(&Index::default(), &bound)).unwrap();
    assert_eq!(read, Index { hash: Some(bound.hash), ..Index::default() });
}

#[test]
fn no_changed_or_cut_file_is_taken_for_whole() {
    let (index, bound) = indexed();
    let whole = encode(&index, &bound);
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        assert!(decode(&changed).is_none(), "changed at {at}");
        assert!(decode(&whole[..at]).is_none(), "cut at {at}");
    }
}

#[test]
fn a_forged_file_with_a_right_checksum_is_refused_and_never_panics() {
    let (index, bound) = indexed();
    let whole = encode(&index, &bound);
    let body = &whole[..whole.len() - 4];
    // Twelve bytes before the end the forgery fits: it changes only when a command landed.
    for at in (MAGIC.len() + 56..body.len()).filter(|at| at + 12 != body.len()) {
        let mut forged = body[..at].to_vec();
        forged.extend([0xff; 12]);
        forged.extend(crc32fast::hash(&forged).to_le_bytes());
        assert!(decode(&forged).is_none(), "forged at {at}");
    }
}
