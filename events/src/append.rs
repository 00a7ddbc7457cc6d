//! What is asked of the log, and what it answers.

use crate::bodies::Body;
use crate::record::{Fields, TooLarge};
use crate::text::Texts;
use crate::{
    BodyError, CodecError, CorrelationId, Digest, Event, EventId, Expected, HubId, IdempotencyKey,
    LogId, MAX_TEXT, Position, Principal, Revision, StreamId, Timestamp,
};

/// The most events one append may hold.
pub const MAX_APPEND_EVENTS: usize = 1_024;

/// The most bytes one append may take, encoded.
pub const MAX_APPEND_BYTES: usize = 1024 * 1024;

/// About how many bytes the facts of one event take.
const FACTS: usize = 128;

/// An event that has been decided and is not in the log yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// Its id, minted by whoever decided it.
    pub id: EventId,
    /// The entity it belongs to.
    pub stream: StreamId,
    /// The story it belongs to.
    pub correlation: CorrelationId,
    /// The event that caused it.
    pub causation: Option<EventId>,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// What happened.
    pub event: Event,
    /// What was said.
    pub texts: Texts,
}

/// The caller's name for a command, and what the command was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The name, scoped to hub and principal.
    pub key: IdempotencyKey,
    /// Digest of the command.
    pub digest: Digest,
}

/// Events of one hub that land together or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Append {
    /// The tenant.
    pub hub: HubId,
    /// Who causes it.
    pub principal: Principal,
    /// W3C `traceparent` of the command.
    pub trace: Option<String>,
    /// By what its repetition is told.
    pub idempotency: Option<Idempotency>,
    /// SHA-256 of the content, where the host's own record is told by it.
    pub content: Option<Digest>,
    /// What is asked of streams, also of ones not written.
    pub expected: Vec<(StreamId, Expected)>,
    /// The events, in order.
    pub events: Vec<Pending>,
}

/// Where an append landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The place of its first event.
    pub first: Position,
    /// The place of its last event.
    pub last: Position,
    /// The hash chain's link at its last event.
    pub hash: Digest,
}

/// Why an append did not land.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// A stream is not at the revision that was expected.
    #[error("stream `{stream}` is at {}, expected {expected}", at(*.actual))]
    Conflict {
        /// Which stream.
        stream: StreamId,
        /// What was expected of it.
        expected: Expected,
        /// Its newest revision.
        actual: Option<Revision>,
    },
    /// The idempotency key stands for another command.
    #[error("idempotency key `{key}` was used for another command, at position {first}")]
    KeyReused {
        /// Which key.
        key: IdempotencyKey,
        /// Where the other command landed.
        first: Position,
    },
    /// There is nothing in it.
    #[error("an append holds at least one event")]
    Nothing,
    /// It holds too many events.
    #[error("an append of {count} events, more than the {MAX_APPEND_EVENTS} allowed")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// A field, an event or the whole is too large.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// A text that is too long for its record cannot be kept beside the log.
    #[error("a text of the append cannot be kept")]
    Body(#[from] BodyError),
    /// An event's facts cannot be written.
    #[error("the facts of a `{event_type}` cannot be written")]
    Facts {
        /// Of which type.
        event_type: &'static str,
        /// Why.
        source: CodecError,
    },
    /// It may have landed or not: repeat it with the same idempotency key once the log is reopened.
    #[error("whether the append landed is unknown: {why}")]
    Unknown {
        /// What went wrong.
        why: String,
    },
    /// It did not land: the log has stopped and takes nothing until it is reopened.
    #[error("the log has stopped: {why}")]
    Stopped {
        /// What stopped it.
        why: String,
    },
}

fn at(revision: Option<Revision>) -> String {
    revision.map_or_else(|| "its beginning".to_owned(), |revision| format!("revision {revision}"))
}

impl AppendError {
    /// Whether the same append may succeed later, as it is.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Unknown { .. } | Self::Stopped { .. } => true,
            Self::Body(error) => error.is_retryable(),
            Self::Conflict { .. }
            | Self::KeyReused { .. }
            | Self::Nothing
            | Self::TooMany { .. }
            | Self::TooLarge(_)
            | Self::Facts { .. } => false,
        }
    }
}

/// Where a record goes and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    pub(crate) log: LogId,
    pub(crate) position: Position,
    pub(crate) revision: Revision,
    pub(crate) recorded_at: Timestamp,
    /// What the log itself has to say in this record.
    pub(crate) extension: &'a [u8],
}

impl Site<'_> {
    /// Where a record goes does not change its length.
    const ANYWHERE: Self = Self {
        log: LogId::from_bytes([0; 16]),
        position: Position::FIRST,
        revision: Revision::FIRST,
        recorded_at: Timestamp::from_micros(0),
        extension: &[],
    };
}

