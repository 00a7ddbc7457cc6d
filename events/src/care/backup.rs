//! Backup: every commit of a log up to now, its texts and its checkpoints, in a directory.
//!
//! | name | what it is |
//! |---|---|
//! | `backup` | `convoke-backup 1`, then the log's id, how many events, and the newest hash, a line each |
//! | `commits` | every commit in order: its length as `u32`, little-endian, and its bytes |
//! | `bodies/` | texts too long for a record, as in a data directory |
//! | `checkpoints` | the signed checkpoints, as in a data directory |
//! | `key` | the signer's private key, if it lay in the data directory |

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::staging::{self, Failed, Staging, StagingError, failed};
use super::{Copied, notes};
use crate::bodies::{Bodies, Body};
use crate::log::chain::Chain;
use crate::record::RecordView;
use crate::{Broken, Durability, HubId, MAX_TEXT, Position, Reader};

/// The first line of the file that says what a backup holds.
pub(super) const FORMAT: &str = "convoke-backup 1";

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something lies where it should go.
    #[error("`{}` exists: a backup goes where nothing is", .to.display())]
    Exists {
        /// Where.
        to: PathBuf,
    },
    /// The log is not what was written.
    #[error("the log is damaged or was tampered with, first at position {first_bad}: {why}")]
    Damaged {
        /// The first position that is not as it must be.
        first_bad: Position,
        /// What is wrong with it.
        why: String,
    },
    /// The operating system refused something.
    #[error("cannot {doing} `{}`", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

impl BackupError {
    /// Whether the same may succeed later with nothing repaired.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Io { .. })
    }
}

impl From<Failed> for BackupError {
    fn from(Failed { doing, path, source }: Failed) -> Self {
        Self::Io { doing, path, source }
    }
}

impl From<Broken> for BackupError {
    fn from(Broken { first_bad, why }: Broken) -> Self {
        Self::Damaged { first_bad, why }
    }
}

/// Backs up what is durable now, and what lies beside it in its directory, where it has one.
pub(crate) fn backup(
    reader: &Reader,
    directory: Option<&Path>,
    to: &Path,
) -> Result<Copied, BackupError> {
    // Read before the log, so that none speaks of more than is copied.
    let notes = directory.map(|directory| notes::readable(&directory.join("checkpoints")));
    let notes = notes.unwrap_or_default();
    let staging = Staging::begin(to).map_err(|error| match error {
        StagingError::Exists => BackupError::Exists { to: to.to_owned() },
        StagingError::Failed(failed) => failed.into(),
    })?;
    let (commits, head) = reader.extent();
    let bodies = Texts::into_folder(staging.path());
    let path = staging.path().join("commits");
    let mut file = BufWriter::new(File::create(&path).map_err(failed("make", &path))?);
    let mut chain = Chain::default();
    let mut texts = 0;
    for number in 1..=commits {
        let store = reader.store().read(number);
        let bytes = store.map_err(|error| chain.broken(error.to_string()))?;
        for link in chain.follow(&bytes)? {
            texts += bodies.copy(reader.bodies(), &link.record)?;
        }
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
        let written = file.write_all(&length).and_then(|()| file.write_all(&bytes));
        written.map_err(failed("write", &path))?;
    }
    if (chain.events, chain.hash) != (head.position, head.hash) {
        return Err(chain.broken("the log as stored ends otherwise than the log as opened").into());
    }
    file.flush().map_err(failed("write", &path))?;
    let log = chain.log;
    let copied = Copied { log, events: chain.events, head: chain.hash, texts };
    if !notes.is_empty() {
        let within = notes::within(&notes, copied.events);
        staging::write(&staging.path().join("checkpoints"), within.as_bytes())?;
    }
    if let Some(directory) = directory {
        staging::copy_key(directory, staging.path())?;
    }
    staging::write(&staging.path().join("backup"), said(&copied).as_bytes())?;
    staging.finish()?;
    Ok(copied)
}

/// What the file `backup` says of what was copied.
pub(super) fn said(Copied { log, events, head, .. }: &Copied) -> String {
    let log = log.map(|log| log.to_string()).unwrap_or_default();
    let head = head.map(|head| head.to_string()).unwrap_or_default();
    format!("{FORMAT}\n{log}\n{events}\n{head}\n")
}

/// Where the texts of a copy go.
pub(super) struct Texts(Bodies);

impl Texts {
    pub(super) fn into_folder(copy: &Path) -> Self {
        Self(Bodies::in_folder(copy.join("bodies"), Durability::Buffered, MAX_TEXT))
    }

    /// Copies what of a record lies beside the log, and answers how many texts that were.
    pub(super) fn copy(&self, from: &Bodies, record: &RecordView<'_>) -> Result<u64, Broken> {
        let broken = |why: String| Broken { first_bad: record.position, why };
        let mut texts = 0;
        for (name, digest, length) in
            record.stored_texts().map_err(|error| broken(error.to_string()))?
        {
            let hub = HubId::new(record.hub).map_err(|error| broken(error.to_string()))?;
            let copied = from
                .get(&hub, digest, length)
                .and_then(|content| self.0.put(&hub, &Body { digest, content }));
            copied.map_err(|error| broken(format!("its text `{name}`: {error}")))?;
            texts += 1;
        }
        Ok(texts)
    }
}
