//! Bodies on disk: one file each, in a directory per hub and first two digits.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Body, BodyError};
use crate::{Digest, Durability, HubId};

/// A directory of bodies. Its owner holds the lock of the directory it is in.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    durability: Durability,
    names: Mutex<Names>,
}

/// What is known of the names in a folder; held while one comes or goes.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Directories whose own entries are known to be on disk.
    synced: HashSet<PathBuf>,
    /// Tells files apart that are written at the same time.
    written: u64,
}

impl Folder {
    pub(super) fn new(path: PathBuf, durability: Durability) -> Self {
        Self { path, durability, names: Mutex::default() }
    }

    /// Where a body lies.
    fn file(&self, hub: &HubId, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        let shard = name.get(..2).unwrap_or_default();
        self.path.join(hub.as_str()).join(shard).join(&name)
    }

    pub(super) fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a body in. One that is there already is written again: it may be damaged, and its age
    /// must be that of the newest append that relies on it.
    pub(super) fn put(&self, hub: &HubId, body: &Body) -> Result<(), BodyError> {
        let file = self.file(hub, body.digest);
        let shard = file.parent().unwrap_or(&self.path);
        fs::create_dir_all(shard).map_err(failed("make", shard))?;
        let new = file.with_extension(self.next_number());
        let written = self.write(&new, body).and_then(|()| {
            let _names = self.names();
            fs::rename(&new, &file).map_err(failed("rename", &new))
        });
        if written.is_err() {
            // What is half there would only take room that is perhaps short.
            let _ = fs::remove_file(&new);
        }
        written?;
        self.sync(shard)
    }

    fn next_number(&self) -> String {
        let mut names = self.names();
        names.written += 1;
        names.written.to_string()
    }

    fn write(&self, new: &Path, body: &Body) -> Result<(), BodyError> {
        let mut file = File::create(new).map_err(failed("make", new))?;
        file.write_all(body.content.as_bytes()).map_err(failed("write", new))?;
        match self.durability {
            Durability::Synced => file.sync_all().map_err(failed("sync", new)),
            Durability::Buffered => Ok(()),
        }
    }

    /// Makes the entries of a shard durable, and once the directories above it.
    fn sync(&self, shard: &Path) -> Result<(), BodyError> {
        if self.durability == Durability::Buffered {
            return Ok(());
        }
        sync(shard)?;
        if self.names().synced.contains(shard) {
            return Ok(());
        }
        // The hub's directory, the store's, and the one that it is in.
        for directory in shard.ancestors().skip(1).take(3) {
            sync(directory)?;
        }
        self.names().synced.insert(shard.to_owned());
        Ok(())
    }

    /// The content of a body's file, if it is a text of this length.
    pub(super) fn get(
        &self,
        hub: &HubId,
        digest: Digest,
        length: u32,
    ) -> Result<String, BodyError> {
        let path = self.file(hub, digest);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(BodyError::Missing { digest });
            }
            Err(error) => return Err(failed("open", &path)(error)),
        };
        let mut bytes = Vec::new();
        // One byte more than there should be shows that there are more.
        let most = u64::from(length).saturating_add(1);
        file.take(most).read_to_end(&mut bytes).map_err(failed("read", &path))?;
        String::from_utf8(bytes).map_err(|_| BodyError::Changed { digest })
    }
}

fn sync(directory: &Path) -> Result<(), BodyError> {
    let path = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    File::open(path).and_then(|file| file.sync_all()).map_err(failed("sync", path))
}

pub(super) fn failed(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> BodyError {
    move |error| BodyError::Io { doing, path: path.to_owned(), why: error.to_string() }
}
