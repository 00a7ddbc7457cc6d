//! The store behind the journal, and the thread that hands it what was committed.
//!
//! **Invariants.**
//!
//! 1. A commit is readable from the moment it is handed over: from memory until the store has it.
//! 2. `synced` never runs ahead of a `flush` and a sync of the store's file that returned.
//! 3. What fails here fails for good: nothing is taken any more until the log is opened again.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::super::disk::{Disk, DiskFile};
use crate::{CommitError, CommitStore, Durability, SledStore};

/// How long commits are gathered before the store takes them.
const GATHER: Duration = Duration::from_millis(10);

/// How much is gathered at most.
const BATCH: usize = 1024 * 1024;

/// How long nothing must have come before the store is synced for no other reason.
const IDLE: Duration = Duration::from_millis(200);

/// A commit that the journal holds and the store does not yet.
pub(super) struct Waiting {
    pub(super) frame: Vec<u8>,
    pub(super) bytes: Range<usize>,
}

impl Waiting {
    pub(super) fn bytes(&self) -> &[u8] {
        self.frame.get(self.bytes.clone()).unwrap_or_default()
    }
}

/// The store, its thread and what waits for it.
pub(super) struct Behind {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    store: SledStore,
    disk: Arc<dyn Disk>,
    durability: Durability,
    queue: Mutex<Queue>,
    /// There is something to do.
    work: Condvar,
    /// Something was done.
    done: Condvar,
}

struct Queue {
    waiting: VecDeque<Arc<Waiting>>,
    /// The number of the first that waits.
    first: u64,
    weight: usize,
    /// The newest commit that the store would hold after a power cut.
    synced: u64,
    /// The newest commit that somebody needs there.
    wanted: u64,
    ending: Option<Ending>,
    failed: Option<CommitError>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Once everything that waits is in the store.
    Closing,
    /// At once, as if the process had been killed.
    Abandoned,
}

enum Step {
    Take(Vec<Arc<Waiting>>),
    Sync,
    End,
}

impl Behind {
    /// Starts the thread behind a store that is synced as far as it goes.
    pub(super) fn start(
        store: SledStore,
        durability: Durability,
        disk: Arc<dyn Disk>,
    ) -> io::Result<Self> {
        let head = store.head();
        let queue = Queue {
            waiting: VecDeque::new(),
            first: head.saturating_add(1),
            weight: 0,
            synced: head,
            wanted: 0,
            ending: None,
            failed: None,
        };
        let shared = Arc::new(Shared {
            store,
            disk,
            durability,
            queue: Mutex::new(queue),
            work: Condvar::new(),
            done: Condvar::new(),
        });
        let thread = thread::Builder::new().name("convoke-store".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.run()
        })?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    pub(super) fn store(&self) -> &SledStore {
        &self.shared.store
    }

    /// Fails if the store has.
    pub(super) fn still_works(&self) -> Result<(), CommitError> {
        self.shared.queue().failed.clone().map_or(Ok(()), Err)
    }

    /// Hands over the next commit.
    pub(super) fn take(&self, waiting: Waiting) {
        let mut queue = self.shared.queue();
        let was_empty = queue.waiting.is_empty();
        queue.weight = queue.weight.saturating_add(waiting.frame.len());
        queue.waiting.push_back(Arc::new(waiting));
        // Between the two, the thread looks by itself before long.
        if was_empty || queue.weight >= BATCH {
            self.shared.work.notify_one();
        }
    }

    /// A commit that still waits.
    pub(super) fn waiting(&self, number: u64) -> Option<Arc<Waiting>> {
        let queue = self.shared.queue();
        let nth = number.checked_sub(queue.first)?;
        queue.waiting.get(usize::try_from(nth).ok()?).map(Arc::clone)
    }

    /// Asks for the store to be synced past a commit before long.
    pub(super) fn want(&self, commit: u64) {
        let mut queue = self.shared.queue();
        queue.wanted = queue.wanted.max(commit);
        self.shared.work.notify_one();
    }

    /// Returns once the store is synced past a commit.
    pub(super) fn wait_until_synced(&self, commit: u64) -> Result<(), CommitError> {
        self.want(commit);
        let queue = self.shared.queue();
        let behind = |queue: &mut Queue| queue.synced < commit && queue.failed.is_none();
        let queue =
            self.shared.done.wait_while(queue, behind).unwrap_or_else(PoisonError::into_inner);
        queue.failed.clone().map_or(Ok(()), Err)
    }

    /// Hands everything to the store, syncs it and ends the thread.
    pub(super) fn drain(&self) -> Result<(), CommitError> {
        self.end(Ending::Closing);
        self.still_works()
    }

    fn end(&self, ending: Ending) {
        self.shared.queue().ending.get_or_insert(ending);
        self.shared.work.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            self.shared.fail(CommitError::Unknown { why: "the store's thread panicked".into() });
        }
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.end(Ending::Abandoned);
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        loop {
            let done = match self.next_step() {
                Step::Take(batch) => self.take(&batch),
                Step::Sync => self.sync(),
                Step::End => return,
            };
            if let Err(error) = done {
                tracing::error!(%error, "the store behind the journal has stopped");
                return self.fail(error);
            }
        }
    }

    fn fail(&self, error: CommitError) {
        self.queue().failed.get_or_insert(error);
        self.done.notify_all();
    }

    /// Waits for something to do.
    fn next_step(&self) -> Step {
        let mut queue = self.queue();
        let mut gathered = false;
        loop {
            let behind = queue.first.saturating_sub(1) > queue.synced;
            let hurried = queue.wanted > queue.synced || queue.ending.is_some();
            match queue.ending {
                Some(Ending::Abandoned) => return Step::End,
                Some(Ending::Closing) if queue.waiting.is_empty() && !behind => return Step::End,
                _ => {}
            }
            if !queue.waiting.is_empty() && (gathered || hurried || queue.weight >= BATCH) {
                return Step::Take(queue.waiting.iter().cloned().collect());
            }
            if queue.waiting.is_empty() && behind && (gathered || hurried) {
                return Step::Sync;
            }
            (queue, gathered) = self.wait(queue, behind);
        }
    }

    /// Waits for work, but not for ever if there is some that need not be hurried.
    fn wait<'a>(
        &self,
        queue: MutexGuard<'a, Queue>,
        behind: bool,
    ) -> (MutexGuard<'a, Queue>, bool) {
        let patience = if !queue.waiting.is_empty() {
            GATHER
        } else if behind {
            IDLE
        } else {
            let queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
            return (queue, false);
        };
        let waited = self.work.wait_timeout(queue, patience);
        let (queue, result) = waited.unwrap_or_else(PoisonError::into_inner);
        (queue, result.timed_out())
    }

    fn take(&self, batch: &[Arc<Waiting>]) -> Result<(), CommitError> {
        for waiting in batch {
            let after = self.store.head();
            self.store.commit(after, waiting.bytes())?;
        }
        let mut queue = self.queue();
        for waiting in queue.waiting.drain(..batch.len()).collect::<Vec<_>>() {
            queue.weight = queue.weight.saturating_sub(waiting.frame.len());
            queue.first = queue.first.saturating_add(1);
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), CommitError> {
        let through = self.store.head();
        self.store.write_out(|file| match self.durability {
            Durability::Synced => self.disk.sync(DiskFile::Store, file),
            Durability::Buffered => Ok(()),
        })?;
        self.queue().synced = through;
        self.done.notify_all();
        Ok(())
    }
}
