//! Commits on disk, first in a journal and then in the store behind it.
//!
//! A commit is one write and one sync of a file that was filled with zeros before, so that nothing
//! but its bytes has to reach the disk; the store takes it afterwards, on a thread of its own. The
//! journal is two segments used in turns.
//!
//! **Invariants.**
//!
//! 1. No commit is acknowledged before the sync of the journal that covers it has returned.
//! 2. A segment is written again only when the store is synced past every commit in it; until then
//!    `commit` waits, so that memory and disk stay bounded.
//! 3. One commit is in the air at a time, so only the newest can ever be torn.
//! 4. The mark of a clean stop is gone, and its directory synced, before anything is written.
//!
//! [`Disagreement`] has the table of what is done when the two do not say the same.

mod behind;
mod disagreement;
mod frame;
mod mark;
mod opening;
mod segment;
mod spare;

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::behind::{Behind, Waiting};
pub use self::disagreement::Disagreement;
use self::mark::Mark;
use self::opening::Opened;
use self::segment::{START, Shape};
use super::disk::{Disk, DiskFile, SystemDisk};
use crate::{CommitError, CommitStore, Durability, OpenError, StoreReadError};

/// Bytes of one segment, unless another size is chosen.
const SEGMENT: u64 = 16 * 1024 * 1024;

/// How a journal and the store behind it are opened.
#[derive(Clone)]
pub struct JournalOptions {
    /// What an acknowledged commit survives.
    pub durability: Durability,
    /// Bytes of each of the two segments where they are made; ones that are there keep their size.
    /// No commit can be longer.
    pub segment_bytes: u64,
    /// Writes and syncs.
    pub disk: Arc<dyn Disk>,
}

impl Default for JournalOptions {
    fn default() -> Self {
        let disk = Arc::new(SystemDisk);
        Self { durability: Durability::Synced, segment_bytes: SEGMENT, disk }
    }
}

impl fmt::Debug for JournalOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalOptions")
            .field("durability", &self.durability)
            .field("segment_bytes", &self.segment_bytes)
            .finish_non_exhaustive()
    }
}

/// Commits on disk, in a directory of their own: a journal, and a store behind it. Dropped without
/// being closed it leaves what a killed process would.
pub struct JournaledStore {
    directory: PathBuf,
    durability: Durability,
    disk: Arc<dyn Disk>,
    shape: Shape,
    was_closed: bool,
    segments: [File; 2],
    head: AtomicU64,
    /// Held while a commit is written.
    tail: Mutex<Tail>,
    behind: Behind,
}

/// Where the journal goes on.
struct Tail {
    segment: u8,
    offset: u64,
    /// The newest commit of each segment since it was opened.
    newest: [u64; 2],
    /// The checksum of the newest commit.
    previous: u32,
    /// Whether the mark of the last clean stop is still there.
    marked: bool,
    stopped: Option<CommitError>,
    closed: bool,
}

impl JournaledStore {
    /// Opens the commits in a directory, or makes a place for them there; takes no lock.
    ///
    /// # Errors
    /// [`OpenError`] says what stands in the way; [`OpenError::Disagreement`] that what is there is
    /// not one whole log.
    pub fn open(directory: &Path, options: &JournalOptions) -> Result<Self, OpenError> {
        let Opened { store, shape, segment, offset, previous, marked, clean } =
            opening::open(directory, options)?;
        let segments = [open_segment(directory, 0)?, open_segment(directory, 1)?];
        let head = AtomicU64::new(store.head());
        let disk = Arc::clone(&options.disk);
        let behind = Behind::start(store, options.durability, Arc::clone(&disk))
            .map_err(|source| OpenError::Writer { source })?;
        let newest = [0; 2];
        let (stopped, closed) = (None, false);
        let tail = Tail { segment, offset, newest, previous, marked, stopped, closed };
        Ok(Self {
            directory: directory.to_owned(),
            durability: options.durability,
            disk,
            shape,
            was_closed: clean,
            segments,
            head,
            tail: Mutex::new(tail),
            behind,
        })
    }

    /// Puts an empty journal before a store that had none, and whose every commit is synced.
    ///
    /// # Errors
    /// [`OpenError::Io`] if it cannot be made.
    pub(crate) fn put_before(directory: &Path) -> Result<(), OpenError> {
        opening::make(directory, &JournalOptions::default()).map(drop)
    }

    /// Whether the log was closed before it was opened, so that it is what it was then.
    pub const fn was_closed(&self) -> bool {
        self.was_closed
    }

