//! When an agent goes down a tier: a sequential likelihood test, looked at after every run.

use serde::{Deserialize, Serialize};

/// Weighs a failure rate that is borne against one that is not, run by run (Wald).
///
/// The evidence is a log-likelihood ratio: it goes up by ln(p1 / p0) at a failure and down by
/// ln((1 − p0) / (1 − p1)) otherwise, never below a floor, so that a long good record delays a
/// conviction by a bounded number of runs and no more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DemotionRule {
    borne: f64,
    unborne: f64,
}

impl DemotionRule {
    /// What the rule is called where a decision names it.
    pub const NAME: &'static str = "sequential-likelihood";
    /// Which version of it this is.
    pub const VERSION: u32 = 1;
    /// Below this the evidence never falls.
    pub const FLOOR: f64 = -3.5;
    /// At this the agent is convicted.
    pub const THRESHOLD: f64 = 5.2;

    /// Tells agents that fail at the rate `borne` (p0) from those at `unborne` (p1); nothing unless
    /// 0 < p0 < p1 < 1.
    pub fn new(borne: f64, unborne: f64) -> Option<Self> {
        let apart = 0.0 < borne && borne < unborne && unborne < 1.0;
        apart.then_some(Self { borne, unborne })
    }

    /// The failure rate that is borne (p0).
    pub const fn borne(&self) -> f64 {
        self.borne
    }

    /// The failure rate that is not (p1).
    pub const fn unborne(&self) -> f64 {
        self.unborne
    }

    /// The evidence against an agent after one run more.
    pub fn after(&self, evidence: f64, failed: bool) -> f64 {
        let ratio = if failed {
            self.unborne / self.borne
        } else {
            (1.0 - self.unborne) / (1.0 - self.borne)
        };
        (evidence + libm::log(ratio)).max(Self::FLOOR)
    }

    /// Whether this much evidence takes an agent down.
    pub fn convicts(&self, evidence: f64) -> bool {
        evidence >= Self::THRESHOLD
    }
}

impl Default for DemotionRule {
    /// Bears 5 % of failures and does not bear 20 %.
    fn default() -> Self {
        Self { borne: 0.05, unborne: 0.20 }
    }
}
