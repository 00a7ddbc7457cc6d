//! What every bench shares: the middle of several rounds, the line a figure is printed on, and logs
//! to measure.
#![allow(clippy::expect_used, reason = "a bench that cannot run has no figure")]

pub mod life;

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::Path;

use convoke_events::testkit::interaction;
use convoke_events::{Append, CorrelationId, Log, Options, StreamId};
use tempfile::TempDir;

/// How many events a log to open or to replay holds.
pub const EVENTS: u64 = 1_000_000;

/// Bytes of one record, as the log writes it.
pub const RECORD: usize = 250;

/// One figure beside its floor, measured in the same run.
#[derive(Clone, Copy, Debug)]
pub struct Figure<'a> {
    /// What was measured.
    pub name: &'a str,
    /// Ours, the middle of all rounds.
    pub ours: f64,
    /// In what it is measured.
    pub unit: &'a str,
    /// The floor, the middle of all rounds.
    pub floor: f64,
}

impl Figure<'_> {
    /// Prints `figure NAME OURS UNIT floor FLOOR ratio R`.
    pub fn print(&self) {
        let Self { name, ours, unit, floor } = self;
        println!("figure {name} {ours:.3} {unit} floor {floor:.3} ratio {:.2}", ours / floor);
    }
}

/// The middle of the values; of an even number, the lower of the two.
///
/// # Panics
/// If there are none.
pub fn median(mut values: Vec<f64>) -> f64 {
    assert!(!values.is_empty(), "a figure needs at least one round");
    values.sort_by(f64::total_cmp);
    values.swap_remove((values.len() - 1) / 2)
}

/// Draws that follow from a seed (`SplitMix64`, Steele, Lea and Flood).
#[derive(Clone, Debug)]
pub struct Draws(u64);

impl Draws {
    /// The draws of this seed.
    pub const fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_F491_4F6C_DD1D))
    }

    /// A number from 0 to below 1, each as likely.
    pub fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        float(mixed >> 11) / float(1 << 53)
    }

    /// A whole number from `least` to `most`, each as likely.
    pub fn between(&mut self, least: u32, most: u32) -> u32 {
        let drawn = self.share() * f64::from(most.saturating_sub(least).saturating_add(1));
        // There is no shorter way from a share to a number that could not go wrong.
        (least..most).find(|number| drawn < f64::from(number - least + 1)).unwrap_or(most)
    }
}

/// A directory on the disk the workspace is on, gone when it is dropped: the system's own
/// temporary one is often in memory, where a sync costs nothing.
///
/// # Errors
/// What the operating system said.
pub fn directory_on_disk() -> io::Result<TempDir> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    std::fs::create_dir_all(&target)?;
    tempfile::tempdir_in(target)
}

/// Appends whose records have about [`RECORD`] bytes: 10 hubs in turn, 10 events a stream, each
/// stream a story of its own.
///
/// # Panics
/// If one cannot be made.
pub fn appends(count: u64) -> impl Iterator<Item = Append> {
    let log = Log::in_memory();
    log.append(numbered(1_000_000, 0)).wait().expect("a sample lands");
    let around = usize::try_from(log.stats().bytes).expect("a record has a length");
    let padding = RECORD.saturating_sub(around);
    (0..count).map(move |nth| numbered(nth, padding))
}

fn numbered(nth: u64, padding: usize) -> Append {
    // Ten events of a stream, spread over a hundred: streams overlap as tasks do.
    let stream = nth / 100 * 10 + nth % 10;
    let mut append = interaction("stream", &"x".repeat(padding));
    append.hub = format!("hub-{}", stream % 10).parse().expect("a hub");
    for event in &mut append.events {
        event.stream = StreamId::host(&format!("stream-{stream:07}")).expect("a stream");
        event.correlation = CorrelationId::derive(&[event.stream.as_str()]);
    }
    append
}

/// Writes a log of so many events, 64 in flight, closes it and answers the bytes of its records.
///
/// # Panics
/// If it cannot be written.
pub fn write_log(directory: &Path, events: u64) -> u64 {
    let log = Log::open(directory, Options::default()).expect("a new log");
    let mut landings = VecDeque::new();
    for append in appends(events) {
        if landings.len() == 64 {
            let first: Option<convoke_events::Landing> = landings.pop_front();
            first.map(|landing| landing.wait().expect("an append lands"));
        }
        landings.push_back(log.append(append));
    }
    for landing in landings {
        landing.wait().expect("an append lands");
    }
    let raw = log.stats().bytes;
    log.close().expect("a log that closes");
    raw
}

/// Bytes of all files below a directory whose name passes.
///
/// # Panics
/// If they cannot be looked at.
pub fn bytes_in(directory: &Path, passes: fn(&str) -> bool) -> u64 {
    let entries = fs::read_dir(directory).expect("a directory");
    let bytes = entries.map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        if path.is_dir() {
            bytes_in(&path, passes)
        } else if name.is_some_and(|name| passes(&name)) {
            path.metadata().expect("a file").len()
        } else {
            0
        }
    });
    bytes.sum()
}

/// A count as a figure.
#[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "figures are rounded anyway")]
pub const fn float(count: u64) -> f64 {
    count as f64
}
