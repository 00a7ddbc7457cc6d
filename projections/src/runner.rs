//! A view that follows the log in a thread of its own.

mod follower;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use convoke_events::{Log, Position, ReadError};
use tokio::sync::{Notify, watch};

use crate::wait::block_on;
use crate::{At, Projection};
use follower::Follower;

/// Follows the log and keeps one view up to date, for any number of readers.
///
/// A runner that cannot go on stops by itself and tells everybody who waits; it takes nothing else
/// down with it. Dropping it tells its thread to end and does not wait; [`Runner::stop`] does.
///
/// # Examples
/// ```
/// use convoke_events::Log;
/// use convoke_projections::{Agents, Runner};
///
/// let agents = Runner::<Agents>::start(Log::in_memory(), None)?;
/// assert_eq!(agents.lag(), 0);
/// assert_eq!(agents.view().view.iter().count(), 0);
/// # Ok::<(), convoke_projections::StartError>(())
/// ```
pub struct Runner<V: Projection> {
    log: Log,
    progress: watch::Receiver<Progress<V>>,
    stop: Arc<Notify>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// How a runner is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It takes in every event that comes.
    Following,
    /// The log was closed and the view holds all of it, or the runner was dropped.
    Ended,
    /// It cannot go on.
    Broken(Breakdown),
}

/// What a runner cannot get past.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Breakdown {
    /// An event cannot be read; the view stays as it was before it.
    #[error("the event at position {position} cannot be taken in")]
    Unreadable {
        /// Which event.
        position: Position,
        /// Why.
        source: ReadError,
    },
    /// The view's code panicked; what it left half done is thrown away, so the view is empty.
    #[error("the event at position {position} made the view panic: {message}")]
    Panicked {
        /// At which event.
        position: Position,
        /// What it said.
        message: String,
    },
}

/// A runner's thread could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the thread of projection `{projection}` cannot be started")]
pub struct StartError {
    /// Which view.
    pub projection: &'static str,
    /// What the operating system said.
    pub source: io::Error,
}

/// The position waited for does not come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// The log was closed, or the runner dropped, before.
    #[error("projection `{projection}` ended at position {reached}, before {awaited}")]
    Ended {
        /// Which view.
        projection: &'static str,
        /// The position waited for.
        awaited: Position,
        /// How far it came; 0 for nowhere.
        reached: u64,
    },
    /// The runner cannot go on.
    #[error("projection `{projection}` stopped")]
    Broken {
        /// Which view.
        projection: &'static str,
        /// At what.
        source: Breakdown,
    },
}

struct Progress<V> {
    at: Arc<At<V>>,
    status: Status,
}

impl<V: Projection> Runner<V> {
    /// Starts from the checkpoint in `checkpoints`, where there is a good one, else from the first
    /// event; returns at once, while the view catches up.
    ///
    /// # Errors
    /// [`StartError`] if the system gives no thread.
    pub fn start(log: Log, checkpoints: Option<PathBuf>) -> Result<Self, StartError> {
        let empty = Progress { at: Arc::default(), status: Status::Following };
        let (sender, progress) = watch::channel(empty);
        let stop = Arc::new(Notify::new());
        let thread = thread::Builder::new().name(format!("convoke-{}", V::NAME)).spawn({
            let (log, stop) = (log.clone(), Arc::clone(&stop));
            move || Follower::new(sender, checkpoints).run(&log, &stop)
        });
        let thread = thread.map_err(|source| StartError { projection: V::NAME, source })?;
        Ok(Self { log, progress, stop, thread: Mutex::new(Some(thread)) })
    }

    /// The view as it is now; it stays as it is while the runner goes on.
    pub fn view(&self) -> Arc<At<V>> {
        Arc::clone(&self.progress.borrow().at)
    }

    /// How the runner is doing.
    pub fn status(&self) -> Status {
        self.progress.borrow().status.clone()
    }

    /// How many durable events the view has not taken in yet.
    pub fn lag(&self) -> u64 {
        // The view first: the head only grows, so the lag is never less than nothing.
        let position = self.progress.borrow().at.position;
        self.log.head().position.saturating_sub(position)
    }

    /// Waits until the view holds the event at `position`, and returns it: so whoever appended can
    /// read what they wrote.
    ///
    /// # Errors
    /// [`WaitError`] if the runner stopped before.
    pub fn wait_for(
        &self,
        position: Position,
    ) -> impl Future<Output = Result<Arc<At<V>>, WaitError>> + Send + use<V> {
        let mut progress = self.progress.clone();
        async move {
            let here = |now: &Progress<V>| now.at.position >= position.get();
            let done = |now: &Progress<V>| here(now) || now.status != Status::Following;
            // An error means that the thread is gone, and the last thing it said still stands.
            let _gone = progress.wait_for(done).await.is_err();
            let now = progress.borrow();
            match &now.status {
                _ if here(&now) => Ok(Arc::clone(&now.at)),
                Status::Broken(broken) => {
                    Err(WaitError::Broken { projection: V::NAME, source: broken.clone() })
                }
                Status::Following | Status::Ended => Err(WaitError::Ended {
                    projection: V::NAME,
                    awaited: position,
                    reached: now.at.position,
                }),
            }
        }
    }

    /// Does what [`Runner::wait_for`] does, blocking this thread.
    ///
    /// # Errors
    /// [`WaitError`] if the runner stopped before.
    pub fn wait_for_blocking(&self, position: Position) -> Result<Arc<At<V>>, WaitError> {
        block_on(self.wait_for(position))
    }

    /// Ends the thread and waits for that; the view stays as it was. Harmless when repeated.
    pub fn stop(&self) {
        self.stop.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic in there was caught and told where it happened.
            let _joined = thread.join();
        }
    }
}

impl<V: Projection> Drop for Runner<V> {
    fn drop(&mut self) {
        self.stop.notify_one();
    }
}
