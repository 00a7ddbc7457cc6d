//! Questions put to several agents.

use serde::{Deserialize, Serialize};

use super::{Amount, BlockReason, TaskRules, enumeration};
use crate::evidence::Tally;
use crate::{
    AgentId, ArtifactType, CollectiveId, Confidence, DecisionId, InvocationId, Key, ModelFamily,
    ReservationId, Slug, TaskId, TaskType,
};

/// How a participant stood when the collective was convened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParticipantStanding {
    /// It is asked, its worst case set aside.
    Invited,
    /// Governance denied it.
    Blocked(BlockReason),
    /// Its worst case did not fit the budget.
    OverBudget {
        /// What it would have needed.
        needed: Amount,
    },
    /// It could have been asked, and is not: there could be no verdict, whatever it said.
    NotAsked,
}

/// One agent of a collective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Which agent.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// The line of models it errs with.
    pub family: ModelFamily,
    /// Its call, if it is invited.
    pub invocation: InvocationId,
    /// Whether it is asked.
    pub standing: ParticipantStanding,
}

/// An agent with a part of its own, chosen and paid for before anybody is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appointed {
    /// Which agent.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// The decision that chose it.
    pub decision: DecisionId,
    /// Its call, if it comes to that.
    pub invocation: InvocationId,
    /// What was set aside for it.
    pub reservation: ReservationId,
}

/// Several agents are asked the same, each for itself. Text: `reason`, where nobody is after all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectiveConvened {
    /// Which collective.
    pub collective: CollectiveId,
    /// On which task.
    pub task: TaskId,
    /// By the policies of which task type.
    pub task_type: TaskType,
    /// What its proposal is, as governance names it.
    pub artifact: ArtifactType,
    /// The decision that chose the participants.
    pub decision: DecisionId,
    /// Everyone chosen, in order of priority.
    pub participants: Vec<Participant>,
    /// Who puts the contributions together; none where nobody may or can be paid.
    pub synthesiser: Option<Appointed>,
    /// Who says which recommendations mean the same; none where nobody is to, may or can be paid.
    pub judge: Option<Appointed>,
    /// What bounds it.
    pub rules: TaskRules,
    /// How the hub's collectives come to their verdict, as it was set at that moment.
    pub settings: CollectiveRules,
    /// From which the order and the delimiters follow in which contributions are shown.
    pub seed: u64,
}

/// A participant's answer counts. Its words are those of its `InvocationAnswered`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContributionRecorded {
    /// To which collective.
    pub collective: CollectiveId,
    /// Whose.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// From which call.
    pub invocation: InvocationId,
    /// What it recommends, in canonical form.
    pub key: Key,
    /// How sure it says it is.
    pub confidence: Option<Confidence>,
}

enumeration! {
    /// What became of a collective.
    ConsensusStatus "consensus status" {
        /// It is being asked.
        Pending = "pending",
        /// It agrees.
        Consensus = "consensus",
        /// It does not agree.
        Divergent = "divergent",
        /// Too few answered.
        Insufficient = "insufficient",
    }
}

enumeration! {
    /// By which rule verdicts are reached.
    VerdictRule "verdict rule" {
        /// All name the same recommendation.
        Classic = "classic",
        /// Two thirds of the weight, and two model families, name the same recommendation.
        Weighted = "weighted",
    }
}

enumeration! {
    /// Who looks at a collective that does not agree.
    OnDivergence "way on for a divergent collective" {
        /// People do, at the contributions side by side.
        People = "people",
        /// One stronger agent does: the first that is routed to `synthesis`.
        Agent = "agent",
    }
}

/// How a hub's collectives come to a verdict, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectiveRules {
    /// By which rule.
    pub verdict: VerdictRule,
    /// Who says which recommendations mean the same where they differ in words, if anybody.
    pub judge: Option<Slug>,
    /// Who looks at a collective that does not agree.
    pub on_divergence: OnDivergence,
}

impl Default for CollectiveRules {
    /// Weighted, without a judge, and people look at what diverges.
    fn default() -> Self {
        let (verdict, on_divergence) = (VerdictRule::Weighted, OnDivergence::People);
        Self { verdict, judge: None, on_divergence }
    }
}

/// It was said how the hub's collectives come to a verdict from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectiveRulesSet {
    /// How.
    pub rules: CollectiveRules,
}

