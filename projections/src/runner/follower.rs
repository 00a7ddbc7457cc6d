//! The half of a runner that runs: takes in event after event, in a thread of its own.

use std::any::Any;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use convoke_events::{Digest, Log, Position, ReadError, Recorded, Subscription};
use tokio::sync::{Notify, watch};

use super::{Breakdown, Progress, Status};
use crate::wait::{block_on, unless};
use crate::{Projection, checkpoint};

/// After how many events a checkpoint is written, besides the one at the end.
const CHECKPOINT_EVERY: u64 = 10_000;

pub(super) struct Follower<V> {
    progress: watch::Sender<Progress<V>>,
    checkpoints: Option<PathBuf>,
    /// How many events were taken in.
    taken: u64,
    /// The hash of the newest of them, if it was since the start.
    hash: Option<Digest>,
    /// How many there were when a checkpoint was read or tried last.
    kept: u64,
}

impl<V: Projection> Follower<V> {
    pub(super) const fn new(
        progress: watch::Sender<Progress<V>>,
        checkpoints: Option<PathBuf>,
    ) -> Self {
        Self { progress, checkpoints, taken: 0, hash: None, kept: 0 }
    }

    /// Follows the log until it is closed, cannot be read any more, or `stop` is notified.
    pub(super) fn run(mut self, log: &Log, stop: &Notify) {
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
            self.resume(log);
            let subscription = log.subscribe(self.taken);
            block_on(self.follow(subscription, stop))
        }));
        let position = Position::after(self.taken);
        let status = match outcome {
            Ok(Ok(())) => {
                self.save();
                Status::Ended
            }
            Ok(Err(source)) => Status::Broken(Breakdown::Unreadable { position, source }),
            Err(panic) => {
                let message = message(panic.as_ref());
                Status::Broken(Breakdown::Panicked { position, message })
            }
        };
        if let Status::Broken(breakdown) = &status {
            tracing::error!(projection = V::NAME, error = %breakdown, "projection stopped");
        }
        self.progress.send_modify(|progress| progress.status = status);
    }

    fn resume(&mut self, log: &Log) {
        let Some(directory) = &self.checkpoints else {
            return;
        };
        match checkpoint::load::<V>(directory, log) {
            Ok(at) => {
                (self.taken, self.kept) = (at.position, at.position);
                self.progress.send_modify(|progress| progress.at = Arc::new(at));
            }
            Err(why) => {
                tracing::info!(projection = V::NAME, %why, "no checkpoint: rebuilding from the log");
            }
        }
    }

    async fn follow(&mut self, mut log: Subscription, stop: &Notify) -> Result<(), ReadError> {
        let mut stopped = pin!(stop.notified());
        while let Some(Some(event)) = unless(stopped.as_mut(), log.next()).await {
            self.take(&event?);
            if self.taken.saturating_sub(self.kept) >= CHECKPOINT_EVERY {
                self.save();
            }
        }
        Ok(())
    }

    fn take(&mut self, event: &Recorded) {
        self.progress.send_modify(|progress| {
            // Taken out meanwhile, so that a fold that panics leaves nothing half done to be seen.
            let mut at = mem::take(&mut progress.at);
            // Copies the state only if a reader holds on to it.
            Arc::make_mut(&mut at).take(event);
            progress.at = at;
        });
        self.taken = event.envelope.position.get();
        self.hash = Some(event.hash);
    }

    fn save(&mut self) {
        let (Some(directory), Some(hash)) = (&self.checkpoints, self.hash) else {
            return;
        };
        if self.taken == self.kept {
            return;
        }
        // Also where it fails: it is tried again later, not at every event.
        self.kept = self.taken;
        let at = Arc::clone(&self.progress.borrow().at);
        if let Err(error) = checkpoint::save(directory, &at, hash) {
            tracing::warn!(projection = V::NAME, %error, "checkpoint not written");
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
        .to_owned()
}
