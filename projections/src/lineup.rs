//! Several views that read the log together.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use convoke_events::{Log, ReadError};

use crate::live::{Live, seat};
use crate::runner::{Handle, Runner, StartError};
use crate::seats::Seats;
use crate::{Moment, Projection};

/// Views that will read the log together: each event is read once for all of them, and all of them
/// can be seen at one position.
///
/// A view that cannot go on stops alone; the others go on.
///
/// # Examples
/// ```
/// use convoke_events::Log;
/// use convoke_projections::{Agents, Lineup, Tasks};
///
/// let mut lineup = Lineup::of(Log::in_memory());
/// let agents = lineup.add::<Agents>();
/// let tasks = lineup.add::<Tasks>();
/// let runner = lineup.start()?;
/// {
///     let _together = runner.hold();
///     assert_eq!(agents.view().position, tasks.view().position);
/// }
/// runner.stop();
/// # Ok::<(), convoke_projections::StartError>(())
/// ```
pub struct Lineup {
    log: Log,
    checkpoints: Option<PathBuf>,
    handle: Arc<Handle>,
    seats: Seats,
}

impl Lineup {
    /// Prepares to read this log.
    pub fn of(log: Log) -> Self {
        let handle = Arc::new(Handle::default());
        let seats = Seats::new(handle.signals());
        Self { log, checkpoints: None, handle, seats }
    }

    /// Starts every view from its checkpoint in this directory, where there is a good one, and
    /// leaves new ones there.
    pub fn checkpoints(mut self, directory: impl Into<PathBuf>) -> Self {
        self.checkpoints = Some(directory.into());
        self
    }

    /// Adds a view; empty until the lineup is started or run.
    pub fn add<V: Projection>(&mut self) -> Live<V> {
        let (live, seat) = seat(self.log.clone(), Arc::clone(&self.handle));
        self.seats.push(Box::new(seat));
        live
    }

    /// Follows the log in a thread of its own from now on; returns at once, while the views catch
    /// up.
    ///
    /// # Errors
    /// [`StartError`] if the system gives no thread.
    pub fn start(self) -> Result<Runner, StartError> {
        let Self { log, checkpoints, handle, mut seats } = self;
        let thread = thread::Builder::new().name("convoke-views".to_owned());
        let thread = thread.spawn(move || {
            seats.resume(&log, checkpoints.as_deref(), u64::MAX);
            seats.follow(&log, checkpoints.as_deref());
        });
        handle.runs(thread.map_err(|source| StartError { source })?);
        Ok(Runner::new(handle))
    }

    /// Reads the log in this thread, up to this moment or to the head as it is now, and ends; what
    /// the views then say, they say as of that position, which is the answer.
    ///
    /// # Errors
    /// [`ReadError`] if the log cannot tell which position the moment is. An event that cannot be
    /// read is no error here: it stops the views it concerns, as [`Live::status`] says.
    pub fn run(mut self, until: Option<Moment>) -> Result<u64, ReadError> {
        let head = self.log.head().position;
        let until = until.map_or(Ok(head), |moment| moment.events(&self.log))?;
        self.seats.resume(&self.log, self.checkpoints.as_deref(), until);
        self.seats.read(&self.log, until);
        if until == head {
            self.seats.save_what_is_worth_it(self.checkpoints.as_deref());
        }
        self.seats.end();
        Ok(until)
    }
}
