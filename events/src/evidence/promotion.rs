//! When an agent may go up a tier: a lower bound over a gate, looked at five times.

use serde::{Deserialize, Serialize};

use super::{Conduct, wilson};

/// After how many runs at a tier somebody looks. Looking at every run would let anybody through who
/// is lucky once.
pub const LOOKS: [u32; 5] = [30, 60, 120, 240, 480];

/// Asks whether the share of compliant runs lies above a gate, luck set aside.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromotionRule {
    gate: f64,
}

/// What a look at an agent's conduct says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// Nobody looks now.
    NotNow {
        /// At how many runs somebody does; never again after the last look.
        next: Option<u32>,
    },
    /// The bound is not over the gate.
    Below {
        /// The lower bound.
        bound: f64,
    },
    /// The bound is over the gate.
    Above {
        /// The lower bound.
        bound: f64,
    },
}

impl PromotionRule {
    /// What the rule is called where a decision names it.
    pub const NAME: &'static str = "wilson-gate";
    /// Which version of it this is.
    pub const VERSION: u32 = 1;
    /// The normal quantile of its bound: one-sided, 1 %.
    pub const Z: f64 = 2.33;

    /// Lets through whoever is surely above this share of compliant runs; nothing unless it lies
    /// between 0 and 1.
    pub fn new(gate: f64) -> Option<Self> {
        (gate > 0.0 && gate < 1.0).then_some(Self { gate })
    }

    /// The share that must be exceeded.
    pub const fn gate(&self) -> f64 {
        self.gate
    }

    /// The lower bound that is held against the gate; 0 before the first run.
    pub fn bound(&self, conduct: Conduct) -> f64 {
        wilson(conduct.compliant, conduct.runs, Self::Z).map_or(0.0, |interval| interval.low)
    }

    /// Looks, if this is a moment to.
    pub fn look(&self, conduct: Conduct) -> Look {
        if !LOOKS.contains(&conduct.runs) {
            let next = LOOKS.into_iter().find(|look| *look > conduct.runs);
            return Look::NotNow { next };
        }
        let bound = self.bound(conduct);
        if bound > self.gate { Look::Above { bound } } else { Look::Below { bound } }
    }
}

impl Default for PromotionRule {
    /// The gate at 92 %.
    fn default() -> Self {
        Self { gate: 0.92 }
    }
}