/// An append that is within every bound that does not depend on what the log holds: encoded, and
/// split into what goes into records and what beside the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    append: Append,
    pub(crate) measured: Measured,
    /// The texts that are not beside the log yet.
    pub(crate) bodies: Vec<Body>,
}

impl Prepared {
    /// The append, as its records will hold it.
    pub const fn append(&self) -> &Append {
        &self.append
    }
}

/// The facts of an append's events, encoded, and how large its records are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    principal: String,
    /// The facts of all its events, one behind the other.
    facts: Vec<u8>,
    /// Where those of each event end.
    ends: Vec<usize>,
    /// Bytes of all its records.
    pub(crate) size: usize,
}

impl Measured {
    /// Nothing yet of so many events.
    fn of_none(principal: &Principal, events: usize) -> Self {
        let (facts, ends) = (Vec::with_capacity(events * FACTS), Vec::with_capacity(events));
        Self { principal: principal.to_string(), facts, ends, size: 0 }
    }

    /// The facts of its event number `nth`, from 0.
    fn facts(&self, nth: usize) -> &[u8] {
        let end = |nth: usize| self.ends.get(nth).copied().unwrap_or_default();
        let begin = nth.checked_sub(1).map_or(0, end);
        self.facts.get(begin..end(nth)).unwrap_or_default()
    }
}

impl Append {
    /// Checks every bound that does not depend on what the log holds, with the same outcome as
    /// appending it: how many events, how large each, how large all of them, and that no text is
    /// longer than [`MAX_TEXT`]. A log opened with another bound on texts is asked itself, with
    /// [`Reader::prepare`](crate::Reader::prepare).
    ///
    /// # Errors
    /// [`AppendError`] with both numbers, where a bound is passed.
    pub fn prepare(self) -> Result<Prepared, AppendError> {
        self.prepare_within(MAX_TEXT)
    }

    pub(crate) fn prepare_within(self, longest: usize) -> Result<Prepared, AppendError> {
        self.check_count()?;
        let measured = self.measure();
        if !self.may_be_split() || (measured.is_ok() && self.stays_whole(longest)) {
            return Ok(Prepared { measured: measured?, append: self, bodies: Vec::new() });
        }
        let (append, bodies) = self.split(longest)?;
        Ok(Prepared { measured: append.measure()?, append, bodies })
    }

    /// Encodes the facts of every event and measures every record.
    fn measure(&self) -> Result<Measured, AppendError> {
        let mut all = Measured::of_none(&self.principal, self.events.len());
        for pending in &self.events {
            self.measure_next(pending, &mut all)?;
        }
        if all.size > MAX_APPEND_BYTES {
            let (what, limit) = ("an append", MAX_APPEND_BYTES);
            return Err(TooLarge { what, size: all.size, limit }.into());
        }
        Ok(all)
    }

    fn measure_next(&self, pending: &Pending, all: &mut Measured) -> Result<(), AppendError> {
        let event_type = pending.event.event_type();
        let encoded = pending.event.encode_facts(&mut all.facts);
        encoded.map_err(|source| AppendError::Facts { event_type, source })?;
        all.ends.push(all.facts.len());
        let nth = all.ends.len() - 1;
        all.size += self.fields(nth, pending, Site::ANYWHERE, all).measure()?;
        Ok(())
    }

    /// Whether an event of this append takes more than a record may.
    pub(crate) fn is_too_large(&self, pending: &Pending) -> bool {
        let measured = self.measure_next(pending, &mut Measured::of_none(&self.principal, 1));
        matches!(measured, Err(AppendError::TooLarge(_)))
    }

    fn check_count(&self) -> Result<(), AppendError> {
        match self.events.len() {
            0 => Err(AppendError::Nothing),
            1..=MAX_APPEND_EVENTS => Ok(()),
            count => Err(AppendError::TooMany { count }),
        }
    }

    /// The record of its event number `nth`, from 0.
    pub(crate) fn fields<'a>(
        &'a self,
        nth: usize,
        pending: &'a Pending,
        site: Site<'a>,
        measured: &'a Measured,
    ) -> Fields<'a> {
        let short = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let command = self.idempotency.as_ref();
        Fields {
            log: site.log,
            position: site.position,
            stream: pending.stream.as_str(),
            revision: site.revision,
            index: short(nth),
            count: short(self.events.len()),
            id: pending.id,
            event_type: pending.event.event_type(),
            version: pending.event.version(),
            recorded_at: site.recorded_at,
            decided_at: pending.decided_at,
            hub: self.hub.as_str(),
            principal: &measured.principal,
            correlation: pending.correlation,
            causation: pending.causation,
            trace: self.trace.as_deref().unwrap_or(""),
            idempotency_key: command.map_or("", |command| command.key.as_str()),
            content: command.map(|command| command.digest).or(self.content),
            extension: site.extension,
            facts: measured.facts(nth),
            texts: &pending.texts,
        }
    }
}
