//! Bodies: texts too long for a record, kept beside the log under the digest of their content.
//!
//! A record names such a text by its SHA-256 and its length; the text itself lies in
//! `bodies/HUB/ab/abcdef…`, one space per hub, so that no hub can find out what another one holds.
//!
//! **Invariants.**
//!
//! 1. A body is on disk, synced, before the event that names it is handed to the writer.
//! 2. Nobody is given a body whose content has another digest than the record says.
//! 3. A body is written once, beside its name and then renamed, so that it is there whole or not
//!    at all; the same text written again is found there, and is healed if it was damaged.
//! 4. A body that no event names, because its append was refused or never came, is removed after a
//!    day; no other ever is.

mod folder;
mod split;
mod sweep;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use self::folder::Folder;
pub(crate) use self::split::Body;
pub use self::sweep::SweepError;
use crate::{Digest, Durability, HubId};

/// The longest text that is kept, unless the log was opened with another bound: 8 MiB.
pub const MAX_TEXT: usize = 8 * 1024 * 1024;

/// Why a text that lies beside the log cannot be had, or not be put there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is not there.
    #[error("the body store does not hold {digest}")]
    Missing {
        /// Its digest.
        digest: Digest,
    },
    /// What is there is something else.
    #[error("the body store holds something else under {digest}")]
    Changed {
        /// Its digest.
        digest: Digest,
    },
    /// The operating system refused something.
    #[error("cannot {doing} `{}`: {why}", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// What the operating system said.
        why: String,
    },
}

impl BodyError {
    /// Whether the same may succeed later with nothing repaired.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Io { .. })
    }
}

/// What was swept from a body store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many bodies that no event names were removed.
    pub bodies: u64,
    /// How many bytes they took.
    pub bytes: u64,
}

/// A store of bodies; see the module for what it holds to.
#[derive(Debug)]
pub(crate) struct Bodies {
    /// The longest one taken, in bytes.
    limit: usize,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Memory(RwLock<HashMap<(HubId, Digest), Arc<str>>>),
    Folder(Folder),
}

impl Bodies {
    /// Bodies that are gone with the process.
    pub(crate) fn in_memory(limit: usize) -> Self {
        Self { limit, place: Place::Memory(RwLock::default()) }
    }

    /// Bodies in a directory, which is made once there is one.
    pub(crate) fn in_folder(path: PathBuf, durability: Durability, limit: usize) -> Self {
        Self { limit, place: Place::Folder(Folder::new(path, durability)) }
    }

    /// Takes a body in; once it answers, the body is as durable as the store was opened to be.
    pub(crate) fn put(&self, hub: &HubId, body: &Body) -> Result<(), BodyError> {
        match &self.place {
            Place::Memory(bodies) => {
                let mut bodies = bodies.write().unwrap_or_else(PoisonError::into_inner);
                bodies.insert((hub.clone(), body.digest), body.content.as_str().into());
                Ok(())
            }
            Place::Folder(folder) => folder.put(hub, body),
        }
    }

    /// The body of this digest and length, which it is known to have.
    pub(crate) fn get(
        &self,
        hub: &HubId,
        digest: Digest,
        length: u32,
    ) -> Result<String, BodyError> {
        let content = match &self.place {
            Place::Memory(bodies) => {
                let bodies = bodies.read().unwrap_or_else(PoisonError::into_inner);
                let content = bodies.get(&(hub.clone(), digest)).map(ToString::to_string);
                content.ok_or(BodyError::Missing { digest })?
            }
            Place::Folder(folder) => folder.get(hub, digest, length)?,
        };
        if u32::try_from(content.len()) == Ok(length) && Digest::of(content.as_bytes()) == digest {
            Ok(content)
        } else {
            Err(BodyError::Changed { digest })
        }
    }
}

#[cfg(test)]
mod tests;
