//! Opening: what lies in the directory becomes one log, or is refused by name.

use std::fs;
use std::io;
use std::path::Path;

use super::JournalOptions;
use super::disagreement::{Disagreement, Evidence, judge};
use super::frame::BLOCK;
use super::mark::Mark;
use super::segment::{self, Found, START, Shape};
use super::spare;
use crate::store::disk::DiskFile;
use crate::{CommitError, CommitStore, Digest, Durability, OpenError, SledStore, StoreReadError};

/// A store and a journal that make up one log.
pub(super) struct Opened {
    /// It holds every commit, synced.
    pub(super) store: SledStore,
    pub(super) shape: Shape,
    /// Where the next frame begins.
    pub(super) segment: u8,
    pub(super) offset: u64,
    /// The checksum of the newest commit.
    pub(super) previous: u32,
    /// Whether the mark of the last clean stop is still there.
    pub(super) marked: bool,
    /// Whether the store is exactly what the last stop left, and that was clean.
    pub(super) clean: bool,
}

pub(super) fn open(directory: &Path, options: &JournalOptions) -> Result<Opened, OpenError> {
    remove_leftovers(directory).map_err(failed("clear", directory))?;
    let mark = Mark::read(directory).map_err(failed("read", &directory.join("clean")))?;
    let stored = directory.join("sled");
    if mark.is_none() {
        if stored.join("db").exists() {
            spare::keep(directory).map_err(failed("copy", &stored))?;
        } else {
            make_first(directory, options)?;
        }
    }
    match with_store(directory, options, mark.as_ref()) {
        Err(OpenError::Store { why, .. }) if journal_holds_all(directory)? => {
            tracing::warn!(why, "the store is made anew from the journal, which holds all of it");
            spare::set_aside(directory).map_err(failed("rename", &stored))?;
            with_store(directory, options, mark.as_ref())
        }
        opened => opened,
    }
}

fn with_store(
    directory: &Path,
    options: &JournalOptions,
    mark: Option<&Mark>,
) -> Result<Opened, OpenError> {
    let store = SledStore::open_behind(&directory.join("sled"), options.durability)?;
    match mark {
        Some(mark) if ends_at(&store, mark) => after_clean_stop(directory, options, store, mark),
        _ => after_any_stop(directory, options, store, mark),
    }
}

/// Whether the journal alone proves every commit there ever was: it reaches back to the first, and
/// none is missing up to its end, which no store is ever ahead of.
fn journal_holds_all(directory: &Path) -> Result<bool, OpenError> {
    let found = Found::read(directory).map_err(failed("read the journal in", directory))?;
    let dense = found.frames.keys().zip(1..).all(|(commit, expected)| *commit == expected);
    Ok(found.trouble.is_none() && dense && !found.frames.is_empty())
}

/// Makes the journal where nothing was ever written; before the store, so that a store without a
/// journal is always one that lost it.
fn make_first(directory: &Path, options: &JournalOptions) -> Result<(), OpenError> {
    let found = Found::read(directory).map_err(failed("read", directory))?;
    let is_new = matches!(found.trouble, Some(Disagreement::JournalMissing { .. }));
    if is_new && found.frames.is_empty() {
        make(directory, options)?;
    }
    Ok(())
}

pub(super) fn make(directory: &Path, options: &JournalOptions) -> Result<Shape, OpenError> {
    let size = options.segment_bytes.next_multiple_of(START).max(2 * START);
    let shape = Shape { nonce: *crate::LogId::random().as_bytes(), size };
    segment::make(directory, &shape, options.durability)
        .map_err(failed("make the journal in", directory))?;
    Ok(shape)
}

/// Whether the store ends with the very commit of the mark.
fn ends_at(store: &SledStore, mark: &Mark) -> bool {
    store.head() == mark.commits && digest(store, mark.commits) == Some(mark.newest)
}

/// The digest of a commit, of nothing for commit 0; none if it cannot be read.
pub(super) fn digest(store: &SledStore, commit: u64) -> Option<Digest> {
    newest(store, commit).ok().map(|bytes| Digest::of(&bytes))
}

fn newest(store: &SledStore, head: u64) -> Result<Vec<u8>, StoreReadError> {
    if head == 0 { Ok(Vec::new()) } else { store.read(head) }
}

fn after_clean_stop(
    directory: &Path,
    options: &JournalOptions,
    store: SledStore,
    mark: &Mark,
) -> Result<Opened, OpenError> {
    let whole = segment::shape(directory).map_err(failed("read the journal in", directory))?;
    let (shape, segment, offset) = match whole {
        Some(shape) => (shape, mark.segment.min(1), mark.offset.min(shape.size)),
        None => (make(directory, options)?, 0, START),
    };
    let place = (segment, offset);
    Ok(Opened { marked: true, clean: true, ..opened(directory, store, shape, place)? })
}

