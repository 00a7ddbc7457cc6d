//! Checkpoints: how far a log goes and what it holds, in one line of text each, signed.
//!
//! The text is a C2SP `tlog-checkpoint`, each line ended by a line feed:
//!
//! ```text
//! convoke/0b0c2a5e-3b07-4f0c-8f3e-6b3f8f2f4a11
//! 4711
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//! ```
//!
//! which is the log's origin, the number of its events, and the base64 of the root of the Merkle
//! tree over the hashes of their records. It is signed as a C2SP `signed-note`: the text, an empty
//! line, and one line per signature, `—`, the signer's name and the base64 of key id and Ed25519
//! signature. The log signs under its origin; other signatures, of witnesses say, are passed over.

mod audit;
mod file;
mod notary;
mod note;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use self::audit::Vouched;
pub(crate) use self::audit::{Subject, checkpoints_in};
pub(crate) use self::file::CheckpointFile;
pub use self::file::{CheckpointFileError, newest};
pub use self::notary::VouchError;
pub(crate) use self::notary::{Desk, Notary};
use self::note::Note;
use crate::{Digest, LogId, PublicKey, SignError, Signer};

/// What a log is called in its checkpoints.
pub(crate) fn origin(log: LogId) -> String {
    format!("convoke/{log}")
}

/// How far a log goes, and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub log: LogId,
    /// How many events.
    pub size: u64,
    /// The root of the Merkle tree over their records' hashes.
    pub root: Digest,
}

/// A text that is no signed checkpoint of a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is no signed note.
    #[error("it is no signed note")]
    Note,
    /// Its text is no checkpoint of a log of ours.
    #[error("its {field} is not that of a checkpoint of a log")]
    Text {
        /// Which line.
        field: &'static str,
    },
    /// The key did not sign it.
    #[error("it is not signed by the key {key}")]
    NotSigned {
        /// Which key should have.
        key: PublicKey,
    },
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = STANDARD.encode(self.root.as_bytes());
        write!(f, "{}\n{}\n{root}\n", origin(self.log), self.size)
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |field| CheckpointError::Text { field };
        let text = text.strip_suffix('\n').ok_or_else(|| wrong("end"))?;
        let mut lines = text.split('\n');
        let mut line = |field| lines.next().ok_or_else(|| wrong(field));
        let origin_line = line("origin")?;
        let log = origin_line.strip_prefix("convoke/").and_then(|id| id.parse().ok());
        let log = log.filter(|log| origin(*log) == origin_line).ok_or_else(|| wrong("origin"))?;
        let size_line = line("size")?;
        let size: u64 = size_line.parse().map_err(|_| wrong("size"))?;
        if size.to_string() != size_line {
            return Err(wrong("size"));
        }
        let root = STANDARD.decode(line("root")?).ok();
        let root = root.and_then(|root| root.try_into().ok()).map(Digest::from_bytes);
        let root = root.ok_or_else(|| wrong("root"))?;
        // Lines behind the third are for others; an empty one would end the text.
        if lines.any(str::is_empty) {
            return Err(wrong("extension"));
        }
        Ok(Self { log, size, root })
    }
}

/// A checkpoint with the text that was signed and its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Signs a checkpoint.
    ///
    /// # Errors
    /// [`SignError`] from the signer.
    pub fn sign(checkpoint: Checkpoint, signer: &dyn Signer) -> Result<Self, SignError> {
        let note = Note::sign(checkpoint.to_string(), &origin(checkpoint.log), signer)?;
        Ok(Self { checkpoint, note })
    }

    /// What it says; believe it once [`Self::check`] has passed.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Checks that a key signed it for its log.
    ///
    /// # Errors
    /// [`CheckpointError::NotSigned`] if it did not.
    pub fn check(&self, key: &PublicKey) -> Result<(), CheckpointError> {
        if self.note.is_signed(&origin(self.checkpoint.log), key) {
            return Ok(());
        }
        Err(CheckpointError::NotSigned { key: *key })
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.note, f)
    }
}

impl FromStr for SignedCheckpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let note: Note = text.parse()?;
        Ok(Self { checkpoint: note.text().parse()?, note })
    }
}

/// Takes checkpoints elsewhere, where whoever may touch the log cannot touch them.
///
/// It is called by a thread of its own, in the order of the checkpoints, each once it is synced
/// beside the log, and may block: commits never wait for it.
pub trait CheckpointSink: Send + Sync + 'static {
    /// Takes the next checkpoint.
    fn take(&self, checkpoint: &SignedCheckpoint);
}

#[cfg(test)]
mod tests;
