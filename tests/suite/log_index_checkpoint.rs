//! The index file: opening is quick behind a clean stop, and never wrong because of it.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use convoke_events::testkit::{Fault, FaultyStore, ManualClock, interaction, prepared};
use convoke_events::{
    Append, Digest, Engine, Idempotency, Indexing, Log, MemoryStore, OnIndexing, OpenError,
    Options, Query, ReadError, Revision, StreamId,
};

fn keyed(nth: u64) -> Append {
    let mut append = interaction(&format!("s{}", nth % 7), &format!("{{\"nth\":{nth}}}"));
    append.hub = ["a", "b"][usize::from(nth.is_multiple_of(3))].parse().unwrap();
    let key = format!("key-{nth}").parse().unwrap();
    let digest = Digest::of(&nth.to_le_bytes());
    append.idempotency = (nth.is_multiple_of(5)).then_some(Idempotency { key, digest });
    append
}

fn write(directory: &Path, numbers: std::ops::RangeInclusive<u64>) {
    let log = Log::open(directory, Options::default()).unwrap();
    for nth in numbers {
        let landing = log.append(keyed(nth));
        // Now and then a commit of its own.
        if nth.is_multiple_of(17) {
            landing.wait().unwrap();
        }
    }
    log.close().unwrap();
}

/// Everything an index is asked for, and how many commits had to be read to answer it.
fn answers(directory: &Path) -> (Vec<String>, u64) {
    let read = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&read);
    let tell = move |Indexing { of, .. }| told.store(of, Ordering::SeqCst);
    let options = Options { on_indexing: Some(OnIndexing::new(tell)), ..Options::default() };
    let log = Log::open_existing(directory, options).unwrap();
    let hub = || "a".parse().unwrap();
    let stream = || StreamId::host("s1").unwrap();
    let story = keyed(1).events[0].correlation;
    let mut answers = vec![format!("{:?} {:?}", log.head(), log.stats())];
    let queries = [
        Query::all(),
        Query::hub(hub()),
        Query::stream(hub(), stream()),
        Query::correlation(story),
        Query::event_type("InteractionRecorded"),
    ];
    for query in queries {
        for query in [query.clone(), query.backward()] {
            answers.push(format!("{:?}", log.read(query).collect::<Result<Vec<_>, _>>()));
        }
    }
    answers.push(format!("{:?}", log.revision(&hub(), &stream())));
    let append = keyed(5);
    let key = append.idempotency.clone().unwrap().key;
    let known = log.idempotent(&append.hub, &append.principal, &key);
    assert!(known.is_some(), "the command is remembered");
    answers.push(format!("{known:?}"));
    log.close().unwrap();
    (answers, read.load(Ordering::SeqCst))
}

#[test]
fn an_index_read_back_answers_as_one_built_from_the_log() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), 1..=700);
    let (from_file, read) = answers(directory.path());
    assert_eq!(read, 0, "the file covers the log");
    fs::remove_file(directory.path().join("index")).unwrap();
    let (from_log, read) = answers(directory.path());
    assert!(read > 0, "without the file the log is read");
    assert_eq!(from_file, from_log);
}

#[test]
fn an_older_index_file_is_carried_on_from_where_it_ends() {
    let directory = tempfile::tempdir().unwrap();
    let index = directory.path().join("index");
    write(directory.path(), 1..=300);
    let older = fs::read(&index).unwrap();
    write(directory.path(), 301..=400);
    let (whole, read) = answers(directory.path());
    assert_eq!(read, 0);
    fs::write(&index, older).unwrap();
    let (carried_on, read) = answers(directory.path());
    assert!((1..=100).contains(&read), "only what the file does not cover: {read}");
    assert_eq!(carried_on, whole);
}

#[test]
fn a_damaged_index_file_is_not_used() {
    let directory = tempfile::tempdir().unwrap();
    let index = directory.path().join("index");
    write(directory.path(), 1..=300);
    let (whole, _) = answers(directory.path());
    let good = fs::read(&index).unwrap();
    for nth in 0..20 {
        let mut bad = good.clone();
        let at = nth * (bad.len() - 1) / 19;
        if nth % 2 == 0 {
            bad[at] ^= 0x40;
        } else {
            bad.truncate(at);
        }
        fs::write(&index, bad).unwrap();
        let (answered, read) = answers(directory.path());
        assert!(read > 0, "damaged at {at}");
        assert_eq!(answered, whole, "damaged at {at}");
    }
}

