//! Collective: one question put to several agents at once, and what becomes of their answers.

mod arbitration;
mod basis;
mod brief;
mod concluding;
mod convening;
mod judgement;
mod rules;
mod synthesis;
pub mod verdict;
mod wishes;

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    ArtifactType, CollectiveConvened, CollectiveEvent, CollectiveId, CollectiveRules,
    ConsensusStatus, ContributionRecorded, DelegationEvent, DelegationWished, EventId,
    InvocationId, InvocationStarted, Key, OnDivergence, Participant, ParticipantStanding,
    ProviderName, Purpose, TaskId, TaskType, Verdict,
};

use crate::answer::{self, Answer};
use crate::provider::ModelResponse;
use crate::state::State;

pub(crate) use self::brief::{Brief, Contribution, document_overhead};
pub(crate) use self::concluding::{abandon, conclude, contributed};
pub(crate) use self::convening::convene;
pub(crate) use self::judgement::judged;
pub(crate) use self::rules::set_rules;
pub(crate) use self::synthesis::synthesised;
pub(crate) use self::wishes::{contribution, wished};

/// How far the question has come which recommendations mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judging {
    NotAsked,
    UnderWay,
    Over,
}

#[derive(Clone, Debug, PartialEq)]
struct Collective {
    convened: CollectiveConvened,
    contributions: BTreeMap<InvocationId, ContributionRecorded>,
    /// The participants' calls that have not ended.
    open: BTreeSet<InvocationId>,
    /// By call: what contributions ask to hand over, as long as that is undecided.
    wishes: BTreeMap<InvocationId, Vec<(EventId, DelegationWished)>>,
    judging: Judging,
    /// What a recommendation means by the judge's grouping, where that is another one.
    means: BTreeMap<Key, Key>,
    verdict: Option<Verdict>,
    /// Whether a call was sent for what follows from the verdict.
    followed: bool,
    /// The newest event of its story.
    cause: EventId,
}

impl Collective {
    /// Whether it waits for no more contributions.
    fn is_collected(&self) -> bool {
        let quorum = self.convened.rules.quorum.and_then(|quorum| usize::try_from(quorum).ok());
        let enough = quorum.is_some_and(|quorum| self.contributions.len() >= quorum);
        self.open.is_empty() || enough
    }

    /// Whether what it owes waits for no sub-task and no mediator: who is not waited for is called
    /// off, and what contributions ask for is decided.
    fn goes_ahead(&self) -> bool {
        let calls_off = self.verdict.is_none() && self.is_collected() && !self.open.is_empty();
        calls_off || self.has_wishes()
    }

    /// Whether a step of its protocol is owed.
    fn is_ready(&self) -> bool {
        match &self.verdict {
            None => self.is_collected() && self.judging != Judging::UnderWay,
            Some(verdict) => {
                verdict.status() == ConsensusStatus::Divergent
                    && self.convened.settings.on_divergence == OnDivergence::Agent
                    && !self.followed
            }
        }
    }

    /// Contributions in the order of the participants' priority, whoever answered first.
    fn in_order(&self) -> impl Iterator<Item = (&Participant, &ContributionRecorded)> {
        self.convened.participants.iter().filter_map(|participant| {
            Some((participant, self.contributions.get(&participant.invocation)?))
        })
    }

    /// What a contribution recommends, by the judge's grouping.
    fn meaning<'a>(&'a self, key: &'a Key) -> &'a Key {
        self.means.get(key).unwrap_or(key)
    }

    /// Whether a contribution may recommend this; what is in other words is left to the judge.
    fn takes(&self, key: &Key) -> bool {
        self.counts(key) || self.convened.judge.is_some()
    }

    /// Whether a verdict may fall on this.
    fn counts(&self, key: &Key) -> bool {
        self.allowed().is_empty() || self.allowed().contains(key)
    }

    /// The recommendations that its answers may choose from; empty where any is allowed.
    fn allowed(&self) -> &[Key] {
        &self.convened.rules.allowed
    }
}

/// A collective that has no verdict yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnderWay<'a> {
    pub(crate) artifact: &'a ArtifactType,
    pub(crate) task_type: &'a TaskType,
}

