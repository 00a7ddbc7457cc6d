//! The thread that follows the log for a lineup of views.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::thread::JoinHandle;

use tokio::sync::Notify;

/// Follows the log and keeps the views of a [`Lineup`](crate::Lineup) up to date.
///
/// Dropping it, and every [`Live`](crate::Live) of it, tells its thread to end and does not wait;
/// [`Runner::stop`] does.
pub struct Runner(Arc<Handle>);

/// The thread of a lineup could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the thread of the views cannot be started")]
pub struct StartError {
    /// What the operating system said.
    pub source: io::Error,
}

/// While this is held, every view of the lineup stays at the position it is at.
///
/// Held too long it holds up the views, and whoever waits for them.
pub struct Held<'a> {
    _gate: RwLockReadGuard<'a, ()>,
}

impl Runner {
    pub(crate) const fn new(handle: Arc<Handle>) -> Self {
        Self(handle)
    }

    /// Holds all views at one position, so that several of them can be seen as of the same event.
    pub fn hold(&self) -> Held<'_> {
        Held { _gate: self.0.signals.gate.read().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Ends the thread and waits for that; the views stay as they are. Harmless when repeated.
    pub fn stop(&self) {
        self.0.stop();
    }
}

/// What a lineup's thread and everybody outside share.
#[derive(Default)]
pub(crate) struct Signals {
    /// There is something to do besides events.
    pub(crate) wake: Notify,
    pub(crate) stopping: AtomicBool,
    /// Held by whoever changes views, and by whoever must see several of them unchanged.
    pub(crate) gate: RwLock<()>,
}

/// The outside of a lineup's thread.
#[derive(Default)]
pub(crate) struct Handle {
    signals: Arc<Signals>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Handle {
    pub(crate) fn signals(&self) -> Arc<Signals> {
        Arc::clone(&self.signals)
    }

    pub(crate) fn wake(&self) {
        self.signals.wake.notify_one();
    }

    pub(crate) fn runs(&self, thread: JoinHandle<()>) {
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    }

    fn tell_to_end(&self) {
        self.signals.stopping.store(true, Ordering::SeqCst);
        self.wake();
    }

    pub(crate) fn stop(&self) {
        self.tell_to_end();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic in there was caught and told where it happened.
            let _joined = thread.join();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.tell_to_end();
    }
}
