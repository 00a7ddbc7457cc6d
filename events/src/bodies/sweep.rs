//! Sweeping: bodies that no event names go, a day after they came.
//!
//! Which bodies are named is known from the log alone, so a sweep reads all of it, and there is one
//! only where something that came since the one before may have to go.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::folder::{Folder, failed};
use super::{Bodies, BodyError, Place, Swept};
use crate::text::Text;
use crate::{Digest, HubId, Query, ReadError, Reader, Timestamp};

/// How long a body may lie without an event that names it.
const PATIENCE: Duration = Duration::from_hours(24);

/// The file that says when the last sweep was; no hub can be called that.
const MARK: &str = ".swept";

/// Why bodies could not be swept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SweepError {
    /// The log cannot be read, so nobody knows which bodies are named.
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
    /// The body store does not let itself be swept.
    #[error(transparent)]
    Body(#[from] BodyError),
}

/// What goes unless an event names it.
struct Orphan {
    file: PathBuf,
    bytes: u64,
    came: SystemTime,
}

impl Bodies {
    /// Removes what lies there for a day, has come since the last sweep, and is named by no event.
    pub(crate) fn sweep(
        &self,
        reader: &Reader,
        now: Timestamp,
        go_on: impl Fn() -> bool,
    ) -> Result<Swept, SweepError> {
        let Place::Folder(folder) = &self.place else { return Ok(Swept::default()) };
        let mut orphans = folder.candidates(now)?;
        if orphans.is_empty() {
            return Ok(Swept::default());
        }
        for event in reader.read(Query::all().without_bodies()) {
            if !go_on() || orphans.is_empty() {
                break;
            }
            let event = event?;
            for (digest, _) in event.texts.iter().filter_map(Text::stored) {
                orphans.remove(&(event.envelope.hub.clone(), digest));
            }
        }
        if !go_on() {
            return Ok(Swept::default());
        }
        let swept = folder.remove(orphans.into_values())?;
        folder.mark(now)?;
        Ok(swept)
    }
}

type Orphans = HashMap<(HubId, Digest), Orphan>;

impl Folder {
    /// Bodies that came since the last sweep and have been there for a day; removes files that
    /// were never finished.
    fn candidates(&self, now: Timestamp) -> Result<Orphans, BodyError> {
        let last = self.last_sweep();
        let mut orphans = Orphans::new();
        for hub in entries(&self.path)? {
            let Some(id) = name(&hub).and_then(|name| HubId::new(&name).ok()) else { continue };
            for shard in entries(&hub)? {
                for file in entries(&shard)? {
                    let came = modified(&file)?;
                    let moment = since_1970(came);
                    let seen = last.is_some_and(|last| moment.plus(PATIENCE) < last);
                    if now.since(moment) < PATIENCE || seen {
                        continue;
                    }
                    match name(&file).and_then(|name| name.parse::<Digest>().ok()) {
                        Some(digest) => {
                            let bytes = file.metadata().map_or(0, |metadata| metadata.len());
                            orphans.insert((id.clone(), digest), Orphan { file, bytes, came });
                        }
                        None => fs::remove_file(&file).map_err(failed("remove", &file))?,
                    }
                }
            }
        }
        Ok(orphans)
    }

    fn remove(&self, orphans: impl Iterator<Item = Orphan>) -> Result<Swept, BodyError> {
        let mut swept = Swept::default();
        for Orphan { file, bytes, came } in orphans {
            // Held while the file goes, so that nobody puts it there and relies on it meanwhile.
            let _names = self.names();
            if modified(&file)? == came {
                fs::remove_file(&file).map_err(failed("remove", &file))?;
                swept.bodies += 1;
                swept.bytes = swept.bytes.saturating_add(bytes);
            }
        }
        Ok(swept)
    }

    fn last_sweep(&self) -> Option<Timestamp> {
        fs::read_to_string(self.path.join(MARK)).ok()?.trim_end().parse().ok()
    }

    fn mark(&self, now: Timestamp) -> Result<(), BodyError> {
        let mark = self.path.join(MARK);
        // It only saves work: one that is lost or torn means one sweep too many.
        fs::write(&mark, format!("{now}\n")).map_err(failed("write", &mark))
    }
}

fn modified(file: &Path) -> Result<SystemTime, BodyError> {
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    modified.map_err(failed("read", file))
}

fn since_1970(moment: SystemTime) -> Timestamp {
    let span = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(0).plus(span)
}

fn name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}

/// What is in a directory; nothing where it is none.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, BodyError> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(directory).map_err(failed("read", directory))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths.collect::<Result<_, _>>().map_err(failed("read", directory))
}