/// The collectives of a hub that have not ended, and how they come to their verdict.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Collectives {
    rules: CollectiveRules,
    open: BTreeMap<CollectiveId, Collective>,
    /// Those of whose protocol a step is owed.
    ready: BTreeSet<CollectiveId>,
}

impl Collectives {
    /// What was contributed, in order of priority; each recommendation as it is meant.
    pub(crate) fn contributions(&self, collective: CollectiveId) -> Vec<ContributionRecorded> {
        let open = self.open.get(&collective);
        let contributions = open.into_iter().flat_map(|open| {
            open.in_order().map(|(_, contribution)| {
                let key = open.meaning(&contribution.key).clone();
                ContributionRecorded { key, ..contribution.clone() }
            })
        });
        contributions.collect()
    }

    pub(crate) fn task(&self, collective: CollectiveId) -> Option<TaskId> {
        self.open.get(&collective).map(|open| open.convened.task)
    }

    pub(crate) fn task_type(&self, collective: CollectiveId) -> Option<&TaskType> {
        self.open.get(&collective).map(|open| &open.convened.task_type)
    }

    /// The collectives of whose protocol a step is owed.
    pub(crate) fn ready(&self) -> impl Iterator<Item = (CollectiveId, TaskId)> {
        self.ready.iter().filter_map(|id| Some((*id, self.open.get(id)?.convened.task)))
    }

    /// Whether the step that a collective owes waits for no sub-task and no mediator of its task.
    pub(crate) fn goes_ahead(&self, collective: CollectiveId) -> bool {
        self.open.get(&collective).is_some_and(Collective::goes_ahead)
    }

    /// Takes in what contributions ask to hand over, and what was decided of it.
    pub(crate) fn delegation(&mut self, task: TaskId, id: EventId, event: &DelegationEvent) {
        if let Some(open) = self.open.get_mut(&id_of(task)) {
            open.take_wish(id, event);
        }
    }

    /// The collective of a task, as long as it has no verdict.
    pub(crate) fn under_way(&self, task: TaskId) -> Option<UnderWay<'_>> {
        let open = self.open.get(&id_of(task)).filter(|open| open.verdict.is_none())?;
        let CollectiveConvened { artifact, task_type, .. } = &open.convened;
        Some(UnderWay { artifact, task_type })
    }

    pub(crate) fn evolve(&mut self, id: EventId, event: &CollectiveEvent) {
        match event {
            CollectiveEvent::CollectiveRulesSet(set) => self.rules = set.rules.clone(),
            CollectiveEvent::CollectiveConvened(convened) => {
                self.open.insert(convened.collective, Collective::of(id, convened));
            }
            CollectiveEvent::ContributionRecorded(recorded) => {
                self.change(recorded.collective, id, |collective| {
                    collective.contributions.insert(recorded.invocation, recorded.clone());
                });
            }
            CollectiveEvent::KeysGrouped(grouped) => {
                self.change(grouped.collective, id, |collective| {
                    let groups = grouped.groups.iter();
                    let pairs = groups.flat_map(|group| {
                        group.members.iter().map(|one| (one.clone(), group.key.clone()))
                    });
                    collective.means = pairs.collect();
                });
            }
            CollectiveEvent::VerdictReached(reached) => {
                self.change(reached.collective, id, |collective| {
                    collective.verdict = Some(reached.verdict.clone());
                });
            }
        }
    }

    /// Changes a collective, and notes whether a step of its protocol is owed now.
    fn change(
        &mut self,
        collective: CollectiveId,
        cause: EventId,
        change: impl FnOnce(&mut Collective),
    ) {
        let Some(open) = self.open.get_mut(&collective) else {
            return;
        };
        change(open);
        open.cause = cause;
        if open.is_ready() {
            self.ready.insert(collective);
        } else {
            self.ready.remove(&collective);
        }
    }

    /// Notes that a call was sent for a collective.
    pub(crate) fn call_started(&mut self, id: EventId, started: &InvocationStarted) {
        let Some(collective) = started.collective else {
            return;
        };
        self.change(collective, id, |collective| match started.purpose {
            Purpose::Judgement => collective.judging = Judging::UnderWay,
            Purpose::Synthesis | Purpose::Arbitration => collective.followed = true,
            Purpose::Contribution
            | Purpose::Triage
            | Purpose::Delegation
            | Purpose::Mediation
            | Purpose::Action
            | Purpose::Answer => {}
        });
    }

    /// Notes that a call has ended that was sent for a collective.
    pub(crate) fn call_ended(&mut self, id: EventId, started: &InvocationStarted) {
        let Some(collective) = started.collective else {
            return;
        };
        self.change(collective, id, |collective| match started.purpose {
            Purpose::Contribution => {
                collective.open.remove(&started.invocation);
            }
            Purpose::Judgement => collective.judging = Judging::Over,
            Purpose::Synthesis
            | Purpose::Arbitration
            | Purpose::Triage
            | Purpose::Delegation
            | Purpose::Mediation
            | Purpose::Action
            | Purpose::Answer => {}
        });
    }

    /// Forgets the collective of a task that has ended.
    pub(crate) fn forget(&mut self, task: TaskId) {
        self.open.remove(&id_of(task));
        self.ready.remove(&id_of(task));
    }
}

