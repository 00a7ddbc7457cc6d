//! Every store keeps the same contract.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use convoke_events::testkit::{Fault, FaultyStore, Reopening, conformance};
use convoke_events::{
    CommitError, CommitStore, Durability, JournalOptions, JournaledStore, MemoryStore, SledStore,
};

#[test]
fn memory_keeps_the_contract_of_a_store() {
    let directory = tempfile::tempdir().unwrap();
    conformance(directory.path(), Reopening::Forgets, |_| Arc::new(MemoryStore::new()));
    // It has no business on disk.
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn sled_keeps_the_contract_of_a_store_in_each_durability_and_makes_no_blobs() {
    for durability in Durability::ALL {
        let directory = tempfile::tempdir().unwrap();
        conformance(directory.path(), Reopening::Keeps, |path: &Path| {
            Arc::new(SledStore::open(path, *durability).unwrap())
        });
        for store in fs::read_dir(directory.path()).unwrap() {
            let blobs = store.unwrap().path().join("blobs");
            assert_eq!(fs::read_dir(&blobs).unwrap().count(), 0, "{}", blobs.display());
        }
    }
}

#[test]
fn a_journal_before_sled_keeps_the_contract_of_a_store_in_each_durability_and_makes_no_blobs() {
    for durability in Durability::ALL {
        let directory = tempfile::tempdir().unwrap();
        // So small that segments are used again and again.
        let segment_bytes = 3 * 1024 * 1024;
        let options =
            JournalOptions { durability: *durability, segment_bytes, ..JournalOptions::default() };
        conformance(directory.path(), Reopening::Keeps, |path: &Path| {
            fs::create_dir_all(path).unwrap();
            Arc::new(JournaledStore::open(path, &options).unwrap())
        });
        for store in fs::read_dir(directory.path()).unwrap() {
            let blobs = store.unwrap().path().join("sled/blobs");
            assert_eq!(fs::read_dir(&blobs).unwrap().count(), 0, "{}", blobs.display());
        }
    }
}

#[test]
fn a_store_that_fails_takes_nothing_until_it_is_opened_again() {
    for (fault, held) in
        [(Fault::UnknownButStored, 2), (Fault::UnknownAndLost, 1), (Fault::Full, 1)]
    {
        let inner: Arc<dyn CommitStore> = Arc::new(MemoryStore::new());
        let store = FaultyStore::new(Arc::clone(&inner), 2, fault);
        assert_eq!(store.commit(0, b"first"), Ok(()));
        let failed = store.commit(1, b"second").unwrap_err();
        assert_eq!(matches!(failed, CommitError::Full { .. }), fault == Fault::Full);
        assert_eq!(store.commit(store.head(), b"third"), Err(failed));
        assert_eq!(inner.head(), held, "{fault:?}");
        let reopened = FaultyStore::new(inner, u64::MAX, fault);
        assert_eq!(reopened.commit(held, b"fourth"), Ok(()));
    }
}