    /// Says that the log was found whole, so that no copy of the store need be kept.
    ///
    /// # Errors
    /// [`OpenError::Io`] if the copy cannot be removed.
    pub fn found_whole(&self) -> Result<(), OpenError> {
        let path = self.directory.join("sled.copy");
        spare::let_go(&self.directory).map_err(|source| OpenError::Io {
            doing: "remove",
            path,
            source,
        })
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, tail: &mut Tail, number: u64, bytes: &[u8]) -> Result<(), CommitError> {
        self.behind.still_works()?;
        let (frame, content) = frame::write(&self.shape.nonce, number, tail.previous, bytes);
        let length = u64::try_from(frame.len()).unwrap_or(u64::MAX);
        if length > self.shape.size.saturating_sub(START) {
            let size = self.shape.size;
            let why = format!("{length} bytes with its frame, and a segment has {size}");
            return Err(CommitError::Full { why });
        }
        if tail.marked {
            Mark::remove(&self.directory).map_err(|error| unknown(&error))?;
            tail.marked = false;
        }
        if tail.offset.saturating_add(length) > self.shape.size {
            self.turn(tail)?;
        }
        self.put(tail, &frame)?;
        if let Some(newest) = tail.newest.get_mut(usize::from(tail.segment)) {
            *newest = number;
        }
        tail.offset = tail.offset.saturating_add(length);
        tail.previous = content;
        let bytes = frame::HEADER..frame::HEADER + bytes.len();
        self.behind.take(Waiting { frame, bytes });
        Ok(())
    }

    /// Goes over to the other segment, once nothing in it is needed any more.
    fn turn(&self, tail: &mut Tail) -> Result<(), CommitError> {
        let [zero, one] = tail.newest;
        let (other, full, needed) = if tail.segment == 0 { (1, zero, one) } else { (0, one, zero) };
        self.behind.wait_until_synced(needed)?;
        // So that this one is free when the other is full.
        self.behind.want(full);
        tail.segment = other;
        tail.offset = START;
        Ok(())
    }

    fn put(&self, tail: &Tail, frame: &[u8]) -> Result<(), CommitError> {
        let [zero, one] = &self.segments;
        let file = if tail.segment == 0 { zero } else { one };
        let which = DiskFile::Journal(tail.segment);
        let (mut rest, mut offset) = (frame, tail.offset);
        while !rest.is_empty() {
            match self.disk.write_at(which, file, rest, offset) {
                Ok(0) => return Err(unknown(&ErrorKind::WriteZero.into())),
                Ok(written) => {
                    rest = rest.get(written..).unwrap_or_default();
                    offset = offset.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error)
                    if error.kind() == ErrorKind::StorageFull && rest.len() == frame.len() =>
                {
                    return Err(CommitError::Full { why: error.to_string() });
                }
                Err(error) => return Err(unknown(&error)),
            }
        }
        match self.durability {
            Durability::Synced => self.disk.sync(which, file).map_err(|error| unknown(&error)),
            Durability::Buffered => Ok(()),
        }
    }

    /// Writes the mark of a clean stop.
    fn mark(&self, tail: &Tail) -> Result<(), CommitError> {
        let commits = self.head();
        let newest = opening::digest(self.behind.store(), commits);
        self.behind.store().close()?;
        let (Some(newest), false) = (newest, tail.marked) else {
            return Ok(());
        };
        let mark = Mark { commits, newest, segment: tail.segment, offset: tail.offset };
        mark.write(&self.directory).map_err(|error| unknown(&error))
    }
}

impl CommitStore for JournaledStore {
    fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    fn commit(&self, after: u64, bytes: &[u8]) -> Result<(), CommitError> {
        let mut tail = self.tail();
        if let Some(error) = &tail.stopped {
            return Err(error.clone());
        }
        let actual = self.head();
        if after != actual {
            return Err(CommitError::Conflict { expected: after, actual });
        }
        let number = after.saturating_add(1);
        match self.write(&mut tail, number, bytes) {
            Ok(()) => {
                self.head.store(number, Ordering::Release);
                Ok(())
            }
            Err(error) => Err(tail.stopped.insert(error).clone()),
        }
    }

    fn read(&self, number: u64) -> Result<Vec<u8>, StoreReadError> {
        let head = self.head();
        if !(1..=head).contains(&number) {
            return Err(StoreReadError::Absent { number, head });
        }
        match self.behind.waiting(number) {
            Some(waiting) => Ok(waiting.bytes().to_vec()),
            None => self.behind.store().read(number),
        }
    }

    fn close(&self) -> Result<(), CommitError> {
        let mut tail = self.tail();
        if std::mem::replace(&mut tail.closed, true) {
            return Ok(());
        }
        self.behind.drain()?;
        if tail.stopped.is_some() {
            // Whether its last commit is there is found out when it is opened again.
            return self.behind.store().close();
        }
        tail.stopped = Some(CommitError::Unknown { why: "the store is closed".to_owned() });
        self.mark(&tail)
    }
}

fn open_segment(directory: &Path, segment: u8) -> Result<File, OpenError> {
    let path = segment::path(directory, segment);
    let opened = File::options().write(true).open(&path);
    opened.map_err(|source| OpenError::Io { doing: "open", path, source })
}

fn unknown(error: &io::Error) -> CommitError {
    CommitError::Unknown { why: error.to_string() }
}

impl fmt::Debug for JournaledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournaledStore")
            .field("directory", &self.directory)
            .field("durability", &self.durability)
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}