/// Recommendations that mean the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyGroup {
    /// The one that stands for all of them.
    pub key: Key,
    /// All of them, this one included.
    pub members: Vec<Key>,
}

/// A judge said which of a collective's recommendations mean the same. Its words are those of its
/// `InvocationAnswered`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysGrouped {
    /// Of which collective.
    pub collective: CollectiveId,
    /// The judge.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// In which call.
    pub invocation: InvocationId,
    /// Every recommendation named, each in one group.
    pub groups: Vec<KeyGroup>,
}

/// What became of a collective's contributions. Only a consensus recommends anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// They agree.
    Consensus {
        /// On this recommendation.
        key: Key,
    },
    /// They do not agree.
    Divergent {
        /// The recommendations that lead, several where they are tied.
        leading: Vec<Key>,
    },
    /// There is nothing to reach a verdict on.
    Insufficient {
        /// Why.
        because: Insufficiency,
    },
}

impl Verdict {
    /// What it is, without what it says.
    pub const fn status(&self) -> ConsensusStatus {
        match self {
            Self::Consensus { .. } => ConsensusStatus::Consensus,
            Self::Divergent { .. } => ConsensusStatus::Divergent,
            Self::Insufficient { .. } => ConsensusStatus::Insufficient,
        }
    }

    /// What the collective recommends; only a consensus does.
    pub const fn key(&self) -> Option<&Key> {
        match self {
            Self::Consensus { key } => Some(key),
            Self::Divergent { .. } | Self::Insufficient { .. } => None,
        }
    }
}

enumeration! {
    /// Why no verdict could be reached.
    Insufficiency "insufficiency" {
        /// Fewer contributions than are needed.
        TooFew = "too_few",
        /// One is missing, and that fails all.
        OneMissing = "one_missing",
        /// What is known of the contributors gives none of them any weight.
        NoWeight = "no_weight",
    }
}

/// What is known of how often somebody's work was accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// Credits for having been right.
    pub right: u32,
    /// All credits, right or wrong.
    pub judged: u32,
}

impl From<&Tally> for Acceptance {
    fn from(tally: &Tally) -> Self {
        Self { right: tally.right(), judged: tally.judged() }
    }
}

/// One contribution, as a verdict sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voice {
    /// Whose.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// The line of models it errs with.
    pub family: ModelFamily,
    /// What it recommends, or what that means by the judge's grouping.
    pub key: Key,
    /// What is known of it on this task type.
    pub acceptance: Acceptance,
}

/// Everything that a verdict rests on: with the rule's name and version, it can be reached again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictBasis {
    /// The contributions, in the order of the participants.
    pub voices: Vec<Voice>,
    /// How many took part, whether they contributed or not.
    pub participants: u32,
    /// Fewer contributions than this are insufficient.
    pub min_contributions: u32,
    /// Whether a missing one makes the collective insufficient.
    pub one_failure_fails_all: bool,
    /// How many recommendations an answer could choose from; 0 where any was allowed.
    pub allowed: u32,
    /// What is known of the whole hub on this task type.
    pub hub: Acceptance,
}

/// The figures beside a verdict. Shares are of the weight; under a rule without weights, of the
/// contributions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerdictFigures {
    /// The leading recommendation's share, from 0 to 1.
    pub share: f64,
    /// By how much it leads the next one's share.
    pub margin: f64,
    /// How spread the shares are: 0 where all is on one recommendation, 1 where it is on all alike.
    pub entropy: f64,
    /// What each contribution weighs, in the order of the voices.
    pub weights: Vec<f64>,
    /// Contributions that name the leading recommendation.
    pub leading: u32,
    /// Model families that name the leading recommendation.
    pub leading_families: u32,
    /// Contributions in all.
    pub contributions: u32,
    /// Different recommendations among them.
    pub keys: u32,
    /// Different model families among them.
    pub families: u32,
    /// Participants without a contribution.
    pub missing: u32,
}

/// The verdict on a collective's contributions, by a named rule. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerdictReached {
    /// On which collective.
    pub collective: CollectiveId,
    /// By which rule.
    pub rule: VerdictRule,
    /// In which version.
    pub rule_version: u32,
    /// What it is.
    pub verdict: Verdict,
    /// The figures beside it.
    pub figures: VerdictFigures,
    /// What it rests on.
    pub basis: VerdictBasis,
}
