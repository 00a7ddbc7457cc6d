//! The read side of a log: what is durable, and nothing else.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::watch;

use super::chain::Broken;
use super::index::{Commit, Index};
use super::verify::{self, Verified};
use crate::{
    CommitStore, Digest, Events, Head, HubId, IdempotencyKey, LogId, Principal, Query, Receipt,
    Revision, Stats, StreamId, Subscription, Timestamp,
};

/// What followers of a log wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) events: u64,
    pub(crate) closed: bool,
}

/// Reads a log; clones share it.
#[derive(Clone)]
pub struct Reader(Arc<Shared>);

struct Shared {
    log: LogId,
    store: Arc<dyn CommitStore>,
    index: RwLock<Index>,
    progress: watch::Sender<Progress>,
}

impl Reader {
    pub(crate) fn new(log: LogId, store: Arc<dyn CommitStore>, index: Index) -> Self {
        let progress = Progress { events: index.events(), closed: false };
        let (progress, _) = watch::channel(progress);
        Self(Arc::new(Shared { log, store, index: RwLock::new(index), progress }))
    }

    pub(crate) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.0.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn store(&self) -> &dyn CommitStore {
        &*self.0.store
    }

    pub(crate) fn publish(&self, commit: Commit, hash: Digest, recorded_at: Timestamp) {
        let events = {
            let mut index = self.0.index.write().unwrap_or_else(PoisonError::into_inner);
            index.publish(commit, hash, recorded_at);
            index.events()
        };
        self.0.progress.send_modify(|progress| progress.events = events);
    }

    pub(crate) fn end(&self) {
        self.0.progress.send_modify(|progress| progress.closed = true);
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

    /// Follows the log from the event behind the first `after` on.
    pub fn subscribe(&self, after: u64) -> Subscription {
        Subscription::new(self.clone(), after)
    }

    /// How much there is in the log.
    pub fn stats(&self) -> Stats {
        self.index().stats()
    }

    /// Reads the whole log, computes every hash anew and compares the end with the one known here,
    /// so that a log cut off while it is open is found too.
    ///
    /// # Errors
    /// [`Broken`] names the first position that is not as it must be.
    pub fn verify(&self) -> Result<Verified, Broken> {
        let (commits, head) = {
            let index = self.index();
            (index.commits(), index.head())
        };
        let verified = verify::up_to(self.store(), commits)?;
        if verified.events == head.position && verified.head == head.hash {
            return Ok(verified);
        }
        let end = verified.events.min(head.position).saturating_sub(1);
        Err(Broken {
            first_bad: crate::Position::after(end),
            why: "the log as stored ends otherwise than the log as opened".to_owned(),
        })
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("log", &self.id()).field("head", &self.head()).finish()
    }
}
