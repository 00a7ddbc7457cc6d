//! Commits on disk, in sled. The only file that says `sled`.
//!
//! What it takes to be durable with sled 0.34: `flush` writes and does not sync, so its file is
//! synced through a handle of our own; values over its blob limit go to files that no sync reaches,
//! so segments are large, values small, and a store with blobs is not opened; an open that was
//! interrupted leaves files that fail the next one, so they are removed. Transactions and batches
//! take a lock for the whole process, so each chunk of a commit is one plain insert, and a commit
//! whose last chunks are missing is one that was never acknowledged.
//!
//! A leaf is split at its 17th key, and written anew with all that is in it: of commits inserted one
//! behind the other each would be written three to four times, and half of the file would be waste.
//! So keys are made with nothing under them, and filled when their leaf is split no more.

use std::fmt;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::thread;
use std::time::{Duration, Instant};

use super::chunk;
use crate::{CommitError, CommitStore, Durability, OpenError, StoreReadError};

const SEGMENT: usize = 8 * 1024 * 1024;

const CACHE: u64 = 64 * 1024 * 1024;

/// How many keys there are behind the newest commit's, with nothing under them: as many as are in the
/// last leaf when it is split.
const AHEAD: u64 = 17;

/// How long the lock of a store that was just dropped may still be held.
const OLD_LOCK: Duration = Duration::from_secs(1);

/// What the operating system may refuse although nothing is wrong with a file.
const REFUSALS: [ErrorKind; 4] = [
    ErrorKind::PermissionDenied,
    ErrorKind::QuotaExceeded,
    ErrorKind::ReadOnlyFilesystem,
    ErrorKind::StorageFull,
];

/// Commits on disk, in a directory of their own. Whoever opens one holds a lock over it.
pub struct SledStore {
    durability: Durability,
    head: AtomicU64,
    /// Up to which commit there are keys.
    places: AtomicU64,
    files: RwLock<Option<Files>>,
    /// What stopped it; held while a commit is written.
    stopped: Mutex<Option<CommitError>>,
}

struct Files {
    database: sled::Db,
    /// The file all of it is in, to sync it.
    file: File,
}

impl SledStore {
    /// Opens the store in a directory, or makes one there.
    ///
    /// # Errors
    /// [`OpenError`] says what stands in the way.
    pub fn open(directory: &Path, durability: Durability) -> Result<Self, OpenError> {
        Self::open_with(directory, durability, durability)
    }

    /// Opens a store whose commits are durable only once they are written out.
    ///
    /// # Errors
    /// [`OpenError`] says what stands in the way.
    pub(super) fn open_behind(directory: &Path, durability: Durability) -> Result<Self, OpenError> {
        Self::open_with(directory, durability, Durability::Buffered)
    }

    fn open_with(
        directory: &Path,
        durability: Durability,
        of_commits: Durability,
    ) -> Result<Self, OpenError> {
        fs::create_dir_all(directory).map_err(failed("make", directory))?;
        refuse_blobs(directory)?;
        remove_leftovers(directory)?;
        let store = |failure: Failure| failure.in_opening(directory);
        let database = contained(|| open_database(directory)).map_err(store)?;
        if durability == Durability::Synced {
            sync(directory)?;
        }
        let path = directory.join("db");
        let opened = File::options().read(true).write(true).open(&path);
        let file = opened.map_err(failed("open", &path))?;
        let files = Files { database, file };
        let (head, places) = contained(|| files.find_head()).map_err(store)?;
        Ok(Self {
            durability: of_commits,
            head: AtomicU64::new(head),
            places: AtomicU64::new(places),
            files: RwLock::new(Some(files)),
            stopped: Mutex::new(None),
        })
    }

    /// Writes everything committed so far to the file, and has it synced.
    ///
    /// # Errors
    /// [`CommitError`] if either fails; it takes nothing more then.
    pub(super) fn write_out(
        &self,
        sync: impl FnOnce(&File) -> std::io::Result<()>,
    ) -> Result<(), CommitError> {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &*stopped {
            return Err(error.clone());
        }
        let files = self.files();
        let done = files.as_ref().map_or(Ok(()), |files| files.write_out(sync));
        done.map_err(|failure| {
            // Said of the next commit, of which nothing is here.
            let (full, why) = (failure.is_full(), failure.text);
            let error = if full { CommitError::Full { why } } else { CommitError::Unknown { why } };
            stopped.insert(error).clone()
        })
    }

    /// Writes a commit again that is damaged here and whole elsewhere.
    ///
    /// # Errors
    /// [`CommitError`] if it cannot be written.
    pub(super) fn mend(&self, number: u64, bytes: &[u8]) -> Result<(), CommitError> {
        self.write(number, bytes)
    }

