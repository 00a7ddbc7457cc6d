//! Task: a piece of work on its way from submission to conclusion.

mod answering;
mod asking;
mod ending;
mod submission;

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    AccountId, Digest, EventId, InvocationStarted, Key, MAX_TEXT, RoutingEvent, TaskConcluded,
    TaskEvent, TaskId, TaskPlan, TaskType,
};

pub(crate) use self::answering::{answered, triaged};
pub(crate) use self::asking::ask;
pub(crate) use self::ending::{conclude, concluded, failed};
pub(crate) use self::submission::submit;
use crate::shape::Shape;

/// The most bytes that a task's title and body may take together.
pub const MAX_TASK_BYTES: usize = MAX_TEXT;

#[derive(Clone, Debug, PartialEq)]
enum Phase {
    /// It was handed in: its first step is owed.
    Submitted,
    /// Its triage is under way, or the one answer it waits for.
    BeingAsked,
    /// Triage takes it on to a collective of this type: that is owed.
    Escalated(TaskType),
    /// Its collective is under way.
    InCollective,
    /// Agents work on it in sessions.
    InSessions,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Task {
    pub(crate) account: AccountId,
    pub(crate) plan: TaskPlan,
    pub(crate) content_bytes: u32,
    content: Digest,
    phase: Phase,
    /// The event that brought it into its phase.
    pub(crate) cause: EventId,
}

#[derive(Clone, Debug, PartialEq)]
struct Ended {
    content: Digest,
    conclusion: TaskConcluded,
}

/// The tasks of a hub; of one that has ended only what tells it from another remains.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tasks {
    open: BTreeMap<TaskId, Task>,
    /// Those whose next step is owed.
    ready: BTreeSet<TaskId>,
    ended: BTreeMap<TaskId, Ended>,
}

impl Tasks {
    pub(crate) fn get(&self, task: TaskId) -> Option<&Task> {
        self.open.get(&task)
    }

    /// How a task ended, if it has.
    pub(crate) fn conclusion(&self, task: TaskId) -> Option<&TaskConcluded> {
        self.ended.get(&task).map(|ended| &ended.conclusion)
    }

    /// What was asked, of a task that was ever handed in.
    fn content(&self, task: TaskId) -> Option<Digest> {
        let open = self.open.get(&task).map(|open| open.content);
        open.or_else(|| self.ended.get(&task).map(|ended| ended.content))
    }

    /// Whether a task of this id was ever handed in.
    pub(crate) fn knows(&self, task: TaskId) -> bool {
        self.open.contains_key(&task) || self.ended.contains_key(&task)
    }

    /// A task whose next step is owed.
    pub(crate) fn next_ready(&self) -> Option<TaskId> {
        self.ready.first().copied()
    }

    pub(crate) fn evolve(&mut self, id: EventId, event: &TaskEvent) {
        match event {
            TaskEvent::TaskSubmitted(submitted) => {
                let phase = match &submitted.plan {
                    TaskPlan::Sessions { .. } => Phase::InSessions,
                    TaskPlan::Triage { .. }
                    | TaskPlan::Collective { .. }
                    | TaskPlan::Answer { .. } => {
                        self.ready.insert(submitted.task);
                        Phase::Submitted
                    }
                };
                let task = Task {
                    account: submitted.account,
                    plan: submitted.plan.clone(),
                    content_bytes: submitted.content_bytes,
                    content: submitted.content,
                    phase,
                    cause: id,
                };
                self.open.insert(submitted.task, task);
            }
            TaskEvent::TaskConcluded(conclusion) => {
                self.ready.remove(&conclusion.task);
                if let Some(task) = self.open.remove(&conclusion.task) {
                    let (content, conclusion) = (task.content, conclusion.clone());
                    self.ended.insert(conclusion.task, Ended { content, conclusion });
                }
            }
        }
    }

