//! A log's directory: one owner, one format.
//!
//! | name | what it is |
//! |---|---|
//! | `lock` | held by the kernel for its owner, whose process id and command line it names |
//! | `format` | `convoke-data 1` and a line feed; a directory with another format is not opened |
//! | `sled/` | the store |
//!
//! The lock is never judged by the file's existence: a process that was killed leaves the file and
//! not the lock. A format file with another number means that a newer Convoke has been here, which
//! alone knows how to go back; an older number will be upgraded in place once there is one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::OpenError;

const FORMAT: &str = "convoke-data 1";

/// A directory that is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    /// The kernel lets go of the lock when this is closed.
    _lock: File,
}

impl Directory {
    /// Takes the directory, making it if there is none.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        fs::create_dir_all(path).map_err(|source| failed("make", path, source))?;
        let lock = take_lock(path)?;
        let (format, store) = (path.join("format"), path.join("sled"));
        if !format.exists() && !store.exists() {
            write_format(path, &format).map_err(|source| failed("write", &format, source))?;
        }
        check_format(format)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Takes the directory if there is a log in it.
    pub(crate) fn open_existing(path: &Path) -> Result<Self, OpenError> {
        if path.join("format").exists() || path.join("sled").exists() {
            Self::open(path)
        } else {
            Err(OpenError::NotFound { directory: path.to_owned() })
        }
    }

    /// Where the store lies.
    pub(crate) fn store(&self) -> PathBuf {
        self.path.join("sled")
    }
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

/// Writes the file whole or not at all.
fn write_format(directory: &Path, format: &Path) -> io::Result<()> {
    let new = directory.join("format.new");
    let mut file = File::create(&new)?;
    file.write_all(format!("{FORMAT}\n").as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, format)?;
    File::open(directory)?.sync_all()
}

fn check_format(file: PathBuf) -> Result<(), OpenError> {
    let found = match fs::read_to_string(&file) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(source) => return Err(failed("read", &file, source)),
    };
    if found == format!("{FORMAT}\n") {
        return Ok(());
    }
    let found = found.trim_end().chars().take(60).collect();
    Err(OpenError::Format { file, found, known: FORMAT })
}

fn failed(doing: &'static str, path: &Path, source: io::Error) -> OpenError {
    OpenError::Io { doing, path: path.to_owned(), source }
}
