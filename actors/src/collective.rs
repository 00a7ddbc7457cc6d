//! Collective: one question put to several agents at once, and what becomes of their answers.

mod concluding;
mod convening;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    ArtifactType, CollectiveConvened, CollectiveEvent, CollectiveId, ContributionRecorded, EventId,
    InvocationId, InvocationStarted, Key, Participant, ParticipantStanding, Purpose, Synthesiser,
    TaskId, TaskRules, TaskType,
};

pub(crate) use self::concluding::{abandon, conclude, contributed, synthesised};
pub(crate) use self::convening::convene;
use crate::budget::{DOCUMENT_OVERHEAD, document_bound};
use crate::state::State;

#[derive(Clone, Debug, PartialEq)]
struct Collective {
    task: TaskId,
    task_type: TaskType,
    artifact: ArtifactType,
    participants: Vec<Participant>,
    synthesiser: Option<Synthesiser>,
    rules: TaskRules,
    contributions: BTreeMap<InvocationId, ContributionRecorded>,
    open: BTreeSet<InvocationId>,
    verdict: Option<Key>,
    decided: bool,
    /// The newest event of its story.
    cause: EventId,
}

/// A collective that has no verdict yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnderWay<'a> {
    pub(crate) artifact: &'a ArtifactType,
    pub(crate) task_type: &'a TaskType,
}

/// The collectives of a hub that have not ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Collectives {
    open: BTreeMap<CollectiveId, Collective>,
    /// Those whose calls have all ended and whose verdict is owed.
    ready: BTreeSet<CollectiveId>,
}

impl Collectives {
    /// The consensus of a collective, once there is one.
    pub(crate) fn verdict(&self, collective: CollectiveId) -> Option<&Key> {
        self.open.get(&collective)?.verdict.as_ref()
    }

    /// What was contributed, in order of priority.
    pub(crate) fn contributions(&self, collective: CollectiveId) -> Vec<ContributionRecorded> {
        let open = self.open.get(&collective);
        open.map(concluding::in_order)
            .unwrap_or_default()
            .into_iter()
            .map(|(one, _)| one.clone())
            .collect()
    }

    pub(crate) fn task(&self, collective: CollectiveId) -> Option<TaskId> {
        self.open.get(&collective).map(|open| open.task)
    }

    /// The collectives whose calls have all ended and that have no verdict yet.
    pub(crate) fn ready(&self) -> impl Iterator<Item = (CollectiveId, TaskId)> {
        self.ready.iter().filter_map(|id| Some((*id, self.open.get(id)?.task)))
    }

    /// The collective of a task, as long as it has no verdict.
    pub(crate) fn under_way(&self, task: TaskId) -> Option<UnderWay<'_>> {
        let open = self.open.get(&id_of(task)).filter(|open| !open.decided)?;
        Some(UnderWay { artifact: &open.artifact, task_type: &open.task_type })
    }

    pub(crate) fn evolve(&mut self, id: EventId, event: &CollectiveEvent) {
        match event {
            CollectiveEvent::CollectiveConvened(convened) => self.convened(id, convened),
            CollectiveEvent::ContributionRecorded(recorded) => {
                if let Some(collective) = self.open.get_mut(&recorded.collective) {
                    collective.contributions.insert(recorded.invocation, recorded.clone());
                    collective.cause = id;
                }
            }
            CollectiveEvent::VerdictReached(reached) => {
                self.ready.remove(&reached.collective);
                if let Some(collective) = self.open.get_mut(&reached.collective) {
                    collective.verdict.clone_from(&reached.key);
                    collective.decided = true;
                    collective.cause = id;
                }
            }
        }
    }

    fn convened(&mut self, id: EventId, convened: &CollectiveConvened) {
        let invited = convened.participants.iter().filter(|participant| is_invited(participant));
        let collective = Collective {
            task: convened.task,
            task_type: convened.task_type.clone(),
            artifact: convened.artifact.clone(),
            participants: convened.participants.clone(),
            synthesiser: convened.synthesiser.clone(),
            rules: convened.rules.clone(),
            contributions: BTreeMap::new(),
            open: invited.map(|participant| participant.invocation).collect(),
            verdict: None,
            decided: false,
            cause: id,
        };
        self.open.insert(convened.collective, collective);
    }

    /// Notes that a participant's call has ended.
    pub(crate) fn call_ended(&mut self, id: EventId, started: &InvocationStarted) {
        let (Purpose::Contribution, Some(collective)) = (started.purpose, started.collective)
        else {
            return;
        };
        if let Some(open) = self.open.get_mut(&collective) {
            open.cause = id;
            if open.open.remove(&started.invocation) && open.open.is_empty() {
                self.ready.insert(collective);
            }
        }
    }

    /// Forgets the collective of a task that has ended.
    pub(crate) fn forget(&mut self, task: TaskId) {
        self.open.remove(&id_of(task));
        self.ready.remove(&id_of(task));
    }
}

fn is_invited(participant: &Participant) -> bool {
    participant.standing == ParticipantStanding::Invited
}

/// The most bytes that the contributions to a task's collective take in the request of a synthesis.
pub(crate) fn documents_bound(state: &State, task: TaskId) -> u64 {
    let Some(collective) = state.collectives.open.get(&id_of(task)) else {
        return 0;
    };
    let invited = collective.participants.iter().filter(|one| is_invited(one)).count();
    let one = document_bound(collective.rules.max_output).saturating_add(DOCUMENT_OVERHEAD);
    u64::try_from(invited).unwrap_or(u64::MAX).saturating_mul(one)
}

/// The id of a task's collective.
pub(crate) fn id_of(task: TaskId) -> CollectiveId {
    CollectiveId::derive(&[&task.to_string()])
}
