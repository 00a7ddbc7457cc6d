//! The whole story of one task, proposal or agent, in order and in words.
//!
//! A story is told from the events alone: every line stands for one of them and carries its place,
//! its hash and its cause, so that whatever it says can be looked up and proved.

mod agents;
mod budget;
mod calls;
mod collective;
mod coordination;
mod delegation;
mod governance;
mod host;
mod lifecycle;
mod proposal;
mod resilience;
mod routing;
mod subject;
mod task;
mod told;

use convoke_events::{
    Digest, Event, EventId, Log, PolicyRef, Position, Principal, ReadError, Recorded, Timestamp,
};
use serde::Serialize;

pub(crate) use lifecycle::revocation;
pub use subject::Subject;

use told::Told;

/// One event of a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Where the event is in the log.
    pub position: Position,
    /// When it was decided.
    pub at: Timestamp,
    /// The event.
    pub event_id: EventId,
    /// Its type.
    pub event_type: &'static str,
    /// Who caused it: people by name, agents by slug.
    pub principal: String,
    /// What they are: `person`, `service`, `agent` or `runtime`.
    pub principal_kind: &'static str,
    /// Where the event is that caused it, if the story knows it.
    pub cause: Option<Position>,
    /// The policies that granted, denied or ordered what it says.
    pub policies: Vec<PolicyRef>,
    /// What happened, in words.
    pub text: String,
    /// The link of the hash chain at the event: what a proof of it is checked against.
    pub hash: Digest,
}

/// Tells everything about one task, proposal or agent, in the order in which it happened; nothing
/// where the log does not know it.
///
/// A proposal's story is that of the task it came from.
///
/// # Errors
/// [`ReadError`] if an event cannot be read; a story with a gap is never told.
///
/// # Examples
/// ```
/// use convoke_events::{Log, TaskId};
/// use convoke_projections::audit::{Subject, story};
///
/// let log = Log::in_memory();
/// for line in story(&log, Subject::Task(TaskId::derive(&["intake", "req-001"])))? {
///     println!("{} {}: {}", line.position, line.principal, line.text);
/// }
/// # Ok::<(), convoke_events::ReadError>(())
/// ```
pub fn story(log: &Log, subject: Subject) -> Result<Vec<Line>, ReadError> {
    // The head is fixed first, so that what is learned and what is told are the same events.
    let Some(head) = Position::new(log.head().position) else {
        return Ok(Vec::new());
    };
    let Some(scope) = subject.scope(log, head)? else {
        return Ok(Vec::new());
    };
    let mut told = Told::with_names(log, head)?;
    for event in log.read(scope.query(head)) {
        told.learn(&event?);
    }
    let mut lines = Vec::new();
    for event in log.read(scope.query(head)) {
        let event = event?;
        if scope.concerns(&event, &told) {
            lines.push(line(&event, &told));
        }
    }
    Ok(lines)
}

fn line(event: &Recorded, told: &Told) -> Line {
    let (text, policies) = tell(event, told);
    // Models and people wrote parts of it: a line stays a line and cannot steer a terminal.
    let text = text.replace(char::is_control, " ");
    Line {
        position: event.envelope.position,
        at: event.envelope.decided_at,
        event_id: event.envelope.id,
        event_type: event.event.event_type(),
        principal: told.principal(&event.envelope.principal),
        principal_kind: match event.envelope.principal {
            Principal::Person(_) => "person",
            Principal::Service(_) => "service",
            Principal::Agent(_) => "agent",
            Principal::Runtime => "runtime",
        },
        cause: event.envelope.causation.and_then(|cause| told.position(cause)),
        policies,
        text,
        hash: event.hash,
    }
}

/// What happened, and the policies that had a say in it.
fn tell(event: &Recorded, told: &Told) -> (String, Vec<PolicyRef>) {
    match &event.event {
        Event::Hub(hub) => (host::tell_hub(event, hub, told), Vec::new()),
        Event::Registry(registry) => (agents::tell(event, registry, told), Vec::new()),
        Event::Governance(facts) => governance::tell(event, facts, told),
        Event::Routing(facts) => routing::tell(event, facts, told),
        Event::Budget(budget) => (budget::tell(event, budget, told), Vec::new()),
        Event::Task(task) => (task::tell(event, task), Vec::new()),
        Event::Invocation(call) => calls::tell(event, call, told),
        Event::Resilience(facts) => (resilience::tell(event, facts, told), Vec::new()),
        Event::Collective(facts) => collective::tell(event, facts, told),
        Event::Delegation(facts) => delegation::tell(event, facts, told),
        Event::Proposal(facts) => proposal::tell(event, facts, told),
        Event::Action(facts) => coordination::tell_refused(event, facts, told),
        Event::Coordination(facts) => coordination::tell(event, facts, told),
        Event::Lifecycle(facts) => (lifecycle::tell(event, facts, told), Vec::new()),
        Event::Host(record) => (host::tell_record(event, record), Vec::new()),
    }
}

/// `: the text`, or nothing.
fn because(text: Option<&str>) -> String {
    text.map(|text| format!(": {}", text.trim())).unwrap_or_default()
}
