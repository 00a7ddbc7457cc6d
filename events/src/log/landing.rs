//! Waiting for an append to land.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::sync::oneshot;

use crate::{AppendError, Head, Receipt};

/// Resolves once an append is durable or refused; dropping it does not take the append back.
///
/// It works in any asynchronous runtime or in none.
#[must_use = "only its outcome says whether the append landed"]
pub struct Landing(oneshot::Receiver<Result<Receipt, AppendError>>);

/// Resolves once everything handed to the writer before it is decided.
#[must_use = "only its outcome says that the writer has come this far"]
pub struct Fence(oneshot::Receiver<Result<Head, AppendError>>);

impl Landing {
    pub(crate) const fn new(answer: oneshot::Receiver<Result<Receipt, AppendError>>) -> Self {
        Self(answer)
    }

    /// An append that was refused before it reached the writer.
    pub(crate) fn refused(error: AppendError) -> Self {
        let (answer, landing) = oneshot::channel();
        // The other end is right here.
        drop(answer.send(Err(error)));
        Self(landing)
    }

    /// Blocks the thread until it resolves.
    ///
    /// # Errors
    /// [`AppendError`] if the append did not land, or may not have.
    pub fn wait(self) -> Result<Receipt, AppendError> {
        block_on(self)
    }
}

impl Fence {
    pub(crate) const fn new(answer: oneshot::Receiver<Result<Head, AppendError>>) -> Self {
        Self(answer)
    }

    /// Blocks the thread until it resolves.
    ///
    /// # Errors
    /// [`AppendError::Stopped`] or [`AppendError::Unknown`] if the writer no longer works.
    pub fn wait(self) -> Result<Head, AppendError> {
        block_on(self)
    }
}

impl Future for Landing {
    type Output = Result<Receipt, AppendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or_else(|_| Err(lost())))
    }
}

impl Future for Fence {
    type Output = Result<Head, AppendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or_else(|_| Err(lost())))
    }
}

fn lost() -> AppendError {
    AppendError::Unknown { why: "the writer ended without an answer".to_owned() }
}

impl fmt::Debug for Landing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Landing").finish_non_exhaustive()
    }
}

impl fmt::Debug for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fence").finish_non_exhaustive()
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread, also where a runtime would not let its own blocking calls be used.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    // What is there already needs nobody to be woken.
    if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        return output;
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
