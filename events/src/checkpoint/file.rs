//! The file `checkpoints`: signed checkpoints, the newest last, an empty line behind each.
//!
//! It only grows. What a stop in the middle of a write left behind the last whole note is cut off
//! when the next one is written; anything else that is no note is damage and is named.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{CheckpointError, SignedCheckpoint};

/// How much of the end is read to find the newest one.
const TAIL: u64 = 16 * 1024;

/// The most a write that was cut short can have left: one note and the empty line behind it.
const MAX_TORN: usize = 4 * 1024;

const BETWEEN: &str = "\n\n";

/// Why the checkpoints beside a log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointFileError {
    /// One of them is not what was written.
    #[error("`{}` is damaged behind byte {offset}", .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// How far it is intact.
        offset: u64,
        /// What is wrong there.
        source: CheckpointError,
    },
    /// The operating system refused something.
    #[error("cannot {doing} `{}`", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// The newest checkpoint in a file; none if there is no file, or nothing in it. What it says is to
/// be believed once its signature has been checked.
///
/// # Errors
/// [`CheckpointFileError`] if the file cannot be read, or its end is neither a checkpoint nor what
/// an interrupted write leaves.
pub fn newest(path: &Path) -> Result<Option<SignedCheckpoint>, CheckpointFileError> {
    let Some((start, tail)) = read_from_end(path, TAIL).map_err(failed("read", path))? else {
        return Ok(None);
    };
    let mut notes = Notes::new(path, start, &tail);
    if start > 0 {
        notes.skip_to_boundary();
    }
    let mut newest = None;
    for note in notes {
        newest = Some(note?);
    }
    Ok(newest)
}

/// Every checkpoint in a file, the oldest first.
///
/// # Errors
/// [`CheckpointFileError`] if the file cannot be read or is damaged anywhere but at its very end.
pub(crate) fn all(path: &Path) -> Result<Vec<SignedCheckpoint>, CheckpointFileError> {
    match read_from_end(path, u64::MAX).map_err(failed("read", path))? {
        Some((start, bytes)) => Notes::new(path, start, &bytes).collect(),
        None => Ok(Vec::new()),
    }
}

/// At most so many bytes of the end of a file, and where they start; nothing if there is no file.
fn read_from_end(path: &Path, most: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let start = file.metadata()?.len().saturating_sub(most);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Some((start, bytes)))
}

/// The notes in a run of bytes.
struct Notes<'a> {
    path: &'a Path,
    offset: u64,
    bytes: &'a [u8],
}

impl<'a> Notes<'a> {
    const fn new(path: &'a Path, offset: u64, bytes: &'a [u8]) -> Self {
        Self { path, offset, bytes }
    }

    /// Goes on to where the first whole note begins: behind a block of signatures.
    fn skip_to_boundary(&mut self) {
        let signatures = "\n— ".as_bytes();
        let begin = find(self.bytes, signatures).unwrap_or(self.bytes.len());
        let rest = self.bytes.get(begin..).unwrap_or_default();
        let end = find(rest, BETWEEN.as_bytes()).map_or(rest.len(), |at| at + BETWEEN.len());
        self.advance(begin + end);
    }

    fn advance(&mut self, by: usize) {
        self.bytes = self.bytes.get(by..).unwrap_or_default();
        self.offset = self.offset.saturating_add(u64::try_from(by).unwrap_or(u64::MAX));
    }

    /// The next note without the empty line behind it; nothing if no whole one follows.
    fn whole(&self) -> Option<&'a [u8]> {
        let text = find(self.bytes, BETWEEN.as_bytes())? + BETWEEN.len();
        let signatures = find(self.bytes.get(text..)?, BETWEEN.as_bytes())?;
        self.bytes.get(..=text + signatures)
    }
}

impl Iterator for Notes<'_> {
    type Item = Result<SignedCheckpoint, CheckpointFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() {
            return None;
        }
        let Some(whole) = self.whole() else {
            let torn = self.bytes.len() <= MAX_TORN;
            self.bytes = &[];
            return (!torn).then(|| Err(self.damaged(CheckpointError::Note)));
        };
        let note = std::str::from_utf8(whole).map_err(|_| CheckpointError::Note);
        match note.and_then(str::parse) {
            Ok(note) => {
                self.advance(whole.len() + 1);
                Some(Ok(note))
            }
            Err(error) => {
                self.bytes = &[];
                Some(Err(self.damaged(error)))
            }
        }
    }
}

impl Notes<'_> {
    fn damaged(&self, source: CheckpointError) -> CheckpointFileError {
        CheckpointFileError::Damaged { path: self.path.to_owned(), offset: self.offset, source }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// The file, open to be added to.
#[derive(Debug)]
pub(crate) struct CheckpointFile {
    path: PathBuf,
    /// How far it is whole.
    length: u64,
    file: Option<File>,
}

impl CheckpointFile {
    /// Goes on behind the newest checkpoint; makes and changes nothing yet.
    ///
    /// # Errors
    /// As [`newest`].
    pub(crate) fn open(path: PathBuf) -> Result<Self, CheckpointFileError> {
        let Some((start, tail)) = read_from_end(&path, TAIL).map_err(failed("read", &path))? else {
            return Ok(Self { path, length: 0, file: None });
        };
        let mut notes = Notes::new(&path, start, &tail);
        if start > 0 {
            notes.skip_to_boundary();
        }
        let mut length = notes.offset;
        while let Some(note) = notes.next() {
            note?;
            length = notes.offset;
        }
        Ok(Self { path, length, file: None })
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a checkpoint and syncs the file.
    ///
    /// # Errors
    /// What the operating system said; the file is then as it was, or has a torn end.
    pub(crate) fn append(&mut self, checkpoint: &SignedCheckpoint) -> io::Result<()> {
        let note = format!("{checkpoint}\n");
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.open_to_write()?,
        };
        file.write_all(note.as_bytes())?;
        file.sync_data()?;
        self.length = self.length.saturating_add(u64::try_from(note.len()).unwrap_or(u64::MAX));
        self.file = Some(file);
        Ok(())
    }

    fn open_to_write(&self) -> io::Result<File> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(false).open(&self.path)?;
        file.set_len(self.length)?;
        file.seek(SeekFrom::End(0))?;
        if let Some(directory) = self.path.parent() {
            File::open(directory)?.sync_all()?;
        }
        Ok(file)
    }
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CheckpointFileError {
    let path = path.to_owned();
    move |source| CheckpointFileError::Io { doing, path, source }
}
