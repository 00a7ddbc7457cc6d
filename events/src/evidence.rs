//! What a record of rights and wrongs proves: the statistics that deciders and views share.
//!
//! Every function here is pure, and every logarithm, root and power comes from the `libm` crate, so
//! that a figure recomputed years later on another machine is equal bit for bit. What is counted is
//! counted in whole numbers; a share is only taken when somebody asks for one.
//!
//! The figures are checked against an independent implementation: `tests/fixtures/statistics` holds
//! the reference values with the script that computed them.

mod acceptance;
mod beta;
mod calibration;
mod conduct;
mod correlation;
mod demotion;
mod interval;
mod promotion;
mod records;
mod spread;
#[cfg(test)]
mod tests;
mod tiers;

pub use self::acceptance::{
    PRIOR_ACCEPTANCE, PSEUDO_OBSERVATIONS, hub_acceptance, log_odds_weight, shrunk,
    shrunk_acceptance,
};
pub use self::calibration::{Calibration, ReliabilityBin};
pub use self::conduct::{Conduct, TierRecord};
pub use self::correlation::Correlation;
pub use self::demotion::DemotionRule;
pub use self::interval::{Interval, Z_95, clopper_pearson, wilson};
pub use self::promotion::{LOOKS, Look, PromotionRule};
pub use self::records::{Records, Tally};
pub use self::spread::{normalised_entropy, normalised_entropy_among};
pub use self::tiers::{TierStanding, Tiers};

/// The number as a real one: exact up to 2^53, rounded once beyond.
pub fn real(number: u64) -> f64 {
    let high = u32::try_from(number >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// The share that `part` is of `whole`; nothing of nothing is no share.
pub fn share(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}
