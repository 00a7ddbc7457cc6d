//! Staging: a directory that gets its name once it is whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A directory in the making; removed unless it is finished.
#[derive(Debug)]
pub(super) struct Staging {
    partial: PathBuf,
    to: PathBuf,
    finished: bool,
}

/// Something could not be done with a file or directory.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) doing: &'static str,
    pub(super) path: PathBuf,
    pub(super) source: io::Error,
}

pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Failed {
    let path = path.to_owned();
    move |source| Failed { doing, path, source }
}

/// Why there can be no staging.
#[derive(Debug)]
pub(super) enum StagingError {
    /// Something has the name already.
    Exists,
    Failed(Failed),
}

impl Staging {
    /// Begins a directory that nothing stands in the way of.
    pub(super) fn begin(to: &Path) -> Result<Self, StagingError> {
        if fs::symlink_metadata(to).is_ok() {
            return Err(StagingError::Exists);
        }
        let mut name = to.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.partial", std::process::id()));
        let partial = to.with_file_name(name);
        fs::create_dir_all(&partial)
            .map_err(|source| StagingError::Failed(failed("make", &partial)(source)))?;
        Ok(Self { partial, to: to.to_owned(), finished: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.partial
    }

    /// Syncs all of it and gives it its name, for good.
    pub(super) fn finish(mut self) -> Result<(), Failed> {
        sync_all(&self.partial)?;
        fs::rename(&self.partial, &self.to).map_err(failed("rename", &self.partial))?;
        self.finished = true;
        match self.to.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => sync(parent),
            Some(_) | None => sync(Path::new(".")),
        }
    }
}

fn sync_all(directory: &Path) -> Result<(), Failed> {
    for entry in fs::read_dir(directory).map_err(failed("read", directory))? {
        let path = entry.map_err(failed("read", directory))?.path();
        if path.is_dir() { sync_all(&path)? } else { sync(&path)? }
    }
    sync(directory)
}

fn sync(directory: &Path) -> Result<(), Failed> {
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(failed("sync", directory))
}

/// Writes a file of the staging.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failed> {
    fs::write(path, bytes).map_err(failed("write", path))
}

/// Copies the signer's private key, with its permissions, where there is one.
pub(super) fn copy_key(from: &Path, to: &Path) -> Result<(), Failed> {
    let key = from.join("key");
    if key.exists() {
        fs::copy(&key, to.join("key")).map_err(failed("copy", &key))?;
    }
    Ok(())
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.finished {
            // Whoever asked for it is told why there is none; what is left harms nobody.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}
