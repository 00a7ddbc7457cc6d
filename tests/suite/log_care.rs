//! Copies that can be trusted, what is saved of a damaged log, and reading by time.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use convoke_events::testkit::{ManualClock, NOON, interaction};
use convoke_events::{
    BackupError, ClockBehind, Digest, Log, MemoryStore, Options, Position, Query, RepairError,
    RestoreError, Timestamp, repair, restore,
};
use serde_json::Value;

use crate::binary::{convoke, fresh, json, json_lines};

const LONG: usize = 20_000;

fn open(directory: &Path) -> Log {
    let clock_behind = ClockBehind::Allow;
    Log::open(directory, Options { clock_behind, ..Options::default() }).unwrap()
}

/// Forty events in commits of their own, every tenth with a long text of its own.
fn written(directory: &Path) -> Vec<Digest> {
    let log = open(directory);
    let body = |nth: usize| {
        format!("{nth}: {}", "x".repeat(if nth.is_multiple_of(10) { LONG } else { 300 }))
    };
    let hashes = (1..=40).map(|nth| log.append(interaction("a", &body(nth))).wait().unwrap().hash);
    let hashes = hashes.collect();
    log.close().unwrap();
    hashes
}

fn hashes(directory: &Path) -> Vec<Digest> {
    let log = open(directory);
    log.verify().unwrap();
    log.read(Query::all()).map(|event| event.unwrap().hash).collect()
}

/// The name and content of every file below a directory.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            all.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    all
}

/// Changes a byte of every place in a file where these bytes are; answers how many there were.
fn flip(file: &Path, needle: &[u8]) -> usize {
    let mut bytes = fs::read(file).unwrap();
    let found = bytes.windows(needle.len()).enumerate();
    let found = found.filter(|(_, window)| *window == needle).map(|(at, _)| at);
    let places: Vec<usize> = found.collect();
    for at in &places {
        bytes[*at] ^= 1;
    }
    fs::write(file, bytes).unwrap();
    places.len()
}

/// Changes the record with this body wherever it lies.
fn damage(directory: &Path, nth: usize) {
    let files = ["sled/db", "journal-0", "journal-1"].map(|name| directory.join(name));
    let needle = format!("{nth}: xxx");
    let flipped: usize = files.iter().map(|file| flip(file, needle.as_bytes())).sum();
    assert!(flipped > 0, "{needle} lies nowhere");
}

#[test]
fn a_backup_restored_is_the_same_log_and_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let [data, backup, again] = ["data", "backup", "again"].map(|name| place.path().join(name));
    let expected = written(&data);
    let log = open(&data);
    let copied = log.backup(&backup).unwrap();
    assert_eq!((copied.events, copied.head), (40, expected.last().copied()));
    assert_eq!((copied.log, copied.texts), (Some(log.id()), 4));
    drop(log);
    assert_eq!(restore(&backup, &again).unwrap(), copied);
    assert_eq!(hashes(&again), expected);
    assert_eq!(open(&again).append(interaction("a", "more")).wait().unwrap().first.get(), 41);
    let left: Vec<_> = fs::read_dir(place.path()).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn a_backup_taken_while_appends_go_on_is_a_prefix_at_a_commit() {
    let place = tempfile::tempdir().unwrap();
    let log = open(&place.path().join("data"));
    let appender = {
        let log = log.clone();
        std::thread::spawn(move || {
            let body = |nth: usize| "y".repeat(if nth.is_multiple_of(50) { LONG } else { 50 });
            let landings: Vec<_> =
                (0..2_000).map(|nth| log.append(interaction("a", &body(nth)))).collect();
            landings.into_iter().map(|landing| landing.wait().unwrap().hash).collect::<Vec<_>>()
        })
    };
    let mut copies = Vec::new();
    for nth in 0..5 {
        let (backup, again) =
            (place.path().join(format!("{nth}")), place.path().join(format!("again-{nth}")));
        let copy = log.backup(&backup).unwrap();
        copies.push((copy, restore(&backup, &again).unwrap(), again));
    }
    let expected = appender.join().unwrap();
    for (copy, restored, again) in copies {
        assert_eq!(copy, restored);
        let events = usize::try_from(copy.events).unwrap();
        assert_eq!(hashes(&again), expected[..events]);
    }
}

