//! Whether two things go together.

use serde::{Deserialize, Serialize};

use super::Interval;

/// Pearson's correlation with its interval of 95 %.
///
/// It is undefined, and then there is none, where one side never varies or where fewer than four
/// pairs leave it without an interval: a correlation that cannot be doubted says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// The coefficient, from −1 to 1.
    pub r: f64,
    /// Between which bounds it lies, by Fisher's transformation.
    pub interval: Interval,
}

impl Correlation {
    /// The correlation of `pairs` pairs with this coefficient, if it has an interval at `z`.
    pub(super) fn new(r: f64, pairs: u32, z: f64) -> Option<Self> {
        let freedom = pairs.checked_sub(3).filter(|freedom| *freedom > 0)?;
        if !r.is_finite() {
            return None;
        }
        let r = r.clamp(-1.0, 1.0);
        let centre = libm::atanh(r);
        let reach = z / libm::sqrt(f64::from(freedom));
        let low = libm::tanh(centre - reach);
        let high = libm::tanh(centre + reach);
        Some(Self { r, interval: Interval { low, high } })
    }
}
