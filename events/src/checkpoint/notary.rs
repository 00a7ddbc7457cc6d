//! Writing checkpoints while events come: on a thread of its own, behind the writer.
//!
//! **Invariants.**
//!
//! 1. Only durable events are vouched for.
//! 2. A checkpoint is never signed that contradicts the newest one there is.
//! 3. No commit waits for a checkpoint.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::{Checkpoint, CheckpointFile, CheckpointSink, SignedCheckpoint, checkpoints_in};
use crate::log::leaves::{Leaves, News};
use crate::log::vouching::Pace;
use crate::{Broken, PublicKey, Reader, SignError, Signer};

/// Why no checkpoint could be given.
#[derive(Debug, thiserror::Error)]
pub enum VouchError {
    /// Nobody here can sign for so many events.
    #[error("nobody here can sign for the first {size} events")]
    Nobody {
        /// How many.
        size: u64,
    },
    /// There are not so many.
    #[error("there are {head} events, not {size}")]
    Beyond {
        /// How many were asked for.
        size: u64,
        /// How many there are.
        head: u64,
    },
    /// The signer did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The newest checkpoint says something else of the events it covers.
    #[error("the log is not the one the checkpoint of its first {size} events was signed for")]
    Contradicts {
        /// How many that checkpoint covers.
        size: u64,
    },
    /// It could not be kept.
    #[error("the checkpoint could not be written")]
    Keep(#[from] io::Error),
}

/// The checkpoints there are.
struct Book {
    /// Where they are kept, if anywhere.
    file: Option<CheckpointFile>,
    newest: Option<SignedCheckpoint>,
    /// Whether the newest one was compared with the log.
    is_compared: bool,
}

struct Shared {
    reader: Reader,
    leaves: Arc<Leaves>,
    /// Every signer there has been since the log was opened: the key in force says which one signs.
    signers: Mutex<Vec<Arc<dyn Signer>>>,
    book: Mutex<Book>,
    sink: Option<Arc<dyn CheckpointSink>>,
    pace: Pace,
}

/// Signs and keeps the checkpoints of one log.
pub(crate) struct Notary {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What a notary works with.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) signer: Option<Arc<dyn Signer>>,
    pub(crate) file: Option<CheckpointFile>,
    pub(crate) newest: Option<SignedCheckpoint>,
    pub(crate) is_compared: bool,
    pub(crate) sink: Option<Arc<dyn CheckpointSink>>,
    pub(crate) pace: Pace,
}

impl Notary {
    /// Starts, with a thread if there is a signer.
    pub(crate) fn start(reader: &Reader, desk: Desk) -> io::Result<Self> {
        let is_signing = desk.signer.is_some();
        let shared = Arc::new(Shared::new(reader, desk));
        let thread = if is_signing {
            let shared = Arc::clone(&shared);
            let name = "convoke-notary".to_owned();
            Some(thread::Builder::new().name(name).spawn(move || shared.run())?)
        } else {
            None
        };
        Ok(Self { shared, thread: Mutex::new(thread) })
    }

    /// One that signs nothing.
    pub(crate) fn idle(reader: &Reader) -> Self {
        Self { shared: Arc::new(Shared::new(reader, Desk::default())), thread: Mutex::new(None) }
    }

    /// The newest checkpoint.
    pub(crate) fn newest(&self) -> Option<SignedCheckpoint> {
        self.shared.book().newest.clone()
    }

    /// The newest checkpoint, once it covers every event there is now.
    pub(crate) fn vouch(&self) -> Result<SignedCheckpoint, VouchError> {
        self.shared.vouch()
    }

    /// A checkpoint of exactly so many events, which is not kept unless it was before.
    pub(crate) fn vouch_for(&self, size: u64) -> Result<SignedCheckpoint, VouchError> {
        self.shared.vouch_for(size)
    }

    /// The signer in force, if there is one.
    pub(crate) fn signer(&self) -> Option<Arc<dyn Signer>> {
        let key = self.shared.reader.index().keys().newest()?;
        self.shared.signer(&key)
    }

    /// Takes on one more signer, for when its key is in force.
    pub(crate) fn admit(&self, signer: Arc<dyn Signer>) {
        self.shared.signers().push(signer);
    }

