//! The hash chain, followed from the first commit on: what opening and verifying have in common.

use super::frame::{Frame, Framed, HEADER};
use super::index::file::Bound;
use crate::record::{RecordView, genesis};
use crate::{Digest, LogId, Position, Timestamp};

/// The log is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the log is damaged or was tampered with, first at position {first_bad}: {why}")]
pub struct Broken {
    /// The first position that is not as it must be.
    pub first_bad: Position,
    /// What is wrong with it.
    pub why: String,
}

/// A record whose place and hash are as they must be.
#[derive(Debug)]
pub(crate) struct Link<'a> {
    pub(crate) offset: usize,
    pub(crate) length: usize,
    pub(crate) record: RecordView<'a>,
    pub(crate) hash: Digest,
}

/// How far the chain has been followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// The log it is the chain of, once there is a record.
    pub(crate) log: Option<LogId>,
    /// Events so far.
    pub(crate) events: u64,
    /// The newest link, once there is one.
    pub(crate) hash: Option<Digest>,
    /// When the newest event was recorded.
    pub(crate) recorded_at: Option<Timestamp>,
}

impl Chain {
    /// The chain as it stood where an index file ends.
    pub(crate) const fn resumed(bound: &Bound) -> Self {
        let Bound { log, hash, recorded_at, events, .. } = *bound;
        Self { log: Some(log), events, hash: Some(hash), recorded_at: Some(recorded_at) }
    }

    /// Follows the chain through the next commit.
    ///
    /// # Errors
    /// [`Broken`] names the first position that is not as it must be.
    pub(crate) fn follow<'a>(&mut self, commit: &'a [u8]) -> Result<Vec<Link<'a>>, Broken> {
        let frame = Frame::read(commit).ok_or_else(|| self.broken("its commit is no frame"))?;
        let next = self.next();
        if frame.first != next.get() {
            return Err(self.broken(format!("its commit begins at position {}", frame.first)));
        }
        if frame.count == 0 {
            return Err(self.broken("its commit is empty"));
        }
        let mut links = Vec::new();
        let mut offset = HEADER;
        for _ in 0..frame.count {
            let framed =
                frame.at(offset).ok_or_else(|| self.broken("its commit ends before it does"))?;
            offset = framed.end();
            links.push(self.link(&frame, framed)?);
        }
        if frame.ends_at(offset) {
            Ok(links)
        } else {
            Err(self.broken("its commit holds more than it says"))
        }
    }

    fn link<'a>(&mut self, frame: &Frame<'_>, framed: Framed<'a>) -> Result<Link<'a>, Broken> {
        let record = RecordView::read(framed.record).map_err(|e| self.broken(e.to_string()))?;
        let next = self.next();
        if record.position != next {
            let found = record.position;
            return Err(self.broken(format!("the record of position {found} is in its place")));
        }
        let log = *self.log.get_or_insert(record.log);
        if record.log != log {
            return Err(self.broken(format!("its record belongs to log {}", record.log)));
        }
        let previous = self.hash.unwrap_or_else(|| genesis(log));
        if next.get() == frame.first && frame.previous != previous {
            return Err(self.broken("its commit follows another record"));
        }
        if previous.chain(framed.record) != framed.hash {
            return Err(self.broken("its record or its hash was changed"));
        }
        if self.recorded_at.is_some_and(|before| record.recorded_at < before) {
            return Err(self.broken("it was recorded before the event before it"));
        }
        self.events = next.get();
        self.hash = Some(framed.hash);
        self.recorded_at = Some(record.recorded_at);
        let length = framed.record.len();
        Ok(Link { offset: framed.offset, length, record, hash: framed.hash })
    }

    /// The position that comes next.
    pub(crate) const fn next(&self) -> Position {
        Position::after(self.events)
    }

    pub(crate) fn broken(&self, why: impl Into<String>) -> Broken {
        Broken { first_bad: self.next(), why: why.into() }
    }
}
