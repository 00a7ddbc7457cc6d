//! The rule `classic`: everybody names the same recommendation.

use convoke_events::VerdictBasis;

use super::Tally;

pub(super) const VERSION: u32 = 1;

/// Every contribution counts the same.
pub(super) fn weights(basis: &VerdictBasis) -> Vec<f64> {
    vec![1.0; basis.voices.len()]
}

/// Whether all name the same.
pub(super) fn agrees(tally: &Tally<'_>) -> bool {
    tally.held.len() == 1
}
