//! What an older Convoke wrote is read by this one; what a newer one wrote is refused by name.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use convoke_events::record::{self, Envelope, RawRecord};
use convoke_events::testkit::{ManualClock, interaction, prepared};
use convoke_events::{
    ClockBehind, CommitStore, Digest, Durability, Engine, Event, FactsError, InvocationEvent,
    JournalOptions, JournaledStore, Log, LogId, MemoryStore, OpenError, Options, Position, Proofs,
    Query, Revision, Signing, SledStore, Texts,
};

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden");
    let text = fs::read_to_string(folder.join(format!("{name}.hex"))).unwrap();
    let digits: String = text.split_whitespace().collect();
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// A record of another version in a place of its own: an append of one event.
fn placed(raw: &RawRecord, log: LogId, position: u64) -> Vec<u8> {
    let envelope = Envelope {
        log,
        position: Position::new(position).unwrap(),
        revision: Revision::new(position).unwrap(),
        index: 0,
        count: 1,
        extension: Vec::new(),
        ..raw.envelope.clone()
    };
    record::encode(&envelope, &raw.event_type, raw.version, &raw.facts, &Texts::none()).unwrap()
}

/// A commit of these records, as the log documents it to the byte.
fn commit(log: LogId, records: &[Vec<u8>]) -> Vec<u8> {
    let mut hash = record::genesis(log);
    let mut frame = vec![1];
    frame.extend(u32::try_from(records.len()).unwrap().to_le_bytes());
    frame.extend(1_u64.to_le_bytes());
    frame.extend(hash.as_bytes());
    for record in records {
        hash = hash.chain(record);
        frame.extend(u32::try_from(record.len()).unwrap().to_le_bytes());
        frame.extend(record);
        frame.extend(hash.as_bytes());
    }
    frame
}

fn opened(records: &[Vec<u8>], log: LogId) -> Result<Engine, OpenError> {
    let store = MemoryStore::new();
    store.commit(0, &commit(log, records)).unwrap();
    let clock = Arc::new(ManualClock::default());
    Engine::open_with(Arc::new(store), clock, ClockBehind::Allow)
}

fn latency(event: &Event) -> Option<u64> {
    let Event::Invocation(InvocationEvent::InvocationFailed(failed)) = event else {
        panic!("another event: {event:?}");
    };
    failed.latency_us
}

#[test]
fn a_failed_call_recorded_before_latency_was_is_read_without_one() {
    let hash = Digest::of(b"link");
    let read = |name| RawRecord::decode(&golden(name)).unwrap().into_recorded(hash).unwrap();
    let (before, now) = (read("InvocationFailed.v1"), read("InvocationFailed.v2"));
    assert_eq!((latency(&before.event), latency(&now.event)), (None, Some(1_234_567)));
    let without = |mut json: serde_json::Value| {
        for later in ["latency_us", "billed", "retry_after_ms", "then"] {
            json.as_object_mut().unwrap().remove(later);
        }
        json
    };
    assert_eq!(without(before.event.to_json()), without(now.event.to_json()));
}

#[test]
fn a_log_holds_both_versions_side_by_side_and_keeps_the_bytes_of_each() {
    let log = LogId::derive(&["both"]);
    let names = ["InvocationFailed.v1", "InvocationFailed.v2"];
    let records: Vec<Vec<u8>> = (1..)
        .zip(names)
        .map(|(position, name)| placed(&RawRecord::decode(&golden(name)).unwrap(), log, position))
        .collect();
    let engine = opened(&records, log).unwrap();
    let events: Vec<_> = engine.reader().read(Query::event_type("InvocationFailed")).collect();
    let read: Vec<_> = events.iter().map(|event| latency(&event.as_ref().unwrap().event)).collect();
    assert_eq!(read, [None, Some(1_234_567)]);
    let hash = records.iter().fold(record::genesis(log), |hash, record| hash.chain(record));
    assert_eq!(engine.reader().verify().unwrap().head, Some(hash));
}

