//! Events read per second: the public reader beside a raw scan of the same bytes.
//!
//! The raw scan fetches every commit from the store, which checks a checksum over each of its
//! chunks, and looks at every byte once more, to add them up, on one thread; the reader also checks
//! every record's checksum and hash and decodes it, on two. Both read a log of a million events of
//! about 250 bytes that has just been opened, in turn.
#![allow(clippy::unwrap_used, reason = "a bench that cannot run has no figure")]

use std::path::Path;
use std::time::Instant;

use convoke_benches::{EVENTS, Figure, directory_on_disk, float, median, write_log};
use convoke_events::{CommitStore, Durability, Log, Options, Query, SledStore};

const ROUNDS: usize = 5;

fn main() {
    let directory = directory_on_disk().unwrap();
    let log = directory.path().join("log");
    write_log(&log, EVENTS);
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        floor.push(scan(&log.join("sled")));
        ours.push(replay(&log));
    }
    let (ours, floor) = (median(ours), median(floor));
    Figure { name: "replay", ours, unit: "events/s", floor }.print();
}

/// Events per second of a scan that understands nothing.
fn scan(store: &Path) -> f64 {
    let store = SledStore::open(store, Durability::Synced).unwrap();
    let start = Instant::now();
    let mut sum = 0_u64;
    for number in 1..=store.head() {
        let bytes = store.read(number).unwrap();
        sum += bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    }
    let rate = float(EVENTS) / start.elapsed().as_secs_f64();
    assert!(sum > EVENTS);
    store.close().unwrap();
    rate
}

/// Events per second through the reader.
fn replay(directory: &Path) -> f64 {
    let log = Log::open_existing(directory, Options::default()).unwrap();
    let start = Instant::now();
    let read = log.read(Query::all()).map(Result::unwrap).count();
    let rate = float(EVENTS) / start.elapsed().as_secs_f64();
    assert_eq!(u64::try_from(read).unwrap(), EVENTS);
    log.close().unwrap();
    rate
}
