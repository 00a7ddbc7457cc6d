//! The read side of a log: what is durable, and nothing else.

use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::sync::watch;

use super::chain::Broken;
use super::index::{Commit, Index};
use super::stats::Growth;
use super::verify::{self, Examined, Verified};
use crate::bodies::Bodies;
use crate::{
    Append, AppendError, CommitStore, ConsistencyProof, Digest, Events, Head, HubId,
    IdempotencyKey, InclusionProof, LogId, MAX_TEXT, Position, Prepared, Principal, ProveError,
    Query, ReadError, Receipt, Revision, Stats, StreamId, Subscription, Timestamp,
};

/// What followers of a log wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) events: u64,
    pub(crate) end: Option<End>,
}

/// Why a log grows no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It was closed.
    Closed,
    /// Something stopped it.
    Stopped(Arc<str>),
}

/// Reads a log; clones share it.
#[derive(Clone)]
pub struct Reader(Arc<Shared>);

struct Shared {
    log: LogId,
    store: Arc<dyn CommitStore>,
    /// Where long texts lie; in memory until it is said otherwise.
    bodies: OnceLock<Bodies>,
    index: RwLock<Index>,
    progress: watch::Sender<Progress>,
}

impl Reader {
    pub(crate) fn new(log: LogId, store: Arc<dyn CommitStore>, index: Index) -> Self {
        let progress = Progress { events: index.events(), end: None };
        let (progress, _) = watch::channel(progress);
        Self(Arc::new(Shared {
            log,
            store,
            bodies: OnceLock::new(),
            index: RwLock::new(index),
            progress,
        }))
    }

    pub(crate) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.0.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn store(&self) -> &dyn CommitStore {
        &*self.0.store
    }

    /// Says where long texts lie, before the first one is written or read.
    pub(crate) fn keep_bodies(&self, bodies: Bodies) {
        // Whoever said it first is right.
        let _ = self.0.bodies.set(bodies);
    }

    pub(crate) fn bodies(&self) -> &Bodies {
        self.0.bodies.get_or_init(|| Bodies::in_memory(MAX_TEXT))
    }

    /// How many commits there are, and how far the log goes with them.
    pub(crate) fn extent(&self) -> (u64, Head) {
        let index = self.index();
        (index.commits(), index.head())
    }

    pub(crate) fn publish(&self, commit: Commit<'_>, hash: Digest, recorded_at: Timestamp) {
        let events = {
            let mut index = self.0.index.write().unwrap_or_else(PoisonError::into_inner);
            index.publish(commit, hash, recorded_at);
            index.events()
        };
        self.0.progress.send_modify(|progress| progress.events = events);
    }

    pub(crate) fn end(&self) {
        self.0.progress.send_modify(|progress| {
            progress.end.get_or_insert(End::Closed);
        });
    }

