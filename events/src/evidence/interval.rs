//! Between which bounds a share lies that was seen on few tries.

use serde::{Deserialize, Serialize};

use super::beta;

/// The normal quantile of a two-sided interval of 95 %.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// Two bounds, the lower first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

/// The Wilson score interval of a share, without continuity correction, at the normal quantile `z`;
/// nothing for no tries, since nothing is known then.
///
/// More successes than tries count as all of them.
pub fn wilson(successes: u32, tries: u32, z: f64) -> Option<Interval> {
    if tries == 0 {
        return None;
    }
    let n = f64::from(tries);
    let p = f64::from(successes.min(tries)) / n;
    let squared = z * z;
    let scale = 1.0 + squared / n;
    let centre = (p + squared / (2.0 * n)) / scale;
    let reach = z / scale * libm::sqrt(p * (1.0 - p) / n + squared / (4.0 * n * n));
    let low = if successes == 0 { 0.0 } else { (centre - reach).max(0.0) };
    let high = if successes >= tries { 1.0 } else { (centre + reach).min(1.0) };
    Some(Interval { low, high })
}

/// The exact (Clopper-Pearson) interval of a share at this confidence, such as 0.95; nothing for no
/// tries or for a confidence outside 0 to 1.
pub fn clopper_pearson(successes: u32, tries: u32, confidence: f64) -> Option<Interval> {
    if tries == 0 || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let tail = (1.0 - confidence) / 2.0;
    let right = f64::from(successes.min(tries));
    let wrong = f64::from(tries) - right;
    let low = if right > 0.0 { beta::quantile(tail, right, wrong + 1.0) } else { 0.0 };
    let high = if wrong > 0.0 { beta::quantile(1.0 - tail, right + 1.0, wrong) } else { 1.0 };
    Some(Interval { low, high })
}
