//! Proofs: that an event is in a log, and that one state of a log is the beginning of another.
//!
//! Whoever checks one needs the proof, a signed checkpoint and the log's public key, and nothing
//! else: neither the log nor whoever keeps it.
//!
//! As a file a proof is one JSON object. Hashes are 64 hex digits, checkpoints are C2SP signed notes,
//! positions count from 1, and a path lists the hashes beside the way from the bottom of the tree to
//! its root.
//!
//! ```json
//! {"kind": "inclusion", "log": ID, "position": 7, "hash": HASH, "size": 9, "path": [HASH, …],
//!  "checkpoint": NOTE}
//! {"kind": "consistency", "log": ID, "from": 4, "from_root": HASH, "to": 9, "to_root": HASH,
//!  "path": [HASH, …], "checkpoint": NOTE}
//! ```
//!
//! The checkpoint of an inclusion proof is of its size, that of a consistency proof of its `to`.

mod verifier;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::verifier::Verifier;
use crate::merkle::{consistency_holds, inclusion_root};
use crate::word::spelled;
use crate::{Checkpoint, CheckpointError, Digest, LogId, Position, PublicKey, SignedCheckpoint};

/// Leads from the hash of one record to the root of the tree over the first so many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InclusionProof {
    /// Which log.
    pub log: LogId,
    /// Where the event is.
    pub position: Position,
    /// Its record's hash.
    pub hash: Digest,
    /// How many events the tree is over.
    pub size: u64,
    /// The hashes beside the way, from the bottom.
    pub path: Vec<Digest>,
}

/// Leads from two roots to what they have in common: all of the smaller tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsistencyProof {
    /// Which log.
    pub log: LogId,
    /// How many events the smaller tree is over; 1 or more.
    pub from: u64,
    /// Its root.
    pub from_root: Digest,
    /// How many events the larger tree is over.
    pub to: u64,
    /// Its root.
    pub to_root: Digest,
    /// The hashes beside the way, from the bottom.
    pub path: Vec<Digest>,
}

/// Why a proof cannot be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// There are not so many events.
    #[error("there are {head} events, not {asked}")]
    Beyond {
        /// How many the proof would be over.
        asked: u64,
        /// How many there are.
        head: u64,
    },
    /// What is to be proved to be in something does not come before its end.
    #[error("{inner} is not among the first {outer}")]
    Outside {
        /// The position, or the smaller size.
        inner: u64,
        /// The size.
        outer: u64,
    },
}

/// Why a proof proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A checkpoint is not what it should be.
    #[error("the checkpoint cannot be relied on")]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is another log's.
    #[error("the proof is of log {proof}, the checkpoint of log {checkpoint}")]
    AnotherLog {
        /// The proof's log.
        proof: LogId,
        /// The checkpoint's.
        checkpoint: LogId,
    },
    /// The checkpoint is of another size than the proof speaks of.
    #[error("the checkpoint is of {checkpoint} events, and the proof does not speak of that size")]
    AnotherSize {
        /// The checkpoint's size.
        checkpoint: u64,
    },
    /// The hashes do not lead to the checkpoint's root.
    #[error("the hashes do not lead to the root of the checkpoint of {size} events")]
    Root {
        /// The checkpoint's size.
        size: u64,
    },
}

impl InclusionProof {
    /// Checks that the record with this hash is at its place in the log the checkpoint speaks of;
    /// whether to believe the checkpoint is another question.
    ///
    /// # Errors
    /// [`ProofError`] says what does not fit.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), ProofError> {
        is_of(self.log, checkpoint)?;
        is_as_large(self.size, checkpoint)?;
        let index = self.position.get() - 1;
        let root = inclusion_root(&self.hash, index, self.size, &self.path);
        leads_there(root == Some(checkpoint.root), checkpoint)
    }
}

