//! A view and its position in one file, so that a start need not read the whole log.
//!
//! A cache and nothing more: whatever is doubtful about it, it is ignored and the view is rebuilt.
//! The file is `NAME.checkpoint`: 32 bytes of SHA-256 over the rest, the length of the encoded
//! [`Heading`] in 2 bytes, the heading, the encoded state.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use convoke_events::{CodecError, Digest, Log, Position, Query, decode, encode};
use serde::{Deserialize, Serialize};

use crate::{At, Projection};

const DIGEST: usize = 32;

#[derive(Serialize, Deserialize)]
struct Heading {
    name: String,
    version: u32,
    position: Position,
    hash: Digest,
}

/// Why a checkpoint was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    /// The view's name is too long to be written down.
    #[error("the name `{name}` is too long for a checkpoint, which holds 65,000 bytes of it")]
    Name {
        /// The name.
        name: &'static str,
    },
    /// The state cannot be encoded.
    #[error("the state cannot be encoded")]
    Encode(#[from] CodecError),
    /// The file cannot be written.
    #[error("`{}` cannot be written", .file.display())]
    Io {
        /// Which file.
        file: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Why a checkpoint is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Ignored {
    /// There is none.
    #[error("there is none")]
    Absent,
    /// Its bytes are not what was written.
    #[error("it is damaged")]
    Damaged,
    /// Another view, or another version of this one, wrote it.
    #[error("another view or version wrote it")]
    Another,
    /// The log at its position is another one, or shorter.
    #[error("it does not belong to this log")]
    Diverged,
}

/// Writes the view as it is after the event with this hash: whole or not at all.
pub(crate) fn save<V: Projection>(
    directory: &Path,
    at: &At<V>,
    hash: Digest,
) -> Result<(), SaveError> {
    let Some(position) = Position::new(at.position) else {
        return Ok(());
    };
    let (name, version) = (V::NAME.to_owned(), V::VERSION);
    let heading = encode(&Heading { name, version, position, hash })?;
    let length = u16::try_from(heading.len()).map_err(|_| SaveError::Name { name: V::NAME })?;
    let contents = [length.to_le_bytes().as_slice(), &heading, &encode(&at.view)?].concat();
    let file = file::<V>(directory);
    write_whole(directory, &file, &contents).map_err(|source| SaveError::Io { file, source })
}

/// Reads the view that was saved last, if it belongs to this log.
pub(crate) fn load<V: Projection>(directory: &Path, log: &Log) -> Result<At<V>, Ignored> {
    let absent = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let bytes = fs::read(file::<V>(directory))
        .map_err(|error| if absent(&error) { Ignored::Absent } else { Ignored::Damaged })?;
    let (digest, contents) = bytes.split_at_checked(DIGEST).ok_or(Ignored::Damaged)?;
    if Digest::of(contents).as_bytes() != digest {
        return Err(Ignored::Damaged);
    }
    let (length, contents) = contents.split_first_chunk().ok_or(Ignored::Damaged)?;
    let length = usize::from(u16::from_le_bytes(*length));
    let (heading, state) = contents.split_at_checked(length).ok_or(Ignored::Damaged)?;
    let heading: Heading = decode(heading).map_err(|_| Ignored::Damaged)?;
    if heading.name != V::NAME || heading.version != V::VERSION {
        return Err(Ignored::Another);
    }
    let here = Query::all().from(heading.position).to(heading.position).without_bodies();
    match log.read(here).next() {
        Some(Ok(event)) if event.hash == heading.hash => {}
        Some(Ok(_) | Err(_)) | None => return Err(Ignored::Diverged),
    }
    let view = decode(state).map_err(|_| Ignored::Damaged)?;
    Ok(At { position: heading.position.get(), view })
}

fn file<V: Projection>(directory: &Path) -> PathBuf {
    directory.join(format!("{}.checkpoint", V::NAME))
}

fn write_whole(directory: &Path, file: &Path, contents: &[u8]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let new = file.with_extension("new");
    let mut out = File::create(&new)?;
    out.write_all(Digest::of(contents).as_bytes())?;
    out.write_all(contents)?;
    out.sync_all()?;
    fs::rename(&new, file)?;
    File::open(directory)?.sync_all()
}
