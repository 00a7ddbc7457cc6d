//! Repair: what is provably intact of a damaged data directory, in a new one.
//!
//! Every file of the old directory is looked through for whole records, so it does not matter
//! whether the log, or the store, can still be opened. The log in the new directory goes as far as
//! records follow one another from the first on. Whole records behind the first gap cannot be part
//! of a log, whose hash chain has no gaps; they are kept beside it, in `salvage.jsonl`: each a line
//! as of an export, with `record`, its bytes in base64, and `proof`, which is `linked` where the
//! hashes around it agree with it and `checksum` where only its own checksum does. `repair.json`
//! holds the report.

mod report;
mod sources;

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

pub use self::report::{Lost, LostText, Repaired};
use self::sources::sources;
use super::carve::{Found, Sources};
use super::lineage::{Lineage, Next};
use super::staging::{self, Failed, Staging, StagingError, failed};
use super::{export, notes};
use crate::bodies::{Bodies, Body};
use crate::directory::Directory;
use crate::log::frame::FrameInMaking;
use crate::log::verify::{Examined, up_to};
use crate::record::{RawRecord, RecordView};
use crate::{
    Broken, Checkpoint, CommitError, CommitStore, Digest, Durability, HubId, JournalOptions,
    JournaledStore, MAX_TEXT, OpenError, Position,
};

/// About how many bytes one commit of the new log holds.
const COMMIT: usize = 1024 * 1024;

/// Why there was no repair.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// No log lies there.
    #[error("there is no log in `{}`", .from.display())]
    NotFound {
        /// Where one was looked for.
        from: PathBuf,
    },
    /// Another process has it open.
    #[error("`{}` is in use: a log is repaired while nobody writes to it", .from.display())]
    InUse {
        /// Which directory.
        from: PathBuf,
    },
    /// Something lies where the new log should go.
    #[error("`{}` exists: a log is repaired to where nothing is", .to.display())]
    Exists {
        /// Where.
        to: PathBuf,
    },
    /// What was put together is not a log.
    #[error("what was put together is no log, first at position {first_bad}: {why}")]
    Broken {
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
        source: io::Error,
    },
}

impl RepairError {
    /// Whether the same may succeed later.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::InUse { .. } | Self::Io { .. } | Self::Commit(_))
    }
}

impl From<Failed> for RepairError {
    fn from(Failed { doing, path, source }: Failed) -> Self {
        Self::Io { doing, path, source }
    }
}

/// Makes a data directory of everything in `from` that is provably intact; changes nothing there.
///
/// # Errors
/// [`RepairError`]; there is no new directory then.
pub fn repair(from: &Path, to: &Path) -> Result<Repaired, RepairError> {
    if !["format", "sled", "journal-0", "journal-1"].iter().any(|name| from.join(name).exists()) {
        return Err(RepairError::NotFound { from: from.to_owned() });
    }
    let lock = File::open(from.join("lock")).ok();
    if lock.as_ref().is_some_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock))) {
        return Err(RepairError::InUse { from: from.to_owned() });
    }
    let repaired = repair_to(from, to);
    // As with a directory, a child about to start would hold on to it.
    if let Some(lock) = lock {
        let _ = lock.unlock();
    }
    repaired
}

fn repair_to(from: &Path, to: &Path) -> Result<Repaired, RepairError> {
    let staging = Staging::begin(to).map_err(|error| match error {
        StagingError::Exists => RepairError::Exists { to: to.to_owned() },
        StagingError::Failed(failed) => failed.into(),
    })?;
    let scratch = staging.path().join("scratch");
    let sources = sources(from, &scratch);
    let lineage = Lineage::of(sources.carve());
    let mut repair = Repair::begin(from, staging.path())?;
    if let Some(lineage) = &lineage {
        repair.keep(lineage, &sources)?;
        repair.salvage(lineage, &sources)?;
    }
    let repaired = repair.finish(lineage.as_ref())?;
    drop(sources);
    if scratch.exists() {
        fs::remove_dir_all(&scratch).map_err(failed("remove", &scratch))?;
    }
    staging.finish()?;
    Ok(repaired)
}

