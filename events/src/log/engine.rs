//! The core of a log: decides appends one after the other, on one thread, with no queue.
//!
//! **Invariants.**
//!
//! 1. Nothing is visible to a reader before the store has acknowledged it.
//! 2. Later appends see earlier ones of the same call, as if each had been committed by itself.
//! 3. After a commit of unknown fate, or one that was refused, nothing is taken any more: what is
//!    true is known only once the log is reopened.

mod batch;
pub(crate) mod opening;

use std::path::PathBuf;
use std::sync::Arc;

use self::batch::{Batch, Tip};
use self::opening::{Found, IndexFile, Opening};
use super::handover::Handover;
use super::index::file::{self, Bound};
use super::reader::Reader;
use crate::record::genesis;
use crate::{
    AppendError, Clock, ClockBehind, CommitError, CommitStore, LogId, OpenError, Prepared, Receipt,
    Timestamp,
};

/// About how many bytes one commit holds at most; only a single append makes it longer.
pub(crate) const COMMIT_BOUND: usize = 1024 * 1024;

/// Decides appends and stores them, synchronously.
pub struct Engine {
    reader: Reader,
    store: Arc<dyn CommitStore>,
    clock: Arc<dyn Clock>,
    log: LogId,
    commits: u64,
    tip: Tip,
    stopped: Option<String>,
    handover: Arc<Handover>,
    has_read_all: bool,
    /// Where the index is written when the log is closed.
    index_file: Option<PathBuf>,
}

impl Engine {
    /// Opens the log that lies in a store: reads all of it, checks its hash chain and builds its
    /// indexes. A clock up to five seconds behind the newest event is waited for.
    ///
    /// # Errors
    /// [`OpenError`] if the log is damaged, cannot be read or understood, or is from the future.
    pub fn open(store: Arc<dyn CommitStore>, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_with(store, clock, ClockBehind::Refuse)
    }

    /// As [`Self::open`], saying what happens when the clock is further behind.
    ///
    /// # Errors
    /// [`OpenError`] if the log is damaged, cannot be read or understood, or is from the future.
    pub fn open_with(
        store: Arc<dyn CommitStore>,
        clock: Arc<dyn Clock>,
        clock_behind: ClockBehind,
    ) -> Result<Self, OpenError> {
        let index = IndexFile::None;
        Self::open_by(store, Opening { clock, clock_behind, index, on_indexing: None })
    }

    /// Opens the log that lies in a store.
    pub(crate) fn open_by(
        store: Arc<dyn CommitStore>,
        opening: Opening,
    ) -> Result<Self, OpenError> {
        let Opening { clock, clock_behind, index, on_indexing } = opening;
        let found = Found::of(&*store, &index, on_indexing.as_ref())?;
        if let Some(newest) = found.chain.recorded_at {
            opening::catch_up(&*clock, newest, clock_behind)?;
        }
        let mut engine = Self::at(store, clock, found);
        engine.index_file = index.path().map(Into::into);
        Ok(engine)
    }

    /// Opens a store in which nothing lies.
    pub(crate) fn empty(store: Arc<dyn CommitStore>, clock: Arc<dyn Clock>) -> Self {
        Self::at(store, clock, Found::default())
    }

    fn at(store: Arc<dyn CommitStore>, clock: Arc<dyn Clock>, found: Found) -> Self {
        let Found { chain, index, is_resumed } = found;
        let log = chain.log.unwrap_or_else(LogId::random);
        let tip = Tip {
            events: chain.events,
            hash: chain.hash.unwrap_or_else(|| genesis(log)),
            recorded_at: chain.recorded_at.unwrap_or(Timestamp::from_micros(i64::MIN)),
        };
        let commits = index.commits();
        let reader = Reader::new(log, Arc::clone(&store), index);
        Self {
            reader,
            store,
            clock,
            log,
            commits,
            tip,
            stopped: None,
            handover: Arc::default(),
            has_read_all: !is_resumed,
            index_file: None,
        }
    }

    /// The read side; clones stay valid as long as the store does.
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The way to say something of the log's keys in the next record.
    pub(crate) const fn handover(&self) -> &Arc<Handover> {
        &self.handover
    }

    /// Whether the whole log was read when it was opened, instead of believing an index file.
    pub(crate) const fn has_read_all(&self) -> bool {
        self.has_read_all
    }

