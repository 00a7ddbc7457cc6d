//! A commit in the making: what it holds, and what appends decided behind it have to see.

use std::collections::HashMap;

use super::COMMIT_BOUND;
use crate::append::Site;
use crate::log::frame::{AROUND_RECORD, FrameInMaking};
use crate::log::index::{Commit, Entry, Index, Seen};
use crate::log::remembered::Command;
use crate::record::extension;
use crate::{
    Append, AppendError, Digest, HubId, LogId, Position, Prepared, Receipt, Revision, StreamId,
    Timestamp,
};

/// How far a log goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tip {
    pub(super) events: u64,
    pub(super) hash: Digest,
    pub(super) recorded_at: Timestamp,
}

/// Appends that passed and are not stored yet.
pub(super) struct Batch<'a> {
    log: LogId,
    now: Timestamp,
    tip: Tip,
    frame: FrameInMaking,
    commit: Commit<'a>,
    revisions: HashMap<&'a HubId, HashMap<&'a StreamId, Revision>>,
    commands: HashMap<Command, (Digest, Receipt)>,
    /// What the next record says of the log's keys.
    says: Option<extension::Entry>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        log: LogId,
        tip: Tip,
        now: Timestamp,
        says: Option<extension::Entry>,
    ) -> Self {
        Self {
            log,
            now,
            tip,
            frame: FrameInMaking::begin(Position::after(tip.events), tip.hash),
            commit: Commit::default(),
            revisions: HashMap::new(),
            commands: HashMap::new(),
            says,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.frame.is_empty()
    }

    /// Whether the frame would grow too long with an append of this size too.
    pub(super) const fn overflows_with(&self, prepared: &Prepared) -> bool {
        let size = prepared.measured.size + prepared.append().events.len() * AROUND_RECORD;
        !self.is_empty() && self.frame.len() + size > COMMIT_BOUND
    }

    /// Where the same command landed before, if it did.
    pub(super) fn landed(
        &self,
        index: &Index,
        append: &Append,
    ) -> Result<Option<Receipt>, AppendError> {
        let Some((command, digest)) = command_of(append) else {
            return Ok(None);
        };
        let landed = self.commands.get(&command).copied().or_else(|| index.command(&command));
        match landed {
            Some((landed, receipt)) if landed != digest => {
                Err(AppendError::KeyReused { key: command.2, first: receipt.first })
            }
            landed => Ok(landed.map(|(_, receipt)| receipt)),
        }
    }

    /// Checks an append against what is durable and what is in the batch.
    pub(super) fn check(&self, index: &Index, append: &Append) -> Result<(), AppendError> {
        for (stream, expected) in &append.expected {
            let actual = self.revision(index, &append.hub, stream);
            if !expected.is_met_by(actual) {
                let (stream, expected) = (stream.clone(), *expected);
                return Err(AppendError::Conflict { stream, expected, actual });
            }
        }
        Ok(())
    }

    fn revision(&self, index: &Index, hub: &HubId, stream: &StreamId) -> Option<Revision> {
        let tentative = self.revisions.get(hub).and_then(|streams| streams.get(stream));
        tentative.copied().or_else(|| index.revision(hub, stream))
    }

    /// Adds an append that passed.
    pub(super) fn take_in(&mut self, index: &Index, prepared: &'a Prepared) -> Receipt {
        let (append, measured) = (prepared.append(), &prepared.measured);
        let first = Position::after(self.tip.events);
        self.tip.recorded_at = self.tip.recorded_at.max(self.now);
        for (nth, pending) in append.events.iter().enumerate() {
            let (hub, stream) = (&append.hub, &pending.stream);
            let revision =
                self.revision(index, hub, stream).map_or(Revision::FIRST, Revision::next);
            self.revisions.entry(hub).or_default().insert(stream, revision);
            let said = self.says.take();
            let extension = said.map(extension::Entry::to_area).unwrap_or_default();
            let position = Position::after(self.tip.events);
            let (log, recorded_at) = (self.log, self.tip.recorded_at);
            let site = Site { log, position, revision, recorded_at, extension: &extension };
            let fields = append.fields(nth, pending, site, measured);
            let (offset, length) = self.frame.push(|bytes| fields.write(bytes));
            self.tip.events = position.get();
            let hash = self.frame.hash();
            let seen = Seen {
                hub: hub.as_str(),
                stream: stream.as_str(),
                correlation: pending.correlation,
                event_type: pending.event.event_type(),
                version: pending.event.version(),
                offset: u32::try_from(offset).unwrap_or(u32::MAX),
                length: u32::try_from(length).unwrap_or(u32::MAX),
            };
            self.commit.entries.push(Entry { seen, hash });
            if let Some(said) = said {
                self.commit.key = Some((position, said.key()));
            }
        }
        self.tip.hash = self.frame.hash();
        let last = Position::after(self.tip.events.saturating_sub(1));
        let receipt = Receipt { first, last, hash: self.tip.hash };
        if let Some((command, digest)) = command_of(append) {
            self.commands.insert(command.clone(), (digest, receipt));
            self.commit.commands.push((command, digest, receipt));
        }
        receipt
    }

    /// What no record was written for.
    pub(super) const fn unsaid(&self) -> Option<extension::Entry> {
        self.says
    }

    /// The frame, what the index has to know of it, and where it ends; the batch starts anew there.
    pub(super) fn finish(&mut self) -> (Vec<u8>, Commit<'a>, Tip) {
        let begun = FrameInMaking::begin(Position::after(self.tip.events), self.tip.hash);
        let frame = std::mem::replace(&mut self.frame, begun);
        self.revisions.clear();
        self.commands.clear();
        (frame.finish(), std::mem::take(&mut self.commit), self.tip)
    }
}

/// An append's idempotency key in its scope, and its command's digest.
fn command_of(append: &Append) -> Option<(Command, Digest)> {
    let idempotency = append.idempotency.as_ref()?;
    let command = (append.hub.clone(), append.principal.clone(), idempotency.key.clone());
    Some((command, idempotency.digest))
}
