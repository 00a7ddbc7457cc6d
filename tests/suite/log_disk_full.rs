//! A full disk: a clear error at once, nothing acknowledged is lost, and it serves again.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use convoke_events::testkit::interaction;
use convoke_events::{
    Append, AppendError, CommitStore, Digest, Disk, DiskFile, Durability, JournalOptions,
    JournaledStore, Log, Options, Query,
};

/// A disk with room for so many writes of the journal and syncs of the store.
struct Small {
    writes: AtomicU64,
    syncs: AtomicU64,
    /// How much of the write that does not fit is written.
    part: usize,
}

fn one_less(left: &AtomicU64) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl Disk for Small {
    fn write_at(&self, _: DiskFile, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        if one_less(&self.writes) {
            file.write_at(bytes, offset)
        } else if self.part > 0 && bytes.len() > self.part {
            file.write_at(&bytes[..self.part], offset)
        } else {
            Err(ErrorKind::StorageFull.into())
        }
    }

    fn sync(&self, which: DiskFile, _: &File) -> io::Result<()> {
        if which == DiskFile::Store && !one_less(&self.syncs) {
            return Err(ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

fn open(path: &Path, disk: Arc<dyn Disk>) -> Log {
    let durability = Durability::Synced;
    let journal = JournalOptions { durability, segment_bytes: 128 * 1024, disk };
    let store: Arc<dyn CommitStore> = Arc::new(JournaledStore::open(path, &journal).unwrap());
    Log::on(store, Options::default()).unwrap()
}

/// An append of four events, about 16 KiB.
fn long() -> Append {
    let mut append = interaction("a", &"x".repeat(4_000));
    append.events = (0..4).flat_map(|_| append.events.clone()).collect();
    append
}

/// Appends until it fails, which must not take long.
fn fill(log: &Log, most: usize) -> (Vec<Digest>, AppendError) {
    let mut acknowledged = Vec::new();
    for _ in 0..most {
        let began = Instant::now();
        match log.append(long()).wait() {
            Ok(receipt) => acknowledged.push(receipt.hash),
            Err(error) => {
                assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
                let again = log.append(interaction("a", "{}")).wait().unwrap_err();
                assert!(matches!(again, AppendError::Stopped { .. }), "{again}");
                return (acknowledged, error);
            }
        }
    }
    panic!("there was room for {most} events");
}

/// What was acknowledged is there, with at most one more, and it goes on.
fn serves_again(log: &Log, acknowledged: &[Digest]) {
    let read: Vec<Digest> = log.read(Query::all()).map(|event| event.unwrap().hash).collect();
    assert!(read.len() >= 4 * acknowledged.len(), "{} events", read.len());
    assert!(read.len() <= 4 * acknowledged.len() + 4);
    for (nth, hash) in acknowledged.iter().enumerate() {
        assert_eq!(read[4 * nth + 3], *hash);
    }
    log.append(interaction("a", "{}")).wait().unwrap();
    assert_eq!(log.verify().unwrap().head, log.head().hash);
}

fn system() -> Arc<dyn Disk> {
    Arc::new(convoke_events::SystemDisk)
}

#[test]
fn a_journal_without_room_holds_nothing_of_the_append_and_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Small { writes: 5.into(), syncs: u64::MAX.into(), part: 0 };
    let log = open(directory.path(), Arc::new(disk));
    let (acknowledged, error) = fill(&log, 100);
    assert_eq!(acknowledged.len(), 5);
    assert!(matches!(error, AppendError::Stopped { .. }), "{error}");
    assert!(error.to_string().contains("no room"), "{error}");
    drop(log);
    let log = open(directory.path(), system());
    assert_eq!(log.head().position, 20);
    serves_again(&log, &acknowledged);
}

#[test]
fn an_append_that_was_written_in_part_is_of_unknown_fate_and_gone_when_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Small { writes: 5.into(), syncs: u64::MAX.into(), part: 4_096 };
    let log = open(directory.path(), Arc::new(disk));
    let (acknowledged, error) = fill(&log, 100);
    assert_eq!(acknowledged.len(), 5);
    assert!(matches!(error, AppendError::Unknown { .. }), "{error}");
    drop(log);
    let log = open(directory.path(), system());
    assert_eq!(log.head().position, 20);
    serves_again(&log, &acknowledged);
}

#[test]
fn a_store_without_room_stops_the_log_before_a_segment_is_used_again() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Small { writes: u64::MAX.into(), syncs: 1.into(), part: 0 };
    let log = open(directory.path(), Arc::new(disk));
    let (acknowledged, error) = fill(&log, 100);
    assert!(!acknowledged.is_empty() && acknowledged.len() <= 14, "{}", acknowledged.len());
    assert!(error.to_string().contains("no room"), "{error}");
    drop(log);
    serves_again(&open(directory.path(), system()), &acknowledged);
}

/// A small file system of its own, gone when dropped.
struct Mounted(tempfile::TempDir);

impl Mounted {
    /// None where we may not mount.
    fn new(options: &str) -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", options, "tmpfs"], place.path());
        mounted.then(|| Self(place))
    }
}

fn mount(arguments: &[&str], place: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(place).output();
    output.is_ok_and(|output| output.status.success())
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // A directory that stays mounted is left to whoever looks after the machine.
        let _ = Command::new("umount").arg(self.0.path()).output();
    }
}

#[test]
fn a_full_file_system_stops_the_log_at_once_and_loses_nothing() {
    // Elsewhere than where we may mount, the seam above stands for it alone.
    let Some(mounted) = Mounted::new("size=64m") else {
        return a_journal_without_room_holds_nothing_of_the_append_and_says_so();
    };
    let path = mounted.0.path().join("data");
    let log = Log::open(&path, Options::default()).unwrap();
    let (acknowledged, error) = fill(&log, 20_000);
    assert!(!error.to_string().is_empty());
    // It cannot be closed in good order, and must not hang.
    drop(log);
    // Without more room it may be refused, but by name and not for ever.
    drop(Log::open(&path, Options::default()));
    assert!(mount(&["-o", "remount,size=512m"], mounted.0.path()));
    let log = Log::open(&path, Options::default()).unwrap();
    serves_again(&log, &acknowledged);
}
