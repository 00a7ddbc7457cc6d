//! The rule `weighted`: contributions weigh what their authors' record and model family are worth.
//!
//! With k recommendations to choose from, an agent whose work is accepted at rate p weighs
//! max(0, ln((k − 1) p / (1 − p))): the optimal weight of an independent voter (Nitzan and Paroush
//! 1982, for more than two answers that are wrong alike). p is its acceptance on this task type,
//! shrunk by 20 pseudo-observations to the hub's, which is itself shrunk by 20 to 0.7: below some 20
//! outcomes, weights that are learned do worse than equal ones. Models of one family err alike, so a
//! family has one weight, its members' mean, which they share equally.

use std::collections::BTreeMap;

use convoke_events::evidence::{PRIOR_ACCEPTANCE, PSEUDO_OBSERVATIONS, log_odds_weight, shrunk};
use convoke_events::{Acceptance, VerdictBasis};

use super::{EQUAL, Tally, keys_to_choose_from};

pub(super) const VERSION: u32 = 1;

/// What each contribution weighs, in the order of the voices.
pub(super) fn weights(basis: &VerdictBasis) -> Vec<f64> {
    let towards =
        |Acceptance { right, judged }, mean| shrunk(right, judged, mean, PSEUDO_OBSERVATIONS);
    let hub = towards(basis.hub, PRIOR_ACCEPTANCE);
    let keys = keys_to_choose_from(basis);
    let alone = |acceptance| log_odds_weight(towards(acceptance, hub), keys);
    let mut families: BTreeMap<&str, (f64, u32)> = BTreeMap::new();
    for voice in &basis.voices {
        let (sum, members) = families.entry(voice.family.as_str()).or_default();
        *sum += alone(voice.acceptance);
        *members = members.saturating_add(1);
    }
    let part = |family: &str| {
        let (sum, members) = families.get(family).copied().unwrap_or_default();
        let members = f64::from(members);
        sum / members / members
    };
    basis.voices.iter().map(|voice| part(voice.family.as_str())).collect()
}

/// Whether one recommendation holds two thirds of the weight, and two model families.
pub(super) fn agrees(tally: &Tally<'_>) -> bool {
    tally.share() >= 2.0 / 3.0 - EQUAL && tally.leading_families.len() >= 2
}
