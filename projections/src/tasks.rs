//! The pieces of work submitted to every hub, and how each of them ended.

use convoke_events::{
    AccountId, AgentId, CollectiveEvent, CollectiveId, Conclusion, Confidence, Digest, Event,
    HubId, InvocationEvent, InvocationId, Key, Position, ProposalEvent, ProposalId, Purpose,
    Recorded, TaskEvent, TaskId, TaskOutcome, TaskPlan, TextName, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::names::{Slugs, text};
use crate::{Entries, Listed, Page, Paging, Projection};

/// Every task that was ever submitted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tasks {
    all: Entries<Task>,
    slugs: Slugs,
}

/// A task and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The hub it was submitted to.
    pub hub: HubId,
    /// The host's id of the request; every attempt at it is a task.
    pub request: String,
    /// Its title.
    pub title: String,
    /// Where it came from.
    pub source: Option<String>,
    /// The account it spends from.
    pub account: AccountId,
    /// Which way it goes.
    pub plan: TaskPlan,
    /// Digest of title, body and source.
    pub content: Digest,
    /// The event that submitted it.
    pub position: Position,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// What was asked first, where the plan begins with triage.
    pub triage: Option<Triage>,
    /// The collective that was convened on it.
    pub collective: Option<CollectiveId>,
    /// The proposal that came out of it.
    pub proposal: Option<ProposalId>,
    /// How it ended; none while it is under way.
    pub outcome: Option<TaskOutcome>,
    /// Why it ended so.
    pub because: Option<Conclusion>,
    /// Why it ended so, in words.
    pub reason: Option<String>,
    /// When it ended.
    pub concluded_at: Option<Timestamp>,
}

/// The first question of a task: what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Triage {
    /// The call.
    pub invocation: InvocationId,
    /// Who was asked.
    pub agent: AgentId,
    /// Its slug, or its id where no registration is known.
    pub slug: String,
    /// In which version.
    pub agent_version: u32,
    /// What it answered, if it did.
    pub key: Option<Key>,
    /// How sure it says it is.
    pub confidence: Option<Confidence>,
}

impl Task {
    /// The answer it ended with, where it was answered.
    pub fn answer(&self) -> Option<&Key> {
        self.triage_key().filter(|_| self.outcome == Some(TaskOutcome::Answered))
    }

    /// What triage recommended, if it answered.
    pub fn triage_key(&self) -> Option<&Key> {
        self.triage.as_ref()?.key.as_ref()
    }
}

/// Which tasks are asked for; whatever is none passes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Of this hub.
    pub hub: Option<HubId>,
    /// That have ended, or that have not.
    pub ended: Option<bool>,
    /// That ended like this.
    pub outcome: Option<TaskOutcome>,
    /// That came from there.
    pub source: Option<String>,
    /// That were submitted at this moment or later.
    pub since: Option<Timestamp>,
}

impl TaskFilter {
    /// Whether the task is among those asked for.
    pub fn takes(&self, task: &Task) -> bool {
        self.hub.as_ref().is_none_or(|hub| *hub == task.hub)
            && self.ended.is_none_or(|ended| ended == task.outcome.is_some())
            && self.outcome.is_none_or(|outcome| task.outcome == Some(outcome))
            && self.source.as_ref().is_none_or(|source| task.source.as_ref() == Some(source))
            && self.since.is_none_or(|since| task.submitted_at >= since)
    }
}

impl Listed for Task {
    type Id = TaskId;

    fn id(&self) -> TaskId {
        self.id
    }

    fn position(&self) -> Position {
        self.position
    }
}

impl Tasks {
    /// A page of the tasks that pass.
    pub fn page(&self, filter: &TaskFilter, paging: Paging) -> Page<'_, Task> {
        self.all.page(|one| filter.takes(one), paging)
    }

    /// The task with this id.
    pub fn get(&self, id: TaskId) -> Option<&Task> {
        self.all.get(id)
    }

    /// Every task of every hub, in the order in which they were submitted.
    pub fn iter(&self) -> impl Iterator<Item = &Task> {
        self.all.iter()
    }

    /// The hub's tasks, in the order in which they were submitted.
    pub fn of_hub(&self, hub: &HubId) -> impl Iterator<Item = &Task> {
        self.iter().filter(move |task| task.hub == *hub)
    }

    fn task_event(&mut self, recorded: &Recorded, event: &TaskEvent) {
        let at = recorded.envelope.decided_at;
        match event {
            TaskEvent::TaskSubmitted(facts) => {
                let task = Task {
                    id: facts.task,
                    hub: recorded.envelope.hub.clone(),
                    request: text(recorded, &TextName::NAME).unwrap_or_default(),
                    title: text(recorded, &TextName::TITLE).unwrap_or_default(),
                    source: text(recorded, &TextName::SOURCE),
                    account: facts.account,
                    plan: facts.plan.clone(),
                    content: facts.content,
                    position: recorded.envelope.position,
                    submitted_at: at,
                    triage: None,
                    collective: None,
                    proposal: None,
                    outcome: None,
                    because: None,
                    reason: None,
                    concluded_at: None,
                };
                self.all.add(task);
            }
            TaskEvent::TaskConcluded(facts) => {
                if let Some(task) = self.all.get_mut(facts.task) {
                    task.outcome = Some(facts.outcome);
                    task.because = Some(facts.because);
                    task.reason = text(recorded, &TextName::REASON);
                    task.concluded_at = Some(at);
                }
            }
        }
    }

    fn invocation_event(&mut self, recorded: &Recorded, event: &InvocationEvent) {
        match event {
            InvocationEvent::InvocationStarted(facts) if facts.purpose == Purpose::Triage => {
                let slug = self.slugs.of(facts.agent);
                if let Some(task) = self.all.get_mut(facts.task) {
                    task.triage = Some(Triage {
                        invocation: facts.invocation,
                        agent: facts.agent,
                        slug,
                        agent_version: facts.agent_version,
                        key: None,
                        confidence: None,
                    });
                }
            }
            InvocationEvent::InvocationAnswered(facts) => {
                // A task's events share a correlation that is the task's own id.
                let task = TaskId::from_bytes(*recorded.envelope.correlation.as_bytes());
                let triage = self.all.get_mut(task).and_then(|task| task.triage.as_mut());
                if let Some(triage) = triage.filter(|asked| asked.invocation == facts.invocation) {
                    triage.key = Some(facts.key.clone());
                    triage.confidence = facts.confidence;
                }
            }
            InvocationEvent::InvocationStarted(_)
            | InvocationEvent::InvocationFailed(_)
            | InvocationEvent::OutcomeArrivedLate(_)
            | InvocationEvent::InvocationRecovered(_) => {}
        }
    }
}

impl Projection for Tasks {
    const NAME: &'static str = "tasks";
    const VERSION: u32 = 3;

    fn quotes(event: &Event) -> bool {
        matches!(event, Event::Task(_))
    }

    fn fold(&mut self, event: &Recorded) {
        self.slugs.fold(&event.event);
        if let Event::Task(task) = &event.event {
            self.task_event(event, task);
        } else if let Event::Invocation(invocation) = &event.event {
            self.invocation_event(event, invocation);
        } else if let Event::Collective(CollectiveEvent::CollectiveConvened(facts)) = &event.event {
            if let Some(task) = self.all.get_mut(facts.task) {
                task.collective = Some(facts.collective);
            }
        } else if let Event::Proposal(ProposalEvent::ProposalMade(facts)) = &event.event
            && let Some(task) = self.all.get_mut(facts.task)
        {
            task.proposal = Some(facts.proposal);
        }
    }
}
