//! The one writer: a thread that takes whatever waits and commits it as one.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use super::engine::COMMIT_BOUND;
use crate::{AppendError, CommitError, Engine, Fence, Head, Landing, Prepared, Receipt};

/// How many requests are taken at once, however small they are.
const MOST_AT_ONCE: usize = 8_192;

#[allow(clippy::large_enum_variant, reason = "almost every request is an append")]
enum Request {
    Append(Prepared, oneshot::Sender<Result<Receipt, AppendError>>),
    Fence(oneshot::Sender<Result<Head, AppendError>>),
}

/// The way to the writer's thread.
pub(super) struct Writer(Mutex<State>);

enum State {
    Running { queue: Sender<Request>, thread: JoinHandle<Result<(), CommitError>> },
    Stopped { why: String },
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(engine: Engine) -> io::Result<Self> {
        let (queue, requests) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("convoke-writer".to_owned())
            .spawn(move || run(engine, &requests))?;
        Ok(Self(Mutex::new(State::Running { queue, thread })))
    }

    /// A writer that takes nothing.
    pub(super) const fn stopped(why: String) -> Self {
        Self(Mutex::new(State::Stopped { why }))
    }

    pub(super) fn append(&self, append: Prepared) -> Landing {
        let (answer, landing) = oneshot::channel();
        match &*self.state() {
            // A thread that is gone drops the request, which resolves the landing.
            State::Running { queue, .. } => drop(queue.send(Request::Append(append, answer))),
            State::Stopped { why } => {
                drop(answer.send(Err(AppendError::Stopped { why: why.clone() })));
            }
        }
        Landing::new(landing)
    }

    pub(super) fn fence(&self) -> Fence {
        let (answer, fence) = oneshot::channel();
        match &*self.state() {
            State::Running { queue, .. } => drop(queue.send(Request::Fence(answer))),
            State::Stopped { why } => {
                drop(answer.send(Err(AppendError::Stopped { why: why.clone() })));
            }
        }
        Fence::new(fence)
    }

    /// Lets the thread decide what waits, close the store and end.
    pub(super) fn close(&self) -> Result<(), CommitError> {
        let mut state = self.state();
        let stopped = State::Stopped { why: "it is closed".to_owned() };
        match std::mem::replace(&mut *state, stopped) {
            State::Running { queue, thread } => {
                drop(queue);
                let panicked = || CommitError::Unknown { why: "the writer panicked".to_owned() };
                thread.join().unwrap_or_else(|_| Err(panicked()))
            }
            State::Stopped { why } => {
                *state = State::Stopped { why };
                Ok(())
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(mut engine: Engine, requests: &Receiver<Request>) -> Result<(), CommitError> {
    while let Ok(first) = requests.recv() {
        let mut appends = Vec::new();
        let mut answers = Vec::new();
        let mut fence = None;
        let mut weight = 0;
        let mut next = Some(first);
        while let Some(request) = next {
            match request {
                Request::Append(append, answer) => {
                    weight += append.measured.size;
                    appends.push(append);
                    answers.push(answer);
                }
                Request::Fence(answer) => {
                    fence = Some(answer);
                    break;
                }
            }
            if weight >= COMMIT_BOUND || appends.len() >= MOST_AT_ONCE {
                break;
            }
            next = requests.try_recv().ok();
        }
        let decided = engine.commit(&appends);
        // The oldest first: whoever waits for them in turn goes on while the others are told, and its
        // next appends are there when the writer looks. Whoever no longer waits for an answer has
        // dropped the other end.
        for (answer, decided) in answers.into_iter().zip(decided) {
            drop(answer.send(decided));
        }
        if let Some(fence) = fence {
            let head = match engine.stopped() {
                Some(why) => Err(AppendError::Stopped { why: why.to_owned() }),
                None => Ok(engine.reader().head()),
            };
            drop(fence.send(head));
        }
    }
    engine.close()
}