    /// Writes the last checkpoint and ends; harmless when repeated.
    pub(crate) fn close(&self) {
        self.shared.leaves.end();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that signs checkpoints panicked");
        }
    }

    /// Every checkpoint of the log that can be had, the oldest first.
    pub(crate) fn all(&self) -> Result<Vec<SignedCheckpoint>, Broken> {
        let book = self.shared.book();
        match &book.file {
            Some(file) => checkpoints_in(file.path()),
            None => Ok(book.newest.clone().into_iter().collect()),
        }
    }
}

impl Drop for Notary {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn new(reader: &Reader, desk: Desk) -> Self {
        let Desk { signer, file, newest, is_compared, sink, pace } = desk;
        let leaves = Arc::clone(reader.index().leaves());
        Self {
            reader: reader.clone(),
            leaves,
            signers: Mutex::new(signer.into_iter().collect()),
            book: Mutex::new(Book { file, newest, is_compared }),
            sink,
            pace,
        }
    }

    fn run(&self) {
        loop {
            let covered = self.covered();
            let mut news = self.leaves.wait(covered.saturating_add(1), None);
            if matches!(news, News::Count(_)) {
                let enough = covered.saturating_add(self.pace.events);
                news = self.leaves.wait(enough, Some(self.pace.span));
            }
            let (News::Count(count) | News::Ended(count)) = news;
            let failed = if count > covered { self.vouch().err() } else { None };
            if let Some(error) = &failed {
                let log = self.reader.id();
                tracing::error!(%log, events = count, %error, "no checkpoint could be written");
            }
            match news {
                News::Ended(_) => return,
                News::Count(_) if failed.is_some() => {
                    // Whatever is wrong, asking again at once would not help.
                    self.leaves.wait(u64::MAX, Some(self.pace.span));
                }
                News::Count(_) => {}
            }
        }
    }

    fn covered(&self) -> u64 {
        self.book().newest.as_ref().map_or(0, |newest| newest.checkpoint().size)
    }

    fn vouch(&self) -> Result<SignedCheckpoint, VouchError> {
        let mut book = self.book();
        let size = self.leaves.count();
        if let Some(newest) = book.newest.as_ref().filter(|newest| newest.checkpoint().size >= size)
        {
            return Ok(newest.clone());
        }
        let signed = self.sign(&mut book, size)?;
        if let Some(file) = &mut book.file {
            file.append(&signed)?;
        }
        if let Some(sink) = &self.sink {
            sink.take(&signed);
        }
        book.newest = Some(signed.clone());
        Ok(signed)
    }

    fn vouch_for(&self, size: u64) -> Result<SignedCheckpoint, VouchError> {
        let mut book = self.book();
        let newest = book.newest.as_ref();
        match newest.filter(|newest| newest.checkpoint().size == size) {
            Some(newest) => Ok(newest.clone()),
            None => self.sign(&mut book, size),
        }
    }

    fn sign(&self, book: &mut Book, size: u64) -> Result<SignedCheckpoint, VouchError> {
        let root = {
            let tree = self.leaves.tree();
            if !book.is_compared
                && let Some(newest) = &book.newest
            {
                let Checkpoint { size, root, .. } = *newest.checkpoint();
                if tree.root(size) != Some(root) {
                    return Err(VouchError::Contradicts { size });
                }
                book.is_compared = true;
            }
            tree.root(size).ok_or(VouchError::Beyond { size, head: tree.size() })?
        };
        // Leaves are published with the keys they introduce, under one lock.
        let key = self.reader.index().keys().at(size);
        let signer = key.and_then(|key| self.signer(&key)).ok_or(VouchError::Nobody { size })?;
        let checkpoint = Checkpoint { log: self.reader.id(), size, root };
        Ok(SignedCheckpoint::sign(checkpoint, &*signer)?)
    }

    fn signer(&self, key: &PublicKey) -> Option<Arc<dyn Signer>> {
        self.signers().iter().find(|signer| signer.public_key() == *key).cloned()
    }

    fn signers(&self) -> MutexGuard<'_, Vec<Arc<dyn Signer>>> {
        self.signers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
