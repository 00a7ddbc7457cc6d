//! What a candidate's score is made of: every component beside the input it was computed from.

use serde::{Deserialize, Serialize};

use super::{BidBasis, enumeration};
use crate::{EventId, Keyword, MicroUsd, Rate, Score};

/// How a candidate scored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scored {
    /// Its components, each once, in the order they are added up.
    pub components: Vec<Component>,
    /// The weighted sum, added up in that order; none for who placed no bid.
    pub combined: Option<Score>,
}

/// One component of a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// What it was computed from.
    pub input: Measure,
    /// From 0, the worst, to 1.
    pub score: Score,
}

/// What a component of a score is computed from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Which of the agent's words the task's description contains.
    Match(Matched),
    /// What it asks.
    Bid {
        /// How much, in the hub's own unit of bids.
        amount: Rate,
        /// Where the amount comes from.
        basis: BidBasis,
    },
    /// Reviews of its work on this task type.
    Acceptance {
        /// Those that found it right.
        right: u32,
        /// All of them.
        decided: u32,
        /// The standard normal deviate drawn for it, where it is drawn at random.
        draw: Option<Score>,
    },
    /// Its calls in flight.
    Load {
        /// How many.
        calls: u32,
    },
    /// How long its answers took.
    Latency {
        /// How many answers there were.
        answers: u32,
        /// How long they took together, in microseconds.
        total_us: u64,
    },
    /// What its model costs.
    Price {
        /// A thousand tokens at the dearest of its prices; none where no price is known.
        per_1000: Option<MicroUsd>,
    },
}

/// Which of an agent's words a task's description contains, each in the registration's spelling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    /// Its keywords.
    pub keywords: Vec<Keyword>,
    /// Its capabilities.
    pub capabilities: Vec<Keyword>,
    /// Words related to its capabilities.
    pub related: Vec<Keyword>,
}

/// What all scores of a decision rest on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Reviews in this hub that found work on this task type right.
    pub right: u32,
    /// All reviews of work on this task type in this hub.
    pub decided: u32,
    /// The newest review among them.
    pub rests_on: Option<EventId>,
}

enumeration! {
    /// How candidates are scored.
    Strategy "routing strategy" {
        /// Words contained anywhere in the description, and the bid.
        Classic = "classic",
        /// Whole words, the bid, accepted work, load, latency and price.
        Informed = "informed",
    }
}

/// What each component counts, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    /// The match of words.
    pub matching: u32,
    /// The bid.
    pub bid: u32,
    /// Accepted work.
    pub acceptance: u32,
    /// Calls in flight.
    pub load: u32,
    /// How fast it answers.
    pub latency: u32,
    /// What its model costs.
    pub price: u32,
}

impl Weights {
    /// Those of the classic strategy, which knows words and bids only.
    pub const CLASSIC: Self =
        Self { matching: 600, bid: 400, acceptance: 0, load: 0, latency: 0, price: 0 };
    /// Those of the informed strategy where the hub sets no others.
    pub const INFORMED: Self =
        Self { matching: 250, bid: 100, acceptance: 500, load: 50, latency: 50, price: 50 };
}
