//! One collective: who was asked, what they said, what was made of it.

use convoke_events::{
    AgentId, Amount, ArtifactType, CollectiveConvened, CollectiveId, ConsensusStatus, DecisionId,
    HubId, InvocationId, Key, KeyGroup, ModelFamily, ParticipantStanding, Position, ProposalId,
    Recorded, TaskId, TaskRules, TaskType, Timestamp, Verdict as Outcome, VerdictBasis,
    VerdictFigures, VerdictRule,
};
use serde::{Deserialize, Serialize};

use super::{Answer, Call, Failure};
use crate::names::Slugs;
use crate::wording;

/// A collective and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collective {
    /// Its id.
    pub id: CollectiveId,
    /// The hub it belongs to.
    pub hub: HubId,
    /// The title of its task.
    pub title: String,
    /// The task it was convened on.
    pub task: TaskId,
    /// By the policies of which task type.
    pub task_type: TaskType,
    /// What its proposal is, as governance names it.
    pub artifact: ArtifactType,
    /// The decision that chose the participants.
    pub decision: DecisionId,
    /// What bounds it.
    pub rules: TaskRules,
    /// What became of it.
    pub status: ConsensusStatus,
    /// Everyone chosen, in order of priority, whether they contributed or not.
    pub participants: Vec<Participant>,
    /// The verdict on the contributions.
    pub verdict: Option<Verdict>,
    /// Which recommendations mean the same, as a judge grouped them; empty where nobody did.
    pub groups: Vec<KeyGroup>,
    /// Who says which recommendations mean the same, and how that went.
    pub judgement: Option<Appointed>,
    /// Who puts the contributions together, and how that went.
    pub synthesis: Option<Appointed>,
    /// Who chose among contributions that do not agree, and how that went.
    pub arbitration: Option<Appointed>,
    /// The proposal that came out of it.
    pub proposal: Option<ProposalId>,
    /// The event that convened it.
    pub position: Position,
    /// When it was convened.
    pub convened_at: Timestamp,
}

/// One agent of a collective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Which agent.
    pub agent: AgentId,
    /// Its slug, or its id where no registration is known.
    pub slug: String,
    /// In which version.
    pub agent_version: u32,
    /// The line of models it errs with.
    pub family: ModelFamily,
    /// How it stood when the collective was convened.
    pub standing: ParticipantStanding,
    /// Its call.
    pub call: Call,
    /// Whether its answer counts as a contribution.
    pub contributed: bool,
    /// Why there is no contribution of it, where that is known.
    pub missing: Option<String>,
}

/// An agent with a part of its own in a collective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appointed {
    /// Which agent.
    pub agent: AgentId,
    /// Its slug, or its id where no registration is known.
    pub slug: String,
    /// In which version.
    pub agent_version: u32,
    /// The decision that chose it.
    pub decision: DecisionId,
    /// Its call, sent only if it comes to that.
    pub call: Call,
}

/// The verdict on a collective's contributions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// By which rule.
    pub rule: VerdictRule,
    /// In which version.
    pub rule_version: u32,
    /// What it is.
    pub status: ConsensusStatus,
    /// What the collective recommends, if one thing.
    pub key: Option<Key>,
    /// What it is, with what it says.
    pub outcome: Outcome,
    /// The figures beside it.
    pub figures: VerdictFigures,
    /// What it rests on.
    pub basis: VerdictBasis,
    /// Why, in words.
    pub reason: Option<String>,
    /// The event that records it.
    pub position: Position,
    /// When it was reached.
    pub at: Timestamp,
}

impl Collective {
    pub(super) fn of(
        event: &Recorded,
        facts: &CollectiveConvened,
        title: String,
        slugs: &Slugs,
    ) -> Self {
        let participants = facts.participants.iter().map(|chosen| Participant {
            agent: chosen.agent,
            slug: slugs.of(chosen.agent),
            agent_version: chosen.agent_version,
            family: chosen.family.clone(),
            standing: chosen.standing.clone(),
            call: Call::planned(chosen.invocation),
            contributed: false,
            missing: match &chosen.standing {
                ParticipantStanding::Invited => None,
                ParticipantStanding::Blocked(because) => {
                    Some(format!("blocked: {}", wording::block_reason(because)))
                }
                ParticipantStanding::OverBudget { needed } => {
                    Some(format!("over budget: it would have needed {}", wording::amount(*needed)))
                }
                ParticipantStanding::NotAsked => {
                    Some("not asked: there could be no verdict".to_owned())
                }
            },
        });
        let appointed = |chosen: &convoke_events::Appointed| Appointed {
            agent: chosen.agent,
            slug: slugs.of(chosen.agent),
            agent_version: chosen.agent_version,
            decision: chosen.decision,
            call: Call::planned(chosen.invocation),
        };
        Self {
            id: facts.collective,
            hub: event.envelope.hub.clone(),
            title,
            task: facts.task,
            task_type: facts.task_type.clone(),
            artifact: facts.artifact.clone(),
            decision: facts.decision,
            rules: facts.rules.clone(),
            status: ConsensusStatus::Pending,
            participants: participants.collect(),
            verdict: None,
            groups: Vec::new(),
            judgement: facts.judge.as_ref().map(appointed),
            synthesis: facts.synthesiser.as_ref().map(appointed),
            arbitration: None,
            proposal: None,
            position: event.envelope.position,
            convened_at: event.envelope.decided_at,
        }
    }

    /// Everyone whose answer counts, with it, in order of priority.
    pub fn contributions(&self) -> impl Iterator<Item = (&Participant, &Answer)> {
        self.participants
            .iter()
            .filter(|participant| participant.contributed)
            .filter_map(|participant| Some((participant, participant.call.answer.as_ref()?)))
    }

    /// What a recommendation means by the judge's grouping; itself where there is none.
    pub fn meaning<'a>(&'a self, key: &'a Key) -> &'a Key {
        let group = self.groups.iter().find(|group| group.members.contains(key));
        group.map_or(key, |group| &group.key)
    }

    /// What all its calls were charged, overruns included; what its participants handed over is not
    /// in it.
    pub fn cost(&self) -> Amount {
        let calls = self.participants.iter().map(|participant| &participant.call);
        let appointed = self.judgement.iter().chain(&self.synthesis).chain(&self.arbitration);
        calls
            .chain(appointed.map(|appointed| &appointed.call))
            .fold(Amount::ZERO, |sum, call| sum.plus(call.spent()))
    }

    pub(super) fn call_mut(&mut self, invocation: InvocationId) -> Option<&mut Call> {
        self.calls_mut().find(|call| call.invocation == invocation)
    }

    pub(super) fn calls_mut(&mut self) -> impl Iterator<Item = &mut Call> {
        let calls = self.participants.iter_mut().map(|participant| &mut participant.call);
        let appointed = self.judgement.iter_mut().chain(&mut self.synthesis);
        let appointed = appointed.chain(&mut self.arbitration);
        calls.chain(appointed.map(|appointed| &mut appointed.call))
    }

    pub(super) fn tell_who_is_missing(&mut self) {
        let is_over = self.verdict.is_some();
        let is_awaited = |one: &&mut Participant| {
            one.standing == ParticipantStanding::Invited && !one.contributed
        };
        for one in self.participants.iter_mut().filter(is_awaited) {
            one.missing = match &one.call.failure {
                Some(Failure { class, reason: Some(reason), .. }) => {
                    Some(format!("{class}: {reason}"))
                }
                Some(Failure { class, reason: None, .. }) => Some(class.to_string()),
                None if is_over => Some("no answer by the verdict".to_owned()),
                None => None,
            };
        }
    }
}