    /// Why nothing is taken any more, if so.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// Decides appends in order and stores all that pass, in one commit unless that grows too long;
    /// answers each once it is durable or refused.
    pub fn commit(&mut self, appends: &[Prepared]) -> Vec<Result<Receipt, AppendError>> {
        let mut answers = Vec::with_capacity(appends.len());
        let mut batch = Batch::new(self.log, self.tip, self.clock.now(), self.handover.take());
        for append in appends {
            let answer = self.take(append, &mut batch, &mut answers);
            answers.push(answer);
        }
        if !batch.is_empty() {
            self.store(&mut batch, &mut answers);
        }
        if let Some(unsaid) = batch.unsaid() {
            self.handover.put_back(unsaid);
        }
        answers
    }

    /// Takes an append into the batch if it passes; stores what is there first if it grows too long.
    fn take<'a>(
        &mut self,
        prepared: &'a Prepared,
        batch: &mut Batch<'a>,
        answers: &mut [Result<Receipt, AppendError>],
    ) -> Result<Receipt, AppendError> {
        self.still_runs()?;
        let append = prepared.append();
        {
            let index = self.reader.index();
            if let Some(receipt) = batch.landed(&index, append)? {
                return Ok(receipt);
            }
            batch.check(&index, append)?;
        }
        for body in &prepared.bodies {
            self.reader.bodies().put(&append.hub, body)?;
        }
        if batch.overflows_with(prepared) {
            self.store(batch, answers);
            self.still_runs()?;
        }
        Ok(batch.take_in(&self.reader.index(), prepared))
    }

    fn still_runs(&self) -> Result<(), AppendError> {
        match &self.stopped {
            Some(why) => Err(AppendError::Stopped { why: why.clone() }),
            None => Ok(()),
        }
    }

    /// Stores a batch and makes it visible; or stops, and takes back the answers that rest on it.
    fn store(&mut self, batch: &mut Batch<'_>, answers: &mut [Result<Receipt, AppendError>]) {
        let (frame, commit, tip) = batch.finish();
        let Err(error) = self.store.commit(self.commits, &frame) else {
            self.commits += 1;
            self.tip = tip;
            if commit.key.is_some() {
                self.handover.landed();
            }
            self.reader.publish(commit, tip.hash, tip.recorded_at);
            return;
        };
        let why = error.to_string();
        let durable = self.tip.events;
        for answer in answers {
            let rests_on_it = match &*answer {
                Ok(receipt) => receipt.last.get() > durable,
                Err(error) => {
                    matches!(error, AppendError::Conflict { .. } | AppendError::KeyReused { .. })
                }
            };
            if rests_on_it {
                let may_have_landed =
                    answer.is_ok() && matches!(error, CommitError::Unknown { .. });
                let why = why.clone();
                *answer = Err(if may_have_landed {
                    AppendError::Unknown { why }
                } else {
                    AppendError::Stopped { why }
                });
            }
        }
        tracing::error!(log = %self.log, position = durable, %why, "the log has stopped");
        self.reader.stop(&why);
        self.stopped = Some(why);
    }

    /// Closes the store; nothing is taken any more, and subscriptions end.
    ///
    /// # Errors
    /// [`CommitError`] if the store cannot promise that everything is durable.
    pub fn close(&mut self) -> Result<(), CommitError> {
        let stopped = self.stopped.replace("it is closed".to_owned());
        self.reader.end();
        let closed = self.store.close();
        if stopped.is_none() && closed.is_ok() {
            self.save_index();
        }
        self.stopped = stopped.or_else(|| self.stopped.take());
        closed
    }

    /// Writes the index file, so that the log opens quickly again.
    fn save_index(&self) {
        let Some(path) = self.index_file.as_ref().filter(|_| self.tip.events > 0) else {
            return;
        };
        let Tip { hash, recorded_at, .. } = self.tip;
        let (commits, events) = (self.commits, self.tip.events);
        let bound = Bound { log: self.log, hash, recorded_at, commits, events };
        if let Err(error) = file::write(path, &self.reader.index(), &bound) {
            tracing::warn!(file = %path.display(), %error, "the index file could not be written");
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Whoever follows the log must not wait for ever, nor take a panic for a proper end.
        if std::thread::panicking() {
            self.reader.stop("its writer panicked");
        }
        self.reader.end();
    }
}