impl ConsistencyProof {
    /// Checks that the tree of its first root is the beginning of the log the checkpoint speaks of;
    /// whether to believe the checkpoint is another question.
    ///
    /// # Errors
    /// [`ProofError`] says what does not fit.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), ProofError> {
        is_of(self.log, checkpoint)?;
        is_as_large(self.to, checkpoint)?;
        let (from, to) = ((self.from, &self.from_root), (self.to, &self.to_root));
        let holds = consistency_holds(from, to, &self.path);
        leads_there(holds && self.to_root == checkpoint.root, checkpoint)
    }

    /// Checks that its first root is the one of an earlier checkpoint.
    ///
    /// # Errors
    /// [`ProofError`] says what does not fit.
    pub fn check_start(&self, checkpoint: &Checkpoint) -> Result<(), ProofError> {
        is_of(self.log, checkpoint)?;
        is_as_large(self.from, checkpoint)?;
        leads_there(self.from_root == checkpoint.root, checkpoint)
    }
}

fn is_of(proof: LogId, checkpoint: &Checkpoint) -> Result<(), ProofError> {
    let checkpoint = checkpoint.log;
    if proof == checkpoint { Ok(()) } else { Err(ProofError::AnotherLog { proof, checkpoint }) }
}

fn is_as_large(size: u64, checkpoint: &Checkpoint) -> Result<(), ProofError> {
    let checkpoint = checkpoint.size;
    if size == checkpoint { Ok(()) } else { Err(ProofError::AnotherSize { checkpoint }) }
}

fn leads_there(does: bool, checkpoint: &Checkpoint) -> Result<(), ProofError> {
    if does { Ok(()) } else { Err(ProofError::Root { size: checkpoint.size }) }
}

/// A proof with the signed checkpoint it leads to, as it lies in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Proof {
    /// An event is in the log.
    Inclusion {
        /// The way to the checkpoint's root.
        #[serde(flatten)]
        proof: InclusionProof,
        /// What the log's signer says.
        checkpoint: SignedCheckpoint,
    },
    /// One state of the log is the beginning of another.
    Consistency {
        /// The way to both roots.
        #[serde(flatten)]
        proof: ConsistencyProof,
        /// What the log's signer says of the larger tree.
        checkpoint: SignedCheckpoint,
    },
}

impl Proof {
    /// Checks a proof by itself: its checkpoint is signed by the key, and its hashes lead there.
    ///
    /// # Errors
    /// [`ProofError`] says why it proves nothing.
    pub fn check(&self, key: &PublicKey) -> Result<(), ProofError> {
        match self {
            Self::Inclusion { proof, checkpoint } => {
                checkpoint.check(key)?;
                proof.check(checkpoint.checkpoint())
            }
            Self::Consistency { proof, checkpoint } => {
                checkpoint.check(key)?;
                proof.check(checkpoint.checkpoint())
            }
        }
    }

    /// Checks a proof against a checkpoint that was kept elsewhere, which must be signed by the key
    /// too: one of the size the proof leads to, in place of the proof's own, or one of the size a
    /// consistency proof starts from, beside it.
    ///
    /// # Errors
    /// [`ProofError`] says why it proves nothing.
    pub fn check_against(
        &self,
        kept: &SignedCheckpoint,
        key: &PublicKey,
    ) -> Result<(), ProofError> {
        kept.check(key)?;
        let kept = kept.checkpoint();
        match self {
            Self::Inclusion { proof, .. } => proof.check(kept),
            Self::Consistency { proof, .. } if kept.size == proof.to => proof.check(kept),
            Self::Consistency { proof, .. } => {
                proof.check_start(kept)?;
                self.check(key)
            }
        }
    }
}

/// The text is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no proof: {why}")]
pub struct ProofParseError {
    /// What is wrong with it.
    pub why: String,
}

impl FromStr for Proof {
    type Err = ProofParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text).map_err(|error| ProofParseError { why: error.to_string() })
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for SignedCheckpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SignedCheckpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        spelled(deserializer)
    }
}

#[cfg(test)]
mod tests;
