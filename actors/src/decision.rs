//! What a decider hands back: events that are not recorded yet, and an answer.

use convoke_events::{CorrelationId, Event, EventId, RuleName, StreamId, TaskId, TaskType, Texts};

use crate::refusal::Refusal;

/// An event as a decider drafts it; the driver gives it an id and a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The entity it belongs to.
    pub stream: StreamId,
    /// The story it belongs to.
    pub correlation: CorrelationId,
    /// The event that caused it; none where a command from outside did.
    pub cause: Option<EventId>,
    /// What happened.
    pub event: Event,
    /// What was said.
    pub texts: Texts,
}

/// What was decided: the events of one append, and the answer to who asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// To be recorded, all or none.
    pub events: Vec<Draft>,
    /// A refusal can come with events too.
    pub answer: Result<(), Refusal>,
}

impl Decision {
    /// These events, and nothing refused.
    pub const fn of(events: Vec<Draft>) -> Self {
        Self { events, answer: Ok(()) }
    }

    /// Nothing to do.
    pub const fn nothing() -> Self {
        Self::of(Vec::new())
    }
}

impl From<Result<Vec<Draft>, Refusal>> for Decision {
    fn from(result: Result<Vec<Draft>, Refusal>) -> Self {
        match result {
            Ok(events) => Self::of(events),
            Err(refusal) => Self { events: Vec::new(), answer: Err(refusal) },
        }
    }
}

/// Something that was refused: what is recorded of that, and why in words.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) draft: Box<Draft>,
    pub(crate) why: String,
}

/// Drafts the events of one task's story, all with the same cause.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Story {
    pub(crate) task: TaskId,
    pub(crate) cause: Option<EventId>,
}

impl Story {
    pub(crate) fn draft(self, stream: StreamId, event: impl Into<Event>, texts: Texts) -> Draft {
        let correlation = CorrelationId::of_task(self.task);
        Draft { stream, correlation, cause: self.cause, event: event.into(), texts }
    }

    pub(crate) fn on_task(self, event: impl Into<Event>, texts: Texts) -> Draft {
        self.draft(StreamId::task(self.task), event, texts)
    }
}

/// The name of one of our own rules.
pub(crate) fn rule_name(name: &'static str) -> RuleName {
    match RuleName::new(name) {
        Ok(name) => name,
        Err(error) => unreachable!("our own rules are named by slugs: {error}"),
    }
}

/// One of the task types that every hub knows.
pub(crate) fn task_type_named(name: &'static str) -> TaskType {
    match TaskType::new(name) {
        Ok(name) => name,
        Err(error) => unreachable!("our own task types are named by words: {error}"),
    }
}

/// The text, or as much of its beginning as fits.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}
