//! Any file of a data directory damaged, after any stop: it is harmless or refused by name, and
//! never silent.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use convoke_events::testkit::interaction;
use convoke_events::{
    Append, CommitStore, Digest, Durability, JournalOptions, JournaledStore, Log, OpenError,
    Options, Query, ReadError,
};
use tempfile::TempDir;

use crate::image::{Image, Images, Seeded, cut, flip, zero};

/// How many of each kind of damage; `CONVOKE_DAMAGES` says otherwise.
const DAMAGES: u64 = 500;

const SEED: u64 = 0x0da4_a6e5;

fn options() -> Options {
    Options { durability: Durability::Buffered, ..Options::default() }
}

/// A directory as it would be found, and the hashes of what was acknowledged in it.
struct Original {
    images: Images,
    clean: bool,
    hashes: Vec<Digest>,
}

/// An append of one to three events; now and then with a text that lies beside the log.
fn some(nth: u64) -> Append {
    let length = if nth.is_multiple_of(9) { 5_000 } else { 20 * (nth % 40) };
    let body = format!("{nth} {}", "x".repeat(usize::try_from(length).unwrap()));
    let mut append = interaction(&format!("s{}", nth % 5), &body);
    let event = append.events[0].clone();
    append.events = vec![event; usize::try_from(nth % 3 + 1).unwrap()];
    append
}

/// A log of three sessions; the journal of a long one no longer holds its beginning.
fn original(appends: u64, clean: bool) -> Original {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    fs::create_dir(&data).unwrap();
    let journal = JournalOptions {
        durability: Durability::Buffered,
        segment_bytes: 128 * 1024,
        ..JournalOptions::default()
    };
    JournaledStore::open(&data, &journal).unwrap().close().unwrap();
    fs::write(data.join("format"), "convoke-data 1\n").unwrap();
    let session = |from: u64, to: u64| {
        let log = Log::open(&data, options()).unwrap();
        for nth in from..to {
            log.append(some(nth)).wait().unwrap();
        }
        log
    };
    session(0, appends / 3).close().unwrap();
    session(appends / 3, appends / 2).close().unwrap();
    let log = session(appends / 2, appends);
    let hashes = log.read(Query::all()).map(|event| event.unwrap().hash).collect();
    if clean {
        log.close().unwrap();
    }
    Original { images: Images::take(&data), clean, hashes }
}

fn originals() -> Vec<Original> {
    let kinds = [(24, true), (24, false), (90, true), (90, false)];
    kinds.map(|(appends, clean)| original(appends, clean)).into()
}

/// What opening a directory and reading all of it gives.
enum Outcome {
    Refused(OpenError),
    /// The events up to the first that cannot be read, and why it cannot.
    Read {
        hashes: Vec<Digest>,
        stopped: Option<ReadError>,
        verified: bool,
    },
}

fn look(data: &Path) -> Outcome {
    let log = match Log::open_existing(data, options()) {
        Ok(log) => log,
        Err(error) => return Outcome::Refused(error),
    };
    let mut hashes = Vec::new();
    let mut stopped = None;
    for event in log.read(Query::all()) {
        match event {
            Ok(event) => hashes.push(event.hash),
            Err(error) => {
                stopped = Some(error);
                break;
            }
        }
    }
    let verified = log.verify().is_ok();
    Outcome::Read { hashes, stopped, verified }
}

/// Why an outcome is not what it may be.
fn complaint(original: &Original, damaged: &str, outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Refused(error) => {
            let named = error.is_damage() || matches!(error, OpenError::Format { .. });
            (!named).then(|| format!("refused as {error:?}"))
        }
        Outcome::Read { hashes, stopped: Some(error), verified } => {
            if !original.hashes.starts_with(hashes) {
                return Some("other events were read".to_owned());
            }
            verified.then(|| format!("{error} and yet verified"))
        }
        Outcome::Read { hashes, stopped: None, .. } => {
            // The last append before a stop that was not clean, in the one file that held it.
            let least = original.hashes.len() - 3;
            let torn = !original.clean
                && damaged.starts_with("journal-")
                && hashes.len() >= least
                && original.hashes.starts_with(hashes);
            if *hashes != original.hashes && !torn {
                return Some(format!("{} of {} events", hashes.len(), original.hashes.len()));
            }
            // What lies beside the events may be damaged; that is for `verify` to name.
            None
        }
    }
}

