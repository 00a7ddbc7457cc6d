//! What opening and reading a damaged directory may come to.

use std::collections::BTreeSet;
use std::path::Path;

use convoke_events::{Broken, Digest, Log, OpenError, Query, ReadError, Verified};

use super::original::{Original, options};

/// What was damaged.
pub(super) struct Damage<'a> {
    pub(super) file: &'a Path,
    /// The first byte of it that may have changed.
    pub(super) at: u64,
}

/// What opening a directory and reading all of it gives.
pub(super) enum Outcome {
    Refused(OpenError),
    /// The events up to the first that cannot be read, and why it cannot.
    Read {
        hashes: Vec<Digest>,
        stopped: Option<ReadError>,
        verified: Result<Verified, Broken>,
    },
}

pub(super) fn look(data: &Path) -> Outcome {
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
    Outcome::Read { hashes, stopped, verified: log.verify() }
}

impl Outcome {
    /// Whether nothing is wrong with what is served.
    pub(super) fn is_harmless(&self) -> bool {
        matches!(self, Self::Read { stopped: None, verified: Ok(_), .. })
    }

    /// Whether only whoever wants to write is refused: the log's key is gone.
    pub(super) fn is_about_the_key(&self) -> bool {
        let Self::Refused(error) = self else { return false };
        matches!(error, OpenError::KeyFile(_) | OpenError::AnotherKey { .. })
    }

    /// How many events, from the first on, it says are as they were written.
    pub(super) fn intact(&self) -> u64 {
        match self {
            Self::Read { hashes, .. } => u64::try_from(hashes.len()).unwrap(),
            Self::Refused(OpenError::Damaged { first_bad, .. }) => first_bad.get() - 1,
            Self::Refused(_) => 0,
        }
    }

    /// Why it is not what it may be.
    pub(super) fn complaint(&self, original: &Original, damage: &Damage<'_>) -> Option<String> {
        match self {
            Self::Refused(error) => refused(original, damage, error),
            Self::Read { hashes, .. } if !original.hashes.starts_with(hashes) => {
                Some("other events were read".to_owned())
            }
            Self::Read { hashes, stopped: Some(error), verified } => {
                stopped_at(original, damage, hashes, error, verified)
            }
            Self::Read { hashes, stopped: None, verified } => {
                let complete = *hashes == original.hashes;
                if !complete && !is_torn(original, damage, hashes) {
                    return Some(format!("{} of {} events", hashes.len(), original.hashes.len()));
                }
                match verified {
                    Ok(verified) => {
                        let events = u64::try_from(hashes.len()).unwrap();
                        let same =
                            verified.events == events && verified.head == hashes.last().copied();
                        (!same).then(|| format!("verified as {verified:?}"))
                    }
                    Err(broken) => (!complete || !names_a_checkpoint(original, damage, broken))
                        .then(|| format!("all can be read, and yet {broken}")),
                }
            }
        }
    }
}

fn refused(original: &Original, damage: &Damage<'_>, error: &OpenError) -> Option<String> {
    if !error.is_damage() {
        return Some(format!("not called damage: {error:?}"));
    }
    let file = damage.file.to_str().unwrap();
    // These can be thrown away; and behind a clean stop, so can the journal.
    let is_needless = ["lock", "index", "clean"].contains(&file)
        || damage.file.starts_with("bodies")
        || (original.clean && file.starts_with("journal-"));
    if is_needless {
        return Some(format!("it is not needed, and yet {error:?}"));
    }
    // Where the journal holds every commit, no store is needed.
    if file.starts_with("sled/") && original.is_in_journal() {
        return Some(format!("the journal proves all of it, and yet {error:?}"));
    }
    let OpenError::Damaged { first_bad, .. } = error else { return None };
    let events = u64::try_from(original.hashes.len()).unwrap();
    (first_bad.get() > events).then(|| format!("{error} of {events}"))
}

/// What cannot be read is named, by whoever reads it and by whoever verifies.
fn stopped_at(
    original: &Original,
    damage: &Damage<'_>,
    hashes: &[Digest],
    error: &ReadError,
    verified: &Result<Verified, Broken>,
) -> Option<String> {
    let here = u64::try_from(hashes.len()).unwrap() + 1;
    let Err(broken) = verified else { return Some(format!("{error}, and yet verified")) };
    let first_bad = broken.first_bad.get();
    let right = match error {
        ReadError::Body { position, .. } => {
            let names = original.texts.get(damage.file);
            names.is_some_and(|positions| positions[0] == position.get()) && first_bad == here
        }
        ReadError::Store { position, .. }
        | ReadError::Damaged { position, .. }
        | ReadError::Facts { position, .. } => position.get() == here && first_bad <= here,
        ReadError::Stopped { .. } => false,
    };
    (!right).then(|| format!("behind {} events: {error}; {broken}", hashes.len()))
}

/// Only the last commit before a stop that was not clean may be missing, and only where nothing but
/// the damaged journal held it.
fn is_torn(original: &Original, damage: &Damage<'_>, hashes: &[Digest]) -> bool {
    let newest = original.commits();
    let proven: BTreeSet<usize> = original.proven_without(damage.file);
    !original.clean
        && damage.file.to_str().unwrap().starts_with("journal-")
        && !proven.contains(&newest)
        && hashes.len() == original.ends[newest - 1]
}

/// Whether it says that a checkpoint is damaged, and doubts no event that an earlier one covers.
fn names_a_checkpoint(original: &Original, damage: &Damage<'_>, broken: &Broken) -> bool {
    let at = usize::try_from(damage.at).unwrap();
    let covered = original.notes.iter().take_while(|(range, _)| range.end <= at).last();
    let covered = covered.map_or(0, |(_, size)| *size);
    let first_bad = broken.first_bad.get();
    damage.file == Path::new("checkpoints")
        && broken.why.contains("checkpoint")
        // One that is not even a note leaves all of them in doubt.
        && (first_bad == covered + 1 || first_bad == 1)
}
