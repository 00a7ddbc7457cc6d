//! A log's directory: one owner, one format.
//!
//! | name | what it is |
//! |---|---|
//! | `lock` | held by the kernel for its owner, whose process id and command line it names |
//! | `format` | `convoke-data 2` and a checksum; an older one is upgraded, a newer one not opened |
//! | `journal-0`, `journal-1` | what was committed last, before the store has it |
//! | `sled/` | the store |
//! | `sled.copy/` | the store after a stop that was not clean, or one that could not be opened, until the log was found whole |
//! | `clean` | how far the log went when it was closed; not there while it is written |
//! | `index` | the index as it was then, to be thrown away at will |
//! | `checkpoints` | signed checkpoints, the newest last |
//! | `key` | the private key that signs them; may be moved elsewhere |
//! | `bodies/` | texts too long for a record, by hub and digest |
//!
//! The lock is never judged by the file's existence: a process that was killed leaves the file and
//! not the lock.

mod format;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::OpenError;

/// A directory that is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    lock: File,
}

impl Directory {
    /// Takes the directory, making it if there is none.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        fs::create_dir_all(path).map_err(|source| failed("make", path, source))?;
        let directory = Self { path: path.to_owned(), lock: take_lock(path)? };
        if !holds_a_log(path) {
            format::begin(path)?;
        }
        format::upgrade(path)?;
        Ok(directory)
    }

    /// Takes the directory if there is a log in it.
    pub(crate) fn open_existing(path: &Path) -> Result<Self, OpenError> {
        if holds_a_log(path) {
            Self::open(path)
        } else {
            Err(OpenError::NotFound { directory: path.to_owned() })
        }
    }

    /// The index file.
    pub(crate) fn index(&self) -> PathBuf {
        self.path.join("index")
    }

    /// Where texts too long for a record lie.
    pub(crate) fn bodies(&self) -> PathBuf {
        self.path.join("bodies")
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Closing the file is not enough: a child that this process is about to start holds the same
        // lock until it becomes another program.
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(directory = %self.path.display(), %error, "the lock is let go of late");
        }
    }
}

fn holds_a_log(directory: &Path) -> bool {
    let names = ["format", "sled", "journal-0", "journal-1"];
    names.iter().any(|name| directory.join(name).exists())
}

fn take_lock(directory: &Path) -> Result<File, OpenError> {
    let path = directory.join("lock");
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = opened.map_err(|source| failed("open", &path, source))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(OpenError::InUse { directory: directory.to_owned(), owner: owner(file) });
        }
        Err(TryLockError::Error(source)) => return Err(failed("lock", &path, source)),
    }
    name_owner(&mut file).map_err(|source| failed("write", &path, source))?;
    Ok(file)
}

fn name_owner(file: &mut File) -> io::Result<()> {
    let words = std::env::args_os().map(|word| word.to_string_lossy().replace('\n', " "));
    let command = words.collect::<Vec<_>>().join(" ");
    file.set_len(0)?;
    file.write_all(format!("{}\n{command}\n", std::process::id()).as_bytes())
}

fn owner(file: File) -> String {
    let mut text = String::new();
    // Whatever cannot be read is not worth another error: the directory is in use all the same.
    let _ = file.take(64 * 1024).read_to_string(&mut text);
    match text.split_once('\n') {
        Some((process, command)) => format!("process {process} (`{}`)", command.trim_end()),
        None => "another process".to_owned(),
    }
}

fn failed(doing: &'static str, path: &Path, source: io::Error) -> OpenError {
    OpenError::Io { doing, path: path.to_owned(), source }
}