/// A new log in the making.
struct Repair<'a> {
    from: &'a Path,
    to: &'a Path,
    _directory: Directory,
    store: JournaledStore,
    old_bodies: Bodies,
    new_bodies: Bodies,
    repaired: Repaired,
    salvaged: Vec<u64>,
}

impl<'a> Repair<'a> {
    fn begin(from: &'a Path, to: &'a Path) -> Result<Self, RepairError> {
        let directory = Directory::open(to)?;
        // All of it is synced before the directory gets its name.
        let options =
            JournalOptions { durability: Durability::Buffered, ..JournalOptions::default() };
        let store = JournaledStore::open(directory.path(), &options)?;
        let bodies = |directory: &Path| {
            Bodies::in_folder(directory.join("bodies"), Durability::Buffered, MAX_TEXT)
        };
        Ok(Self {
            from,
            to,
            _directory: directory,
            store,
            old_bodies: bodies(from),
            new_bodies: bodies(to),
            repaired: Repaired::default(),
            salvaged: Vec::new(),
        })
    }

    /// Puts every record into the new log that follows the one before it, append by append.
    fn keep(&mut self, lineage: &Lineage, sources: &Sources) -> Result<(), RepairError> {
        self.repaired.log = Some(lineage.log);
        let (mut position, mut link) = (0, lineage.genesis());
        let mut append: Vec<Next> = Vec::new();
        let mut frame = FrameInMaking::begin(Position::FIRST, link);
        while let Some(next) = lineage.next(sources, position + 1, link) {
            let Ok(record) = RecordView::read(&next.record) else { break };
            // An append lands whole or not at all, also here.
            let is_last = record.index.checked_add(1) == Some(record.count);
            position += 1;
            link = next.hash;
            append.push(next);
            if is_last {
                for Next { record, hash } in append.drain(..) {
                    self.keep_texts(&record)?;
                    frame.push(|bytes| bytes.extend(&record));
                    self.repaired.events += 1;
                    self.repaired.head = Some(hash);
                }
                if frame.len() >= COMMIT {
                    let next = Position::after(self.repaired.events);
                    let begun = FrameInMaking::begin(next, frame.hash());
                    self.commit(std::mem::replace(&mut frame, begun))?;
                }
            }
        }
        self.commit(frame)
    }

    fn commit(&self, frame: FrameInMaking) -> Result<(), RepairError> {
        if !frame.is_empty() {
            self.store.commit(self.store.head(), &frame.finish())?;
        }
        Ok(())
    }

    fn keep_texts(&mut self, record: &[u8]) -> Result<(), RepairError> {
        let Ok(record) = RecordView::read(record) else { return Ok(()) };
        let stored = record.stored_texts().unwrap_or_default();
        let Ok(hub) = HubId::new(record.hub) else { return Ok(()) };
        for (name, digest, length) in stored {
            match self.old_bodies.get(&hub, digest, length) {
                Ok(content) => {
                    let kept = self.new_bodies.put(&hub, &Body { digest, content });
                    kept.map_err(|error| Failed {
                        doing: "write a text to",
                        path: self.to.to_owned(),
                        source: io::Error::other(error),
                    })?;
                    self.repaired.texts += 1;
                }
                Err(error) => self.repaired.lost_texts.push(LostText {
                    position: record.position,
                    name: name.to_owned(),
                    why: error.to_string(),
                }),
            }
        }
        Ok(())
    }

