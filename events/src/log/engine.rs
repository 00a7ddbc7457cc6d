//! The core of a log: decides appends one after the other, on one thread, with no queue.
//!
//! **Invariants.**
//!
//! 1. Nothing is visible to a reader before the store has acknowledged it.
//! 2. Later appends see earlier ones of the same call, as if each had been committed by itself.
//! 3. After a commit of unknown fate, or one that was refused, nothing is taken any more: what is
//!    true is known only once the log is reopened.

mod batch;

use std::sync::Arc;
use std::time::Duration;

use self::batch::{Batch, Tip};
use super::chain::{Broken, Chain, Link};
use super::index::{Commit, Entry, Index};
use super::reader::Reader;
use crate::record::genesis;
use crate::{
    Append, AppendError, Clock, ClockBehind, CommitError, CommitStore, Event, LogId, OpenError,
    Position, Receipt, StoreReadError, Timestamp,
};

/// About how many bytes one commit holds at most; only a single append makes it longer.
pub(crate) const COMMIT_BOUND: usize = 1024 * 1024;

/// How far behind the newest event a clock may be when a log is opened: it is waited for.
const TOLERATED: Duration = Duration::from_secs(5);

/// Decides appends and stores them, synchronously.
pub struct Engine {
    reader: Reader,
    store: Arc<dyn CommitStore>,
    clock: Arc<dyn Clock>,
    log: LogId,
    commits: u64,
    tip: Tip,
    stopped: Option<String>,
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
        let mut chain = Chain::default();
        let mut index = Index::default();
        let commits = store.head();
        for number in 1..=commits {
            let bytes = store.read(number).map_err(|source| unread(&chain, source))?;
            let links = chain.follow(&bytes)?;
            take_in(&mut index, &links)?;
        }
        if let Some(newest) = chain.recorded_at {
            catch_up(&*clock, newest, clock_behind)?;
        }
        Ok(Self::at(store, clock, commits, &chain, index))
    }

    /// Opens a store in which nothing lies.
    pub(crate) fn empty(store: Arc<dyn CommitStore>, clock: Arc<dyn Clock>) -> Self {
        Self::at(store, clock, 0, &Chain::default(), Index::default())
    }

    fn at(
        store: Arc<dyn CommitStore>,
        clock: Arc<dyn Clock>,
        commits: u64,
        chain: &Chain,
        index: Index,
    ) -> Self {
        let log = chain.log.unwrap_or_else(LogId::random);
        let tip = Tip {
            events: chain.events,
            hash: chain.hash.unwrap_or_else(|| genesis(log)),
            recorded_at: chain.recorded_at.unwrap_or(Timestamp::from_micros(i64::MIN)),
        };
        let reader = Reader::new(log, Arc::clone(&store), index);
        Self { reader, store, clock, log, commits, tip, stopped: None }
    }

    /// The read side; clones stay valid as long as the store does.
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Why nothing is taken any more, if so.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// Decides appends in order and stores all that pass, in one commit unless that grows too long;
    /// answers each once it is durable or refused.
    pub fn commit(&mut self, appends: &[Append]) -> Vec<Result<Receipt, AppendError>> {
        let mut answers = Vec::with_capacity(appends.len());
        let mut batch = Batch::new(self.log, self.tip, self.clock.now());
        for append in appends {
            let answer = self.take(append, &mut batch, &mut answers);
            answers.push(answer);
        }
        if !batch.is_empty() {
            self.store(&mut batch, &mut answers);
        }
        answers
    }

    /// Takes an append into the batch if it passes; stores what is there first if it grows too long.
    fn take(
        &mut self,
        append: &Append,
        batch: &mut Batch,
        answers: &mut [Result<Receipt, AppendError>],
    ) -> Result<Receipt, AppendError> {
        self.still_runs()?;
        let staged = {
            let index = self.reader.index();
            if let Some(receipt) = batch.landed(&index, append)? {
                return Ok(receipt);
            }
            batch.stage(&index, append)?
        };
        if batch.overflows_with(&staged) {
            self.store(batch, answers);
            self.still_runs()?;
        }
        Ok(batch.take_in(staged))
    }

    fn still_runs(&self) -> Result<(), AppendError> {
        match &self.stopped {
            Some(why) => Err(AppendError::Stopped { why: why.clone() }),
            None => Ok(()),
        }
    }

    /// Stores a batch and makes it visible; or stops, and takes back the answers that rest on it.
    fn store(&mut self, batch: &mut Batch, answers: &mut [Result<Receipt, AppendError>]) {
        let (frame, commit, tip) = batch.finish();
        let Err(error) = self.store.commit(self.commits, &frame) else {
            self.commits += 1;
            self.tip = tip;
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
        self.stopped = Some(why);
    }

    /// Closes the store; nothing is taken any more, and subscriptions end.
    ///
    /// # Errors
    /// [`CommitError`] if the store cannot promise that everything is durable.
    pub fn close(&mut self) -> Result<(), CommitError> {
        self.stopped.get_or_insert_with(|| "it is closed".to_owned());
        self.reader.end();
        self.store.close()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Also when the writer panicked: whoever follows the log must not wait for ever.
        self.reader.end();
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
fn take_in(index: &mut Index, links: &[Link]) -> Result<(), OpenError> {
    let mut commit = Commit::default();
    for link in links {
        let envelope = &link.record.envelope;
        let position = envelope.position;
        let event =
            Event::decode_facts(&link.record.event_type, link.record.version, &link.record.facts)
                .map_err(|source| OpenError::Facts { position, source })?;
        commit.entries.push(Entry {
            hub: envelope.hub.clone(),
            stream: envelope.stream.clone(),
            correlation: envelope.correlation,
            event_type: event.event_type(),
            offset: u32::try_from(link.offset).unwrap_or(u32::MAX),
            length: u32::try_from(link.length).unwrap_or(u32::MAX),
        });
        let is_last = envelope.index.saturating_add(1) == envelope.count;
        if let (true, Some(key), Some(digest)) =
            (is_last, &envelope.idempotency_key, envelope.content)
        {
            let command = (envelope.hub.clone(), envelope.principal.clone(), key.clone());
            let before = position.get().saturating_sub(u64::from(envelope.count));
            let receipt =
                Receipt { first: Position::after(before), last: position, hash: link.hash };
            commit.commands.push((command, digest, receipt));
        }
    }
    if let Some(last) = links.last() {
        index.publish(commit, last.hash, last.record.envelope.recorded_at);
    }
    Ok(())
}

fn catch_up(clock: &dyn Clock, newest: Timestamp, behind: ClockBehind) -> Result<(), OpenError> {
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