fn after_any_stop(
    directory: &Path,
    options: &JournalOptions,
    store: SledStore,
    mark: Option<&Mark>,
) -> Result<Opened, OpenError> {
    let mut found = Found::read(directory).map_err(failed("read the journal in", directory))?;
    let held = store.head();
    let evidence = Evidence {
        store: held,
        mark: mark.map(|mark| mark.commits),
        frames: &found.frames,
        is_oldest: &|frame| found.is_oldest(frame),
        trouble: found.trouble.as_ref(),
    };
    let newest = judge(&evidence)?;
    compare(directory, &store, &found)?;
    for (_, frame) in found.frames.range(held.saturating_add(1)..) {
        let after = store.head();
        store.commit(after, found.commit(frame)).map_err(untaken(directory))?;
    }
    if let Some(mark) = mark
        && digest(&store, mark.commits) != Some(mark.newest)
    {
        return Err(Disagreement::OtherThanMark { commit: mark.commits }.into());
    }
    let sync = |file: &fs::File| match options.durability {
        Durability::Synced => options.disk.sync(DiskFile::Store, file),
        Durability::Buffered => Ok(()),
    };
    store.write_out(sync).map_err(untaken(directory))?;
    if newest > held {
        tracing::info!(commits = newest - held, "the store took what only the journal held");
    }
    found.heal(directory).map_err(failed("write the journal in", directory))?;
    let (shape, place) = match (found.shape, &found.trouble) {
        (Some(shape), None) => {
            let behind = found.frames.remove(&newest).map(|(segment, frame)| {
                let end = frame.bytes.end.next_multiple_of(BLOCK);
                (segment, u64::try_from(end).unwrap_or(u64::MAX))
            });
            (shape, behind.unwrap_or((0, START)))
        }
        _ => (make(directory, options)?, (0, START)),
    };
    Ok(Opened { marked: mark.is_some(), ..opened(directory, store, shape, place)? })
}

fn opened(
    directory: &Path,
    store: SledStore,
    shape: Shape,
    (segment, offset): (u8, u64),
) -> Result<Opened, OpenError> {
    let bytes = newest(&store, store.head()).map_err(|error| unread(directory, &error))?;
    let previous = if store.head() == 0 { 0 } else { crc32fast::hash(&bytes) };
    Ok(Opened { store, shape, segment, offset, previous, marked: false, clean: false })
}

/// Compares every frame with the same commit in the store, and with the commit before it. What is
/// damaged in the store and whole in the journal is written again.
fn compare(directory: &Path, store: &SledStore, found: &Found) -> Result<(), OpenError> {
    for (commit, frame) in &found.frames {
        let (before, bytes) = (commit.saturating_sub(1), found.commit(frame));
        let previous = match found.frames.get(&before) {
            Some((_, before)) => Some(before.content),
            None if before == 0 => Some(0),
            None => store.read(before).ok().map(|bytes| crc32fast::hash(&bytes)),
        };
        let fits = previous.is_none_or(|previous| previous == frame.1.previous);
        let stored = if *commit <= store.head() { store.read(*commit) } else { Ok(bytes.to_vec()) };
        match stored {
            Ok(stored) if fits && stored == bytes => {}
            Ok(_) => return Err(Disagreement::Diverged { commit: *commit }.into()),
            Err(StoreReadError::Damaged { .. }) if fits => {
                tracing::warn!(commit, "the store took a commit again that was damaged in it");
                store.mend(*commit, bytes).map_err(untaken(directory))?;
            }
            Err(error) => return Err(unread(directory, &error)),
        }
    }
    Ok(())
}

/// Removes what was being made when an earlier process ended.
fn remove_leftovers(directory: &Path) -> io::Result<()> {
    for name in ["clean.new", "journal-0.new", "journal-1.new"] {
        match fs::remove_file(directory.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn unread(directory: &Path, error: &StoreReadError) -> OpenError {
    OpenError::Store { directory: directory.join("sled"), why: error.to_string() }
}

fn untaken(directory: &Path) -> impl Fn(CommitError) -> OpenError {
    move |error| match error {
        CommitError::Full { why } => {
            failed("write", directory)(io::Error::new(io::ErrorKind::StorageFull, why))
        }
        CommitError::Unknown { .. } | CommitError::Conflict { .. } => {
            OpenError::Store { directory: directory.join("sled"), why: error.to_string() }
        }
    }
}

fn failed(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> OpenError {
    move |source| OpenError::Io { doing, path: path.to_owned(), source }
}
