//! Who is asked, and why.

mod bidding;
mod rules;
mod scored;

use serde::{Deserialize, Serialize};

pub use self::bidding::*;
pub use self::rules::*;
pub use self::scored::*;
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
        /// The agent's lease was revoked.
        Revoked = "revoked",
        /// The task's account has not enough left for it.
        OverBudget = "over_budget",
        /// Its model failed too often of late.
        BreakerOpen = "breaker_open",
        /// Governance does not let it do what it would be asked for.
        Governance = "governance",
        /// Its model costs more than the rule allows.
        TooDear = "too_dear",
        /// Its model has no price, and the rule has a highest one.
        PriceUnknown = "price_unknown",
        /// It has placed no bid.
        NoBid = "no_bid",
    }
}

/// One agent that was considered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which agent.
    pub agent: AgentId,
    /// Which version of it.
    pub agent_version: u32,
    /// The routing policy that named it; none where its sender did, a rule or a bid.
    pub policy: Option<PolicyRef>,
    /// Its place in the order it was considered in, 1 first: a policy's priority, a preference's
    /// place in its rule, a bid's place among the bids.
    pub priority: u32,
    /// Whether it could be asked.
    pub standing: CandidateStanding,
    /// What its score is made of, where candidates were scored.
    pub scored: Option<Scored>,
}

enumeration! {
    /// What tells two equal candidates apart.
    TieBreak "tie-break" {
        /// Nothing has to: priorities are unique.
        Priority = "priority",
        /// The order of the rule's preferences, then that of slugs.
        Preference = "preference",
        /// The earlier bid.
        EarlierBid = "earlier_bid",
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
    /// For which task type.
    pub task_type: TaskType,
    /// By which rule.
    pub rule: RuleName,
    /// In which version.
    pub rule_version: u32,
    /// How many are asked at most; none means everyone who can be.
    pub most: Option<u32>,
    /// The version of the hub's routing rules it follows; none where no policy, rule or weight of
    /// theirs was looked at.
    pub rules_version: Option<u32>,
    /// What each component counted, where candidates were scored.
    pub weights: Option<Weights>,
    /// What the scores rest on, where they rest on earlier work.
    pub evidence: Option<Evidence>,
    /// Everyone considered, in order, the excluded ones too: the first page of them.
    pub candidates: Vec<Candidate>,
    /// How many further pages of candidates follow in the same append, as [`CandidatesListed`].
    pub more_pages: u32,
    /// Who is asked, in order; nobody if no candidate could be.
    pub selected: Vec<AgentId>,
    /// The newest event the decision rests on.
    pub rests_on: Option<EventId>,
    /// What told equal candidates apart.
    pub tie_break: TieBreak,
    /// The seed, where the rule drew at random.
    pub seed: Option<u64>,
}

/// A further page of a decision's candidates, in the same append as the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidatesListed {
    /// Which decision.
    pub decision: DecisionId,
    /// On which task.
    pub task: TaskId,
    /// Which page, from 2; the decision itself holds the first.
    pub page: u32,
    /// The next candidates, in order.
    pub candidates: Vec<Candidate>,
}
