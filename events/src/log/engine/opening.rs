//! Opening: the index of what lies in a store, read back or built from the log.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::log::chain::{Broken, Chain, Link};
use crate::log::frame::Frame;
use crate::log::index::file::{self, Bound};
use crate::log::index::{Index, Seen};
use crate::record::genesis;
use crate::{
    Clock, ClockBehind, CommitStore, Event, FactsError, Indexing, OnIndexing, OpenError, Position,
    Receipt, StoreReadError, Timestamp,
};

/// How far behind the newest event a clock may be when a log is opened: it is waited for.
const TOLERATED: Duration = Duration::from_secs(5);

/// After how many commits progress is told.
const TELL_EVERY: u64 = 64;

/// How a log is opened.
pub(crate) struct Opening {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) clock_behind: ClockBehind,
    pub(crate) index: IndexFile,
    pub(crate) on_indexing: Option<OnIndexing>,
}

/// What becomes of the index file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IndexFile {
    /// There is none.
    None,
    /// It is written when the log is closed. What it holds now is not used: the whole log is
    /// checked, as after a stop that was not clean.
    Write(PathBuf),
    /// As `Write`; and it is used if it agrees with the log.
    Use(PathBuf),
}

impl IndexFile {
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::None => None,
            Self::Write(path) | Self::Use(path) => Some(path),
        }
    }
}

/// A log that was opened.
#[derive(Default)]
pub(super) struct Found {
    pub(super) chain: Chain,
    pub(super) index: Index,
    /// Whether an index file was believed.
    pub(super) is_resumed: bool,
}

impl Found {
    /// Finds what lies in the store: what the index file covers is believed, the rest is read and
    /// checked.
    pub(super) fn of(
        store: &dyn CommitStore,
        index: &IndexFile,
        on_indexing: Option<&OnIndexing>,
    ) -> Result<Self, OpenError> {
        let mut found = Self::saved(store, index).unwrap_or_default();
        let (covered, head) = (found.index.commits(), store.head());
        for number in covered + 1..=head {
            let bytes = store.read(number).map_err(|source| unread(&found.chain, source))?;
            let links = found.chain.follow(&bytes)?;
            take_in(&mut found.index, &links)?;
            let is_told = number == head || number.is_multiple_of(TELL_EVERY);
            if let (true, Some(tell)) = (is_told, on_indexing) {
                tell.tell(Indexing { done: number - covered, of: head - covered });
            }
        }
        Ok(found)
    }

    /// What the index file says, if the log agrees.
    fn saved(store: &dyn CommitStore, index: &IndexFile) -> Option<Self> {
        let IndexFile::Use(path) = index else {
            return None;
        };
        let found = file::read(path).and_then(|(index, bound)| {
            let chain = Chain::resumed(&bound);
            let mut found = Self { chain, index, is_resumed: true };
            let is_known = found.index.knows_its_events();
            is_known.then(|| found.place(store, &bound))?.then_some(found)
        });
        if found.is_none() {
            tracing::warn!(file = %path.display(), "the index file is not used");
        }
        found
    }

    /// Finds where records lie by their frames; says whether these are the ones the file knew, each
    /// commit linked to the one before.
    fn place(&mut self, store: &dyn CommitStore, bound: &Bound) -> bool {
        let mut hash = genesis(bound.log);
        for number in 1..=bound.commits {
            let Ok(bytes) = store.read(number) else { return false };
            let next = self.index.next().get();
            let frame = Frame::read(&bytes);
            let follows = |frame: &Frame<'_>| frame.first == next && frame.previous == hash;
            let Some(records) = frame.filter(follows).and_then(|frame| frame.records()) else {
                return false;
            };
            self.index.begin_commit();
            self.index.leaves().extend(records.iter().map(|record| record.hash));
            for record in records {
                self.index.place(u32::try_from(record.offset).unwrap_or(u32::MAX));
                hash = record.hash;
            }
        }
        self.index.events() == bound.events && hash == bound.hash
    }
}

fn unread(chain: &Chain, source: StoreReadError) -> OpenError {
    match source {
        StoreReadError::Io { .. } => OpenError::Unreadable { position: chain.next(), source },
        StoreReadError::Absent { .. } | StoreReadError::Damaged { .. } => {
            chain.broken(source.to_string()).into()
        }
    }
}

impl From<Broken> for OpenError {
    fn from(Broken { first_bad, why }: Broken) -> Self {
        Self::Damaged { first_bad, why }
    }
}

/// Takes a commit that was read into the index.
fn take_in(index: &mut Index, links: &[Link<'_>]) -> Result<(), OpenError> {
    index.begin_commit();
    index.leaves().extend(links.iter().map(|link| link.hash));
    for link in links {
        let record = &link.record;
        let unproven = |why: &str| Broken { first_bad: record.position, why: why.to_owned() };
        index.keys_mut().follow(record.log, record.position, record.extension).map_err(unproven)?;
        let (event_type, version) = (record.event_type, record.version);
        if !Event::VERSIONS.contains(&(event_type, version)) {
            let source = FactsError::Unknown { event_type: event_type.to_owned(), version };
            return Err(OpenError::Facts { position: record.position, source });
        }
        index.add(Seen {
            hub: record.hub,
            stream: record.stream,
            correlation: record.correlation,
            event_type,
            version,
            offset: u32::try_from(link.offset).unwrap_or(u32::MAX),
            length: u32::try_from(link.length).unwrap_or(u32::MAX),
        });
        index.set_hash(link.hash);
        let is_last = record.index.saturating_add(1) == record.count;
        if let (true, Some(digest)) = (is_last, record.content)
            && !record.idempotency_key.is_empty()
        {
            let position = record.position;
            let unnamed = |_| Broken { first_bad: position, why: "its command has no name".into() };
            let command = record.command().map_err(unnamed)?;
            let before = position.get().saturating_sub(u64::from(record.count));
            let receipt =
                Receipt { first: Position::after(before), last: position, hash: link.hash };
            index.remember(command, digest, receipt, record.recorded_at);
        }
    }
    Ok(())
}

/// Waits until the clock has caught up with the newest event.
pub(super) fn catch_up(
    clock: &dyn Clock,
    newest: Timestamp,
    behind: ClockBehind,
) -> Result<(), OpenError> {
    let now = clock.now();
    let span = newest.since(now);
    if span > TOLERATED {
        return match behind {
            ClockBehind::Refuse => Err(OpenError::ClockBehind { newest, now }),
            ClockBehind::Allow => Ok(()),
        };
    }
    if !span.is_zero() {
        clock.wait(span);
    }
    Ok(())
}
