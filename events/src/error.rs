//! Why a log could not be opened, or an event not be read.

use std::io;
use std::path::PathBuf;

use crate::{
    BodyError, CheckpointFileError, Disagreement, FactsError, KeyFileError, Position, PublicKey,
    StoreReadError, TextName, Timestamp,
};

/// Why a log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No log lies there.
    #[error("there is no log in `{}`", .directory.display())]
    NotFound {
        /// Where one was looked for.
        directory: PathBuf,
    },
    /// Another process has it open.
    #[error("`{}` is in use by {owner}", .directory.display())]
    InUse {
        /// Which directory.
        directory: PathBuf,
        /// Process id and command line of its owner.
        owner: String,
    },
    /// The directory is of a format that only a newer version knows.
    #[error("`{}` holds `{found}`, and this version of Convoke reads `{known}`", .file.display())]
    Format {
        /// The format file.
        file: PathBuf,
        /// What it says.
        found: String,
        /// What it should say.
        known: &'static str,
    },
    /// The format file is missing or damaged, and a log is there.
    #[error("`{}` is missing or damaged: it says `{found}`", .file.display())]
    NoFormat {
        /// The format file.
        file: PathBuf,
        /// How it begins.
        found: String,
    },
    /// The operating system refused something.
    #[error("cannot {doing} `{}`", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The store's files cannot be opened.
    #[error("the store in `{}` cannot be opened: {why}", .directory.display())]
    Store {
        /// Where it lies.
        directory: PathBuf,
        /// What it said.
        why: String,
    },
    /// The store holds files that are never synced, so what lies in them cannot be trusted.
    #[error("`{}` holds files that no sync reaches", .directory.display())]
    Blobs {
        /// Where they are.
        directory: PathBuf,
    },
    /// A commit could not be read.
    #[error("the log cannot be read at position {position}")]
    Unreadable {
        /// The first position that could not be read.
        position: Position,
        /// Why.
        source: StoreReadError,
    },
    /// What lies in the directory is not one whole log.
    #[error("the log is damaged, shorter than it must be, or was tampered with")]
    Disagreement(#[from] Disagreement),
    /// The key that is to sign its checkpoints cannot be used.
    #[error("the log's key cannot be used")]
    KeyFile(#[from] KeyFileError),
    /// Whoever is to sign its checkpoints has another key than the one in force.
    #[error("the log's key is {expected}, and the one at hand is {found}")]
    AnotherKey {
        /// The key in force, by the log's own records.
        expected: PublicKey,
        /// The key of the signer.
        found: PublicKey,
    },
    /// Its checkpoints cannot be read.
    #[error("the log's checkpoints cannot be used")]
    Checkpoints(#[from] CheckpointFileError),
    /// It is not what its newest checkpoint was signed for.
    #[error("the log contradicts the signed checkpoint of its first {size} events: {why}")]
    Contradicted {
        /// How many events the checkpoint covers.
        size: u64,
        /// In which way.
        why: &'static str,
    },
    /// The log is not what was written.
    #[error("the log is damaged or was tampered with, first at position {first_bad}: {why}")]
    Damaged {
        /// The first position that is not as it must be.
        first_bad: Position,
        /// What is wrong with it.
        why: String,
    },
    /// An event cannot be understood.
    #[error("the event at position {position} cannot be read")]
    Facts {
        /// Where it is.
        position: Position,
        /// Why.
        source: FactsError,
    },
    /// The clock is far behind the newest event.
    #[error("the clock says {now}, well before the newest event at {newest}")]
    ClockBehind {
        /// When the newest event was recorded.
        newest: Timestamp,
        /// What the clock says.
        now: Timestamp,
    },
    /// The writer's thread could not be started.
    #[error("the log's writer cannot be started")]
    Writer {
        /// What the operating system said.
        source: io::Error,
    },
}

impl OpenError {
    /// Whether opening may succeed later with nothing repaired.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::InUse { .. } | Self::ClockBehind { .. } | Self::Writer { .. })
    }

    /// Whether what lies there is damaged, shorter than it must be, or was tampered with.
    pub const fn is_damage(&self) -> bool {
        match self {
            Self::NoFormat { .. }
            | Self::Store { .. }
            | Self::Blobs { .. }
            | Self::Unreadable { .. }
            | Self::Disagreement(_)
            | Self::Checkpoints(CheckpointFileError::Damaged { .. })
            | Self::KeyFile(KeyFileError::Malformed { .. })
            | Self::AnotherKey { .. }
            | Self::Contradicted { .. }
            | Self::Damaged { .. } => true,
            // What a newer version wrote is whole.
            Self::Facts { source, .. } => !matches!(source, FactsError::Unknown { .. }),
            Self::NotFound { .. }
            | Self::Format { .. }
            | Self::InUse { .. }
            | Self::Io { .. }
            | Self::KeyFile(_)
            | Self::Checkpoints(_)
            | Self::ClockBehind { .. }
            | Self::Writer { .. } => false,
        }
    }
}

/// Why an event could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The store does not give the commit it is in.
    #[error("the event at position {position} cannot be fetched")]
    Store {
        /// Which event.
        position: Position,
        /// Why.
        source: StoreReadError,
    },
    /// Its record is not what was written.
    #[error("the record at position {position} is damaged: {why}")]
    Damaged {
        /// Which event.
        position: Position,
        /// What is wrong with it.
        why: String,
    },
    /// Its facts cannot be understood.
    #[error("the event at position {position} cannot be read")]
    Facts {
        /// Which event.
        position: Position,
        /// Why.
        source: FactsError,
    },
    /// One of its texts lies beside the log and cannot be had.
    #[error("the text `{name}` of the event at position {position} cannot be read")]
    Body {
        /// Which event.
        position: Position,
        /// Which of its texts.
        name: TextName,
        /// Why.
        source: BodyError,
    },
    /// Nothing more comes: the log has stopped and takes nothing until it is opened again.
    #[error("no event follows the first {delivered}: the log has stopped: {why}")]
    Stopped {
        /// How many events there are, all of them delivered.
        delivered: u64,
        /// What stopped it.
        why: String,
    },
}

impl ReadError {
    /// Whether the same read may succeed later.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Store { source, .. } => matches!(source, StoreReadError::Io { .. }),
            Self::Body { source, .. } => source.is_retryable(),
            Self::Damaged { .. } | Self::Facts { .. } | Self::Stopped { .. } => false,
        }
    }
}