#[test]
fn a_damaged_backup_is_not_restored_and_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let [data, backup, again] = ["data", "backup", "again"].map(|name| place.path().join(name));
    written(&data);
    open(&data).backup(&backup).unwrap();
    let whole = fs::read(backup.join("commits")).unwrap();
    let text = contents(&backup.join("bodies")).into_keys().next().unwrap();
    let damages: [&dyn Fn(); 5] = [
        &|| assert_eq!(flip(&backup.join("commits"), b"17: xxx"), 1),
        &|| fs::write(backup.join("commits"), &whole[..whole.len() - 1]).unwrap(),
        &|| fs::write(backup.join("commits"), &whole[..whole.len() / 2]).unwrap(),
        &|| fs::write(backup.join("commits"), b"").unwrap(),
        &|| assert!(flip(&text, b"0: x") > 0),
    ];
    for damage in damages {
        damage();
        let refused = restore(&backup, &again).unwrap_err();
        assert!(matches!(refused, RestoreError::Damaged { .. }), "{refused}");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
        fs::write(backup.join("commits"), &whole).unwrap();
    }
    fs::write(backup.join("backup"), "convoke-backup 9\n").unwrap();
    assert!(matches!(restore(&backup, &again).unwrap_err(), RestoreError::Format { .. }));
    assert!(matches!(restore(&data, &again).unwrap_err(), RestoreError::NotFound { .. }));
}

#[test]
fn nothing_is_copied_over_what_is_there() {
    let place = tempfile::tempdir().unwrap();
    let [data, backup] = ["data", "backup"].map(|name| place.path().join(name));
    written(&data);
    let log = open(&data);
    log.backup(&backup).unwrap();
    let before = contents(&backup);
    assert!(matches!(log.backup(&backup).unwrap_err(), BackupError::Exists { .. }));
    assert!(matches!(restore(&backup, &data).unwrap_err(), RestoreError::Exists { .. }));
    assert!(matches!(repair(&data, &backup).unwrap_err(), RepairError::InUse { .. }));
    drop(log);
    assert!(matches!(repair(&data, &backup).unwrap_err(), RepairError::Exists { .. }));
    assert_eq!(contents(&backup), before);
}

#[test]
fn repair_of_a_whole_log_keeps_all_of_it_and_touches_nothing() {
    let place = tempfile::tempdir().unwrap();
    let [data, saved] = ["data", "saved"].map(|name| place.path().join(name));
    let expected = written(&data);
    let before = contents(&data);
    let repaired = repair(&data, &saved).unwrap();
    assert_eq!(contents(&data), before);
    assert_eq!((repaired.events, repaired.head, repaired.texts), (40, expected.last().copied(), 4));
    assert_eq!((repaired.lost.len(), repaired.lost_texts.len(), repaired.salvaged), (0, 0, 0));
    assert_eq!(hashes(&saved), expected);
}

#[test]
fn repair_keeps_every_record_but_the_damaged_one_and_names_that() {
    let place = tempfile::tempdir().unwrap();
    let [data, saved] = ["data", "saved"].map(|name| place.path().join(name));
    let expected = written(&data);
    damage(&data, 17);
    let before = contents(&data);
    let repaired = repair(&data, &saved).unwrap();
    assert_eq!(contents(&data), before);
    assert_eq!(hashes(&saved), expected[..16]);
    let lost: Vec<_> =
        repaired.lost.iter().map(|lost| (lost.first.get(), lost.last.get())).collect();
    assert_eq!(lost, [(17, 17)]);
    assert_eq!(repaired.salvaged, 23);
    let lines = fs::read_to_string(saved.join("salvage.jsonl")).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let positions: Vec<u64> = lines.iter().map(|line| line["position"].as_u64().unwrap()).collect();
    assert_eq!(positions, (18..=40).collect::<Vec<_>>());
    for (line, hash) in lines.iter().zip(&expected[17..]) {
        assert_eq!(
            (line["hash"].as_str(), &line["proof"]),
            (Some(hash.to_string().as_str()), &"linked".into())
        );
    }
    assert_eq!(lines[2]["texts"][0]["content"].as_str().unwrap().len(), LONG + 4);
    let report: Value =
        serde_json::from_slice(&fs::read(saved.join("repair.json")).unwrap()).unwrap();
    assert_eq!(report, serde_json::to_value(&repaired).unwrap());
}

