//! The log: an append-only history with one writer and any number of readers.
//!
//! What one append holds is decided and stored as one; appends that wait together share one
//! commit of the store and so one sync. Readers see only what is durable.

pub(crate) mod chain;
pub(crate) mod engine;
pub(crate) mod frame;
pub(crate) mod handover;
pub(crate) mod index;
pub(crate) mod landing;
pub(crate) mod leaves;
pub(crate) mod options;
pub(crate) mod read;
pub(crate) mod reader;
pub(crate) mod remembered;
pub(crate) mod stats;
pub(crate) mod subscription;
mod sweeper;
pub(crate) mod verify;
pub(crate) mod vouching;
mod writer;

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use self::engine::opening::{IndexFile, Opening};
use self::handover::Handover;
use self::sweeper::Sweeper;
use self::verify::Examined;
use self::writer::Writer;
use crate::bodies::Bodies;
use crate::care::{backup, export};
use crate::checkpoint::{Notary, Subject};
use crate::directory::Directory;
use crate::{
    Append, BackupError, Broken, CommitError, CommitStore, ConsistencyProof, Copied, Digest,
    Engine, Events, ExportError, Fence, Growth, HubId, IdempotencyKey, InclusionProof,
    JournalOptions, JournaledStore, Landing, LogId, MemoryStore, OpenError, Options, Position,
    Prepared, Principal, ProveError, PublicKey, Query, ReadError, Reader, Receipt, Revision,
    RotateError, SignedCheckpoint, Signer, Stats, StreamId, Subscription, SweepError, Swept,
    Timestamp, Verified, VouchError,
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
    sweeper: Sweeper,
    notary: Notary,
    handover: Arc<Handover>,
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
        let journal =
            JournalOptions { durability: options.durability, ..JournalOptions::default() };
        let store = Arc::new(JournaledStore::open(directory.path(), &journal)?);
        let clock = Arc::clone(&options.clock);
        let index = directory.index();
        // Behind a stop that was not clean the whole log is looked at again.
        let index =
            if store.was_closed() { IndexFile::Use(index) } else { IndexFile::Write(index) };
        let Options { clock_behind, on_indexing, durability, proofs, .. } = options;
        let opening = Opening { clock: Arc::clone(&clock), clock_behind, index, on_indexing };
        let engine = Engine::open_by(store.clone(), opening)?;
        let notary = vouching::start(&engine, Some(directory.path()), durability, proofs)?;
        store.found_whole()?;
        let bodies = options.bodies.unwrap_or_else(|| directory.bodies());
        let kept = Bodies::in_folder(bodies.clone(), options.durability, options.max_text);
        engine.reader().keep_bodies(kept);
        let sweeper = Sweeper::over(&bodies, engine.reader(), clock);
        Self::start(engine, Some(directory), sweeper, notary)
    }

    /// Makes a log in memory, gone when it is dropped.
    pub fn in_memory() -> Self {
        let engine = Engine::empty(Arc::new(MemoryStore::new()), Options::default().clock);
        let (reader, handover) = (engine.reader().clone(), Arc::clone(engine.handover()));
        let notary = Notary::idle(&reader);
        // A log whose thread could not be started is one that has stopped.
        let writer =
            Writer::start(engine).unwrap_or_else(|error| Writer::stopped(error.to_string()));
        let (directory, sweeper) = (Mutex::new(None), Sweeper::none());
        Self(Arc::new(Open { reader, writer, directory, sweeper, notary, handover }))
    }

    /// Opens the log in any store.
    ///
    /// # Errors
    /// [`OpenError`] says what stands in the way.
    pub fn on(store: Arc<dyn CommitStore>, options: Options) -> Result<Self, OpenError> {
        let Options { clock, clock_behind, on_indexing, .. } = options;
        let opening = Opening { clock, clock_behind, index: IndexFile::None, on_indexing };
        let engine = Engine::open_by(store, opening)?;
        let notary = vouching::start(&engine, None, options.durability, options.proofs)?;
        engine.reader().keep_bodies(match options.bodies {
            Some(folder) => Bodies::in_folder(folder, options.durability, options.max_text),
            None => Bodies::in_memory(options.max_text),
        });
        Self::start(engine, None, Sweeper::none(), notary)
    }

    fn start(
        engine: Engine,
        directory: Option<Directory>,
        sweeper: Sweeper,
        notary: Notary,
    ) -> Result<Self, OpenError> {
        let (reader, handover) = (engine.reader().clone(), Arc::clone(engine.handover()));
        let writer = Writer::start(engine).map_err(|source| OpenError::Writer { source })?;
        let directory = Mutex::new(directory);
        Ok(Self(Arc::new(Open { reader, writer, directory, sweeper, notary, handover })))
    }

    /// Appends the events, all or none: hands them to the writer at once, in the order of the
    /// calls, and answers when they are durable or refused.
    ///
    /// A text too long for its record (4 KiB, or less where an event would pass 16 KiB) is written
    /// beside the log first, on the caller's thread, and synced like everything else.
    pub fn append(&self, append: Append) -> Landing {
        match self.0.reader.prepare(append) {
            Ok(prepared) => self.append_prepared(prepared),
            Err(error) => Landing::refused(error),
        }
    }

    /// Appends what was prepared for this log, as [`Self::append`] does.
    pub fn append_prepared(&self, mut prepared: Prepared) -> Landing {
        match self.0.reader.bodies().take_from(&mut prepared) {
            Ok(()) => self.0.writer.append(prepared),
            Err(error) => Landing::refused(error.into()),
        }
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

    /// The newest position recorded at this moment or earlier; none where the log begins later.
    ///
    /// # Errors
    /// [`ReadError`] if a record on the way there cannot be read.
    pub fn as_of(&self, moment: Timestamp) -> Result<Option<Position>, ReadError> {
        self.0.reader.as_of(moment)
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

    /// Reads the whole log, computes every hash anew and holds it against every checkpoint there
    /// is. Whoever rewrote the log and the checkpoints with a key of their own is not found out:
    /// that takes a key that is trusted, with [`Self::verify_with`].
    ///
    /// # Errors
    /// [`Broken`] names the first position that is not as it must be.
    pub fn verify(&self) -> Result<Verified, Broken> {
        self.examine(None)
    }

    /// As [`Self::verify`], with a public key that is trusted: it must be one of the log's, and it or
    /// a key it handed over to must have signed the newest checkpoint.
    ///
    /// # Errors
    /// [`Broken`] names the first position that is not as it must be.
    pub fn verify_with(&self, trusted: &PublicKey) -> Result<Verified, Broken> {
        self.examine(Some(trusted))
    }

    fn examine(&self, trusted: Option<&PublicKey>) -> Result<Verified, Broken> {
        // Before the log is read, which may grow while it is.
        let checkpoints = self.0.notary.all()?;
        let Examined { verified, tree, keys } = self.0.reader.examine()?;
        let subject = Subject { log: self.id(), tree: &tree, keys: &keys };
        let (checkpoints, signed) = subject.vouched(&checkpoints, trusted)?;
        Ok(Verified { checkpoints, signed, ..verified })
    }

    /// Proves that the event at a position is among the first `size`. With a checkpoint of that
    /// size it is a [`Proof`](crate::proof::Proof).
    ///
    /// # Errors
    /// [`ProveError`] if it is not, or there are not so many.
    pub fn prove(&self, position: Position, size: u64) -> Result<InclusionProof, ProveError> {
        self.0.reader.prove(position, size)
    }

    /// Proves that the first `from` events are the beginning of the first `to`; `from` is 1 or more.
    ///
    /// # Errors
    /// [`ProveError`] if they cannot be, or there are not so many.
    pub fn prove_consistency(&self, from: u64, to: u64) -> Result<ConsistencyProof, ProveError> {
        self.0.reader.prove_consistency(from, to)
    }

    /// The newest signed checkpoint there is.
    pub fn checkpoint(&self) -> Option<SignedCheckpoint> {
        self.0.notary.newest()
    }

    /// A signed checkpoint of every event there is now, made and kept if there is none yet.
    ///
    /// # Errors
    /// [`VouchError`] says why there is none.
    pub fn vouch(&self) -> Result<SignedCheckpoint, VouchError> {
        self.0.notary.vouch()
    }

    /// A signed checkpoint of exactly the first `size` events, made if there is none; one that is
    /// made now is not kept.
    ///
    /// # Errors
    /// [`VouchError`] says why there is none.
    pub fn vouch_for(&self, size: u64) -> Result<SignedCheckpoint, VouchError> {
        self.0.notary.vouch_for(size)
    }

    /// The public key in force; none while nobody vouches for the log.
    pub fn public_key(&self) -> Option<PublicKey> {
        self.0.reader.index().keys().newest()
    }

    /// Hands the log over to another key: the next event's record carries the new public key, signed
    /// by the key in force, and from there on the new signer signs. Until an event is appended the
    /// old one stays in force. Once the new one is, open the log with it.
    ///
    /// # Errors
    /// [`RotateError`] if nobody here holds the key in force, or another rotation is under way.
    pub fn rotate_key(&self, next: Arc<dyn Signer>) -> Result<(), RotateError> {
        vouching::rotate(&self.0.reader, &self.0.notary, &self.0.handover, next)
    }

    /// Copies everything that is durable now, texts included, while appends go on; what it makes is
    /// taken back with [`restore`](crate::restore). The signer's private key goes with
    /// it, readable to its owner only, where it lies in the log's directory.
    ///
    /// # Errors
    /// [`BackupError`]; there is no backup then.
    pub fn backup(&self, to: &Path) -> Result<Copied, BackupError> {
        let directory = self.0.directory.lock().unwrap_or_else(PoisonError::into_inner);
        let path = directory.as_ref().map(|directory| directory.path().to_owned());
        drop(directory);
        backup::backup(&self.0.reader, path.as_deref(), to)
    }

    /// Writes the events a query asks for as JSON lines, and answers how many.
    ///
    /// # Errors
    /// [`ExportError`] if one cannot be read, or the lines not be written.
    pub fn export(&self, query: Query, to: &mut dyn Write) -> Result<u64, ExportError> {
        export::export(&self.0.reader, query, to)
    }

    /// Removes texts beside the log that lie there for a day and that no event names. This is done
    /// whenever a log is opened: only a process that runs for many days does it by itself.
    ///
    /// # Errors
    /// [`SweepError`] if the log cannot be read, or a text not be removed.
    pub fn sweep(&self, now: Timestamp) -> Result<Swept, SweepError> {
        self.0.reader.bodies().sweep(&self.0.reader, now, || true)
    }

    /// How the log has grown; nothing where it is empty.
    ///
    /// # Errors
    /// [`ReadError`] if a record cannot be read.
    pub fn growth(&self) -> Result<Option<Growth>, ReadError> {
        self.0.reader.growth()
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
        self.sweeper.stop();
        let closed = self.writer.close();
        // Behind the last event, and while the directory is still ours.
        self.notary.close();
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