    fn files(&self) -> RwLockReadGuard<'_, Option<Files>> {
        self.files.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, number: u64, bytes: &[u8]) -> Result<(), CommitError> {
        let files = self.files();
        let unknown = |why: String| CommitError::Unknown { why };
        let files = files.as_ref().ok_or_else(|| unknown("the store is closed".to_owned()))?;
        self.make_places(files, number.saturating_add(AHEAD)).map_err(|failure| {
            let (full, why) = (failure.is_full(), failure.text);
            if full { CommitError::Full { why } } else { unknown(why) }
        })?;
        for (key, value) in chunk::cut(number, bytes) {
            let first = chunk::key(number, 0) == key;
            contained(|| files.database.insert(key, value).map(drop)).map_err(|failure| {
                // Behind the first chunk, some of the commit may already be on disk.
                if first && failure.is_full() {
                    CommitError::Full { why: failure.text }
                } else {
                    unknown(failure.text)
                }
            })?;
        }
        match self.durability {
            Durability::Synced => {
                files.write_out(File::sync_data).map_err(|failure| unknown(failure.text))
            }
            Durability::Buffered => Ok(()),
        }
    }

    /// Makes the keys of commits up to this one.
    fn make_places(&self, files: &Files, to: u64) -> Result<(), Failure> {
        for number in self.places.load(Ordering::Acquire).saturating_add(1)..=to {
            contained(|| files.database.insert(chunk::key(number, 0), &[]).map(drop))?;
            self.places.store(number, Ordering::Release);
        }
        Ok(())
    }

    fn fetch(&self, number: u64) -> Result<Vec<u8>, StoreReadError> {
        let io = |why| StoreReadError::Io { number, why };
        let damaged = |why: &str| StoreReadError::Damaged { number, why: why.to_owned() };
        let files = self.files();
        let files = files.as_ref().ok_or_else(|| io("the store is closed".to_owned()))?;
        let mut bytes = Vec::new();
        let mut chunk = 0;
        loop {
            let key = chunk::key(number, chunk);
            let value =
                contained(|| files.database.get(key)).map_err(|failure| io(failure.text))?;
            let value = value.ok_or_else(|| damaged("a part of it is missing"))?;
            let (count, part) =
                chunk::open(&key, &value).ok_or_else(|| damaged("its checksum is another"))?;
            bytes.extend(part);
            chunk += 1;
            if chunk >= count {
                return Ok(bytes);
            }
        }
    }
}

impl CommitStore for SledStore {
    fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    fn commit(&self, after: u64, bytes: &[u8]) -> Result<(), CommitError> {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &*stopped {
            return Err(error.clone());
        }
        let actual = self.head();
        if after != actual {
            return Err(CommitError::Conflict { expected: after, actual });
        }
        let number = after + 1;
        match self.write(number, bytes) {
            Ok(()) => {
                self.head.store(number, Ordering::Release);
                Ok(())
            }
            Err(error) => Err(stopped.insert(error).clone()),
        }
    }

    fn read(&self, number: u64) -> Result<Vec<u8>, StoreReadError> {
        let head = self.head();
        if (1..=head).contains(&number) {
            self.fetch(number)
        } else {
            Err(StoreReadError::Absent { number, head })
        }
    }

    fn close(&self) -> Result<(), CommitError> {
        let files = self.files.write().unwrap_or_else(PoisonError::into_inner).take();
        let Some(files) = files else { return Ok(()) };
        let unknown = |failure: Failure| CommitError::Unknown { why: failure.text };
        let synced = files.write_out(File::sync_data).map_err(unknown);
        // Dropping it writes once more, which is where sled may still panic.
        let dropped = contained(|| {
            drop(files);
            Ok(())
        });
        synced.and(dropped.map_err(unknown))
    }
}

impl Files {
    /// Makes everything inserted so far durable: sled alone does not sync.
    fn write_out(&self, sync: impl FnOnce(&File) -> std::io::Result<()>) -> Result<(), Failure> {
        contained(|| self.database.flush().map(drop))?;
        sync(&self.file).map_err(|error| Failure {
            text: error.to_string(),
            kind: Some(error.kind()),
            locked: false,
        })
    }

    /// The number of the newest commit that may have been acknowledged, and that of the last with a
    /// key; removes what begins another.
    fn find_head(&self) -> Result<(u64, u64), sled::Error> {
        let mut places = 0;
        for entry in self.database.iter().rev() {
            let (key, value) = entry?;
            let Some((commit, chunk)) = chunk::parse_key(&key) else {
                return Err(sled::Error::Unsupported("a key is no commit's".to_owned()));
            };
            places = places.max(commit);
            if !value.is_empty() {
                return Ok((self.end(commit, chunk, &value)?, places));
            }
        }
        Ok((0, places))
    }

