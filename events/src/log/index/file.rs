//! The index file: what the index was at a clean stop, so that opening need not decode the log.
//!
//! It holds nothing that does not follow from the log and may be deleted at any time. Where records
//! lie and what their hashes are is not in it: that is read off the log's frames, whose links show
//! at the same time whether the file is this log's. If it is not, or not whole, the index is built
//! from the log.
//!
//! Numbers are LEB128 where nothing else is said; a text is its length and its bytes.
//!
//! | field | meaning |
//! |---|---|
//! | magic | `convoke index 1` and a line feed |
//! | bound | log id, 16 bytes; newest hash, 32 bytes; its recording, `i64` little-endian |
//! | | how many commits; how many events |
//! | bytes | bytes of all records |
//! | hubs | how many; each a text, its positions, how many streams, each a text and its positions |
//! | types | how many; each a text, its positions, and its versions, after how many they are |
//! | correlations | how many; each 16 bytes and its positions |
//! | commands | how many; each as in [`put_command`] |
//! | keys | how many; each the position it is in force from and its 32 bytes |
//! | checksum | CRC-32 (IEEE) of everything before it, `u32` little-endian |
//!
//! Positions are how many there are, how many bytes follow, and each one's distance from the one
//! before.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use super::postings::{Postings, number, read_number, write_number};
use super::{HubIndex, Index, OfType};
use crate::log::remembered::{Command, Remembered};
use crate::{CorrelationId, Digest, Keys, LogId, Position, PublicKey, Receipt, Timestamp};

const MAGIC: &[u8; 16] = b"convoke index 1\n";

/// What an index file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) log: LogId,
    /// The newest link of the hash chain.
    pub(crate) hash: Digest,
    /// When the newest event was recorded.
    pub(crate) recorded_at: Timestamp,
    pub(crate) commits: u64,
    pub(crate) events: u64,
}

/// Writes the file, whole or not at all. It is not synced: one that a power cut took is built anew.
pub(crate) fn write(path: &Path, index: &Index, bound: &Bound) -> io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, encode(index, bound))?;
    fs::rename(&new, path)
}

/// Reads the file; nothing if there is none or it is not whole. The index lacks its places.
pub(crate) fn read(path: &Path) -> Option<(Index, Bound)> {
    decode(&fs::read(path).ok()?)
}

fn encode(index: &Index, bound: &Bound) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(MAGIC);
    out.extend(bound.log.as_bytes());
    out.extend(bound.hash.as_bytes());
    out.extend(bound.recorded_at.as_micros().to_le_bytes());
    write_number(&mut out, bound.commits);
    write_number(&mut out, bound.events);
    write_number(&mut out, index.bytes);
    write_number(&mut out, number(index.hubs.len()));
    for (name, hub) in &index.hubs {
        put_text(&mut out, name);
        hub.positions.save(&mut out);
        write_number(&mut out, number(hub.streams.len()));
        for (name, positions) in &hub.streams {
            put_text(&mut out, name);
            positions.save(&mut out);
        }
    }
    write_number(&mut out, number(index.types.len()));
    for (name, of) in &index.types {
        put_text(&mut out, name);
        of.positions.save(&mut out);
        write_number(&mut out, number(of.versions.len()));
        of.versions.iter().for_each(|version| write_number(&mut out, (*version).into()));
    }
    write_number(&mut out, number(index.correlations.len()));
    for (id, positions) in &index.correlations {
        out.extend(id.as_bytes());
        positions.save(&mut out);
    }
    write_number(&mut out, number(index.remembered.iter().count()));
    for (command, digest, receipt, at) in index.remembered.iter() {
        put_command(&mut out, command, digest, receipt, at);
    }
    put_keys(&mut out, index);
    let checksum = crc32fast::hash(&out);
    out.extend(checksum.to_le_bytes());
    out
}

