//! A log's directory has one owner and one format, and what was acknowledged is in it.

use std::fs;
use std::path::Path;

use convoke_events::testkit::interaction;
use convoke_events::{Durability, Log, OpenError, Options, Query};

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
        let long = "x".repeat(15_000);
        log.append(interaction("a", "{}")).wait().unwrap();
        log.append(interaction("b", &long)).wait().unwrap();
        let verified = log.verify().unwrap();
        assert_eq!((verified.events, verified.head), (opening * 2 + 2, log.head().hash));
        heads.push((log.id(), log.read(Query::all()).next().unwrap().unwrap().hash));
    }
    assert!(heads.windows(2).all(|pair| pair[0] == pair[1]), "{heads:?}");
    assert_eq!(fs::read_to_string(path.join("format")).unwrap(), "convoke-data 1\n");
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
    fs::write(directory.path().join("format"), "convoke-data 2\n").unwrap();
    let text = refusal(directory.path()).to_string();
    let expected = "holds `convoke-data 2`, and this version of Convoke reads `convoke-data 1`";
    assert!(text.ends_with(expected), "{text}");
    assert!(!directory.path().join("sled").exists());
}

#[test]
fn a_store_without_a_format_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()).unwrap());
    fs::remove_file(directory.path().join("format")).unwrap();
    let refused = refusal(directory.path());
    assert!(matches!(refused, OpenError::Format { .. }), "{refused}");
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
fn a_store_whose_file_was_overwritten_is_refused_or_found_broken_and_never_panics() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path()).unwrap();
    for _ in 0..50 {
        log.append(interaction("a", &"x".repeat(2_000))).wait().unwrap();
    }
    drop(log);
    let file = directory.path().join("sled/conf");
    fs::write(&file, "not a configuration at all").unwrap();
    let refused = refusal(directory.path());
    assert!(matches!(refused, OpenError::Store { .. }), "{refused}");
}
