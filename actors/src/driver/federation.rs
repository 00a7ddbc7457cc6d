//! The federation: the handle by which a host drives its hubs, and the threads behind it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use actix::{Addr, System};
use convoke_events::{HubId, Log, TaskConcluded, TaskId};
use tokio::sync::{Semaphore, oneshot};

use super::desk::Desk;
use super::message::{Alive, Drain, Give, Watch, start};
use super::setup::Setup;
use crate::command::{Answer, CommandError, Order};

/// A federation could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system gives no thread.
    #[error("no thread could be started")]
    Thread(#[source] std::io::Error),
    /// The threads ended before they could serve.
    #[error("the threads of the federation ended before they could serve")]
    Ended,
}

/// The hubs of one log, and the threads that drive them.
///
/// A handle is cheap to clone, may be used from any thread and awaited on any executor, or none.
/// Dropping the last one tells the threads to end and does not wait for them;
/// [`Federation::shutdown`] does.
#[derive(Clone)]
pub struct Federation(Arc<Inner>);

struct Inner {
    desk: Addr<Desk>,
    system: System,
    admission: Arc<Semaphore>,
    waiting: usize,
    ended: Mutex<Option<(oneshot::Receiver<()>, JoinHandle<()>)>>,
}

impl fmt::Debug for Federation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Federation").field("waiting", &self.0.waiting).finish_non_exhaustive()
    }
}

/// Numbers federations, so that the threads of one can be told from those of another.
static STARTED: AtomicU64 = AtomicU64::new(0);

impl Federation {
    /// Starts the threads that drive the hubs of this log. No other federation may drive them.
    ///
    /// # Errors
    /// [`StartError`] if the system gives no thread.
    pub fn start(log: Log, setup: Setup) -> Result<Self, StartError> {
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let waiting = setup.waiting;
        let (started, starting) = std::sync::mpsc::sync_channel(1);
        let (ending, ended) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name(format!("convoke-hub-{number}"))
            .spawn(move || {
                drive(number, log, setup, &started);
                // Nobody may be waiting for the end.
                let _ = ending.send(());
            })
            .map_err(StartError::Thread)?;
        let (desk, system) = match starting.recv() {
            Ok(Ok(started)) => started,
            Ok(Err(error)) => return Err(StartError::Thread(error)),
            Err(_) => return Err(StartError::Ended),
        };
        Ok(Self(Arc::new(Inner {
            desk,
            system,
            admission: Arc::new(Semaphore::new(waiting)),
            waiting,
            ended: Mutex::new(Some((ended, thread))),
        })))
    }

    /// Gives a hub a command, and waits until its answer is durable.
    ///
    /// # Errors
    /// [`CommandError`]: refused by a rule, turned away with the command when too many wait, or
    /// stopped or unknown when the log is in trouble.
    pub async fn command(&self, hub: &HubId, order: Order) -> Result<Answer, CommandError> {
        let permit = match Arc::clone(&self.0.admission).try_acquire_owned() {
            Ok(permit) => permit,
            Err(tokio::sync::TryAcquireError::Closed) => return Err(stopped()),
            Err(tokio::sync::TryAcquireError::NoPermits) => {
                let (order, limit) = (Box::new(order), self.0.waiting);
                return Err(CommandError::Overloaded { order, limit });
            }
        };
        let (reply, answer) = oneshot::channel();
        let give = Give { hub: hub.clone(), order, reply };
        self.0.desk.try_send(give).map_err(|_| stopped())?;
        let answer = answer.await.map_err(|_| CommandError::Unknown {
            why: "the hub began anew, or ended, before it answered".to_owned(),
        })?;
        drop(permit);
        answer
    }

    /// Waits until a task has ended and that is durable; at once if it has.
    ///
    /// # Errors
    /// [`CommandError`] if the hub knows no such task, the runtime stops before it ends, or it does
    /// not end before a person has said what became of a call.
    pub async fn concluded(
        &self,
        hub: &HubId,
        task: TaskId,
    ) -> Result<TaskConcluded, CommandError> {
        let (reply, end) = oneshot::channel();
        let watch = Watch { hub: hub.clone(), task, reply };
        self.0.desk.try_send(watch).map_err(|_| stopped())?;
        end.await.map_err(|_| stopped())?
    }

    /// Tells a hub that somebody at work on a task is alive. Nothing is recorded of it, and it may be
    /// lost: what counts is that none came for too long.
    pub fn alive(&self, hub: &HubId, task: TaskId) {
        let _ = self.0.desk.try_send(Alive { hub: hub.clone(), task });
    }

    /// Takes no more commands, waits until all that were taken are answered, and ends the threads.
    /// Calls in flight are left to the next start. Harmless when repeated.
    pub async fn shutdown(&self) {
        self.0.admission.close();
        let (reply, drained) = oneshot::channel();
        if self.0.desk.try_send(Drain { reply }).is_ok() {
            // The desk drops the other end when it ends first, which is as good.
            let _ = drained.await;
        }
        self.0.system.stop();
        let ended = self.0.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((ended, thread)) = ended {
            let _ = ended.await;
            // It has just said that it ends: this does not wait to speak of.
            let _ = thread.join();
        }
    }
}

fn stopped() -> CommandError {
    CommandError::Stopped { why: "it was shut down".to_owned() }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.system.stop();
    }
}

type Started = std::io::Result<(Addr<Desk>, System)>;

/// Runs on the federation's own thread until it is told to stop.
fn drive(number: u64, log: Log, setup: Setup, started: &std::sync::mpsc::SyncSender<Started>) {
    let models = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name(format!("convoke-model-{number}"))
        .enable_all()
        .build();
    let models = match models {
        Ok(models) => models,
        Err(error) => {
            // Whoever started us is waiting for exactly this.
            let _ = started.send(Err(error));
            return;
        }
    };
    let handle = models.handle().clone();
    let system = System::new();
    let serving = system.block_on(async {
        let desk = start(Desk::new(log, Arc::new(setup), handle));
        started.send(Ok((desk, System::current()))).is_ok()
    });
    if serving && let Err(error) = system.run() {
        tracing::error!(%error, "the actor system ended in trouble");
    }
    // Calls that do not end when called off are left behind.
    models.shutdown_timeout(Duration::from_secs(2));
}
