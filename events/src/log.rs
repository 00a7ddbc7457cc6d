//! The log: an append-only history with one writer and any number of readers.
//!
//! What one append holds is decided and stored as one; appends that wait together share one
//! commit of the store and so one sync. Readers see only what is durable.

pub(crate) mod chain;
pub(crate) mod engine;
pub(crate) mod frame;
pub(crate) mod index;
pub(crate) mod landing;
pub(crate) mod options;
pub(crate) mod read;
pub(crate) mod reader;
pub(crate) mod remembered;
pub(crate) mod stats;
pub(crate) mod subscription;
pub(crate) mod verify;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use self::writer::Writer;
use crate::directory::Directory;
use crate::{
    Append, Broken, CommitError, CommitStore, Digest, Engine, Events, Fence, HubId, IdempotencyKey,
    Landing, LogId, MemoryStore, OpenError, Options, Principal, Query, Reader, Receipt, Revision,
    SledStore, Stats, StreamId, Subscription, Verified,
};

/// How far a log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many events there are, which is the newest one's position.
    pub position: u64,
    /// The newest link of the hash chain; none where the log is empty.
    pub hash: Option<Digest>,
}

/// An open log; clones share it. It is closed by [`Log::close`] or when the last clone is dropped.
///
/// # Examples
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use convoke_events::{Log, Query};
///
/// let log = Log::in_memory();
/// assert_eq!(log.head().position, 0);
/// assert!(log.read(Query::all()).next().is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Log(Arc<Open>);

struct Open {
    reader: Reader,
    writer: Writer,
    /// Ours until the store is closed.
    directory: Mutex<Option<Directory>>,
}

impl Log {
    /// Opens the log in a directory, or makes one there.
    ///
    /// # Errors
    /// [`OpenError`] says what stands in the way.
    pub fn open(directory: &Path, options: Options) -> Result<Self, OpenError> {
        Self::in_directory(Directory::open(directory)?, options)
    }

    /// Opens the log in a directory; makes nothing.
    ///
    /// # Errors
    /// [`OpenError::NotFound`] if there is none; else what stands in the way.
    pub fn open_existing(directory: &Path, options: Options) -> Result<Self, OpenError> {
        Self::in_directory(Directory::open_existing(directory)?, options)
    }

    fn in_directory(directory: Directory, options: Options) -> Result<Self, OpenError> {
        let store = SledStore::open(&directory.store(), options.durability)?;
        let engine = Engine::open_with(Arc::new(store), options.clock, options.clock_behind)?;
        Self::start(engine, Some(directory))
    }

    /// Makes a log in memory, gone when it is dropped.
    pub fn in_memory() -> Self {
        let engine = Engine::empty(Arc::new(MemoryStore::new()), Options::default().clock);
        let reader = engine.reader().clone();
        // A log whose thread could not be started is one that has stopped.
        let writer =
            Writer::start(engine).unwrap_or_else(|error| Writer::stopped(error.to_string()));
        Self(Arc::new(Open { reader, writer, directory: Mutex::new(None) }))
    }

    /// Opens the log in any store.
    ///
    /// # Errors
    /// [`OpenError`] says what stands in the way.
    pub fn on(store: Arc<dyn CommitStore>, options: Options) -> Result<Self, OpenError> {
        Self::start(Engine::open_with(store, options.clock, options.clock_behind)?, None)
    }

    fn start(engine: Engine, directory: Option<Directory>) -> Result<Self, OpenError> {
        let reader = engine.reader().clone();
        let writer = Writer::start(engine).map_err(|source| OpenError::Writer { source })?;
        Ok(Self(Arc::new(Open { reader, writer, directory: Mutex::new(directory) })))
    }

    /// Appends the events, all or none: hands them to the writer at once, in the order of the
    /// calls, and answers when they are durable or refused.
    pub fn append(&self, append: Append) -> Landing {
        self.0.writer.append(append)
    }

    /// Answers how far the log goes once everything appended before is durable or refused.
    pub fn fence(&self) -> Fence {
        self.0.writer.fence()
    }

    /// The read side alone.
    pub fn reader(&self) -> &Reader {
        &self.0.reader
    }

    /// How far the log goes.
    pub fn head(&self) -> Head {
        self.0.reader.head()
    }

    /// The log's id. An empty log has not written it down yet, and has another one once reopened.
    pub fn id(&self) -> LogId {
        self.0.reader.id()
    }

    /// Reads events that are durable now, a page at a time.
    pub fn read(&self, query: Query) -> Events {
        self.0.reader.read(query)
    }

    /// A stream's newest revision; none where it holds nothing.
    pub fn revision(&self, hub: &HubId, stream: &StreamId) -> Option<Revision> {
        self.0.reader.revision(hub, stream)
    }

    /// What the command of this name was and where it landed, if it did within the last seven days
    /// or million keys.
    pub fn idempotent(
        &self,
        hub: &HubId,
        principal: &Principal,
        key: &IdempotencyKey,
    ) -> Option<(Digest, Receipt)> {
        self.0.reader.idempotent(hub, principal, key)
    }

    /// Follows the log from the event behind the first `after` on, until it is closed.
    pub fn subscribe(&self, after: u64) -> Subscription {
        self.0.reader.subscribe(after)
    }

    /// How much there is in the log.
    pub fn stats(&self) -> Stats {
        self.0.reader.stats()
    }

    /// Reads the whole log and computes every hash anew.
    ///
    /// # Errors
    /// [`Broken`] names the first position that is not as it must be.
    pub fn verify(&self) -> Result<Verified, Broken> {
        self.0.reader.verify()
    }

    /// Decides what waits, closes the store and lets go of the directory; harmless when repeated.
    ///
    /// # Errors
    /// [`CommitError`] if the store cannot promise that everything is durable.
    pub fn close(&self) -> Result<(), CommitError> {
        self.0.close()
    }
}

impl Open {
    fn close(&self) -> Result<(), CommitError> {
        let closed = self.writer.close();
        self.directory.lock().unwrap_or_else(PoisonError::into_inner).take();
        closed
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(log = %self.reader.id(), %error, "the log could not be closed");
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("id", &self.id()).field("head", &self.head()).finish()
    }
}