#[test]
fn an_unknown_type_or_version_is_refused_by_name_and_place() {
    let log = LogId::derive(&["newer"]);
    let known = RawRecord::decode(&golden("InvocationFailed.v2")).unwrap();
    let check = |event_type: &str, version: u16| {
        let newer = RawRecord { event_type: event_type.to_owned(), version, ..known.clone() };
        let records = [placed(&known, log, 1), placed(&newer, log, 2)];
        let refused = opened(&records, log).err().unwrap();
        let OpenError::Facts { position, source } = refused else { panic!("{refused}") };
        assert_eq!(position.get(), 2);
        let expected = FactsError::Unknown { event_type: event_type.to_owned(), version };
        assert_eq!(source, expected);
        assert!(source.to_string().contains(&format!("`{event_type}` version {version}")));
    };
    check("InvocationFailed", 3);
    check("InvocationFailed", 0);
    check("InvocationForgotten", 1);
}

/// A directory whose only commit holds these records, closed.
fn closed(directory: &Path, log: LogId, records: &[Vec<u8>]) {
    Log::open(directory, Options::default()).unwrap().close().unwrap();
    let store = JournaledStore::open(directory, &JournalOptions::default()).unwrap();
    store.commit(0, &commit(log, records)).unwrap();
    store.close().unwrap();
}

/// CRC-32 (IEEE), bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let bit = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), bit))
}

/// The index of two events of one type and version, as it is where the second is of another.
fn with_version(index: &[u8], event_type: &str, version: u8, hash: Digest) -> Vec<u8> {
    let mut index = index[..index.len() - 4].to_vec();
    index[32..64].copy_from_slice(hash.as_bytes());
    let name = index.windows(event_type.len()).position(|at| at == event_type.as_bytes()).unwrap();
    // Behind the name how many positions, how many bytes they take, and the bytes; then versions.
    let positions = name + event_type.len();
    let versions = positions + 2 + usize::from(index[positions + 1]);
    assert_eq!((index[positions], &index[versions..versions + 2]), (2, &[1, 2][..]));
    index.splice(versions..=versions, [2, version]);
    let checksum = crc(&index);
    index.extend(checksum.to_le_bytes());
    index
}

#[test]
fn an_unknown_version_is_refused_too_where_the_index_file_spares_reading_it() {
    let log = LogId::derive(&["newer"]);
    let known = RawRecord::decode(&golden("InvocationFailed.v2")).unwrap();
    let newer = RawRecord { version: 3, ..known.clone() };
    let place = tempfile::tempdir().unwrap();
    let [before, after] = ["before", "after"].map(|name| place.path().join(name));
    let proofs = Proofs { signing: Signing::Nobody, ..Proofs::default() };
    let options = || Options {
        clock_behind: ClockBehind::Allow,
        proofs: proofs.clone(),
        ..Options::default()
    };
    closed(&before, log, &[placed(&known, log, 1), placed(&known, log, 2)]);
    Log::open(&before, options()).unwrap().close().unwrap();
    let records = [placed(&known, log, 1), placed(&newer, log, 2)];
    let hash = records.iter().fold(record::genesis(log), |hash, record| hash.chain(record));
    closed(&after, log, &records);
    // What the newer version would have left there at its clean stop.
    let index = fs::read(before.join("index")).unwrap();
    let forged = with_version(&index, "InvocationFailed", 3, hash);
    fs::write(after.join("index"), forged).unwrap();
    let refused = Log::open_existing(&after, options()).unwrap_err();
    assert!(!refused.is_damage(), "what a newer version wrote is whole");
    let OpenError::Facts { position, source } = refused else { panic!("{refused}") };
    assert_eq!(position.get(), 2);
    let event_type = "InvocationFailed".to_owned();
    assert_eq!(source, FactsError::Unknown { event_type, version: 3 });
    // With an index that is that log's in all but the version it would have been believed.
    fs::write(after.join("index"), with_version(&index, "InvocationFailed", 2, hash)).unwrap();
    assert!(Log::open_existing(&after, options()).is_ok());
}

