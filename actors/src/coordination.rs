//! Coordination: what the agents of one task do together, and who is called in to help them.
//!
//! **Invariants.**
//! 1. What is on a blackboard stays there; a part's versions count up from 1, and so do the messages
//!    of one sender on one task.
//! 2. A vote passes only once all required agents voted, none of them against it, and more voted for
//!    it than against it.
//! 3. Each trigger calls for a mediator once on a task, with what was measured in the event.

mod joint;
mod mediation;
mod saying;
mod voting;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use convoke_events::{
    CollectiveEvent, Complexity, CoordinationEvent, CoordinationRules, CoordinationRulesSet,
    CorrelationId, EventId, InvocationStarted, ProposalId, StreamId, TaskId, TaskPlan,
    TaskSubmitted, Texts, Timestamp, Trigger,
};

pub(crate) use self::joint::Joint;
pub(crate) use self::mediation::{INTRODUCTION, SHOWN, SHOWN_BYTES, intervene, silence};
pub(crate) use self::saying::{complete, complexity, declared, message, post};
pub use self::voting::VoteOpening;
pub(crate) use self::voting::{open as open_vote, vote};
use crate::decision::Draft;
use crate::refusal::Refusal;
use crate::registry::Registry;

/// What holds until a hub says otherwise: stuck after 30 seconds, in conflict from 3 answers on, too
/// hard above 0.8, and nobody to call in.
fn defaults() -> CoordinationRules {
    let complexity = Complexity::from_millionths(800_000).unwrap_or_else(|| unreachable!("0.8"));
    CoordinationRules { stuck_after_ms: 30_000, conflicts: 3, complexity, mediator: None }
}

/// What the agents of a hub's tasks do together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Coordination {
    rules: CoordinationRules,
    tasks: BTreeMap<TaskId, Joint>,
    /// What calls for a mediator and has not been answered yet.
    due: BTreeSet<(TaskId, Trigger)>,
    /// The tasks nobody works on at the moment, and since when.
    idle: BTreeSet<(Timestamp, TaskId)>,
    since: BTreeMap<TaskId, Timestamp>,
    /// The proposals that are voted on, and their tasks.
    proposals: BTreeMap<ProposalId, TaskId>,
}

impl Default for Coordination {
    fn default() -> Self {
        Self {
            rules: defaults(),
            tasks: BTreeMap::new(),
            due: BTreeSet::new(),
            idle: BTreeSet::new(),
            since: BTreeMap::new(),
            proposals: BTreeMap::new(),
        }
    }
}

impl Coordination {
    /// What the agents of a task have done together so far.
    pub(crate) fn of(&self, task: TaskId) -> Joint {
        self.tasks.get(&task).cloned().unwrap_or_default()
    }

    /// Something that calls for a mediator now, whatever the time.
    pub(crate) fn next_due(&self) -> Option<(TaskId, Trigger)> {
        self.due.first().copied()
    }

    /// The tasks nobody works on at the moment, and since when.
    pub(crate) fn silent(&self) -> impl Iterator<Item = (Timestamp, TaskId)> {
        self.idle.iter().copied()
    }

    /// Since when nobody works on a task, if nobody does and that is watched.
    pub(crate) fn silent_since(&self, task: TaskId) -> Option<Timestamp> {
        self.since.get(&task).copied()
    }

    /// How long a task may be silent before it is stuck.
    pub(crate) const fn patience(&self) -> Duration {
        Duration::from_millis(self.rules.stuck_after_ms)
    }

    /// Whether a mediator of this task is at work.
    pub(crate) fn is_mediated(&self, task: TaskId) -> bool {
        self.tasks.get(&task).is_some_and(Joint::is_mediated)
    }

    /// Whether a call on this task is in flight.
    pub(crate) fn is_called(&self, task: TaskId) -> bool {
        self.tasks.get(&task).is_some_and(Joint::is_called)
    }

    pub(crate) fn evolve(&mut self, id: EventId, at: Timestamp, event: &CoordinationEvent) {
        let task = match event {
            CoordinationEvent::CoordinationRulesSet(set) => {
                self.rules = set.rules.clone();
                let tasks: Vec<_> = self.tasks.keys().copied().collect();
                for task in tasks {
                    self.look_at(task);
                }
                return;
            }
            CoordinationEvent::BoardPosted(facts) => facts.task,
            CoordinationEvent::MessageSent(facts) => facts.task,
            CoordinationEvent::VoteOpened(facts) => {
                if let Some(proposal) = facts.proposal {
                    self.proposals.insert(proposal, facts.task);
                }
                facts.task
            }
            CoordinationEvent::VoteCast(facts) => facts.task,
            CoordinationEvent::VoteDecided(facts) => facts.task,
            CoordinationEvent::ComplexityDeclared(facts) => facts.task,
            CoordinationEvent::CompletionDeclared(facts) => facts.task,
            CoordinationEvent::ThresholdReached(facts) => facts.task,
        };
        self.change(id, task, |joint| joint.take(at, event));
    }

