//! What a repair must keep of a damaged directory, and say of the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use convoke_events::{Digest, Log, Query, Repaired, repair};
use serde_json::Value;

use super::original::{Original, reading};

/// Why a repair does not do what it must, where so many events were said to be intact.
pub(super) fn complaint(
    original: &Original,
    damaged: &Path,
    intact: u64,
    from: &Path,
    to: &Path,
) -> Option<String> {
    let repaired = match repair(from, to) {
        Ok(repaired) => repaired,
        Err(error) => return Some(format!("no repair: {error:?}")),
    };
    if repaired.events < intact {
        return Some(format!("{intact} were said to be intact: {repaired:?}"));
    }
    kept(original, damaged, &repaired, to).err()
}

fn kept(original: &Original, damaged: &Path, repaired: &Repaired, to: &Path) -> Result<(), String> {
    let must =
        |holds: bool, what: &str| if holds { Ok(()) } else { Err(format!("{what}: {repaired:?}")) };
    let read = read(original, damaged, repaired, to)?;
    must(repaired.head == read.last().copied(), "another head")?;
    let salvaged = salvaged(original, to)?;
    must(u64::try_from(salvaged.len()).unwrap() == repaired.salvaged, "miscounted")?;

    let proven = original.proven_without(damaged);
    let gap = (1..=original.commits()).find(|commit| !proven.contains(commit));
    let prefix = original.ends[gap.map_or(original.commits(), |gap| gap - 1)];
    must(read.len() >= prefix, "the log ends too early")?;
    let mut here: BTreeSet<u64> = (1..=repaired.events).chain(salvaged).collect();
    let positions = |commit: &usize| original.positions(*commit);
    must(proven.iter().flat_map(positions).all(|at| here.contains(&at)), "a proven event is lost")?;

    // What nothing speaks of any more cannot be missed.
    let signed = original.notes.last().map(|(_, size)| *size);
    let signed = signed.filter(|_| damaged != Path::new("checkpoints")).unwrap_or(0);
    let known = here.last().copied().unwrap_or(0).max(signed);
    for lost in &repaired.lost {
        for position in lost.first.get()..=lost.last.get() {
            must(here.insert(position), "lost and found")?;
        }
    }
    must((1..=known).all(|at| here.contains(&at)), "something is missing and not said to be")
}

/// The new log's events, which are the first of the original's.
fn read(
    original: &Original,
    damaged: &Path,
    repaired: &Repaired,
    to: &Path,
) -> Result<Vec<Digest>, String> {
    let log = Log::open_existing(to, reading()).map_err(|error| format!("repaired: {error:?}"))?;
    let events = log.read(Query::all().without_bodies());
    let hashes = events.map(|event| event.map(|event| event.hash)).collect::<Result<Vec<_>, _>>();
    let hashes = hashes.map_err(|error| format!("repaired: {error}"))?;
    if !original.hashes.starts_with(&hashes) {
        return Err("other events were kept".to_owned());
    }
    let named = original.texts.get(damaged).map_or(&[][..], Vec::as_slice);
    let lost: Vec<u64> = repaired.lost_texts.iter().map(|text| text.position.get()).collect();
    let expected = named.iter().copied().filter(|at| *at <= repaired.events);
    if !expected.eq(lost.iter().copied()) {
        return Err(format!("lost texts: {:?}", repaired.lost_texts));
    }
    match (log.verify(), lost.first()) {
        (Ok(verified), None) if verified.events == repaired.events => Ok(hashes),
        (Err(broken), Some(first)) if broken.first_bad.get() == *first => Ok(hashes),
        (verified, _) => Err(format!("repaired and verified as {verified:?}")),
    }
}

/// The positions of the records kept beside the new log, each as it was written.
fn salvaged(original: &Original, to: &Path) -> Result<BTreeSet<u64>, String> {
    let text = fs::read_to_string(to.join("salvage.jsonl")).unwrap_or_default();
    let mut positions = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let position = line["position"].as_u64().unwrap();
        let hash = original.hashes[usize::try_from(position).unwrap() - 1];
        // Where only the checksum vouches for it, the hash beside it may be anything.
        if line["proof"] == "linked" && line["hash"] != hash.to_string() {
            return Err(format!("salvaged as another event: {line}"));
        }
        positions.insert(position, hash);
    }
    Ok(positions.into_keys().collect())
}
