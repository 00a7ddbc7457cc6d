//! Bids: collected until a deadline, or made by the agents' strategies.

use serde::{Deserialize, Serialize};

use super::enumeration;
use crate::{AgentId, DecisionId, Keyword, Purpose, Rate, TaskId, TaskType, Timestamp};

/// Which words of the hub's agents a task's description contains, found when it was handed in; no
/// decision reads the description itself. Further ones follow in the same append.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskWordsFound {
    /// On which task.
    pub task: TaskId,
    /// The words, in order.
    pub words: Vec<FoundWord>,
}

/// A word that a description contains, lower-cased on both sides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FoundWord {
    /// The word, as it is spelled in the registrations.
    pub word: Keyword,
    /// Whether it stands there as a whole word, not only within another.
    pub whole: bool,
}

/// Bids on a task are taken until the deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BiddingOpened {
    /// The decision that the bids are for.
    pub decision: DecisionId,
    /// On which task.
    pub task: TaskId,
    /// What for.
    pub purpose: Purpose,
    /// For which task type.
    pub task_type: TaskType,
    /// When it is too late.
    pub closes: Timestamp,
}

/// An agent bid in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BidPlaced {
    /// For which decision.
    pub decision: DecisionId,
    /// On which task.
    pub task: TaskId,
    /// Who bids.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// How much, in the hub's own unit of bids.
    pub amount: Rate,
}

enumeration! {
    /// Why a bid does not count.
    BidRefusal "bid refusal" {
        /// The deadline has passed.
        Late = "late",
        /// The agent is deactivated.
        AgentInactive = "agent_inactive",
        /// The agent has bid before.
        AlreadyBid = "already_bid",
    }
}

/// A bid was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BidRefused {
    /// For which decision.
    pub decision: DecisionId,
    /// On which task.
    pub task: TaskId,
    /// Whose bid.
    pub agent: AgentId,
    /// How much, in the hub's own unit of bids.
    pub amount: Rate,
    /// Why it does not count.
    pub because: BidRefusal,
}

/// The deadline for bids has passed: the decision is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BiddingClosed {
    /// The decision that the bids are for.
    pub decision: DecisionId,
    /// On which task.
    pub task: TaskId,
}

/// Where the amount of a bid comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BidBasis {
    /// It was placed.
    Placed,
    /// The agent's strategy made it.
    Strategy(BidStrategy),
}

/// What an agent's strategy makes a bid from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BidStrategy {
    /// What the agent usually asks.
    pub rate: Rate,
    /// Whether the task is in its field: one of its keywords was found.
    pub in_field: bool,
    /// What chance adds, up or down.
    pub jitter: i32,
    /// What it has learned from; none where strategies do not learn.
    pub record: Option<BidRecord>,
}

/// What an agent's strategy learns from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BidRecord {
    /// Decisions that its bids were part of.
    pub bids: u32,
    /// Those it won.
    pub won: u32,
    /// Reviews of its work.
    pub decided: u32,
    /// Those that found it right.
    pub right: u32,
    /// Found right on tasks that share a word of this one, each word once.
    pub word_wins: u32,
    /// Found wrong on tasks that share a word of this one, each word once.
    pub word_failures: u32,
}
