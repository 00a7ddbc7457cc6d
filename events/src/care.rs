//! Care: copies of a log that can be trusted, and what to do with one that cannot.
//!
//! | verb | from | to |
//! |---|---|---|
//! | [`Log::backup`](crate::Log::backup) | an open log, while appends go on | a directory that holds every commit up to then |
//! | [`restore`] | a backup | a data directory |
//! | [`repair`] | a data directory that may not open any more | a data directory, and a report of what is not in it |
//! | [`Log::export`](crate::Log::export) | an open log | JSON lines, for other tools |
//!
//! **Invariants.**
//!
//! 1. What is copied is checked while it is copied: every record, every link of the hash chain,
//!    every text beside the log.
//! 2. Nothing is ever written to where it is copied from.
//! 3. A copy appears under its name once it is whole and synced; until then it lies beside it,
//!    under a name that ends in `.partial`.
//! 4. A signer's private key goes with the copy where it lies in the data directory, readable to
//!    its owner only: without it the log could not go on. One that was moved out stays where it is.

pub(crate) mod backup;
mod carve;
pub(crate) mod export;
mod lineage;
mod notes;
mod repair;
mod restore;
mod staging;

use serde::Serialize;

pub use self::backup::BackupError;
pub use self::export::ExportError;
pub use self::repair::{Lost, LostText, RepairError, Repaired, repair};
pub use self::restore::{RestoreError, restore};
use crate::{Digest, LogId};

/// What was copied, all of it as it had been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Which log; none where it is empty.
    pub log: Option<LogId>,
    /// How many events.
    pub events: u64,
    /// The hash chain's link at the newest one; none where there is none.
    pub head: Option<Digest>,
    /// How many texts from beside the log.
    pub texts: u64,
}
