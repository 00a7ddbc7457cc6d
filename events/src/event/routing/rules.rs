//! How a hub routes the task types that no routing policy speaks of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Strategy, Weights};
use crate::{MicroUsd, ModelName, ProviderName, TaskType};

/// The hub's routing rules were set, all anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingRulesSet {
    /// Which version of them this is, from 1.
    pub version: u32,
    /// What they are.
    pub rules: RoutingRules,
}

/// How a hub routes where no active routing policy speaks, and how it scores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingRules {
    /// How the tasks of a type find their agents; a type that is not named goes by policy.
    pub ways: BTreeMap<TaskType, Way>,
    /// What each component of the informed strategy counts.
    pub weights: Weights,
    /// How many reviews the hub's mean counts for beside an agent's own.
    pub prior: u32,
    /// How far chance may carry an agent's record, in thousandths of its standard deviation; 0
    /// draws nothing.
    pub exploration: u32,
    /// How far chance may carry a bid of an agent's strategy, up or down; 0 draws nothing.
    pub jitter: u32,
    /// Whether an agent's strategy learns from its record.
    pub adaptive: bool,
}

impl Default for RoutingRules {
    /// Everything by policy; the informed weights; a prior of 8 reviews, exploration by one standard
    /// deviation, no jitter, and strategies that learn.
    fn default() -> Self {
        Self {
            ways: BTreeMap::new(),
            weights: Weights::INFORMED,
            prior: 8,
            exploration: 1000,
            jitter: 0,
            adaptive: true,
        }
    }
}

/// How the tasks of a type find their agents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// By an ordered list of models.
    Rule(PreferenceRule),
    /// By capability and bid.
    Bid(BidRule),
}

/// Which models are preferred, and what they may cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreferenceRule {
    /// The models whose agents are asked, the best first.
    pub preferred: Vec<Preference>,
    /// Those asked where none of the preferred can be, the best first.
    pub fallbacks: Vec<Preference>,
    /// The most that 1,000 tokens may cost, at the dearest of a model's prices.
    pub max_cost: Option<MicroUsd>,
    /// How many a collective asks at most; none means everyone who can be asked.
    pub most: Option<u32>,
}

/// A model, and who serves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    /// Who serves it.
    pub provider: ProviderName,
    /// Which model.
    pub model: ModelName,
}

/// How bids are collected and scored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BidRule {
    /// How candidates are scored.
    pub strategy: Strategy,
    /// How long bids are waited for, in milliseconds; 0 asks the agents' strategies at once.
    pub window_ms: u64,
    /// Whether an agent that places no bid bids by its strategy.
    pub standing_bids: bool,
    /// How many a collective asks at most; none means everyone who bids.
    pub most: Option<u32>,
}