    /// The same, where this is the last value there is.
    fn end(&self, commit: u64, chunk: u32, value: &[u8]) -> Result<u64, sled::Error> {
        let cut_short = chunk::open(&chunk::key(commit, chunk), value)
            .is_some_and(|(count, _)| chunk + 1 < count);
        if !cut_short || !self.are_whole(commit, chunk)? {
            // Whole, or damaged: then reading it says so.
            return Ok(commit);
        }
        for chunk in (0..=chunk).rev() {
            self.database.remove(chunk::key(commit, chunk))?;
        }
        self.database.flush()?;
        self.file.sync_data()?;
        tracing::warn!(commit, "removed the beginning of a commit that was never acknowledged");
        Ok(commit.saturating_sub(1))
    }

    /// Whether the chunks before this one are there and as they were written.
    fn are_whole(&self, commit: u64, before: u32) -> Result<bool, sled::Error> {
        for chunk in 0..before {
            let key = chunk::key(commit, chunk);
            let value = self.database.get(key)?;
            if value.is_none_or(|value| chunk::open(&key, &value).is_none()) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn open_database(directory: &Path) -> Result<sled::Db, sled::Error> {
    let config = sled::Config::new()
        .path(directory)
        .segment_size(SEGMENT)
        .cache_capacity(CACHE)
        .flush_every_ms(None);
    let patience = Instant::now() + OLD_LOCK;
    loop {
        match config.open() {
            Err(error) if is_locked(&error) && Instant::now() < patience => {
                thread::sleep(Duration::from_millis(10));
            }
            opened => return opened,
        }
    }
}

/// sled has no other word for it.
fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("lock"))
}

/// A failure of sled's, or a panic in it.
struct Failure {
    text: String,
    /// What kind it is, if the operating system had a part in it.
    kind: Option<ErrorKind>,
    /// Somebody else has it open.
    locked: bool,
}

impl Failure {
    fn is_full(&self) -> bool {
        self.kind == Some(ErrorKind::StorageFull)
    }

    /// What it means for a store that is being opened in this directory.
    fn in_opening(self, directory: &Path) -> OpenError {
        let directory = directory.to_owned();
        if self.locked {
            return OpenError::InUse { directory, owner: "another process".to_owned() };
        }
        match self.kind.filter(|kind| REFUSALS.contains(kind)) {
            Some(kind) => failed("open", &directory)(std::io::Error::new(kind, self.text)),
            None => OpenError::Store { directory, why: self.text },
        }
    }
}

/// Runs a part of sled; a damaged file makes it panic in places.
fn contained<T>(run: impl FnOnce() -> Result<T, sled::Error>) -> Result<T, Failure> {
    match panic::catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => {
            let kind = if let sled::Error::Io(error) = &error { Some(error.kind()) } else { None };
            Err(Failure { text: error.to_string(), kind, locked: is_locked(&error) })
        }
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text =
                text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason");
            Err(Failure { text: format!("sled panicked: {text}"), kind: None, locked: false })
        }
    }
}

fn refuse_blobs(directory: &Path) -> Result<(), OpenError> {
    let blobs = directory.join("blobs");
    match fs::read_dir(&blobs) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(OpenError::Blobs { directory: blobs }),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(source) => Err(failed("read", &blobs)(source)),
    }
}

/// Removes the snapshots that an interrupted open had begun.
fn remove_leftovers(directory: &Path) -> Result<(), OpenError> {
    for entry in fs::read_dir(directory).map_err(failed("read", directory))? {
        let path = entry.map_err(failed("read", directory))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        if name.is_some_and(|name| name.starts_with("snap.") && name.ends_with(".generating")) {
            fs::remove_file(&path).map_err(failed("remove", &path))?;
        }
    }
    Ok(())
}

/// Syncs what sled never does: its configuration and the directories' entries.
fn sync(directory: &Path) -> Result<(), OpenError> {
    let files = [directory.join("conf"), directory.join("db"), directory.to_owned()];
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
    for path in files.iter().map(|path| &**path).chain(parent) {
        File::open(path).and_then(|file| file.sync_all()).map_err(failed("sync", path))?;
    }
    Ok(())
}

fn failed(doing: &'static str, path: &Path) -> impl Fn(std::io::Error) -> OpenError {
    move |source| OpenError::Io { doing, path: path.to_owned(), source }
}

impl fmt::Debug for SledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledStore")
            .field("durability", &self.durability)
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