#[test]
fn an_index_file_of_another_log_is_not_used() {
    let (directory, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(directory.path(), 1..=100);
    let (whole, _) = answers(directory.path());
    write(other.path(), 1..=100);
    fs::copy(other.path().join("index"), directory.path().join("index")).unwrap();
    let (answered, read) = answers(directory.path());
    assert!(read > 0, "the whole log is read");
    assert_eq!(answered, whole);
}

#[test]
fn behind_a_stop_that_was_not_clean_the_whole_log_is_read() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), 1..=300);
    let (whole, read) = answers(directory.path());
    assert_eq!(read, 0);
    fs::remove_file(directory.path().join("clean")).unwrap();
    let (answered, read) = answers(directory.path());
    assert!(read > 0, "the file is not believed");
    assert_eq!(answered, whole);
}

#[test]
fn whoever_waits_for_a_long_opening_is_told_how_far_it_is() {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::default());
    let mut engine = Engine::open(store.clone(), clock).unwrap();
    for nth in 1..=200 {
        assert!(engine.commit(&prepared([keyed(nth)])).iter().all(Result::is_ok));
    }
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let tell = move |Indexing { done, of }| telling.lock().unwrap().push((done, of));
    let options = Options {
        clock: Arc::new(ManualClock::default()),
        on_indexing: Some(OnIndexing::new(tell)),
        ..Options::default()
    };
    let log = Log::on(store, options).unwrap();
    assert_eq!(log.head().position, 200);
    assert_eq!(*told.lock().unwrap(), [(64, 200), (128, 200), (192, 200), (200, 200)]);
}

#[test]
fn a_long_read_gives_every_event_once_either_way_and_can_be_dropped_in_the_middle() {
    let log = Log::in_memory();
    for nth in 1..=5_000 {
        drop(log.append(keyed(nth)));
    }
    log.fence().wait().unwrap();
    let position =
        |event: Result<convoke_events::Recorded, ReadError>| event.unwrap().envelope.position.get();
    let forward: Vec<u64> = log.read(Query::all()).map(position).collect();
    assert_eq!(forward, (1..=5_000).collect::<Vec<_>>());
    let backward: Vec<u64> = log.read(Query::all().backward()).map(position).collect();
    assert_eq!(backward, (1..=5_000).rev().collect::<Vec<_>>());
    let some: Vec<u64> = log.read(Query::all()).map(position).take(2_000).collect();
    assert_eq!(some.last(), Some(&2_000));
}

#[test]
fn a_subscription_of_a_log_that_stopped_ends_with_the_reason() {
    let faulty = FaultyStore::new(Arc::new(MemoryStore::new()), 2, Fault::Full);
    let mut engine = Engine::open(Arc::new(faulty), Arc::new(ManualClock::default())).unwrap();
    let mut subscription = engine.reader().subscribe(0);
    assert!(engine.commit(&prepared([keyed(1)]))[0].is_ok());
    assert!(engine.commit(&prepared([keyed(2)]))[0].is_err());
    assert!(subscription.next_blocking().unwrap().is_ok(), "what is durable comes first");
    let end = subscription.next_blocking().unwrap().unwrap_err();
    let ReadError::Stopped { delivered: 1, why } = &end else {
        panic!("not the reason: {end:?}");
    };
    assert!(why.contains("no room"), "{why}");
    assert!(subscription.next_blocking().is_none(), "the error is the last thing that comes");
}

#[test]
fn a_log_shorter_than_its_index_file_is_not_served_from_it() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), 1..=50);
    let index = fs::read(directory.path().join("index")).unwrap();
    let other = tempfile::tempdir().unwrap();
    // A new directory whose log is shorter than the file says.
    write(other.path(), 1..=5);
    fs::write(other.path().join("index"), index).unwrap();
    let opened = Log::open_existing(other.path(), Options::default());
    let log = opened.map_err(|error: OpenError| error.to_string()).unwrap();
    assert_eq!(log.head().position, 5);
    let stream = StreamId::host("s5").unwrap();
    let revision = log.revision(&keyed(5).hub, &stream);
    assert_eq!(revision, Some(Revision::FIRST));
}
