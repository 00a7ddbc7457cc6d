//! Invocation: calls of agents' models, from the recorded intent to the recorded outcome.

mod outcome;

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    AgentId, Amount, CollectiveId, DelegationId, EventId, FailureClass, InvocationEvent,
    InvocationFailed, InvocationId, InvocationStarted, ModelName, ProviderName, Purpose, Settled,
    TaskId, TaskRules, Texts, Timestamp, Tokens,
};

pub use self::outcome::Outcome;
pub(crate) use self::outcome::{expire, record};
use crate::budget::Held;
use crate::decision::{Draft, Story};
use crate::governance::Grant;
use crate::registry::Agent;
use crate::routing::Authorised;

/// A call that is owed: everything a driver needs to make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Which call.
    pub invocation: InvocationId,
    /// Which try; an outcome names it.
    pub attempt: u32,
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
}

#[derive(Clone, Debug, PartialEq)]
struct Open {
    intent: EventId,
    started: InvocationStarted,
}

/// A call that was given up, and may still come back.
#[derive(Clone, Debug, PartialEq)]
struct GivenUp {
    open: Open,
    held: Option<Held>,
    charged: Amount,
}

/// The calls of a hub that are in flight, or were given up.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Invocations {
    open: BTreeMap<InvocationId, Open>,
    deadlines: BTreeSet<(Timestamp, InvocationId)>,
    given_up: BTreeMap<InvocationId, GivenUp>,
    /// How many of a task's calls were given up and may still come back.
    given_up_of: BTreeMap<TaskId, usize>,
}

impl Invocations {
    pub(crate) fn evolve(&mut self, id: EventId, event: &InvocationEvent) {
        match event {
            InvocationEvent::InvocationStarted(started) => {
                self.deadlines.insert((started.deadline, started.invocation));
                let open = Open { intent: id, started: started.clone() };
                self.open.insert(started.invocation, open);
            }
            InvocationEvent::InvocationAnswered(answered) => {
                self.close(answered.invocation);
            }
            InvocationEvent::InvocationFailed(InvocationFailed { invocation, class, .. }) => {
                if let Some(open) = self.close(*invocation)
                    && may_come_back(*class)
                {
                    let count = self.given_up_of.entry(open.started.task).or_default();
                    *count = count.saturating_add(1);
                    let given_up = GivenUp { open, held: None, charged: Amount::ZERO };
                    self.given_up.insert(*invocation, given_up);
                }
            }
            InvocationEvent::OutcomeArrivedLate(late) => {
                let late = self.given_up.remove(&late.invocation);
                if let Some(task) = late.map(|late| late.open.started.task)
                    && let Some(count) = self.given_up_of.get_mut(&task)
                {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        self.given_up_of.remove(&task);
                    }
                }
            }
            InvocationEvent::InvocationRecovered(_) => {}
        }
    }

    /// Notes what a call was charged that may still come back.
    pub(crate) fn settled(&mut self, settled: &Settled, held: Option<Held>) {
        let given_up = settled.held_for.call().and_then(|call| self.given_up.get_mut(&call));
        if let Some(given_up) = given_up {
            given_up.held = held;
            given_up.charged = settled.charged.plus(settled.overrun);
        }
    }

    fn close(&mut self, invocation: InvocationId) -> Option<Open> {
        let open = self.open.remove(&invocation)?;
        self.deadlines.remove(&(open.started.deadline, invocation));
        Some(open)
    }

    /// What a call in flight was started for.
    pub(crate) fn started(&self, invocation: InvocationId) -> Option<&InvocationStarted> {
        self.open.get(&invocation).map(|open| &open.started)
    }

    /// Whether a call of this task was given up and may still come back.
    pub(crate) fn may_come_back(&self, task: TaskId) -> bool {
        self.given_up_of.contains_key(&task)
    }

    pub(crate) fn call(&self, invocation: InvocationId) -> Option<Call> {
        self.open.get(&invocation).map(Open::call)
    }

    /// Every call in flight.
    pub(crate) fn calls(&self) -> impl Iterator<Item = Call> {
        self.open.values().map(Open::call)
    }

    /// The next deadline, and whose it is.
    pub(crate) fn next_deadline(&self) -> Option<(Timestamp, InvocationId)> {
        self.deadlines.first().copied()
    }
}

const fn may_come_back(class: FailureClass) -> bool {
    matches!(class, FailureClass::Timeout | FailureClass::Cancelled)
}

impl Open {
    fn call(&self) -> Call {
        let started = &self.started;
        Call {
            invocation: started.invocation,
            attempt: started.attempt,
            cause: self.intent,
            task: started.task,
            collective: started.collective,
            delegation: started.delegation,
            purpose: started.purpose,
            agent: started.agent,
            agent_version: started.agent_version,
            provider: started.provider.clone(),
            model: started.model.clone(),
            max_output: started.max_output,
            deadline: started.deadline,
        }
    }
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
    errand: Errand<'_>,
    agent: &Agent,
    authorised: Authorised,
    grant: &Grant,
    held: Held,
) -> Draft {
    debug_assert_eq!(authorised.agent(), grant.agent(), "grant and decision name the same agent");
    let Errand { story, invocation, collective, delegation, purpose, rules, now } = errand;
    let deadline = now.plus(std::time::Duration::from_millis(rules.deadline_ms));
    let started = InvocationStarted {
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
        deadline,
    };
    story.on_task(started, Texts::none())
}

/// The id of a task's call for a purpose, of an agent.
pub(crate) fn id_of(task: TaskId, purpose: Purpose, agent: AgentId) -> InvocationId {
    InvocationId::derive(&[&task.to_string(), purpose.as_str(), &agent.to_string()])
}
