//! Whoever changes the record is found out, and the first place they touched is named.

use std::sync::Arc;

use convoke_events::testkit::{ManualClock, interaction, prepared};
use convoke_events::{
    Append, CommitError, CommitStore, Engine, MemoryStore, OpenError, StoreReadError, verify,
};

/// Bytes of a frame before its first record, and around each record.
const HEADER: usize = 45;
const AROUND: usize = 36;

/// Commits of 1, 2, 3, 4 and 5 events: positions 1, 2–3, 4–6, 7–10 and 11–15.
fn written() -> Vec<Vec<u8>> {
    let store = Arc::new(MemoryStore::new());
    let mut engine = Engine::open(store.clone(), Arc::new(ManualClock::default())).unwrap();
    for count in 1..=5 {
        let appends: Vec<Append> =
            (0..count).map(|nth| interaction("a", &format!("{{\"nth\":{nth}}}"))).collect();
        assert!(engine.commit(&prepared(appends)).iter().all(Result::is_ok));
    }
    (1..=store.head()).map(|number| store.read(number).unwrap()).collect()
}

fn store_of(commits: &[Vec<u8>]) -> Arc<MemoryStore> {
    let store = MemoryStore::new();
    for (after, commit) in (0..).zip(commits) {
        store.commit(after, commit).unwrap();
    }
    Arc::new(store)
}

/// The first bad position, on which verifying and opening agree.
fn first_bad(commits: &[Vec<u8>]) -> u64 {
    let store = store_of(commits);
    let broken = verify(&*store).unwrap_err();
    let refused = Engine::open(store, Arc::new(ManualClock::default())).err();
    let Some(OpenError::Damaged { first_bad, why }) = refused else {
        panic!("not refused as damaged: {refused:?}");
    };
    assert_eq!((first_bad, why), (broken.first_bad, broken.why));
    broken.first_bad.get()
}

/// Where each record of a frame begins and ends, with what is around it.
fn records(frame: &[u8]) -> Vec<(usize, usize)> {
    let mut records = Vec::new();
    let mut at = HEADER;
    while at < frame.len() {
        let length = u32::from_le_bytes(frame[at..at + 4].try_into().unwrap());
        let end = at + usize::try_from(length).unwrap() + AROUND;
        records.push((at, end));
        at = end;
    }
    records
}

fn with_count(mut frame: Vec<u8>, count: u32) -> Vec<u8> {
    frame[1..5].copy_from_slice(&count.to_le_bytes());
    frame
}

/// The frame with its records in this order, and their number in its header.
fn reordered(frame: &[u8], order: &[usize]) -> Vec<u8> {
    let records = records(frame);
    let mut changed = frame[..HEADER].to_vec();
    for nth in order {
        changed.extend(&frame[records[*nth].0..records[*nth].1]);
    }
    with_count(changed, u32::try_from(order.len()).unwrap())
}

#[test]
fn what_nobody_touched_verifies() {
    let verified = verify(&*store_of(&written())).unwrap();
    assert_eq!(verified.events, 15);
    assert!(verified.head.is_some());
}

#[test]
fn every_single_flipped_byte_is_found_at_its_own_position() {
    let commits = written();
    let firsts = [1, 2, 4, 7, 11];
    for (nth, commit) in commits.iter().enumerate() {
        for at in 0..commit.len() {
            let mut changed = commits.clone();
            changed[nth][at] ^= 0x10;
            let within = records(commit).iter().position(|(from, to)| (*from..*to).contains(&at));
            let expected = firsts[nth] + u64::try_from(within.unwrap_or(0)).unwrap();
            let found = first_bad(&changed);
            // A count that is too small or too large shows where the records end.
            let count = (1..5).contains(&at);
            assert!(found == expected || count && found >= expected, "{nth} {at}: {found}");
        }
    }
}

#[test]
fn a_removed_record_is_found_where_it_was() {
    let mut commits = written();
    commits[3] = reordered(&commits[3], &[0, 2, 3]);
    assert_eq!(first_bad(&commits), 8);
}

#[test]
fn a_record_removed_at_the_end_of_a_commit_is_found_where_it_was() {
    let mut commits = written();
    commits[3] = reordered(&commits[3], &[0, 1, 2]);
    assert_eq!(first_bad(&commits), 10);
}

#[test]
fn an_inserted_record_is_found_where_it_was_put() {
    let mut commits = written();
    commits[3] = reordered(&commits[3], &[0, 1, 1, 2, 3]);
    assert_eq!(first_bad(&commits), 9);
}

#[test]
fn reordered_records_are_found_at_the_first_of_them() {
    let mut commits = written();
    commits[4] = reordered(&commits[4], &[0, 1, 3, 2, 4]);
    assert_eq!(first_bad(&commits), 13);
}

#[test]
fn removed_repeated_and_reordered_commits_are_found() {
    let commits = written();
    let mut removed = commits.clone();
    removed.remove(1);
    assert_eq!(first_bad(&removed), 2);
    let mut repeated = commits.clone();
    repeated.insert(3, commits[2].clone());
    assert_eq!(first_bad(&repeated), 7);
    let mut swapped = commits;
    swapped.swap(2, 3);
    assert_eq!(first_bad(&swapped), 4);
}

#[test]
fn a_commit_of_another_log_is_found() {
    let mut commits = written();
    commits[2] = written()[2].clone();
    assert_eq!(first_bad(&commits), 4);
    // And a log that begins with another log's events.
    commits[0] = written()[0].clone();
    assert!(first_bad(&commits) <= 2);
}

#[test]
fn bytes_behind_the_last_record_are_found() {
    let mut commits = written();
    commits[2].push(0);
    assert_eq!(first_bad(&commits), 7);
}

#[test]
fn a_log_rewritten_with_its_own_hashes_is_found_by_whoever_has_it_open() {
    let commits = written();
    let replaceable = Arc::new(Replaceable(std::sync::RwLock::new(store_of(&commits))));
    let clock = Arc::new(ManualClock::default());
    let engine = Engine::open(replaceable.clone(), clock).unwrap();
    assert_eq!(engine.reader().verify().unwrap().events, 15);
    let cut = store_of(&commits[..3]);
    // A log that was cut off proves itself as far as it goes …
    assert_eq!(verify(&*cut).unwrap().events, 6);
    // … but not to whoever knows how far it went.
    *replaceable.0.write().unwrap() = cut;
    assert_eq!(engine.reader().verify().unwrap_err().first_bad.get(), 7);
    *replaceable.0.write().unwrap() = store_of(&written());
    let forged = engine.reader().verify().unwrap_err();
    assert_eq!(forged.why, "the log as stored ends otherwise than the log as opened");
}

/// A store whose content can be exchanged behind a log's back.
struct Replaceable(std::sync::RwLock<Arc<MemoryStore>>);

impl CommitStore for Replaceable {
    fn head(&self) -> u64 {
        self.0.read().unwrap().head()
    }

    fn commit(&self, after: u64, bytes: &[u8]) -> Result<(), CommitError> {
        self.0.read().unwrap().commit(after, bytes)
    }

    fn read(&self, number: u64) -> Result<Vec<u8>, StoreReadError> {
        self.0.read().unwrap().read(number)
    }

    fn close(&self) -> Result<(), CommitError> {
        self.0.read().unwrap().close()
    }
}
