//! Any file of a data directory damaged, after any stop: it is harmless or refused by name, never
//! silent, and a repair keeps whatever another file proves.

mod original;
mod repaired;
mod verdict;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use convoke_events::testkit::interaction;
use convoke_events::{Digest, Log};
use tempfile::TempDir;

use self::original::{Original, options, originals};
use self::verdict::{Damage, Outcome, look};
use crate::binary::convoke;
use crate::image::{Image, Seeded, cut, flip, zero};

/// How many of each kind of damage; `CONVOKE_DAMAGES` says otherwise.
const DAMAGES: u64 = 500;

/// One in so many is also shown to the real command.
const COMMANDED: u64 = 20;

const SEED: u64 = 0x0da4_a6e5;

/// A place in memory where there is one: what a sync costs is not the question here.
fn fast() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// What a campaign came to.
#[derive(Debug, Default)]
struct Tally {
    harmless: u64,
    refused: u64,
    repaired: u64,
    commanded: u64,
}

/// Damages one file of one directory after the other, looks, and repairs.
fn campaign(damage: impl Fn(&mut Seeded, &Image, &Path) -> (String, u64)) {
    let times = std::env::var("CONVOKE_DAMAGES").map_or(DAMAGES, |times| times.parse().unwrap());
    let place = fast();
    let [data, saved] = ["data", "saved"].map(|name| place.path().join(name));
    let originals = originals();
    let mut tally = Tally::default();
    for nth in 0..times {
        let seed = SEED + nth;
        let mut seeded = Seeded(seed);
        let original = &originals[usize::try_from(nth).unwrap() % originals.len()];
        let image = some_file(&mut seeded, original);
        let drawn = seeded.0;
        let again = || {
            original.images.put(&data);
            damage(&mut Seeded(drawn), image, &data.join(&image.name))
        };
        let (what, at) = again();
        let case = format!(
            "seed {seed:#x}: {what} of {}, {} events, {} stop",
            image.name.display(),
            original.hashes.len(),
            if original.clean { "clean" } else { "unclean" }
        );
        let damaged = Damage { file: &image.name, at };
        let outcome = catch_unwind(AssertUnwindSafe(|| look(&data)))
            .unwrap_or_else(|_| panic!("{case}: a panic came out"));
        if let Some(complaint) = outcome.complaint(original, &damaged) {
            panic!("{case}: {complaint}");
        }
        if let (Outcome::Read { hashes, .. }, true) = (&outcome, outcome.is_harmless()) {
            tally.harmless += 1;
            if nth % 8 == 0 {
                goes_on(&data, hashes, &case);
            }
        } else {
            tally.refused += 1;
            // As it is found after the refusal.
            let intact = outcome.intact();
            let complaint = repaired::complaint(original, &image.name, intact, &data, &saved);
            if let Some(complaint) = complaint {
                panic!("{case}: {complaint}");
            }
            tally.repaired += 1;
            fs::remove_dir_all(&saved).unwrap();
        }
        if nth % COMMANDED == 0 {
            commanded(&outcome, &data, again, &case);
            tally.commanded += 1;
        }
    }
    let Tally { harmless, refused, repaired, commanded } = tally;
    assert!(harmless > 0 && refused > 0 && repaired == refused && commanded > 0, "{tally:?}");
}

/// Half of the damage goes where most of the log is.
fn some_file<'a>(seeded: &mut Seeded, original: &'a Original) -> &'a Image {
    let images: Vec<&Image> = original.images.0.iter().filter(|image| image.length > 0).collect();
    if seeded.below(2) == 0 {
        images.iter().find(|image| *image.name == *Path::new("sled/db")).unwrap()
    } else {
        images[usize::try_from(seeded.below(images.len().try_into().unwrap())).unwrap()]
    }
}

/// The real command says the same by its exit code, and names the way out.
fn commanded(outcome: &Outcome, data: &Path, again: impl Fn() -> (String, u64), case: &str) {
    // It only reads, so it does not ask for the key.
    let refused = matches!(outcome, Outcome::Refused(_)) && !outcome.is_about_the_key();
    let noticed = !outcome.is_harmless() && !outcome.is_about_the_key();
    for (words, is_damaged) in [(["log", "verify"], noticed), (["log", "stats"], refused)] {
        again();
        let ran = convoke(data, &words);
        let expected = if is_damaged { 4 } else { 0 };
        assert_eq!(ran.code, Some(expected), "{case}: {words:?}: {}{}", ran.out, ran.err);
        assert_eq!(ran.err.contains("`convoke log repair TO`"), is_damaged, "{case}: {}", ran.err);
    }
}

/// What was served takes more, and keeps all of it.
fn goes_on(data: &Path, hashes: &[Digest], case: &str) {
    let log = Log::open_existing(data, options()).unwrap();
    let added = log.append(interaction("more", "{}")).wait().unwrap().hash;
    log.close().unwrap();
    drop(log);
    let Outcome::Read { hashes: read, stopped: None, verified: Ok(_) } = look(data) else {
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
        (format!("bit {bit}"), bit / 8)
    });
}

#[test]
fn a_zeroed_block_anywhere_is_harmless_or_refused_by_name() {
    campaign(|seeded, image, file| {
        let block = somewhere(seeded, image) / 4_096 * 4_096;
        zero(file, block);
        (format!("block at {block}"), block)
    });
}

#[test]
fn a_file_cut_off_anywhere_is_harmless_or_refused_by_name() {
    campaign(|seeded, image, file| {
        let length = somewhere(seeded, image);
        cut(file, length);
        (format!("all behind {length}"), length)
    });
}
