//! One view as readers hold it, while it is kept up to date.

mod seat;

use std::sync::{Arc, Mutex, PoisonError};

use convoke_events::{Log, Position, ReadError};
use tokio::sync::watch;

pub(crate) use self::seat::Seat;
use self::seat::SeatOf;
use crate::runner::{Handle, StartError};
use crate::wait::block_on;
use crate::{At, Lineup, Projection, fold_to_head};

/// A view that is kept up to date, for any number of readers; a clone is the same view.
///
/// # Examples
/// ```
/// use convoke_events::Log;
/// use convoke_projections::{Agents, Live};
///
/// let agents = Live::<Agents>::follow(Log::in_memory())?;
/// assert_eq!(agents.lag(), 0);
/// assert_eq!(agents.query(|agents| agents.view.iter().count()), 0);
/// # Ok::<(), convoke_projections::StartError>(())
/// ```
pub struct Live<V: Projection> {
    log: Log,
    progress: watch::Receiver<Progress<V>>,
    fresh: Fresh<V>,
    handle: Arc<Handle>,
}

/// How a view is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It takes in every event that comes.
    Following,
    /// It holds all it was to hold: the log was closed, or the runner was stopped.
    Ended,
    /// It cannot go on.
    Broken(Breakdown),
}

/// What a view cannot get past.
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

/// The position waited for does not come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// The log was closed, or the runner stopped, before.
    #[error("projection `{projection}` ended at position {reached}, before {awaited}")]
    Ended {
        /// Which view.
        projection: &'static str,
        /// The position waited for.
        awaited: Position,
        /// How far it came; 0 for nowhere.
        reached: u64,
    },
    /// The view cannot go on.
    #[error("projection `{projection}` stopped")]
    Broken {
        /// Which view.
        projection: &'static str,
        /// At what.
        source: Breakdown,
    },
}

/// A view was not rebuilt; it stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RebuildError {
    /// The log cannot be read.
    #[error("projection `{projection}` cannot be rebuilt")]
    Read {
        /// Which view.
        projection: &'static str,
        /// Why not.
        source: ReadError,
    },
    /// The rebuilt view could not be put in its place.
    #[error(transparent)]
    Wait(#[from] WaitError),
}

/// What readers see of a view.
struct Progress<V> {
    at: Arc<At<V>>,
    status: Status,
    /// How often it was rebuilt.
    rebuilt: u64,
}

/// A rebuilt view that waits to be put in the live one's place.
type Fresh<V> = Arc<Mutex<Option<At<V>>>>;

/// The two ends of a view: the one that is read, and the one that takes in events.
pub(crate) fn seat<V: Projection>(log: Log, handle: Arc<Handle>) -> (Live<V>, SeatOf<V>) {
    let empty = Progress { at: Arc::default(), status: Status::Following, rebuilt: 0 };
    let (sender, progress) = watch::channel(empty);
    let fresh = Fresh::default();
    let seat = SeatOf::new(sender, Arc::clone(&fresh));
    (Live { log, progress, fresh, handle }, seat)
}

impl<V: Projection> Live<V> {
    /// Follows the log for this view alone, without checkpoints; see [`Lineup`] for more of either.
    ///
    /// # Errors
    /// [`StartError`] if the system gives no thread.
    pub fn follow(log: Log) -> Result<Self, StartError> {
        let mut lineup = Lineup::of(log);
        let live = lineup.add();
        lineup.start()?;
        Ok(live)
    }

    /// The view as it is now; it stays as it is while the live one goes on.
    ///
    /// Taking it costs nothing; while it is held, what changes in the live view is copied first. To
    /// look something up, [`Live::query`] holds nothing.
    pub fn view(&self) -> Arc<At<V>> {
        Arc::clone(&self.progress.borrow().at)
    }

    /// Asks the view something, in place: the view waits until the answer is made.
    pub fn query<T>(&self, ask: impl FnOnce(&At<V>) -> T) -> T {
        ask(&self.progress.borrow().at)
    }

    /// How the view is doing.
    pub fn status(&self) -> Status {
        self.progress.borrow().status.clone()
    }

    /// What the view is called.
    pub const fn name(&self) -> &'static str {
        V::NAME
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
    /// [`WaitError`] if the view stopped before.
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
            if here(&now) { Ok(Arc::clone(&now.at)) } else { Err(now.stopped(position)) }
        }
    }

    /// Does what [`Live::wait_for`] does, blocking this thread.
    ///
    /// # Errors
    /// [`WaitError`] if the view stopped before.
    pub fn wait_for_blocking(&self, position: Position) -> Result<Arc<At<V>>, WaitError> {
        block_on(self.wait_for(position))
    }

    /// Rebuilds the view from the first event on, in this thread and beside the live one, and puts
    /// it in its place. Readers see the old one until then; one that broke down comes back if it now
    /// gets past what broke it.
    ///
    /// # Errors
    /// [`RebuildError`] if the log cannot be read, or the runner has ended; the live view stays.
    pub fn rebuild(&self) -> Result<Arc<At<V>>, RebuildError> {
        let projection = V::NAME;
        let rebuilt = fold_to_head::<V>(&self.log);
        let rebuilt = rebuilt.map_err(|source| RebuildError::Read { projection, source })?;
        let mut progress = self.progress.clone();
        let before = progress.borrow().rebuilt;
        let awaited = Position::after(rebuilt.position.saturating_sub(1));
        *self.fresh.lock().unwrap_or_else(PoisonError::into_inner) = Some(rebuilt);
        self.handle.wake();
        let done = |now: &Progress<V>| now.rebuilt > before || now.status == Status::Ended;
        let _gone = block_on(progress.wait_for(done)).is_err();
        let now = progress.borrow();
        if now.rebuilt > before && !matches!(now.status, Status::Broken(_)) {
            Ok(Arc::clone(&now.at))
        } else {
            Err(now.stopped(awaited).into())
        }
    }
}

impl<V: Projection> Progress<V> {
    /// Why it does not come any further.
    fn stopped(&self, awaited: Position) -> WaitError {
        let projection = V::NAME;
        match &self.status {
            Status::Broken(source) => WaitError::Broken { projection, source: source.clone() },
            Status::Following | Status::Ended => {
                WaitError::Ended { projection, awaited, reached: self.at.position }
            }
        }
    }
}

impl<V: Projection> Clone for Live<V> {
    fn clone(&self) -> Self {
        Self {
            log: self.log.clone(),
            progress: self.progress.clone(),
            fresh: Arc::clone(&self.fresh),
            handle: Arc::clone(&self.handle),
        }
    }
}
