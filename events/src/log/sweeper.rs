//! The sweeper: a thread that removes bodies that no event names, once after the log was opened.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::{Clock, Reader};

/// Sweeps once, unless the log is closed before.
pub(super) struct Sweeper {
    stopped: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Sweeper {
    /// Nothing to sweep.
    pub(super) fn none() -> Self {
        Self { stopped: Arc::default(), thread: Mutex::new(None) }
    }

    /// Sweeps the bodies of a log, where it has any.
    pub(super) fn over(folder: &Path, reader: &Reader, clock: Arc<dyn Clock>) -> Self {
        let sweeper = Self::none();
        if !folder.is_dir() {
            return sweeper;
        }
        let (reader, stopped) = (reader.clone(), Arc::clone(&sweeper.stopped));
        let sweep = move || {
            let go_on = || !stopped.load(Ordering::Relaxed);
            match reader.bodies().sweep(&reader, clock.now(), go_on) {
                Ok(swept) if swept.bodies > 0 => {
                    tracing::info!(log = %reader.id(), ?swept, "removed texts that no event names");
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(log = %reader.id(), %error, "texts could not be swept");
                }
            }
        };
        // Without a thread nothing is swept this time, which harms nobody.
        let thread = thread::Builder::new().name("convoke-sweeper".to_owned()).spawn(sweep).ok();
        *sweeper.thread.lock().unwrap_or_else(PoisonError::into_inner) = thread;
        sweeper
    }

    /// Returns once nothing is swept any more.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // If it panicked it is no longer sweeping either.
            let _ = thread.join();
        }
    }
}