fn put_keys(out: &mut Vec<u8>, index: &Index) {
    write_number(out, number(index.keys.iter().count()));
    for (position, key) in index.keys.iter() {
        write_number(out, position.get());
        out.extend(key.as_bytes());
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    write_number(out, number(text.len()));
    out.extend(text.as_bytes());
}

/// Hub, principal and key as texts; first and last position; digest and receipt's hash, 32 bytes
/// each; when it landed, `i64` little-endian.
fn put_command(
    out: &mut Vec<u8>,
    (hub, principal, key): &Command,
    digest: Digest,
    receipt: Receipt,
    at: Timestamp,
) {
    put_text(out, hub.as_str());
    put_text(out, &principal.to_string());
    put_text(out, key.as_str());
    write_number(out, receipt.first.get());
    write_number(out, receipt.last.get());
    out.extend(digest.as_bytes());
    out.extend(receipt.hash.as_bytes());
    out.extend(at.as_micros().to_le_bytes());
}

fn decode(bytes: &[u8]) -> Option<(Index, Bound)> {
    let (body, checksum) = bytes.split_last_chunk::<4>()?;
    if u32::from_le_bytes(*checksum) != crc32fast::hash(body) {
        return None;
    }
    let mut left = Bytes(body.strip_prefix(MAGIC)?);
    let log = LogId::from_bytes(left.take()?);
    let hash = Digest::from_bytes(left.take()?);
    let recorded_at = Timestamp::from_micros(i64::from_le_bytes(left.take()?));
    let (commits, events) = (left.number()?, left.number()?);
    let bytes = left.number()?;
    let mut hubs = HashMap::new();
    for _ in 0..left.number()? {
        let name = left.text()?.into();
        let positions = left.positions()?;
        let count = left.count()?;
        let mut streams = HashMap::with_capacity(count);
        for _ in 0..count {
            streams.insert(left.text()?.into(), left.positions()?);
        }
        hubs.insert(name, HubIndex { positions, streams });
    }
    let mut types = HashMap::new();
    for _ in 0..left.number()? {
        let (name, positions) = (left.text()?.into(), left.positions()?);
        let count = left.count()?;
        let versions =
            (0..count).map(|_| u16::try_from(left.number()?).ok()).collect::<Option<_>>()?;
        types.insert(name, OfType { positions, versions });
    }
    let count = left.count()?;
    let mut correlations = HashMap::with_capacity(count);
    for _ in 0..count {
        correlations.insert(CorrelationId::from_bytes(left.take()?), left.positions()?);
    }
    let mut remembered = Remembered::default();
    for _ in 0..left.number()? {
        let command =
            (left.text()?.parse().ok()?, left.text()?.parse().ok()?, left.text()?.parse().ok()?);
        let (first, last) = (left.position()?, left.position()?);
        let digest = Digest::from_bytes(left.take()?);
        let receipt = Receipt { first, last, hash: Digest::from_bytes(left.take()?) };
        let at = Timestamp::from_micros(i64::from_le_bytes(left.take()?));
        remembered.insert(command, digest, receipt, at);
    }
    let keys = left.keys()?;
    let (bound, hash) = (Bound { log, hash, recorded_at, commits, events }, Some(hash));
    let places = Index::default();
    let index = Index { hubs, types, correlations, remembered, bytes, hash, keys, ..places };
    left.0.is_empty().then_some((index, bound))
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    fn number(&mut self) -> Option<u64> {
        read_number(&mut self.0)
    }

    /// How many follow, each of which takes at least a byte.
    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len()).then_some(count)
    }

    fn position(&mut self) -> Option<Position> {
        Position::new(self.number()?)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        std::str::from_utf8(self.slice(length)?).ok()
    }

    fn positions(&mut self) -> Option<Postings> {
        Postings::load(&mut self.0)
    }

    fn keys(&mut self) -> Option<Keys> {
        let mut keys = Keys::default();
        for _ in 0..self.number()? {
            keys.accept(self.position()?, PublicKey::from_bytes(self.take()?));
        }
        Some(keys)
    }
}

#[cfg(test)]
mod tests;
