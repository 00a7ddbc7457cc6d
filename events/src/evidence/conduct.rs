//! How an agent behaved on the work of its tier.

use serde::{Deserialize, Serialize};

use super::DemotionRule;
use crate::Tier;

/// Runs, and how many of them kept the rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conduct {
    /// Runs in all.
    pub runs: u32,
    /// Of those, runs that kept every rule.
    pub compliant: u32,
    /// Of those, how many at the end followed one another.
    pub consecutive: u32,
}

impl Conduct {
    /// Takes in one run.
    pub fn ran(&mut self, compliant: bool) {
        self.runs = self.runs.saturating_add(1);
        if compliant {
            self.compliant = self.compliant.saturating_add(1);
            self.consecutive = self.consecutive.saturating_add(1);
        } else {
            self.consecutive = 0;
        }
    }
}

/// What speaks for and against an agent on the work of one tier.
///
/// Only work of the tier counts, neither easier nor earlier work: a burst of tasks for beginners is
/// no ground to go up, and buys no leniency either. Nothing here knows a clock: an agent that does
/// nothing keeps what it has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TierRecord {
    tier: Tier,
    conduct: Conduct,
    suspicion: f64,
}

impl TierRecord {
    /// Starts at this tier, with nothing for or against.
    pub const fn at(tier: Tier) -> Self {
        Self { tier, conduct: Conduct { runs: 0, compliant: 0, consecutive: 0 }, suspicion: 0.0 }
    }

    /// Takes in a run on work that asks for `work`; work below the tier changes nothing.
    pub fn ran(&mut self, work: Tier, compliant: bool, rule: &DemotionRule) {
        if work < self.tier {
            return;
        }
        self.conduct.ran(compliant);
        self.suspicion = rule.after(self.suspicion, !compliant);
    }

    /// The agent goes up or down: what it did elsewhere proves nothing here.
    pub const fn moved(&mut self, tier: Tier) {
        *self = Self::at(tier);
    }

    /// The agent's model, prompt or tools are new: what spoke for it is gone, what speaks against
    /// it stays, so that nobody sheds a suspicion by a new prompt.
    pub const fn revised(&mut self) {
        let suspicion = self.suspicion.max(0.0);
        *self = Self { suspicion, ..Self::at(self.tier) };
    }

    /// At which tier.
    pub const fn tier(&self) -> Tier {
        self.tier
    }

    /// How it behaved there.
    pub const fn conduct(&self) -> Conduct {
        self.conduct
    }

    /// The evidence against it, as [`DemotionRule`] reads it.
    pub const fn suspicion(&self) -> f64 {
        self.suspicion
    }
}
