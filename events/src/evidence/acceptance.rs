//! How much an acceptance is worth while little is known: shrinkage, and the weight of a voice.

use super::Tally;

/// As how many observations the mean counts towards which a share is shrunk (§8).
pub const PSEUDO_OBSERVATIONS: f64 = 20.0;

/// What acceptance is taken to be before anybody has reviewed anything (§8).
pub const PRIOR_ACCEPTANCE: f64 = 0.7;

/// A share never reaches 0 or 1 in a weight: one vote cannot be worth infinitely many.
const LEAST_DOUBT: f64 = 1e-6;

/// The share of rights, pulled towards `mean` as if `pseudo` more observations had shown that:
/// (right + pseudo × mean) / (judged + pseudo). Without observations of either kind it is `mean`.
pub fn shrunk(right: u32, judged: u32, mean: f64, pseudo: f64) -> f64 {
    let weight = f64::from(judged) + pseudo;
    if weight > 0.0 { (f64::from(right) + pseudo * mean) / weight } else { mean }
}

/// A hub's mean acceptance, shrunk by 20 pseudo-observations to 0.7.
pub fn hub_acceptance(hub: &Tally) -> f64 {
    shrunk(hub.right(), hub.judged(), PRIOR_ACCEPTANCE, PSEUDO_OBSERVATIONS)
}

/// An agent's acceptance, shrunk by 20 pseudo-observations to the hub's mean, which is itself
/// shrunk ([`hub_acceptance`]).
pub fn shrunk_acceptance(agent: &Tally, hub: &Tally) -> f64 {
    shrunk(agent.right(), agent.judged(), hub_acceptance(hub), PSEUDO_OBSERVATIONS)
}

/// What a voice that is right with probability `p` weighs among `keys` possible answers:
/// max(0, ln((k − 1) p / (1 − p))), the ideal weight of independent voters (Nitzan and Paroush).
///
/// Fewer than two keys are taken as two; `p` is held a millionth away from 0 and 1.
pub fn log_odds_weight(p: f64, keys: u32) -> f64 {
    let p = p.clamp(LEAST_DOUBT, 1.0 - LEAST_DOUBT);
    let others = f64::from(keys.max(2) - 1);
    libm::log(others * p / (1.0 - p)).max(0.0)
}
