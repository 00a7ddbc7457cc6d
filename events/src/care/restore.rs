//! Restoring: a data directory from a backup.

use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::backup::{self, Texts};
use super::staging::{self, Failed, Staging, StagingError, failed};
use super::{Copied, notes};
use crate::bodies::Bodies;
use crate::directory::Directory;
use crate::log::chain::Chain;
use crate::{
    Broken, CommitError, CommitStore, Durability, JournalOptions, JournaledStore, MAX_TEXT,
    OpenError, Position,
};

/// Why a backup was not restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There is no backup.
    #[error("there is no backup in `{}`", .from.display())]
    NotFound {
        /// Where one was looked for.
        from: PathBuf,
    },
    /// It is one of another format.
    #[error("`{}` holds `{found}`, and this version of Convoke reads `{}`", .file.display(), backup::FORMAT)]
    Format {
        /// The file that says so.
        file: PathBuf,
        /// What it says.
        found: String,
    },
    /// Something lies where the log should go.
    #[error("`{}` exists: a log is restored where nothing is", .to.display())]
    Exists {
        /// Where.
        to: PathBuf,
    },
    /// The backup is not what was written.
    #[error("the backup is damaged or was tampered with, first at position {first_bad}: {why}")]
    Damaged {
        /// The first position that is not as it must be.
        first_bad: Position,
        /// What is wrong with it.
        why: String,
    },
    /// The new data directory cannot be made.
    #[error("the new data directory cannot be made")]
    Open(#[from] OpenError),
    /// The new data directory takes no more.
    #[error("the new data directory takes no more")]
    Commit(#[from] CommitError),
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

impl RestoreError {
    /// Whether the same may succeed later with nothing repaired.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Commit(_))
    }
}

impl From<Failed> for RestoreError {
    fn from(Failed { doing, path, source }: Failed) -> Self {
        Self::Io { doing, path, source }
    }
}

impl From<Broken> for RestoreError {
    fn from(Broken { first_bad, why }: Broken) -> Self {
        Self::Damaged { first_bad, why }
    }
}

/// Makes a data directory from a backup, checking every record, link and text on the way.
///
/// # Errors
/// [`RestoreError`]; there is no data directory then.
pub fn restore(from: &Path, to: &Path) -> Result<Copied, RestoreError> {
    let said = read_said(from)?;
    let staging = Staging::begin(to).map_err(|error| match error {
        StagingError::Exists => RestoreError::Exists { to: to.to_owned() },
        StagingError::Failed(failed) => failed.into(),
    })?;
    let directory = Directory::open(staging.path())?;
    // All of it is synced before the directory gets its name.
    let options = JournalOptions { durability: Durability::Buffered, ..JournalOptions::default() };
    let store = JournaledStore::open(directory.path(), &options)?;
    let bodies = Bodies::in_folder(from.join("bodies"), Durability::Buffered, MAX_TEXT);
    let into = Texts::into_folder(staging.path());
    let path = from.join("commits");
    let mut file = BufReader::new(File::open(&path).map_err(failed("open", &path))?);
    let mut chain = Chain::default();
    let mut texts = 0;
    while let Some(commit) = next_commit(&mut file, &path, &chain)? {
        for link in chain.follow(&commit)? {
            texts += into.copy(&bodies, &link.record)?;
        }
        store.commit(store.head(), &commit)?;
    }
    let copied = Copied { log: chain.log, events: chain.events, head: chain.hash, texts };
    if backup::said(&copied) != said {
        return Err(chain.broken("the backup says that it ends otherwise").into());
    }
    store.close()?;
    let checkpoints = notes::readable(&from.join("checkpoints"));
    if !checkpoints.is_empty() {
        let within = notes::within(&checkpoints, copied.events);
        staging::write(&staging.path().join("checkpoints"), within.as_bytes())?;
    }
    staging::copy_key(from, staging.path())?;
    staging.finish()?;
    drop(directory);
    Ok(copied)
}

/// What the backup says it holds.
fn read_said(from: &Path) -> Result<String, RestoreError> {
    let file = from.join("backup");
    let said = match fs::read_to_string(&file) {
        Ok(said) => said,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(RestoreError::NotFound { from: from.to_owned() });
        }
        Err(source) => return Err(failed("read", &file)(source).into()),
    };
    match said.lines().next() {
        Some(backup::FORMAT) => Ok(said),
        other => {
            let found = other.unwrap_or_default().chars().take(60).collect();
            Err(RestoreError::Format { file, found })
        }
    }
}

/// The longest commit that is believed to be one: an append's bound, with what is around records.
const MAX_COMMIT: usize = 4 * 1024 * 1024;

fn next_commit(
    file: &mut impl Read,
    path: &Path,
    chain: &Chain,
) -> Result<Option<Vec<u8>>, RestoreError> {
    let mut length = Vec::new();
    file.by_ref().take(4).read_to_end(&mut length).map_err(failed("read", path))?;
    if length.is_empty() {
        return Ok(None);
    }
    let cut = || chain.broken("the backup ends before it does");
    let length = <[u8; 4]>::try_from(length).map(u32::from_le_bytes).map_err(|_| cut())?;
    let length = usize::try_from(length).ok().filter(|length| *length <= MAX_COMMIT);
    let mut commit = vec![0; length.ok_or_else(cut)?];
    match file.read_exact(&mut commit) {
        Ok(()) => Ok(Some(commit)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(cut().into()),
        Err(source) => Err(failed("read", path)(source).into()),
    }
}
