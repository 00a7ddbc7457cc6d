//! Who is asked, and why.

use serde::{Deserialize, Serialize};

use super::{PolicyRef, Purpose, enumeration};
use crate::{AgentId, DecisionId, EventId, RuleName, TaskId, TaskType};

/// A routing policy was set, or set anew: for this task type, at this priority, ask this agent.
/// (Hub, task type, priority) is unique; the lowest number is the highest priority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingPolicySet {
    /// Which policy, in which version.
    pub policy: PolicyRef,
    /// For which tasks.
    pub task_type: TaskType,
    /// Whom to ask.
    pub agent: AgentId,
    /// In which order, 1 first.
    pub priority: u32,
    /// Whether it holds.
    pub active: bool,
}

enumeration! {
    /// How a candidate stood when the decision fell.
    CandidateStanding "candidate standing" {
        /// It could be asked.
        Eligible = "eligible",
        /// The agent is deactivated.
        AgentInactive = "agent_inactive",
        /// The policy is switched off.
        PolicyInactive = "policy_inactive",
    }
}

/// One agent that was considered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which agent.
    pub agent: AgentId,
    /// Which version of it.
    pub agent_version: u32,
    /// The routing policy that named it; none where its sender did.
    pub policy: Option<PolicyRef>,
    /// Its priority, 1 first.
    pub priority: u32,
    /// Whether it could be asked.
    pub standing: CandidateStanding,
}

enumeration! {
    /// What tells two equal candidates apart.
    TieBreak "tie-break" {
        /// Nothing has to: priorities are unique.
        Priority = "priority",
    }
}

/// It was decided who is asked; only this decision's id lets a call be sent. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingDecided {
    /// Which decision.
    pub decision: DecisionId,
    /// On which task.
    pub task: TaskId,
    /// What for.
    pub purpose: Purpose,
    /// By the policies of which task type.
    pub task_type: TaskType,
    /// By which rule.
    pub rule: RuleName,
    /// In which version.
    pub rule_version: u32,
    /// Everyone considered, in order of priority, the excluded ones too.
    pub candidates: Vec<Candidate>,
    /// Who is asked, in order of priority; nobody if no candidate could be.
    pub selected: Vec<AgentId>,
    /// The newest event the decision rests on.
    pub rests_on: Option<EventId>,
    /// What told equal candidates apart.
    pub tie_break: TieBreak,
    /// The seed, where the rule drew at random.
    pub seed: Option<u64>,
}