#[test]
fn repair_saves_what_the_store_can_no_longer_be_opened_for() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let expected = written(&data);
    let damages: [(&str, &dyn Fn()); 4] = [
        ("no-conf", &|| fs::write(data.join("sled/conf"), "nothing of the kind").unwrap()),
        ("no-journal", &|| fs::write(data.join("journal-0"), "").unwrap()),
        ("no-format", &|| fs::write(data.join("format"), "convoke-data 77\n").unwrap()),
        ("no-mark", &|| fs::write(data.join("clean"), "").unwrap()),
    ];
    for (name, damage) in damages {
        damage();
        let saved = place.path().join(name);
        assert_eq!(repair(&data, &saved).unwrap().events, 40, "{name}");
        assert_eq!(hashes(&saved), expected, "{name}");
    }
}

#[test]
fn repair_names_the_texts_it_could_not_save() {
    let place = tempfile::tempdir().unwrap();
    let [data, saved] = ["data", "saved"].map(|name| place.path().join(name));
    written(&data);
    let text = contents(&data.join("bodies")).into_keys().next().unwrap();
    fs::write(text, "something else").unwrap();
    let repaired = repair(&data, &saved).unwrap();
    assert_eq!((repaired.events, repaired.texts, repaired.lost_texts.len()), (40, 3, 1));
    let lost = &repaired.lost_texts[0];
    assert!(lost.position.get().is_multiple_of(10) && lost.name == "body", "{lost:?}");
    let log = open(&saved);
    assert_eq!(log.verify().unwrap_err().first_bad, lost.position);
    assert!(!log.read(Query::all().without_bodies()).any(|event| event.is_err()));
}

#[test]
fn an_export_holds_every_field_of_the_envelope_the_payload_and_the_texts() {
    let log = Log::in_memory();
    log.append(interaction("a", "short")).wait().unwrap();
    log.append(interaction("b", &"long ".repeat(2_000))).wait().unwrap();
    let mut out = Vec::new();
    assert_eq!(log.export(Query::all(), &mut out).unwrap(), 2);
    let lines = String::from_utf8(out).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (line, event) in lines.iter().zip(log.read(Query::all())) {
        let event = event.unwrap();
        let Value::Object(envelope) = serde_json::to_value(&event.envelope).unwrap() else {
            panic!("an envelope is an object");
        };
        for (name, value) in envelope {
            assert_eq!(line[&name], value, "{name}");
        }
        assert_eq!(line["hash"], event.hash.to_string());
        assert_eq!(line["event_type"], "InteractionRecorded");
        assert_eq!((&line["version"], &line["payload"]), (&1.into(), &"".into()));
        let text = &line["texts"][0];
        let content = text["content"].as_str().unwrap();
        assert_eq!(text["digest"], Digest::of(content.as_bytes()).to_string());
        assert_eq!(text["length"], content.len());
    }
    assert_eq!(lines[1]["texts"][0]["inline"], false);
    assert_eq!(lines[1]["texts"][0]["content"].as_str().unwrap().len(), 10_000);
}

