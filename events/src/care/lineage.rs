//! Lineage: which of the records that were found are the log, one after the other.

use std::collections::BTreeMap;

use super::carve::{Found, Sources};
use crate::record::genesis;
use crate::{Digest, LogId};

/// The records of one log that were found, by position.
#[derive(Debug)]
pub(super) struct Lineage {
    pub(super) log: LogId,
    found: BTreeMap<u64, Vec<Found>>,
}

/// A record that follows the one before it.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) record: Vec<u8>,
    pub(super) hash: Digest,
}

impl Lineage {
    /// Sorts what was found; nothing if nothing was. Where there are records of several logs, most
    /// are of the one that is looked for.
    pub(super) fn of(all: Vec<(Found, bool)>) -> Option<Self> {
        let mut logs: BTreeMap<LogId, u64> = BTreeMap::new();
        for (found, _) in &all {
            *logs.entry(found.log).or_default() += 1;
        }
        let (log, _) = logs.into_iter().max_by_key(|(_, count)| *count)?;
        let mut by_position: BTreeMap<u64, Vec<Found>> = BTreeMap::new();
        for (one, linked) in all.into_iter().filter(|(one, _)| one.log == log) {
            let at = by_position.entry(one.position).or_default();
            let same = |other: &Found| (other.previous, other.hash) == (one.previous, one.hash);
            // What agrees with itself comes first, and once.
            if linked {
                if !at.iter().any(same) {
                    at.insert(0, one);
                }
            } else {
                at.push(one);
            }
        }
        Some(Self { log, found: by_position })
    }

    /// The hash chain's link before the first record.
    pub(super) fn genesis(&self) -> Digest {
        genesis(self.log)
    }

    /// The newest position of which anything was found.
    pub(super) fn newest(&self) -> u64 {
        self.found.last_key_value().map_or(0, |(position, _)| *position)
    }

    fn at(&self, position: u64) -> &[Found] {
        self.found.get(&position).map_or(&[], Vec::as_slice)
    }

    /// The record at this position that follows the link before it.
    ///
    /// It has to be whole, and one link around it has to say so: the one before it is the one it
    /// should follow, or the one at it, or before the next, is the one that follows from it. Where
    /// several do, because what was there was never acknowledged and was written again, it is the
    /// one that goes on longest.
    pub(super) fn next(&self, sources: &Sources, position: u64, before: Digest) -> Option<Next> {
        let mut options: Vec<Next> = Vec::new();
        for found in self.at(position) {
            let Ok(record) = sources.record(found) else { continue };
            let hash = before.chain(&record);
            let follows = found.previous == before || found.hash == hash;
            let is_followed = || self.at(position + 1).iter().any(|next| next.previous == hash);
            let is_new = options.iter().all(|option| option.hash != hash);
            if is_new && (follows || is_followed()) {
                options.push(Next { record, hash });
            }
        }
        if options.len() > 1 {
            options.sort_by_key(|option| std::cmp::Reverse(self.reach(position, option.hash)));
        }
        options.into_iter().next()
    }

    /// How far the links alone go on from here.
    fn reach(&self, mut position: u64, mut hash: Digest) -> u64 {
        while let Some(next) =
            self.at(position + 1).iter().find(|next| next.previous == hash && next.hash != hash)
        {
            position += 1;
            hash = next.hash;
        }
        position
    }

    /// Every record behind this position that was found, each once.
    pub(super) fn behind(&self, position: u64) -> impl Iterator<Item = &Found> {
        self.found.range(position + 1..).flat_map(|(_, found)| found)
    }
}
