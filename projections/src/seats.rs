//! Reads the log for every view of a lineup: one event after another, once for all of them.

use std::path::Path;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use convoke_events::{Digest, Log, Position, Query, ReadError, Recorded, Subscription};

use crate::ahead::{BATCH, feed};
use crate::live::Seat;
use crate::runner::Signals;
use crate::wait::{block_on, now_or_never, unless};

/// After how many events a checkpoint is written while following, besides the one at the end.
const CHECKPOINT_EVERY: u64 = 10_000;

pub(crate) struct Seats {
    all: Vec<Box<dyn Seat>>,
    signals: Arc<Signals>,
    /// The newest event that every seat was given, with its hash.
    newest: Option<(u64, Digest)>,
    /// Where the last checkpoint was tried.
    kept: u64,
}

impl Seats {
    pub(crate) const fn new(signals: Arc<Signals>) -> Self {
        Self { all: Vec::new(), signals, newest: None, kept: 0 }
    }

    pub(crate) fn push(&mut self, seat: Box<dyn Seat>) {
        self.all.push(seat);
    }

    /// Starts every view from its checkpoint, where it has one that is not past `until`; several at
    /// once, where there is room.
    pub(crate) fn resume(&mut self, log: &Log, checkpoints: Option<&Path>, until: u64) {
        if let Some(directory) = checkpoints {
            let waiting = Mutex::new(self.all.iter_mut());
            let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
            let work = || {
                while let Some(seat) = next() {
                    seat.resume(log, directory, until);
                }
            };
            thread::scope(|scope| {
                for _ in 1..thread::available_parallelism().map_or(1, usize::from) {
                    // With fewer it only takes longer.
                    let _spawned = thread::Builder::new().spawn_scoped(scope, work);
                }
                work();
            });
        }
        self.kept = self.position();
    }

    /// Whether any view takes in more.
    fn is_wanted(&self) -> bool {
        self.all.iter().any(|seat| seat.position().is_some())
    }

    /// How many events every view holds that can go on.
    fn position(&self) -> u64 {
        self.all.iter().filter_map(|seat| seat.position()).min().unwrap_or(u64::MAX)
    }

    /// Reads the log up to this position, to the first event that no view gets past, or until nobody
    /// wants it.
    pub(crate) fn read(&mut self, log: &Log, until: u64) {
        let Some(last) = Position::new(until) else { return };
        let signals = Arc::clone(&self.signals);
        let goes_on = || !signals.stopping.load(Ordering::SeqCst);
        let mut reached = self.position();
        while reached < until && goes_on() {
            let ahead = Query::all().from(Position::after(reached)).to(last);
            let broken = feed(log.read(ahead), goes_on, |batch| self.take(batch));
            reached = self.reached(reached);
            let past = broken.and_then(|why| self.step_over(log, reached, &why));
            let Some(past) = past else { return };
            reached = past;
        }
    }

    /// Follows the log until it is closed, cannot be read any more, or nobody wants it.
    pub(crate) fn follow(&mut self, log: &Log, checkpoints: Option<&Path>) {
        let followed = block_on(self.keep_up(log, checkpoints));
        if followed.is_some() {
            self.save(checkpoints);
            self.end();
        }
    }

    /// Follows the log; nothing is the answer where an event stops every view.
    async fn keep_up(&mut self, log: &Log, checkpoints: Option<&Path>) -> Option<()> {
        let signals = Arc::clone(&self.signals);
        let head = log.head().position;
        self.read(log, head);
        let mut reached = self.is_wanted().then(|| self.position().min(head))?;
        let mut events = log.subscribe(reached);
        loop {
            self.swap(log, reached);
            if signals.stopping.load(Ordering::SeqCst) {
                return Some(());
            }
            let woken = pin!(signals.wake.notified());
            let Some(first) = unless(woken, events.next()).await else { continue };
            let (batch, stopped) = gather(first, &mut events);
            self.take(&batch);
            reached = self.reached(reached);
            match stopped {
                None => {}
                Some(Ok(())) => return Some(()),
                Some(Err(why)) => {
                    reached = self.step_over(log, reached, &why)?;
                    events = log.subscribe(reached);
                }
            }
            // While it catches up there is better to do.
            if batch.len() < BATCH {
                self.save_what_is_worth_it(checkpoints);
            }
        }
    }

    /// Up to where every view was given the events, of which it was given those up to `before`.
    fn reached(&self, before: u64) -> u64 {
        self.newest.map_or(before, |(newest, _)| newest.max(before))
    }

    /// Gives every view these events.
    fn take(&mut self, events: &[Recorded]) {
        let Some(last) = events.last() else { return };
        let _gate = self.signals.gate.write().unwrap_or_else(PoisonError::into_inner);
        for seat in &mut self.all {
            seat.take(events);
        }
        self.newest = Some((last.envelope.position.get(), last.hash));
    }

    /// What becomes of an event that cannot be read: where only its texts cannot, the views that do
    /// not quote it take it in, and the answer is its position; else every view stops before it.
    fn step_over(&mut self, log: &Log, reached: u64, why: &ReadError) -> Option<u64> {
        let position = Position::after(reached);
        let query = Query::all().from(position).to(position).without_bodies();
        let facts = matches!(why, ReadError::Body { .. }).then(|| log.read(query).next());
        let _gate = self.signals.gate.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(Some(Ok(event))) = facts {
            for seat in &mut self.all {
                seat.take_untold(&event, why);
            }
            self.newest = Some((position.get(), event.hash));
            return Some(position.get());
        }
        for seat in &mut self.all {
            seat.stop_before(position, why);
        }
        None
    }

    /// Puts rebuilt views in their places.
    fn swap(&mut self, log: &Log, reached: u64) {
        let _gate = self.signals.gate.write().unwrap_or_else(PoisonError::into_inner);
        for seat in &mut self.all {
            seat.swap(log, reached);
        }
    }

    /// Leaves checkpoints where the ones there are would cost a start more than a moment.
    pub(crate) fn save_what_is_worth_it(&mut self, checkpoints: Option<&Path>) {
        let newest = self.newest.map_or(0, |(position, _)| position);
        if self.kept == 0 || newest.saturating_sub(self.kept) >= CHECKPOINT_EVERY {
            self.save(checkpoints);
        }
    }

    /// Leaves a checkpoint of every view that holds the newest event.
    pub(crate) fn save(&mut self, checkpoints: Option<&Path>) {
        let (Some(directory), Some((position, hash))) = (checkpoints, self.newest) else {
            return;
        };
        self.kept = position;
        for seat in &mut self.all {
            seat.save(directory, position, hash);
        }
    }

    /// Tells every view that nothing more comes.
    pub(crate) fn end(&mut self) {
        for seat in &mut self.all {
            seat.end();
        }
    }
}

/// What a subscription gives.
type Next = Option<Result<Recorded, ReadError>>;

/// The events that are there already, the first of them given, and how the log ended where it did.
fn gather(
    first: Next,
    events: &mut Subscription,
) -> (Vec<Recorded>, Option<Result<(), ReadError>>) {
    let mut batch = Vec::new();
    let mut next = first;
    loop {
        match next {
            Some(Ok(event)) => batch.push(event),
            Some(Err(why)) => return (batch, Some(Err(why))),
            None => return (batch, Some(Ok(()))),
        }
        let more = (batch.len() < BATCH).then(|| now_or_never(events.next())).flatten();
        match more {
            Some(more) => next = more,
            None => return (batch, None),
        }
    }
}