#[test]
fn events_are_read_by_time_and_the_log_as_of_a_moment() {
    let clock = Arc::new(ManualClock::default());
    let options = Options { clock: clock.clone(), ..Options::default() };
    let log = Log::on(Arc::new(MemoryStore::new()), options).unwrap();
    let at = |minutes: u64| NOON.plus(Duration::from_mins(minutes));
    assert_eq!(log.as_of(at(9)).unwrap(), None);
    // Two at noon, then two each ten minutes later.
    for _ in 0..5 {
        log.append(interaction("a", "1")).wait().unwrap();
        log.append(interaction("b", "2")).wait().unwrap();
        clock.advance(Duration::from_mins(10));
    }
    let as_of = |moment| log.as_of(moment).unwrap().map(Position::get);
    let before = Timestamp::from_micros(NOON.as_micros() - 1);
    assert_eq!(as_of(before), None);
    let moments = [0, 9, 10, 39, 40, 4_000].map(|minutes| as_of(at(minutes)).unwrap());
    assert_eq!(moments, [2, 2, 4, 8, 10, 10]);
    let read = |query: Query| {
        log.read(query).map(|event| event.unwrap().envelope.position.get()).collect::<Vec<_>>()
    };
    assert_eq!(read(Query::all().since(at(10)).until(at(20))), [3, 4, 5, 6]);
    assert_eq!(read(Query::all().since(at(11)).until(at(30)).backward()), [8, 7, 6, 5]);
    assert_eq!(read(Query::all().since(at(41))), [0; 0]);
    assert_eq!(read(Query::all().until(before)), [0; 0]);
    let stream = |name: &str| {
        let hub = "samples".parse().unwrap();
        Query::stream(hub, convoke_events::StreamId::host(name).unwrap())
    };
    assert_eq!(read(stream("b").since(at(1)).until(at(39))), [4, 6, 8]);
    assert_eq!(read(stream("a").since(at(1)).from(Position::new(6).unwrap())), [7, 9]);
    let growth = log.growth().unwrap().unwrap();
    assert_eq!((growth.first_at, growth.newest_at), (NOON, at(40)));
    clock.advance(Duration::from_hours(48));
    log.append(interaction("a", "later")).wait().unwrap();
    let growth = log.growth().unwrap().unwrap();
    assert_eq!((growth.day, growth.week, growth.month), (1, 11, 11));
}

#[test]
fn the_command_backs_up_restores_exports_and_repairs() {
    let (place, data) = fresh();
    let expected = written(&data);
    let at = |name: &str| place.path().join(name);
    let path = |name: &str| at(name).to_str().unwrap().to_owned();
    let head = expected.last().unwrap().to_string();
    let copied = json(&data, &["log", "backup", &path("backup")]);
    assert_eq!((&copied["events"], &copied["texts"]), (&40.into(), &4.into()));
    assert_eq!(copied["head"], head);
    assert_eq!(json(&at("again"), &["log", "restore", &path("backup")]), copied);
    assert_eq!(json(&at("again"), &["log", "verify"])["head"], head);
    let refused = convoke(&at("again"), &["log", "restore", &path("backup")]).failed(1);
    assert!(refused.contains("exists: a log is restored where nothing is"), "{refused}");
    let lines = json_lines(&data, &["log", "export", "--from", "39"]);
    assert_eq!(
        lines.iter().map(|line| line["position"].as_u64()).collect::<Vec<_>>(),
        [Some(39), Some(40)]
    );
    let exported = json(&data, &["log", "export", "--out", &path("all.jsonl")]);
    assert_eq!(exported["events"], 40);
    assert_eq!(fs::read_to_string(at("all.jsonl")).unwrap().lines().count(), 40);
    damage(&data, 29);
    let repaired = json(&data, &["log", "repair", &path("saved")]);
    assert_eq!((&repaired["events"], &repaired["salvaged"]), (&28.into(), &11.into()));
    assert_eq!(repaired["lost"][0]["first"], 29);
    assert_eq!(json(&at("saved"), &["log", "verify"])["events"], 28);
    let missing = convoke(&at("nowhere"), &["log", "repair", &path("other")]).failed(1);
    assert!(missing.contains("there is no log in"), "{missing}");
    let stats = json(&at("saved"), &["log", "stats"]);
    assert_eq!((&stats["events"], &stats["growth"]["day"]), (&28.into(), &28.into()));
}
