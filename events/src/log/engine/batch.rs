//! A commit in the making: what it holds, and what appends decided behind it have to see.

use std::collections::HashMap;

use super::COMMIT_BOUND;
use crate::append::Site;
use crate::log::frame::{AROUND_RECORD, FrameRecords, HEADER};
use crate::log::index::{Commit, Entry, Index};
use crate::log::remembered::Command;
use crate::record::extension;
use crate::{
    Append, AppendError, Digest, HubId, LogId, Position, Receipt, Revision, StreamId, Timestamp,
};

/// How far a log goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tip {
    pub(super) events: u64,
    pub(super) hash: Digest,
    pub(super) recorded_at: Timestamp,
}

/// An append that passed, encoded for its place behind the batch.
pub(super) struct Staged {
    records: FrameRecords,
    entries: Vec<Entry>,
    revisions: HashMap<StreamId, Revision>,
    command: Option<(Command, Digest)>,
    receipt: Receipt,
    tip: Tip,
    /// Whether its first record says what the log has to say.
    says: bool,
}

/// Appends that passed and are not stored yet.
pub(super) struct Batch {
    log: LogId,
    now: Timestamp,
    before: Tip,
    tip: Tip,
    records: FrameRecords,
    commit: Commit,
    revisions: HashMap<(HubId, StreamId), Revision>,
    commands: HashMap<Command, (Digest, Receipt)>,
    /// What the next record says of the log's keys.
    says: Option<extension::Entry>,
}

impl Batch {
    pub(super) fn new(
        log: LogId,
        tip: Tip,
        now: Timestamp,
        says: Option<extension::Entry>,
    ) -> Self {
        Self {
            log,
            now,
            before: tip,
            tip,
            records: FrameRecords::default(),
            commit: Commit::default(),
            revisions: HashMap::new(),
            commands: HashMap::new(),
            says,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.commit.entries.is_empty()
    }

    /// Whether the frame would grow too long with this append too.
    pub(super) const fn overflows_with(&self, staged: &Staged) -> bool {
        !self.is_empty() && self.len() + staged.records.len() > COMMIT_BOUND
    }

    /// Bytes of the frame so far.
    const fn len(&self) -> usize {
        HEADER + self.records.len()
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

    /// Checks an append against what is durable and what is in the batch, and encodes it; changes
    /// neither.
    pub(super) fn stage(&self, index: &Index, append: &Append) -> Result<Staged, AppendError> {
        append.check_count()?;
        for (stream, expected) in &append.expected {
            let actual = self.revision(index, &append.hub, stream);
            if !expected.is_met_by(actual) {
                let (stream, expected) = (stream.clone(), *expected);
                return Err(AppendError::Conflict { stream, expected, actual });
            }
        }
        self.encode(index, append)
    }

    fn revision(&self, index: &Index, hub: &HubId, stream: &StreamId) -> Option<Revision> {
        if !self.revisions.is_empty() {
            let tentative = self.revisions.get(&(hub.clone(), stream.clone()));
            if let Some(revision) = tentative {
                return Some(*revision);
            }
        }
        index.revision(hub, stream)
    }

    fn encode(&self, index: &Index, append: &Append) -> Result<Staged, AppendError> {
        let mut tip = self.tip;
        tip.recorded_at = tip.recorded_at.max(self.now);
        let mut records = FrameRecords::default();
        let mut entries = Vec::with_capacity(append.events.len());
        let mut revisions: HashMap<StreamId, Revision> = HashMap::new();
        let mut extension = self.says.map(extension::Entry::to_area).unwrap_or_default();
        let (says, said) = (!extension.is_empty(), extension.len());
        for (nth, pending) in append.events.iter().enumerate() {
            let stream = &pending.stream;
            let before = revisions.get(stream).copied();
            let revision = before
                .or_else(|| self.revision(index, &append.hub, stream))
                .map_or(Revision::FIRST, Revision::next);
            revisions.insert(stream.clone(), revision);
            let site = Site {
                log: self.log,
                position: Position::after(tip.events),
                revision,
                recorded_at: tip.recorded_at,
                extension: &extension,
            };
            let record = append.record(nth, pending, site)?;
            tip.events = site.position.get();
            tip.hash = tip.hash.chain(&record);
            extension.clear();
            entries.push(Entry {
                hub: append.hub.clone(),
                stream: stream.clone(),
                correlation: pending.correlation,
                event_type: pending.event.event_type(),
                version: pending.event.version(),
                offset: u32::try_from(records.len()).unwrap_or(u32::MAX),
                length: u32::try_from(record.len()).unwrap_or(u32::MAX),
                hash: tip.hash,
            });
            records.push(&record, &tip.hash);
        }
        Append::check_bytes(records.len() - AROUND_RECORD * entries.len() - said)?;
        let receipt = Receipt {
            first: Position::after(self.tip.events),
            last: Position::after(tip.events.saturating_sub(1)),
            hash: tip.hash,
        };
        Ok(Staged { records, entries, revisions, command: command_of(append), receipt, tip, says })
    }

    /// Adds an append that was decided on this batch as it is.
    pub(super) fn take_in(&mut self, staged: Staged) -> Receipt {
        let shift = u32::try_from(self.len()).unwrap_or(u32::MAX);
        if let Some(entry) = staged.entries.first() {
            let of_hub = |(stream, revision)| ((entry.hub.clone(), stream), revision);
            self.revisions.extend(staged.revisions.into_iter().map(of_hub));
        }
        for mut entry in staged.entries {
            entry.offset = entry.offset.saturating_add(shift);
            self.commit.entries.push(entry);
        }
        self.records.extend(&staged.records);
        if let Some((command, digest)) = staged.command {
            self.commands.insert(command.clone(), (digest, staged.receipt));
            self.commit.commands.push((command, digest, staged.receipt));
        }
        if staged.says
            && let Some(said) = self.says.take()
        {
            self.commit.key = Some((staged.receipt.first, said.key()));
        }
        self.tip = staged.tip;
        staged.receipt
    }

    /// What no record was written for.
    pub(super) const fn unsaid(&self) -> Option<extension::Entry> {
        self.says
    }

    /// The frame, what the index has to know of it, and where it ends; the batch starts anew there.
    pub(super) fn finish(&mut self) -> (Vec<u8>, Commit, Tip) {
        let first = Position::after(self.before.events);
        let frame = self.records.finish(first, &self.before.hash);
        self.before = self.tip;
        self.revisions.clear();
        self.commands.clear();
        (frame, std::mem::take(&mut self.commit), self.tip)
    }
}

/// An append's idempotency key in its scope, and its command's digest.
fn command_of(append: &Append) -> Option<(Command, Digest)> {
    let idempotency = append.idempotency.as_ref()?;
    let command = (append.hub.clone(), append.principal.clone(), idempotency.key.clone());
    Some((command, idempotency.digest))
}
