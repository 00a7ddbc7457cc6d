//! Tiers: what each lets an agent touch, for how long, and how agents go up and down.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ErrorBudget;
use crate::event::Tier;
use crate::{AgentId, Permission, TaskType};

/// What one tier lets an agent touch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierRules {
    /// Which tier.
    pub tier: Tier,
    /// What.
    pub permissions: BTreeSet<Permission>,
    /// How long its leases hold, in milliseconds.
    pub lease_ms: u64,
    /// Whether a person approves each use of what the tier below does not have.
    pub approve_each_use: bool,
}

/// Which rate of failing runs is borne on a kind of work, and which is not; in millionths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// On which work.
    pub task_type: TaskType,
    /// The rate that is borne (p0).
    pub borne: u32,
    /// The rate that is not (p1).
    pub unborne: u32,
}

/// By which rules the agents of a hub live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleRules {
    /// Every tier, from the lowest.
    pub tiers: Vec<TierRules>,
    /// How much may go wrong where a packet does not say.
    pub budget: ErrorBudget,
    /// Whether a person decides on plans; else a plan is approved as it is handed in.
    pub plans_need_a_person: bool,
    /// After how long a silence an agent at work is stuck, in milliseconds.
    pub stuck_ms: u64,
    /// The share of compliant runs that must surely be exceeded to go up, in millionths.
    pub gate: u32,
    /// Kinds of work on which other rates are borne than 5 and 20 per cent.
    pub trials: Vec<Trial>,
}

/// The hub chose by which rules its agents live. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleRulesSet {
    /// The rules.
    pub rules: LifecycleRules,
}

/// What speaks for a change of tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TierEvidence {
    /// Runs at its tier keep the rules surely more often than the gate asks (rule `wilson-gate`).
    Conduct {
        /// Runs at its tier.
        runs: u32,
        /// Of those, runs that kept every rule.
        compliant: u32,
        /// The lower bound of their share, in millionths.
        bound: u32,
        /// What it must exceed, in millionths.
        gate: u32,
    },
    /// Its failures cannot be borne (rule `sequential-likelihood`).
    Failures {
        /// Runs at its tier.
        runs: u32,
        /// Of those, runs that kept every rule.
        compliant: u32,
        /// The evidence against it, in millionths; 5,200,000 convicts.
        suspicion: u32,
    },
    /// A person said so.
    Person,
}

/// An agent has earned a tier that only a person gives. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionDue {
    /// Which agent.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// On what kind of work.
    pub task_type: TaskType,
    /// To which tier.
    pub to: Tier,
    /// What speaks for it.
    pub evidence: TierEvidence,
}

/// An agent went up or down a tier on a kind of work. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierChanged {
    /// Which agent.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// On what kind of work.
    pub task_type: TaskType,
    /// From which tier.
    pub from: Tier,
    /// To which.
    pub to: Tier,
    /// What speaks for it.
    pub evidence: TierEvidence,
}
