//! The contract of a store, as a suite; see [`crate::CommitStore`] for the numbers.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use crate::{CommitError, CommitStore, StoreReadError};

/// What is there when a store is made a second time at the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reopening {
    /// What was committed.
    Keeps,
    /// Nothing: it lives no longer than its value.
    Forgets,
}

/// Holds a store to its contract, each part of it in a directory of its own under `directory`.
///
/// # Panics
/// If the store breaks its contract.
pub fn conformance(
    directory: &Path,
    reopening: Reopening,
    make: impl Fn(&Path) -> Arc<dyn CommitStore>,
) {
    holds_nothing_at_first(&*make(&directory.join("empty")));
    holds_what_was_committed(&*make(&directory.join("committed")));
    refuses_every_other_head(&*make(&directory.join("conflict")));
    takes_commits_of_any_length(&*make(&directory.join("lengths")));
    lets_one_of_many_win(&*make(&directory.join("race")));
    shows_only_whole_commits(&*make(&directory.join("visible")));
    closes_more_than_once(&*make(&directory.join("closed")));
    if reopening == Reopening::Keeps {
        goes_on_where_it_was(&directory.join("reopened"), &make);
    }
}

fn holds_nothing_at_first(store: &dyn CommitStore) {
    assert_eq!(store.head(), 0);
    for number in [0, 1, u64::MAX] {
        assert_eq!(store.read(number), Err(StoreReadError::Absent { number, head: 0 }));
    }
}

/// 1, 7, 8.
fn holds_what_was_committed(store: &dyn CommitStore) {
    for number in 1..=20 {
        assert_eq!(store.commit(number - 1, &content(number, 300)), Ok(()));
        assert_eq!(store.head(), number);
    }
    for number in 1..=20 {
        assert_eq!(store.read(number), Ok(content(number, 300)));
    }
    assert_eq!(store.read(21), Err(StoreReadError::Absent { number: 21, head: 20 }));
}

/// 1.
fn refuses_every_other_head(store: &dyn CommitStore) {
    assert_eq!(store.commit(0, b"first"), Ok(()));
    assert_eq!(store.commit(1, b"second"), Ok(()));
    for expected in [0, 1, 3, u64::MAX] {
        let conflict = CommitError::Conflict { expected, actual: 2 };
        assert_eq!(store.commit(expected, b"other"), Err(conflict));
    }
    assert_eq!(store.head(), 2);
    assert_eq!(store.read(1), Ok(b"first".to_vec()));
    assert_eq!(store.read(2), Ok(b"second".to_vec()));
    // A conflict is no reason to stop.
    assert_eq!(store.commit(2, b"third"), Ok(()));
}

/// 1, 3, 7.
fn takes_commits_of_any_length(store: &dyn CommitStore) {
    let lengths = [0, 1, 4_095, 65_527, 65_528, 65_529, 131_056, 131_057, 2 * 1024 * 1024 + 1];
    for (after, length) in (0..).zip(lengths) {
        assert_eq!(store.commit(after, &content(after + 1, length)), Ok(()));
    }
    for (number, length) in (1..).zip(lengths) {
        // Not `assert_eq!`, which would print two million numbers.
        assert!(
            store.read(number) == Ok(content(number, length)),
            "{length} bytes came back changed"
        );
    }
}

/// 1.
fn lets_one_of_many_win(store: &dyn CommitStore) {
    for round in 0..10 {
        let outcomes: Vec<_> = thread::scope(|scope| {
            let commit =
                |writer: u64| scope.spawn(move || store.commit(round, &content(writer, 9)));
            let threads: Vec<_> = (0..4).map(commit).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let winners: Vec<u64> = (0..)
            .zip(&outcomes)
            .filter(|(_, outcome)| outcome.is_ok())
            .map(|(nth, _)| nth)
            .collect();
        assert_eq!(winners.len(), 1, "round {round}: {outcomes:?}");
        assert_eq!(store.head(), round + 1);
        assert_eq!(winners.first().map(|winner| content(*winner, 9)), store.read(round + 1).ok());
    }
}

/// 3, 4.
fn shows_only_whole_commits(store: &dyn CommitStore) {
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = 0;
            while seen < 30 {
                seen = store.head();
                if seen > 0 {
                    assert!(
                        store.read(seen) == Ok(content(seen, 100_000)),
                        "commit {seen} is torn"
                    );
                }
                let next = store.read(seen + 1);
                let whole = next.is_err() || next == Ok(content(seen + 1, 100_000));
                assert!(whole, "commit {} is torn", seen + 1);
                thread::yield_now();
            }
        });
        for number in 1..=30 {
            assert_eq!(store.commit(number - 1, &content(number, 100_000)), Ok(()));
        }
        reader.join().unwrap();
    });
}

/// 9.
fn closes_more_than_once(store: &dyn CommitStore) {
    assert_eq!(store.commit(0, b"first"), Ok(()));
    assert_eq!(store.close(), Ok(()));
    assert_eq!(store.close(), Ok(()));
}

/// 2, 3, 8, 9.
fn goes_on_where_it_was(path: &Path, make: impl Fn(&Path) -> Arc<dyn CommitStore>) {
    let length = |number: u64| {
        if number.is_multiple_of(2) { 200_000 } else { 200 }
    };
    for opening in 0..5 {
        let store = make(path);
        assert_eq!(store.head(), opening * 4, "opening {opening}");
        for number in 1..=opening * 4 {
            let read = store.read(number);
            assert!(read == Ok(content(number, length(number))), "commit {number} changed");
        }
        for number in opening * 4 + 1..=opening * 4 + 4 {
            assert_eq!(store.commit(number - 1, &content(number, length(number))), Ok(()));
        }
        // Whoever forgets to close loses nothing either.
        if opening.is_multiple_of(2) {
            assert_eq!(store.close(), Ok(()));
        }
    }
}

/// Bytes that no other commit has.
fn content(number: u64, length: usize) -> Vec<u8> {
    number.to_le_bytes().into_iter().chain((0..=250).cycle()).take(length).collect()
}