impl Collective {
    fn of(id: EventId, convened: &CollectiveConvened) -> Self {
        let invited = convened.participants.iter().filter(|participant| is_invited(participant));
        Self {
            open: invited.map(|participant| participant.invocation).collect(),
            convened: convened.clone(),
            contributions: BTreeMap::new(),
            wishes: BTreeMap::new(),
            judging: Judging::NotAsked,
            means: BTreeMap::new(),
            verdict: None,
            followed: false,
            cause: id,
        }
    }
}

/// What an answer given for a collective says, if it has the shape asked for and stays within what
/// it was asked for.
pub(crate) fn read(
    state: &State,
    started: &InvocationStarted,
    response: &ModelResponse,
) -> Result<Answer, String> {
    let collective = started.collective.and_then(|id| state.collectives.open.get(&id));
    let said = match started.purpose {
        Purpose::Synthesis | Purpose::Arbitration => {
            let brief = collective.and_then(|open| Brief::of(open, &state.registry));
            return synthesis::read(response, &brief.unwrap_or_default())
                .map_err(|error| error.to_string());
        }
        Purpose::Judgement => {
            return judgement::read(state, started, response).map_err(|error| error.to_string());
        }
        Purpose::Contribution
        | Purpose::Triage
        | Purpose::Delegation
        | Purpose::Mediation
        | Purpose::Action
        | Purpose::Answer => response.text(),
    };
    let answer = answer::parse(&said, &response.parts).map_err(|error| error.to_string())?;
    match collective {
        Some(collective) if !collective.takes(&answer.key) => {
            let allowed: Vec<&str> = collective.allowed().iter().map(Key::as_str).collect();
            let allowed = allowed.join(", ");
            Err(format!("`recommendation` is `{}`, expected one of: {allowed}", answer.key))
        }
        _ => Ok(answer),
    }
}

fn is_invited(participant: &Participant) -> bool {
    participant.standing == ParticipantStanding::Invited
}

/// The most bytes that the contributions to a task's collective take in a request in which they are
/// put together, whoever serves it.
pub(crate) fn documents_bound(state: &State, task: TaskId) -> u64 {
    let Some(collective) = state.collectives.open.get(&id_of(task)) else {
        return 0;
    };
    let invited = collective.convened.participants.iter().filter(|one| is_invited(one));
    let authors = invited.map(|participant| participant.agent);
    let max_output = collective.convened.rules.max_output;
    concluding::documents(state, authors, &ProviderName::OpenAi, max_output)
}

/// How many recommendations there are to choose from.
fn distinct(allowed: &[Key]) -> u32 {
    u32::try_from(allowed.iter().collect::<BTreeSet<_>>().len()).unwrap_or(u32::MAX)
}

/// The id of a task's collective.
pub(crate) fn id_of(task: TaskId) -> CollectiveId {
    CollectiveId::derive(&[&task.to_string()])
}