    /// Takes in that a task was handed in.
    pub(crate) fn submitted(&mut self, id: EventId, at: Timestamp, submitted: &TaskSubmitted) {
        if matches!(submitted.plan, TaskPlan::Sessions { .. }) {
            self.change(id, submitted.task, |joint| *joint = Joint::of_sessions(at));
        }
    }

    /// Takes in that an agent worked on a task.
    pub(crate) fn worked_on(&mut self, id: EventId, at: Timestamp, task: TaskId) {
        if self.tasks.contains_key(&task) {
            self.change(id, task, |joint| joint.worked_on(at));
        }
    }

    /// Takes in what a collective of a task did.
    pub(crate) fn collective(&mut self, id: EventId, task: TaskId, event: &CollectiveEvent) {
        match event {
            CollectiveEvent::ContributionRecorded(one) => {
                self.change(id, task, |joint| joint.proposed(&one.key));
            }
            CollectiveEvent::VerdictReached(_) if self.tasks.contains_key(&task) => {
                self.change(id, task, Joint::resolved);
            }
            CollectiveEvent::VerdictReached(_)
            | CollectiveEvent::CollectiveConvened(_)
            | CollectiveEvent::KeysGrouped(_)
            | CollectiveEvent::CollectiveRulesSet(_) => {}
        }
    }

    /// Takes in that a call was started.
    pub(crate) fn call_started(&mut self, id: EventId, at: Timestamp, started: &InvocationStarted) {
        if self.tasks.contains_key(&started.task) {
            self.change(id, started.task, |joint| joint.call_started(at, started));
        }
    }

    /// Takes in that a call came to its end.
    pub(crate) fn call_ended(&mut self, id: EventId, at: Timestamp, started: &InvocationStarted) {
        if self.tasks.contains_key(&started.task) {
            self.change(id, started.task, |joint| joint.call_ended(at, started.invocation));
        }
    }

    /// Forgets what only an open task needs: of one that has ended, only votes on its proposal go on.
    pub(crate) fn forget(&mut self, task: TaskId) {
        let Some(joint) = self.tasks.get_mut(&task) else {
            return;
        };
        joint.end();
        if !joint.is_voting() {
            self.tasks.remove(&task);
        }
        self.look_at(task);
    }

    /// Forgets the votes on a proposal that was reviewed.
    pub(crate) fn reviewed(&mut self, proposal: ProposalId) {
        if let Some(task) = self.proposals.remove(&proposal) {
            self.tasks.remove(&task);
            self.look_at(task);
        }
    }

    fn change(&mut self, id: EventId, task: TaskId, change: impl FnOnce(&mut Joint)) {
        let joint = self.tasks.entry(task).or_default();
        change(joint);
        joint.cause = Some(id);
        self.look_at(task);
    }

    /// Looks whether something calls for a mediator of this task, and since when nobody works on it.
    fn look_at(&mut self, task: TaskId) {
        let joint = self.tasks.get(&task);
        for trigger in [Trigger::Conflict, Trigger::Complexity, Trigger::Success] {
            if joint.is_some_and(|joint| joint.measure(trigger, &self.rules).is_some()) {
                self.due.insert((task, trigger));
            } else {
                self.due.remove(&(task, trigger));
            }
        }
        let since = joint.and_then(Joint::idle_since);
        let known = self.since.get(&task).copied();
        if known != since {
            if let Some(known) = known {
                self.idle.remove(&(known, task));
                self.since.remove(&task);
            }
            if let Some(since) = since {
                self.idle.insert((since, task));
                self.since.insert(task, since);
            }
        }
    }
}

/// Sets when somebody is called in, and whom, where that differs.
pub(crate) fn set_rules(
    coordination: &Coordination,
    registry: &Registry,
    rules: &CoordinationRules,
) -> Result<Vec<Draft>, Refusal> {
    let too_little = [
        (rules.stuck_after_ms == 0, "the time after which a task is stuck", "1 millisecond"),
        (rules.conflicts < 2, "the number of answers in conflict", "2"),
    ];
    if let Some((_, what, least)) = too_little.into_iter().find(|(wrong, ..)| *wrong) {
        return Err(Refusal::TooLittle { what, least });
    }
    if let Some(mediator) = &rules.mediator
        && registry.get(mediator.template).is_none()
    {
        return Err(Refusal::TemplateUnknown { template: mediator.template });
    }
    if coordination.rules == *rules {
        return Ok(Vec::new());
    }
    let event = CoordinationRulesSet { rules: rules.clone() }.into();
    let correlation = CorrelationId::derive(&["coordination rules"]);
    let stream = StreamId::hub();
    Ok(vec![Draft { stream, correlation, cause: None, event, texts: Texts::none() }])
}
