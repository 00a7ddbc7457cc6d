//! Invocation: calls of agents' models, from the recorded intent to the recorded outcome.

mod after;
mod again;
mod flight;
mod outcome;
mod recovery;

use std::time::Duration;

use convoke_events::{
    AgentId, CollectiveId, DelegationId, EventId, FailureClass, InvocationId, InvocationStarted,
    ModelName, ProviderName, Purpose, TaskId, TaskRules, Texts, Timestamp, Tokens,
};

pub(crate) use self::after::MEND_REASON;
pub(crate) use self::again::{call_off, due};
pub(crate) use self::flight::Invocations;
pub use self::outcome::Outcome;
pub(crate) use self::outcome::record;
pub(crate) use self::recovery::{recover, resolve};
use crate::budget::Held;
use crate::decision::{Draft, Story};
use crate::governance::Grant;
use crate::provider::{ProviderFailure, Retry};
use crate::registry::Agent;
use crate::resilience;
use crate::routing::Authorised;
use crate::state::State;

/// A call that is owed: everything a driver needs to make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Which call.
    pub invocation: InvocationId,
    /// Which try; an outcome names it.
    pub attempt: u32,
    /// The try whose answer this one is to mend, if it is to mend one.
    pub mends: Option<u32>,
    /// The event that recorded the intent.
    pub cause: EventId,
    /// On which task.
    pub task: TaskId,
    /// For which collective, if for one.
    pub collective: Option<CollectiveId>,
    /// For which delegation, if for one.
    pub delegation: Option<DelegationId>,
    /// What for.
    pub purpose: Purpose,
    /// Whom.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// Who serves the model.
    pub provider: ProviderName,
    /// Which model.
    pub model: ModelName,
    /// The most it may put out.
    pub max_output: Tokens,
    /// When it is given up.
    pub deadline: Timestamp,
    /// How many calls of its agent, and of its provider, may be under way at once.
    pub at_once: AtOnce,
}

/// How many calls may be under way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtOnce {
    /// Of one agent.
    pub agent: u32,
    /// Of one provider.
    pub provider: u32,
}

/// What a call is sent for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Errand<'a> {
    pub(crate) story: Story,
    pub(crate) invocation: InvocationId,
    pub(crate) collective: Option<CollectiveId>,
    pub(crate) delegation: Option<DelegationId>,
    pub(crate) purpose: Purpose,
    pub(crate) rules: &'a TaskRules,
    pub(crate) now: Timestamp,
}

/// Drafts the intent of a call. There is no other door: it takes a recorded decision's leave,
/// governance's grant and what was set aside, and all three speak of the same agent and call.
pub(crate) fn dispatch(
    state: &State,
    errand: Errand<'_>,
    agent: &Agent,
    authorised: Authorised,
    grant: &Grant,
    held: Held,
) -> Vec<Draft> {
    send(state, errand.story, intent(errand, agent, authorised, grant, held))
}

fn intent(
    errand: Errand<'_>,
    agent: &Agent,
    authorised: Authorised,
    grant: &Grant,
    held: Held,
) -> InvocationStarted {
    debug_assert_eq!(authorised.agent(), grant.agent(), "grant and decision name the same agent");
    let Errand { story, invocation, collective, delegation, purpose, rules, now } = errand;
    InvocationStarted {
        invocation,
        task: story.task,
        collective,
        delegation,
        purpose,
        attempt: 1,
        mends: None,
        instead_of: None,
        agent: authorised.agent(),
        agent_version: agent.version,
        provider: agent.profile.provider.clone(),
        model: agent.profile.model.clone(),
        endpoint: agent.profile.endpoint,
        decision: authorised.decision(),
        verb: grant.verb(),
        artifact: grant.artifact().clone(),
        granted_by: grant.by(),
        reservation: held.reservation,
        max_output: rules.max_output,
        deadline: now.plus(Duration::from_millis(rules.deadline_ms)),
    }
}

/// Records that a call is not sent because its endpoint is down, and what is done about that.
pub(crate) fn withhold(
    state: &State,
    errand: Errand<'_>,
    agent: &Agent,
    authorised: Authorised,
    grant: &Grant,
    held: Held,
) -> Vec<Draft> {
    let started = intent(errand, agent, authorised, grant, held);
    let message = "its endpoint failed too often of late";
    let failure = ProviderFailure::new(FailureClass::BreakerOpen, message);
    let result = Err(failure.with_retry(Retry::Never));
    let (invocation, attempt, latency) = (started.invocation, started.attempt, Duration::ZERO);
    let outcome = Outcome { invocation, attempt, result, latency };
    outcome::closed(state, errand.story, &started, &outcome, errand.now, 0)
}

/// Records the intent; where the breaker of its endpoint was open, this is the call that tries it.
fn send(state: &State, story: Story, started: InvocationStarted) -> Vec<Draft> {
    let InvocationStarted { endpoint, invocation, .. } = started;
    let probe = resilience::half_opened(&state.resilience, story, endpoint, invocation);
    probe.into_iter().chain([story.on_task(started, Texts::none())]).collect()
}

/// The id of a task's call for a purpose, of an agent.
pub(crate) fn id_of(task: TaskId, purpose: Purpose, agent: AgentId) -> InvocationId {
    InvocationId::derive(&[&task.to_string(), purpose.as_str(), &agent.to_string()])
}