/// A place in memory where there is one: what a sync costs is not the question here.
fn fast() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// Damages one file of one directory after the other, and looks.
fn campaign(damage: impl Fn(&mut Seeded, &Image, &Path) -> String) {
    let times = std::env::var("CONVOKE_DAMAGES").map_or(DAMAGES, |times| times.parse().unwrap());
    let place = fast();
    let data = place.path().join("data");
    let originals = originals();
    let (mut harmless, mut refused) = (0, 0);
    for nth in 0..times {
        let seed = SEED + nth;
        let mut seeded = Seeded(seed);
        let original = &originals[usize::try_from(nth).unwrap() % originals.len()];
        let images: Vec<&Image> =
            original.images.0.iter().filter(|image| image.length > 0).collect();
        // Half of it goes where most of the log is.
        let image = if seeded.below(2) == 0 {
            images.iter().find(|image| *image.name == *Path::new("sled/db")).unwrap()
        } else {
            images[usize::try_from(seeded.below(images.len().try_into().unwrap())).unwrap()]
        };
        original.images.put(&data);
        let name = image.name.display().to_string();
        let what = damage(&mut seeded, image, &data.join(&image.name));
        let case = format!(
            "seed {seed:#x}: {what} of {name}, {} events, {} stop",
            original.hashes.len(),
            if original.clean { "clean" } else { "unclean" }
        );
        let outcome = catch_unwind(AssertUnwindSafe(|| look(&data)))
            .unwrap_or_else(|_| panic!("{case}: a panic came out"));
        if let Some(complaint) = complaint(original, &name, &outcome) {
            panic!("{case}: {complaint}");
        }
        match outcome {
            Outcome::Read { hashes, stopped: None, verified: true } => {
                harmless += 1;
                if nth % 8 == 0 {
                    goes_on(&data, &hashes, &case);
                }
            }
            Outcome::Read { .. } | Outcome::Refused(_) => refused += 1,
        }
    }
    assert!(harmless > 0 && refused > 0, "{harmless} were harmless, {refused} refused");
}

/// What was served takes more, and keeps all of it.
fn goes_on(data: &Path, hashes: &[Digest], case: &str) {
    let log = Log::open_existing(data, options()).unwrap();
    let added = log.append(interaction("more", "{}")).wait().unwrap().hash;
    log.close().unwrap();
    drop(log);
    let Outcome::Read { hashes: read, stopped: None, verified: true } = look(data) else {
        panic!("{case}: it was served and does not go on");
    };
    assert_eq!(read, [hashes, &[added]].concat(), "{case}");
}

/// A byte of the file, mostly where it holds anything.
fn somewhere(seeded: &mut Seeded, image: &Image) -> u64 {
    let used = image.used();
    if used.is_empty() || seeded.below(8) == 0 {
        return seeded.below(image.length);
    }
    let block = used[usize::try_from(seeded.below(used.len().try_into().unwrap())).unwrap()];
    block + seeded.below((image.length - block).min(4_096))
}

#[test]
fn a_flipped_bit_anywhere_is_harmless_or_refused_by_name() {
    campaign(|seeded, image, file| {
        let bit = somewhere(seeded, image) * 8 + seeded.below(8);
        flip(file, bit);
        format!("bit {bit}")
    });
}

#[test]
fn a_zeroed_block_anywhere_is_harmless_or_refused_by_name() {
    campaign(|seeded, image, file| {
        let block = somewhere(seeded, image) / 4_096 * 4_096;
        zero(file, block);
        format!("block at {block}")
    });
}

#[test]
fn a_file_cut_off_anywhere_is_harmless_or_refused_by_name() {
    campaign(|seeded, image, file| {
        let length = somewhere(seeded, image);
        cut(file, length);
        format!("all behind {length}")
    });
}
