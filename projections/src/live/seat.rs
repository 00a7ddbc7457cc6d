//! The end of a view that takes in events.

use std::any::Any;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::{Arc, PoisonError};

use convoke_events::{Digest, Log, Position, Query, ReadError, Recorded};
use tokio::sync::watch;

use super::{Breakdown, Fresh, Progress, Status};
use crate::{At, Projection, checkpoint};

/// A view's place in a lineup, whatever view it is.
pub(crate) trait Seat: Send {
    /// Starts from the checkpoint in this directory, if it is a good one and not past `until`.
    fn resume(&mut self, log: &Log, directory: &Path, until: u64);

    /// How many events it holds; nothing where it takes in no more.
    fn position(&self) -> Option<u64>;

    /// Takes in those of the events that it does not hold yet.
    fn take(&mut self, events: &[Recorded]);

    /// Takes in an event whose texts cannot be read, unless it quotes them.
    fn take_untold(&mut self, event: &Recorded, why: &ReadError);

    /// Stops before the event at this position.
    fn stop_before(&mut self, position: Position, why: &ReadError);

    /// Puts a rebuilt view in the live one's place, if one waits, and carries it on to `position`.
    fn swap(&mut self, log: &Log, position: u64);

    /// Leaves a checkpoint, if it is at this position and has none there.
    fn save(&mut self, directory: &Path, position: u64, hash: Digest);

    /// Takes in no more, and says so.
    fn end(&mut self);
}

pub(crate) struct SeatOf<V> {
    progress: watch::Sender<Progress<V>>,
    fresh: Fresh<V>,
    /// Stands in while the view is being changed.
    nothing: Arc<At<V>>,
    broken: bool,
    taken: u64,
    /// At which position a checkpoint was read or tried last.
    kept: u64,
}

impl<V: Projection> SeatOf<V> {
    pub(super) fn new(progress: watch::Sender<Progress<V>>, fresh: Fresh<V>) -> Self {
        Self { progress, fresh, nothing: Arc::default(), broken: false, taken: 0, kept: 0 }
    }

    fn break_down(&mut self, breakdown: Breakdown) {
        tracing::error!(projection = V::NAME, error = %breakdown, "projection stopped");
        self.broken = true;
        self.progress.send_modify(|progress| progress.status = Status::Broken(breakdown));
    }

    fn put(&mut self, at: At<V>) {
        self.taken = at.position;
        self.progress.send_modify(|progress| progress.at = Arc::new(at));
    }
}

impl<V: Projection> Seat for SeatOf<V> {
    fn resume(&mut self, log: &Log, directory: &Path, until: u64) {
        match checkpoint::load::<V>(directory, log) {
            Ok(at) if at.position <= until => {
                self.kept = at.position;
                self.put(at);
            }
            Ok(_) => {}
            Err(why) => {
                tracing::info!(projection = V::NAME, %why, "no checkpoint: rebuilding from the log");
            }
        }
    }

    fn position(&self) -> Option<u64> {
        (!self.broken).then_some(self.taken)
    }

    fn take(&mut self, events: &[Recorded]) {
        if self.broken {
            return;
        }
        let mut reached = self.taken;
        let change = |progress: &mut Progress<V>| {
            // Taken out meanwhile, so that a fold that panics leaves nothing half done to be seen.
            let mut at = mem::replace(&mut progress.at, Arc::clone(&self.nothing));
            // Copies the state only if a reader holds on to it.
            let now = Arc::make_mut(&mut at);
            for event in events {
                let position = event.envelope.position.get();
                if position > reached {
                    reached = position;
                    now.take(event);
                }
            }
            progress.at = at;
        };
        let folded = panic::catch_unwind(AssertUnwindSafe(|| self.progress.send_modify(change)));
        self.taken = reached;
        if let Err(panic) = folded {
            let position = Position::after(reached.saturating_sub(1));
            self.break_down(Breakdown::Panicked { position, message: message(panic.as_ref()) });
        }
    }

    fn take_untold(&mut self, event: &Recorded, why: &ReadError) {
        if V::quotes(&event.event) {
            self.stop_before(event.envelope.position, why);
        } else {
            self.take(std::slice::from_ref(event));
        }
    }

    fn stop_before(&mut self, position: Position, why: &ReadError) {
        if !self.broken && self.taken < position.get() {
            self.break_down(Breakdown::Unreadable { position, source: why.clone() });
        }
    }

    fn swap(&mut self, log: &Log, position: u64) {
        let fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(fresh) = fresh else { return };
        let behind = Query::all()
            .from(Position::after(fresh.position))
            .to(Position::after(position.saturating_sub(1)));
        let is_behind = fresh.position < position;
        self.broken = false;
        self.put(fresh);
        self.progress.send_modify(|progress| progress.status = Status::Following);
        if is_behind {
            for event in log.read(behind) {
                match event {
                    Ok(event) => self.take(std::slice::from_ref(&event)),
                    Err(why) => self.stop_before(Position::after(self.taken), &why),
                }
            }
        }
        self.progress.send_modify(|progress| progress.rebuilt = progress.rebuilt.saturating_add(1));
    }

    fn save(&mut self, directory: &Path, position: u64, hash: Digest) {
        if self.broken || self.taken != position || self.kept == position {
            return;
        }
        // Also where it fails: it is tried again later, not at every event.
        self.kept = position;
        let at = Arc::clone(&self.progress.borrow().at);
        if let Err(error) = checkpoint::save(directory, &at, hash) {
            tracing::warn!(projection = V::NAME, %error, "checkpoint not written");
        }
    }

    fn end(&mut self) {
        if !self.broken {
            self.progress.send_modify(|progress| progress.status = Status::Ended);
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
        .to_owned()
}
