//! A million events: bytes on disk, opening from the index file and from nothing, memory of the
//! indexes, proving, verifying.
//!
//! The log is written by the log itself, 64 appends in flight, and closed. Where there is no floor
//! the aim stands in its place: a ratio of at most 1 reaches it, for `verify_offline` at least 1.
#![allow(clippy::unwrap_used, reason = "a bench that cannot run has no figure")]

use std::fs;
use std::path::Path;
use std::time::Instant;

use convoke_benches::{EVENTS, Figure, bytes_in, directory_on_disk, float, median, write_log};
use convoke_events::{Log, Options, Position};

const ROUNDS: usize = 5;

fn main() {
    let directory = directory_on_disk().unwrap();
    let log = directory.path().join("log");
    let raw = write_log(&log, EVENTS);
    space(&log, raw);
    opening(&log);
    memory(&log);
}

/// All files but the journal against the bytes of the records.
fn space(directory: &Path, raw: u64) {
    let on_disk = bytes_in(directory, |name| !name.starts_with("journal-"));
    Figure { name: "space_1m", ours: float(on_disk), unit: "bytes", floor: float(raw) }.print();
}

fn opening(directory: &Path) {
    let (mut from_file, mut cold) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        from_file.push(open(directory));
        fs::remove_file(directory.join("index")).unwrap();
        cold.push(open(directory));
    }
    Figure { name: "open_checkpoint_1m", ours: median(from_file), unit: "s", floor: 0.5 }.print();
    Figure { name: "open_cold_1m", ours: median(cold), unit: "s", floor: 3.0 }.print();
}

/// Seconds until an opened log answers.
fn open(directory: &Path) -> f64 {
    let start = Instant::now();
    let log = Log::open_existing(directory, Options::default()).unwrap();
    assert_eq!(log.head().position, EVENTS);
    let opened = start.elapsed();
    log.close().unwrap();
    opened.as_secs_f64()
}

/// Microseconds for one inclusion proof, any position of all.
fn prove(log: &Log) {
    let position = |nth: u64| Position::new(nth * 7_919 % EVENTS + 1).unwrap();
    // The first one builds the tree.
    log.prove(position(0), EVENTS).unwrap();
    let times = (1..=999).map(|nth| {
        let start = Instant::now();
        log.prove(position(nth), EVENTS).unwrap();
        start.elapsed().as_secs_f64() * 1e6
    });
    Figure { name: "prove_1m", ours: median(times.collect()), unit: "us", floor: 50.0 }.print();
}

fn memory(directory: &Path) {
    let log = Log::open_existing(directory, Options::default()).unwrap();
    let bytes = float(log.reader().index_bytes());
    let ours = bytes / float(EVENTS);
    // Four lists of positions of eight bytes, each grown by doubling, take as much.
    Figure { name: "index_bytes_per_event", ours, unit: "bytes", floor: 64.0 }.print();
    prove(&log);
    let mut rates = Vec::new();
    for _ in 0..3 {
        let start = Instant::now();
        assert_eq!(log.verify().unwrap().events, EVENTS);
        rates.push(float(EVENTS) / start.elapsed().as_secs_f64());
    }
    let (ours, floor) = (median(rates), 200_000.0);
    Figure { name: "verify_offline", ours, unit: "events/s", floor }.print();
}
