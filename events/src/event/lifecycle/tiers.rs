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
    /// The share of compliant runs that must surely be exceeded to go up, in millionths.
    pub gate: u32,
    /// Kinds of work on which other rates are borne than 5 and 20 per cent.
    pub trials: Vec<Trial>,
}

const MINUTE: u64 = 60_000;

/// What each tier adds to those below it, how long its leases hold, and whether each use of it takes
/// a person's approval (§9).
const TIERS: [(Tier, &[&str], u64, bool); 5] = [
    (Tier::T0, &["read", "plan"], 60 * MINUTE, false),
    (Tier::T1, &["sandbox", "check-mode"], 30 * MINUTE, false),
    (Tier::T2, &["sandbox-admin"], 30 * MINUTE, false),
    (Tier::T3, &["staging", "production-read"], 15 * MINUTE, false),
    (Tier::T4, &["policy-read", "governance-write"], 15 * MINUTE, true),
];

impl Default for LifecycleRules {
    /// The five tiers from observer to architect, plans that a person decides on, a gate of 92 per
    /// cent.
    fn default() -> Self {
        let mut permissions: BTreeSet<Permission> = BTreeSet::new();
        let tiers = TIERS.iter().map(|(tier, more, lease_ms, approve_each_use)| {
            permissions.extend(more.iter().filter_map(|word| Permission::new(word).ok()));
            TierRules {
                tier: *tier,
                permissions: permissions.clone(),
                lease_ms: *lease_ms,
                approve_each_use: *approve_each_use,
            }
        });
        Self {
            tiers: tiers.collect(),
            budget: ErrorBudget::default(),
            plans_need_a_person: true,
            gate: 920_000,
            trials: Vec::new(),
        }
    }
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
