//! Questions put to several agents.

use serde::{Deserialize, Serialize};

use super::{Amount, BlockReason, TaskRules, enumeration};
use crate::{
    AgentId, ArtifactType, CollectiveId, Confidence, DecisionId, InvocationId, Key, ModelFamily,
    ReservationId, RuleName, TaskId, TaskType,
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

/// Who puts the contributions together, chosen and paid for before anybody is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synthesiser {
    /// Which agent.
    pub agent: AgentId,
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
    pub synthesiser: Option<Synthesiser>,
    /// What bounds it.
    pub rules: TaskRules,
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

/// The verdict on a collective's contributions, by a named rule. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictReached {
    /// On which collective.
    pub collective: CollectiveId,
    /// By which rule.
    pub rule: RuleName,
    /// In which version.
    pub rule_version: u32,
    /// What it is.
    pub status: ConsensusStatus,
    /// What the collective recommends; only a consensus has one.
    pub key: Option<Key>,
    /// Contributions that name the most named recommendation.
    pub leading: u32,
    /// Contributions in all.
    pub contributions: u32,
    /// Different recommendations among them.
    pub keys: u32,
    /// Different model families among them.
    pub families: u32,
    /// Participants without a contribution.
    pub missing: u32,
}