    /// Keeps every whole record behind the new log's end beside it.
    fn salvage(&mut self, lineage: &Lineage, sources: &Sources) -> Result<(), RepairError> {
        let path = self.to.join("salvage.jsonl");
        let mut file: Option<BufWriter<File>> = None;
        let mut written: Vec<Digest> = Vec::new();
        for found in lineage.behind(self.repaired.events) {
            let Ok(record) = sources.record(found) else { continue };
            let digest = Digest::of(&record);
            if self.salvaged.last() != Some(&found.position) {
                written.clear();
            } else if written.contains(&digest) {
                continue;
            }
            written.push(digest);
            let Some(line) = self.salvage_line(found, &record) else { continue };
            if file.is_none() {
                let made = File::create(&path).map_err(failed("make", &path))?;
                file = Some(BufWriter::new(made));
            }
            let Some(file) = &mut file else { continue };
            writeln!(file, "{line}").map_err(failed("write", &path))?;
            self.salvaged.push(found.position);
            self.repaired.salvaged += 1;
        }
        if let Some(mut file) = file {
            file.flush().map_err(failed("write", &path))?;
        }
        Ok(())
    }

    fn salvage_line(&self, found: &Found, record: &[u8]) -> Option<serde_json::Value> {
        let mut raw = RawRecord::decode(record).ok()?;
        let hub = raw.envelope.hub.clone();
        // What cannot be fetched stays named by its digest.
        let _ = self.old_bodies.fetch(&hub, &mut raw.texts);
        let linked = found.previous.chain(record) == found.hash;
        let mut line = export::line(&raw, found.hash);
        let object = line.as_object_mut()?;
        object.insert("record".to_owned(), json!(STANDARD.encode(record)));
        object.insert("proof".to_owned(), json!(if linked { "linked" } else { "checksum" }));
        Some(line)
    }

    /// Closes the new log, verifies it, and writes down what is not in it.
    fn finish(mut self, lineage: Option<&Lineage>) -> Result<Repaired, RepairError> {
        let newest = lineage.map_or(0, Lineage::newest);
        let Examined { tree, keys, .. } = up_to(&self.store, self.store.head(), None)
            .map_err(|Broken { first_bad, why }| RepairError::Broken { first_bad, why })?;
        self.store.close()?;
        let mut notes = notes::readable(&self.from.join("checkpoints"));
        notes.retain(|note| {
            let Checkpoint { log, size, .. } = *note.checkpoint();
            self.repaired.log.is_none_or(|known| known == log)
                && keys.at(size).is_none_or(|key| note.check(&key).is_ok())
        });
        let signed = notes.iter().map(|note| note.checkpoint().size).max().unwrap_or(0);
        self.count_lost(newest, signed);
        notes.retain(|note| tree.root(note.checkpoint().size) == Some(note.checkpoint().root));
        if !notes.is_empty() {
            staging::write(&self.to.join("checkpoints"), notes::file_of(&notes).as_bytes())?;
        }
        self.repaired.checkpoints = u64::try_from(notes.len()).unwrap_or(u64::MAX);
        staging::copy_key(self.from, self.to)?;
        let report = serde_json::to_vec_pretty(&self.repaired).unwrap_or_default();
        staging::write(&self.to.join("repair.json"), &report)?;
        Ok(self.repaired)
    }

    fn count_lost(&mut self, newest: u64, signed: u64) {
        let kept = self.repaired.events;
        let mut next = kept + 1;
        let mut salvaged = std::mem::take(&mut self.salvaged);
        salvaged.push(newest.max(kept) + 1);
        for position in salvaged {
            if position > next {
                self.lose(next, position - 1, "no intact copy of it was found");
            }
            next = next.max(position + 1);
        }
        let seen = newest.max(kept);
        if signed > seen {
            self.lose(seen + 1, signed, "a signed checkpoint says it was there; nothing was found");
        }
    }

    fn lose(&mut self, first: u64, last: u64, why: &str) {
        let (first, last) = (Position::after(first - 1), Position::after(last - 1));
        self.repaired.lost.push(Lost { first, last, why: why.to_owned() });
    }
}
