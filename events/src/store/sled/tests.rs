//! What only this store can go through: parts of a commit missing or changed on disk.

use std::io::ErrorKind;
use std::path::Path;

use super::super::chunk;
use super::{Failure, SledStore};
use crate::{CommitStore, Durability, JournalOptions, JournaledStore, OpenError, StoreReadError};

/// A commit of four chunks.
fn long(fill: u8) -> Vec<u8> {
    vec![fill; 3 * chunk::MAX_CHUNK + 1]
}

fn open(path: &Path) -> SledStore {
    SledStore::open(path, Durability::Buffered).unwrap()
}

/// A store of three long commits, changed by `change` and opened again.
fn reopened(path: &Path, change: impl FnOnce(&super::Files)) -> SledStore {
    let store = open(path);
    for number in 1..=3_u8 {
        store.commit(u64::from(number) - 1, &long(number)).unwrap();
    }
    change(store.files().as_ref().unwrap());
    store.close().unwrap();
    open(path)
}

fn remove(files: &super::Files, commit: u64, chunk: u32) {
    assert!(files.database.remove(chunk::key(commit, chunk)).unwrap().is_some());
}

#[test]
fn the_beginning_of_a_commit_that_was_never_acknowledged_is_removed() {
    for missing in 1..=3 {
        let directory = tempfile::tempdir().unwrap();
        let store = reopened(directory.path(), |files| {
            for chunk in missing..=3 {
                remove(files, 3, chunk);
            }
        });
        assert_eq!(store.head(), 2);
        assert_eq!(store.read(2), Ok(long(2)));
        assert_eq!(store.commit(2, b"again"), Ok(()));
        assert_eq!(store.read(3), Ok(b"again".to_vec()));
    }
}

#[test]
fn a_hole_in_the_newest_commit_is_damage_and_not_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let store = reopened(directory.path(), |files| remove(files, 3, 1));
    assert_eq!(store.head(), 3);
    assert!(matches!(store.read(3), Err(StoreReadError::Damaged { number: 3, .. })));
}

#[test]
fn a_hole_with_the_end_missing_too_is_damage() {
    let directory = tempfile::tempdir().unwrap();
    let store = reopened(directory.path(), |files| {
        remove(files, 3, 0);
        remove(files, 3, 3);
    });
    assert_eq!(store.head(), 3);
    assert!(matches!(store.read(3), Err(StoreReadError::Damaged { number: 3, .. })));
}

#[test]
fn an_older_commit_that_is_missing_is_damage() {
    let directory = tempfile::tempdir().unwrap();
    let store = reopened(directory.path(), |files| {
        (0..=3).for_each(|chunk| remove(files, 2, chunk));
    });
    assert_eq!(store.head(), 3);
    assert_eq!(store.read(1), Ok(long(1)));
    let missing = StoreReadError::Damaged { number: 2, why: "a part of it is missing".to_owned() };
    assert_eq!(store.read(2), Err(missing));
}

#[test]
fn a_changed_value_is_damage() {
    let directory = tempfile::tempdir().unwrap();
    let store = reopened(directory.path(), |files| {
        let key = chunk::key(2, 1);
        let mut value = files.database.get(key).unwrap().unwrap().to_vec();
        value[100] ^= 1;
        files.database.insert(key, value).unwrap();
    });
    let changed = StoreReadError::Damaged { number: 2, why: "its checksum is another".to_owned() };
    assert_eq!(store.read(2), Err(changed));
}

#[test]
fn a_place_that_is_kept_is_no_commit_until_it_is_filled() {
    let directory = tempfile::tempdir().unwrap();
    for number in 1..=40_u8 {
        let store = open(directory.path());
        let after = u64::from(number) - 1;
        assert_eq!(store.head(), after);
        let absent = StoreReadError::Absent { number: after + 1, head: after };
        assert_eq!(store.read(after + 1), Err(absent));
        store.commit(after, &[number]).unwrap();
        store.close().unwrap();
    }
    let store = open(directory.path());
    for number in 1..=40_u8 {
        assert_eq!(store.read(number.into()), Ok(vec![number]));
    }
}

#[test]
fn a_place_that_is_empty_before_the_newest_commit_is_damage() {
    let directory = tempfile::tempdir().unwrap();
    let store = reopened(directory.path(), |files| {
        (1..=3).for_each(|chunk| remove(files, 2, chunk));
        files.database.insert(chunk::key(2, 0), &[]).unwrap();
    });
    assert_eq!(store.head(), 3);
    assert!(matches!(store.read(2), Err(StoreReadError::Damaged { number: 2, .. })));
}

#[test]
fn commits_one_behind_the_other_take_little_more_room_than_their_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let (commits, commit) = (1_000, vec![7; 40_000]);
    for after in 0..commits {
        store.commit(after, &commit).unwrap();
    }
    store.close().unwrap();
    let taken = std::fs::metadata(directory.path().join("db")).unwrap().len();
    let bytes = commits * u64::try_from(commit.len()).unwrap();
    // Its last segment may be almost empty.
    assert!(taken < bytes + bytes / 4, "{taken} bytes for {bytes}");
}

#[test]
fn a_closed_store_refuses_instead_of_panicking() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.commit(0, b"first").unwrap();
    store.close().unwrap();
    assert!(store.commit(1, b"second").is_err());
    assert!(matches!(store.read(1), Err(StoreReadError::Io { number: 1, .. })));
    drop(store);
    assert_eq!(open(directory.path()).head(), 1);
}

#[test]
fn a_commit_that_is_damaged_here_and_whole_in_the_journal_is_taken_again() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions { durability: Durability::Buffered, ..JournalOptions::default() };
    let journaled = || JournaledStore::open(directory.path(), &options).unwrap();
    let store = journaled();
    for number in 1..=3_u8 {
        store.commit(u64::from(number) - 1, &long(number)).unwrap();
    }
    store.close().unwrap();
    std::fs::remove_file(directory.path().join("clean")).unwrap();
    let sled = open(&directory.path().join("sled"));
    remove(sled.files().as_ref().unwrap(), 2, 1);
    sled.close().unwrap();
    let store = journaled();
    assert_eq!(store.read(2), Ok(long(2)));
    assert_eq!(store.head(), 3);
}

#[test]
fn only_what_lies_in_the_files_is_called_damage() {
    let opened = |kind, locked| {
        Failure { text: "no".to_owned(), kind, locked }.in_opening(Path::new("sled"))
    };
    let damage = [None, Some(ErrorKind::UnexpectedEof), Some(ErrorKind::Other)];
    assert!(damage.into_iter().all(|kind| opened(kind, false).is_damage()));
    for kind in [ErrorKind::PermissionDenied, ErrorKind::StorageFull] {
        let refused = opened(Some(kind), false);
        assert!(matches!(&refused, OpenError::Io { source, .. } if source.kind() == kind));
        assert!(!refused.is_damage());
    }
    assert!(opened(Some(ErrorKind::Other), true).is_retryable());
}