/// A directory as it was before there was a journal: a store, synced with every commit.
fn without_a_journal(directory: &Path) -> Vec<Digest> {
    let store = SledStore::open(&directory.join("sled"), Durability::Synced).unwrap();
    let mut engine = Engine::open(Arc::new(store), Arc::new(ManualClock::default())).unwrap();
    let commit =
        |body: &str| engine.commit(&prepared([interaction("a", body)]))[0].clone().unwrap().hash;
    let hashes = ["1", "2", "3"].map(commit).to_vec();
    engine.close().unwrap();
    fs::write(directory.join("format"), "convoke-data 1\n").unwrap();
    hashes
}

fn hashes(log: &Log) -> Vec<Digest> {
    log.read(Query::all()).map(|event| event.unwrap().hash).collect()
}

#[test]
fn a_directory_of_the_format_before_is_upgraded_in_place() {
    let directory = tempfile::tempdir().unwrap();
    let mut expected = without_a_journal(directory.path());
    for _ in 0..2 {
        let log = Log::open_existing(directory.path(), Options::default()).unwrap();
        assert_eq!(hashes(&log), expected);
        expected.push(log.append(interaction("a", "more")).wait().unwrap().hash);
        log.verify().unwrap();
    }
    let format = fs::read_to_string(directory.path().join("format")).unwrap();
    assert_eq!(format, "convoke-data 2\nchecksum f96652a2\n");
}

#[test]
fn an_upgrade_that_was_interrupted_is_taken_again() {
    let directory = tempfile::tempdir().unwrap();
    let expected = without_a_journal(directory.path());
    drop(Log::open(directory.path(), Options::default()).unwrap());
    for left in [&["journal-0", "journal-1"][..], &["journal-0"], &[]] {
        for name in ["journal-0", "journal-1"] {
            if !left.contains(&name) {
                fs::remove_file(directory.path().join(name)).unwrap();
            }
        }
        fs::write(directory.path().join("format"), "convoke-data 1\n").unwrap();
        // It was interrupted, so it was not closed either.
        fs::remove_file(directory.path().join("clean")).unwrap();
        let log = Log::open(directory.path(), Options::default()).unwrap();
        assert_eq!(hashes(&log), expected, "{left:?}");
    }
}

#[test]
fn a_directory_of_a_newer_format_or_of_none_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    without_a_journal(directory.path());
    let refusal = || {
        let refused = Log::open(directory.path(), Options::default()).unwrap_err();
        assert!(!directory.path().join("journal-0").exists());
        refused
    };
    fs::write(directory.path().join("format"), "convoke-data 3\nchecksum e07d63e3\n").unwrap();
    let refused = refusal();
    assert!(!refused.is_damage(), "{refused}");
    let OpenError::Format { found, known, .. } = refused else { panic!("{refused}") };
    assert_eq!((found.as_str(), known), ("convoke-data 3", "convoke-data 2"));
    // One changed bit makes a 2 a 3: what its checksum does not vouch for is no newer format.
    let garbage = ["convoke-data 3\nchecksum f96652a2\n", "convoke-data 3\n", "convoke-data 2\n"];
    for found in garbage.into_iter().chain(["convoke-data 1", "", "\u{fffd}"]) {
        fs::write(directory.path().join("format"), found).unwrap();
        let refused = refusal();
        assert!(refused.is_damage(), "{refused}");
        let OpenError::NoFormat { found: named, .. } = refused else { panic!("{refused}") };
        assert_eq!(named, found.lines().next().unwrap_or_default());
    }
    fs::remove_file(directory.path().join("format")).unwrap();
    assert!(matches!(refusal(), OpenError::NoFormat { .. }));
}