    /// Has a task wait while bids on it are taken.
    pub(crate) fn bidding(&mut self, event: &RoutingEvent) {
        if let RoutingEvent::BiddingOpened(opened) = event {
            self.ready.remove(&opened.task);
        } else if let RoutingEvent::BiddingClosed(closed) = event
            && self.open.contains_key(&closed.task)
        {
            self.ready.insert(closed.task);
        }
    }

    fn enter(&mut self, task: TaskId, phase: Phase, cause: EventId) {
        if let Some(open) = self.open.get_mut(&task) {
            if matches!(phase, Phase::Escalated(_)) {
                self.ready.insert(task);
            } else {
                self.ready.remove(&task);
            }
            open.phase = phase;
            open.cause = cause;
        }
    }

    /// Notes that one agent is asked: for the triage, or for the answer.
    pub(crate) fn asked(&mut self, id: EventId, task: TaskId) {
        self.enter(task, Phase::BeingAsked, id);
    }

    pub(crate) fn triage_answered(&mut self, id: EventId, started: &InvocationStarted, key: &Key) {
        let to = self.open.get(&started.task).and_then(|task| task.escalation(key)).cloned();
        if let Some(to) = to {
            self.enter(started.task, Phase::Escalated(to), id);
        }
    }

    pub(crate) fn collective_convened(&mut self, id: EventId, task: TaskId) {
        self.enter(task, Phase::InCollective, id);
    }
}

/// What a task owes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next<'a> {
    /// Its triage, by the routing of this task type.
    Triage(&'a TaskType),
    /// The one answer, by the routing of this task type.
    Answer(&'a TaskType),
    /// Its collective, by the routing of this task type.
    Collective(&'a TaskType),
}

impl Task {
    /// What the task owes next, if anything.
    pub(crate) fn next(&self) -> Option<Next<'_>> {
        match (&self.phase, &self.plan) {
            (Phase::Submitted, TaskPlan::Triage { task_type, .. }) => Some(Next::Triage(task_type)),
            (Phase::Submitted, TaskPlan::Answer { task_type, .. }) => Some(Next::Answer(task_type)),
            (Phase::Submitted, TaskPlan::Collective { task_type, .. })
            | (Phase::Escalated(task_type), _) => Some(Next::Collective(task_type)),
            (Phase::BeingAsked | Phase::InCollective | Phase::InSessions, _)
            | (_, TaskPlan::Sessions { .. }) => None,
        }
    }

    /// Its ready shape, if it has one.
    pub(crate) fn shape(&self) -> Option<&'static Shape> {
        match &self.plan {
            TaskPlan::Answer { shape, .. } => shape.as_ref().and_then(Shape::of),
            TaskPlan::Triage { .. } | TaskPlan::Collective { .. } | TaskPlan::Sessions { .. } => {
                None
            }
        }
    }

    /// What the work is of a task that agents work on in sessions.
    pub(crate) const fn in_sessions(&self) -> Option<&TaskType> {
        match &self.plan {
            TaskPlan::Sessions { task_type, .. } => Some(task_type),
            TaskPlan::Triage { .. } | TaskPlan::Collective { .. } | TaskPlan::Answer { .. } => None,
        }
    }

    /// Where a triage answer takes the task on to, if anywhere.
    fn escalation(&self, key: &Key) -> Option<&TaskType> {
        match &self.plan {
            TaskPlan::Triage { escalate, .. } => {
                escalate.iter().find(|one| one.on == *key).map(|one| &one.to)
            }
            TaskPlan::Collective { .. } | TaskPlan::Sessions { .. } | TaskPlan::Answer { .. } => {
                None
            }
        }
    }
}

/// Bytes of a request: the agent's prompt, what its shape adds, the title, two line ends and the body.
pub(crate) fn request_bytes(task: &Task, prompt_bytes: u32) -> u64 {
    let shape = task.shape().map_or(0, Shape::request_bytes);
    let plain = u64::from(prompt_bytes).saturating_add(u64::from(task.content_bytes));
    plain.saturating_add(shape).saturating_add(2)
}
