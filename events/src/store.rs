//! Where commits are kept: a small contract, so that the log above it is the same on every engine.
//!
//! A commit is an opaque run of bytes with a number, dense from 1. The contract:
//!
//! 1. `commit(after, bytes)` MUST store `bytes` as commit `after + 1` if and only if `after` is the
//!    head; otherwise it MUST change nothing and answer [`CommitError::Conflict`].
//! 2. When `commit` answers `Ok`, the bytes MUST survive whatever the store's durability promises
//!    (a power cut, for a synced store on disk).
//! 3. A commit MUST be stored whole or not at all, whenever the process or the machine stops.
//! 4. A commit MUST NOT be visible to `read` before it is durable.
//! 5. When the fate of a commit is uncertain the store MUST answer [`CommitError::Unknown`] and MUST
//!    refuse every later commit until it is reopened; reopened, it either holds the commit or not.
//! 6. When there is certainly no room the store MUST answer [`CommitError::Full`], hold nothing of
//!    the commit, and MUST refuse every later commit until it is reopened.
//! 7. `read(n)` MUST return exactly the bytes committed as `n`, or an error; never other bytes that
//!    it can know to be wrong, and never nothing for a commit at or below the head.
//! 8. Commits MUST NOT change or disappear.
//! 9. `close` MUST make everything durable, release what is held, and be harmless when repeated.
//!
//! [`crate::testkit::conformance`] (feature `testkit`) holds a store to all of them.

mod chunk;
mod disk;
mod journal;
mod memory;
mod sled;

pub use self::disk::{Disk, DiskFile, SystemDisk};
pub use self::journal::{Disagreement, JournalOptions, JournaledStore};
pub use self::memory::MemoryStore;
pub use self::sled::SledStore;

crate::event::enumeration! {
    /// What a store on disk promises when it acknowledges a commit.
    Durability "durability" {
        /// It survives a power cut.
        Synced = "synced",
        /// It survives the end of the process, once the store is closed: for tests and throw-away work.
        Buffered = "buffered",
    }
}

/// A store of commits; see the module for what it must do.
pub trait CommitStore: Send + Sync + 'static {
    /// The number of the newest commit; 0 when there is none.
    fn head(&self) -> u64;

    /// Stores the commit after `after`.
    ///
    /// # Errors
    /// [`CommitError`]; unless it is a conflict, the store takes nothing more until reopened.
    fn commit(&self, after: u64, bytes: &[u8]) -> Result<(), CommitError>;

    /// The bytes of commit `number`.
    ///
    /// # Errors
    /// [`StoreReadError`] if there is no such commit or its bytes cannot be had.
    fn read(&self, number: u64) -> Result<Vec<u8>, StoreReadError>;

    /// Makes everything durable and lets go.
    ///
    /// # Errors
    /// [`CommitError`] if that cannot be promised.
    fn close(&self) -> Result<(), CommitError>;
}

/// Why a commit was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Another commit is the head.
    #[error("the head is commit {actual}, not {expected}")]
    Conflict {
        /// The head as the caller knew it.
        expected: u64,
        /// The head as it is.
        actual: u64,
    },
    /// It may be stored or not.
    #[error("whether the commit is stored is unknown: {why}")]
    Unknown {
        /// What went wrong.
        why: String,
    },
    /// There is no room for it.
    #[error("there is no room for the commit: {why}")]
    Full {
        /// What said so.
        why: String,
    },
}

/// Why a commit could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreReadError {
    /// There is no commit of this number.
    #[error("there is no commit {number}; the head is {head}")]
    Absent {
        /// The number asked for.
        number: u64,
        /// The head.
        head: u64,
    },
    /// It should be there and is not whole.
    #[error("commit {number} is damaged: {why}")]
    Damaged {
        /// Which commit.
        number: u64,
        /// What is wrong.
        why: String,
    },
    /// The store could not be asked.
    #[error("commit {number} cannot be read: {why}")]
    Io {
        /// Which commit.
        number: u64,
        /// What went wrong.
        why: String,
    },
}
