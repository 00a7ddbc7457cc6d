//! The copy of the store that is kept after a stop that was not clean, until the log was found
//! whole: an engine that opens a damaged file may throw away what it cannot read.
//!
//! Where the file system can share blocks between files the copy costs nothing. Elsewhere it is
//! made only if twice the store's size is free; if not, that is said and the log opened without. A
//! store that is made anew from the journal becomes the copy itself.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::mark::sync_directory;

const NAME: &str = "sled.copy";

/// Makes the copy, unless there is one of an earlier try: that one is the better.
pub(super) fn keep(directory: &Path) -> io::Result<()> {
    let (store, copy) = (directory.join("sled"), directory.join(NAME));
    let new = directory.join("sled.copy.new");
    remove(&new)?;
    if copy.exists() || !store.join("db").exists() {
        return Ok(());
    }
    match copy_all(&store, &new) {
        Ok(true) => {
            fs::rename(&new, &copy)?;
            sync_directory(directory)
        }
        Ok(false) => {
            remove(&new)?;
            tracing::warn!("no copy of the store is kept: there is no room for one");
            Ok(())
        }
        Err(error) => {
            remove(&new)?;
            Err(error)
        }
    }
}

/// Makes the store itself the copy, unless there is one of an earlier try; it is gone either way.
pub(super) fn set_aside(directory: &Path) -> io::Result<()> {
    let (store, copy) = (directory.join("sled"), directory.join(NAME));
    if copy.exists() {
        return remove(&store);
    }
    fs::rename(store, copy)?;
    sync_directory(directory)
}

/// Removes the copy, once the log was found whole.
pub(super) fn let_go(directory: &Path) -> io::Result<()> {
    remove(&directory.join(NAME))
}

fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Copies a directory of files; false if there is no room.
fn copy_all(from: &Path, to: &Path) -> io::Result<bool> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if !entry.file_type()?.is_file() {
            continue;
        }
        let target = to.join(entry.file_name());
        if share_blocks(&entry.path(), &target)? {
            continue;
        }
        let length = entry.metadata()?.len();
        if free(to)? < length.saturating_mul(2) {
            return Ok(false);
        }
        match fs::copy(entry.path(), &target) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Makes the target share the source's blocks; false where the file system cannot.
#[cfg(target_os = "linux")]
fn share_blocks(from: &Path, to: &Path) -> io::Result<bool> {
    Ok(rustix::fs::ioctl_ficlone(File::create(to)?, File::open(from)?).is_ok())
}

#[cfg(not(target_os = "linux"))]
fn share_blocks(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}

fn free(directory: &Path) -> io::Result<u64> {
    let system = rustix::fs::statvfs(directory)?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_of_the_first_try_is_kept_until_it_is_let_go() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        keep(path).unwrap();
        assert!(!path.join(NAME).exists(), "of nothing there is no copy");
        fs::create_dir_all(path.join("sled/blobs")).unwrap();
        fs::write(path.join("sled/db"), "whole").unwrap();
        fs::create_dir(path.join("sled.copy.new")).unwrap();
        keep(path).unwrap();
        fs::write(path.join("sled/db"), "half").unwrap();
        keep(path).unwrap();
        assert_eq!(fs::read_to_string(path.join(NAME).join("db")).unwrap(), "whole");
        assert!(!path.join("sled.copy.new").exists());
        let_go(path).unwrap();
        assert!(!path.join(NAME).exists());
        let_go(path).unwrap();
    }

    #[test]
    fn a_store_set_aside_never_takes_the_place_of_an_earlier_copy() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        for content in ["first", "second"] {
            fs::create_dir(path.join("sled")).unwrap();
            fs::write(path.join("sled/db"), content).unwrap();
            set_aside(path).unwrap();
            assert!(!path.join("sled").exists());
            assert_eq!(fs::read_to_string(path.join(NAME).join("db")).unwrap(), "first");
        }
    }
}
