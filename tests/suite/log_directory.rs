//! A log's directory has one owner and one format, and what was acknowledged is in it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use convoke_events::testkit::interaction;
use convoke_events::{Durability, Log, OpenError, Options, Query};

const FORMAT: &str = "convoke-data 2\nchecksum f96652a2\n";

fn open(directory: &Path) -> Result<Log, OpenError> {
    let options = Options { durability: Durability::Buffered, ..Options::default() };
    Log::open(directory, options)
}

fn refusal(directory: &Path) -> OpenError {
    open(directory).expect_err("it should not be opened")
}

#[test]
fn a_log_is_there_again_when_its_directory_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deep/inside");
    let mut heads = Vec::new();
    for opening in 0..3 {
        let log = Log::open(&path, Options::default()).unwrap();
        assert_eq!(log.head().position, opening * 2);
        let body = "x".repeat(15_000);
        log.append(interaction("a", "{}")).wait().unwrap();
        log.append(interaction("b", &body)).wait().unwrap();
        let verified = log.verify().unwrap();
        assert_eq!((verified.events, verified.head), (opening * 2 + 2, log.head().hash));
        heads.push((log.id(), log.read(Query::all()).next().unwrap().unwrap().hash));
    }
    assert!(heads.windows(2).all(|pair| pair[0] == pair[1]), "{heads:?}");
    assert_eq!(fs::read_to_string(path.join("format")).unwrap(), FORMAT);
}

#[test]
fn the_second_owner_is_refused_at_once_and_told_who_is_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path()).unwrap();
    let refused = refusal(directory.path());
    assert!(matches!(refused, OpenError::InUse { .. }) && refused.is_retryable(), "{refused}");
    let text = refused.to_string();
    assert!(text.contains(&format!("process {} (`", std::process::id())), "{text}");
    log.close().unwrap();
    assert!(open(directory.path()).is_ok());
}

#[test]
fn a_lock_file_that_nobody_holds_locks_nobody_out() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("lock"), "1\ninit\n").unwrap();
    assert!(open(directory.path()).is_ok());
}

#[test]
fn a_directory_is_free_as_soon_as_its_log_is_closed_whatever_is_started_meanwhile() {
    let directory = tempfile::tempdir().unwrap();
    let done = Arc::new(AtomicBool::new(false));
    // Between fork and exec a child holds every file that its parent has open.
    let starter = std::thread::spawn({
        let done = Arc::clone(&done);
        move || {
            while !done.load(Ordering::Relaxed) {
                assert!(Command::new("true").status().unwrap().success());
            }
        }
    });
    let mut refused = 0;
    for _ in 0..200 {
        match open(directory.path()) {
            Ok(log) => log.close().unwrap(),
            Err(_) => refused += 1,
        }
    }
    done.store(true, Ordering::Relaxed);
    starter.join().unwrap();
    assert_eq!(refused, 0, "of 200");
}

#[test]
fn opening_an_existing_log_makes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    for path in [directory.path().to_owned(), directory.path().join("missing")] {
        let refused = Log::open_existing(&path, Options::default()).unwrap_err();
        assert!(matches!(refused, OpenError::NotFound { .. }), "{refused}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    drop(open(directory.path()).unwrap());
    let log = Log::open_existing(directory.path(), Options::default()).unwrap();
    assert_eq!(log.verify().unwrap().events, 0);
}

#[test]
fn a_directory_of_another_format_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("format"), "convoke-data 3\nchecksum e07d63e3\n").unwrap();
    let text = refusal(directory.path()).to_string();
    let expected = "holds `convoke-data 3`, and this version of Convoke reads `convoke-data 2`";
    assert!(text.ends_with(expected), "{text}");
    assert!(!directory.path().join("sled").exists());
}

#[test]
fn a_store_without_a_format_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()).unwrap());
    fs::remove_file(directory.path().join("format")).unwrap();
    let refused = refusal(directory.path());
    assert!(matches!(refused, OpenError::NoFormat { .. }), "{refused}");
}

#[test]
fn a_store_with_files_that_no_sync_reaches_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()).unwrap());
    fs::write(directory.path().join("sled/blobs/7"), "x").unwrap();
    let refused = refusal(directory.path());
    assert!(matches!(refused, OpenError::Blobs { .. }), "{refused}");
}

#[test]
fn what_an_interrupted_opening_left_behind_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path()).unwrap();
    log.append(interaction("a", "{}")).wait().unwrap();
    drop(log);
    let leftover = directory.path().join("sled/snap.0000000000000FFF.generating");
    fs::write(&leftover, "half a snapshot").unwrap();
    assert_eq!(open(directory.path()).unwrap().head().position, 1);
    assert!(!leftover.exists());
}

#[test]
fn a_store_whose_configuration_is_garbage_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()).unwrap());
    fs::write(directory.path().join("sled/conf"), "not a configuration at all").unwrap();
    let refused = refusal(directory.path());
    assert!(matches!(refused, OpenError::Store { .. }), "{refused}");
}

#[test]
fn a_store_with_a_flipped_bit_is_refused_or_serves_only_what_was_written() {
    let original = tempfile::tempdir().unwrap();
    let log = open(original.path()).unwrap();
    let mut hashes = Vec::new();
    for nth in 0..60 {
        let body = format!("{nth}: {}", "x".repeat(2_000));
        hashes.push(log.append(interaction("a", &body)).wait().unwrap().hash);
    }
    drop(log);
    let whole = fs::read(original.path().join("sled/db")).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
    for nth in 0..24 {
        let copy = tempfile::tempdir().unwrap();
        fs::create_dir_all(copy.path().join("sled/blobs")).unwrap();
        for name in ["format", "sled/conf"] {
            fs::copy(original.path().join(name), copy.path().join(name)).unwrap();
        }
        let mut changed = whole.clone();
        changed[used * nth / 24] ^= 4;
        fs::write(copy.path().join("sled/db"), changed).unwrap();
        // Refused is as good as served; a panic or another event is not.
        let Ok(log) = open(copy.path()) else { continue };
        let read: Vec<_> = log.read(Query::all()).map(|event| event.unwrap().hash).collect();
        assert_eq!(read, hashes[..read.len()]);
    }
}