    /// Says that nothing more will come, and why.
    pub(crate) fn stop(&self, why: &str) {
        self.0.progress.send_modify(|progress| {
            progress.end.get_or_insert_with(|| End::Stopped(why.into()));
        });
    }

    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.0.progress.subscribe()
    }

    /// The log's id. An empty log has not written it down yet, and has another one once reopened.
    pub fn id(&self) -> LogId {
        self.0.log
    }

    /// How far the log goes.
    pub fn head(&self) -> Head {
        self.index().head()
    }

    /// Reads events that are durable now, a page at a time.
    pub fn read(&self, query: Query) -> Events {
        Events::new(self.clone(), query)
    }

    /// A stream's newest revision; none where it holds nothing.
    pub fn revision(&self, hub: &HubId, stream: &StreamId) -> Option<Revision> {
        self.index().revision(hub, stream)
    }

    /// What the command of this name was and where it landed, if it did within the last seven days
    /// or million keys.
    pub fn idempotent(
        &self,
        hub: &HubId,
        principal: &Principal,
        key: &IdempotencyKey,
    ) -> Option<(Digest, Receipt)> {
        self.index().command(&(hub.clone(), principal.clone(), key.clone()))
    }

    /// Prepares an append as [`Append::prepare`] does, by the bound on texts this log was opened
    /// with. Nothing is written yet.
    ///
    /// # Errors
    /// [`AppendError`] with both numbers, where a bound is passed.
    pub fn prepare(&self, append: Append) -> Result<Prepared, AppendError> {
        self.bodies().prepare(append)
    }

    /// The newest position recorded at this moment or earlier; none where the log begins later.
    ///
    /// # Errors
    /// [`ReadError`] if a record on the way there cannot be read.
    pub fn as_of(&self, moment: Timestamp) -> Result<Option<Position>, ReadError> {
        Ok(Position::new(self.count_recorded(|at| at <= moment)?))
    }

    /// How many events were recorded at moments for which `early` holds, which then holds for every
    /// earlier moment too.
    pub(crate) fn count_recorded(
        &self,
        early: impl Fn(Timestamp) -> bool,
    ) -> Result<u64, ReadError> {
        let (mut low, mut high) = (0, self.head().position);
        while low < high {
            let middle = low.midpoint(high);
            if early(self.recorded_at(Position::after(middle))?) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// Follows the log from the event behind the first `after` on.
    pub fn subscribe(&self, after: u64) -> Subscription {
        Subscription::new(self.clone(), after)
    }

    /// How the log has grown; nothing where it is empty.
    ///
    /// # Errors
    /// [`ReadError`] if a record cannot be read.
    pub fn growth(&self) -> Result<Option<Growth>, ReadError> {
        let Some(newest) = Position::new(self.head().position) else { return Ok(None) };
        let first_at = self.recorded_at(Position::FIRST)?;
        let newest_at = self.recorded_at(newest)?;
        let of_last = |days: u32| {
            let span = Duration::from_hours(24).saturating_mul(days);
            let before = self.count_recorded(|at| newest_at.since(at) >= span)?;
            Ok(newest.get().saturating_sub(before))
        };
        let (day, week, month) = (of_last(1)?, of_last(7)?, of_last(30)?);
        Ok(Some(Growth { first_at, newest_at, day, week, month }))
    }

    fn recorded_at(&self, position: Position) -> Result<Timestamp, ReadError> {
        let mut found = self.read(Query::all().from(position).to(position));
        let why = "it is not where it was".to_owned();
        let (record, _) = found.next_raw().ok_or(ReadError::Damaged { position, why })??;
        Ok(record.envelope.recorded_at)
    }

    /// About how many bytes of memory the indexes take.
    pub fn index_bytes(&self) -> u64 {
        self.index().memory()
    }

    /// Proves that the event at a position is among the first `size`.
    ///
    /// # Errors
    /// [`ProveError`] if it is not, or there are not so many.
    pub fn prove(&self, position: Position, size: u64) -> Result<InclusionProof, ProveError> {
        let leaves = Arc::clone(self.index().leaves());
        let tree = leaves.tree();
        within(position.get(), size, tree.size())?;
        let index = position.get() - 1;
        let hash = usize::try_from(index).ok().and_then(|at| tree.leaves().get(at)).copied();
        let (Some(hash), Some(path)) = (hash, tree.inclusion(index, size)) else {
            return Err(ProveError::Beyond { asked: size, head: tree.size() });
        };
        Ok(InclusionProof { log: self.id(), position, hash, size, path })
    }

    /// Proves that the first `from` events are the beginning of the first `to`; `from` is 1 or more.
    ///
    /// # Errors
    /// [`ProveError`] if they cannot be, or there are not so many.
    pub fn prove_consistency(&self, from: u64, to: u64) -> Result<ConsistencyProof, ProveError> {
        let leaves = Arc::clone(self.index().leaves());
        let tree = leaves.tree();
        within(from, to, tree.size())?;
        match (tree.root(from), tree.root(to), tree.consistency(from, to)) {
            (Some(from_root), Some(to_root), Some(path)) => {
                Ok(ConsistencyProof { log: self.id(), from, from_root, to, to_root, path })
            }
            _ => Err(ProveError::Outside { inner: from, outer: to }),
        }
    }

    /// How much there is in the log.
    pub fn stats(&self) -> Stats {
        self.index().stats()
    }

    /// Reads the whole log, computes every hash anew and compares the end with the one known here,
    /// so that a log cut off while it is open is found too. Checkpoints are the business of
    /// [`Log::verify`](crate::Log::verify).
    ///
    /// # Errors
    /// [`Broken`] names the first position that is not as it must be.
    pub fn verify(&self) -> Result<Verified, Broken> {
        self.examine().map(|examined| examined.verified)
    }

    /// As [`Self::verify`], with what proofs are made of.
    pub(crate) fn examine(&self) -> Result<Examined, Broken> {
        let (commits, head) = self.extent();
        let examined = verify::up_to(self.store(), commits, Some(self.bodies()))?;
        let verified = &examined.verified;
        if verified.events == head.position && verified.head == head.hash {
            return Ok(examined);
        }
        let end = verified.events.min(head.position).saturating_sub(1);
        Err(Broken {
            first_bad: Position::after(end),
            why: "the log as stored ends otherwise than the log as opened".to_owned(),
        })
    }
}

/// Whether `1 <= inner <= outer <= head`.
const fn within(inner: u64, outer: u64, head: u64) -> Result<(), ProveError> {
    if outer > head {
        return Err(ProveError::Beyond { asked: outer, head });
    }
    if inner == 0 || inner > outer {
        return Err(ProveError::Outside { inner, outer });
    }
    Ok(())
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("log", &self.id()).field("head", &self.head()).finish()
    }
}
