//! Scores: the numbers a decision compares, the same bit for bit wherever they are computed.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A finite number in a total order. On disk it is the eight bytes of an IEEE 754 double, so that a
/// recomputed score is equal to the recorded one or it is another one; there is no rounding between.
#[derive(Clone, Copy)]
pub struct Score(f64);

impl Score {
    /// Nothing.
    pub const ZERO: Self = Self(0.0);

    /// Takes a finite number; 0 has no sign.
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value + 0.0))
    }

    /// Takes what is nearest to the number from 0 to 1; what is no number is 0.
    pub fn share(value: f64) -> Self {
        if value > 0.0 { Self(value.min(1.0)) } else { Self::ZERO }
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Score {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for Score {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        Self::new(value).ok_or_else(|| de::Error::custom("a score is a finite number"))
    }
}

#[cfg(test)]
mod tests {
    use super::Score;
    use crate::{decode, encode};

    #[test]
    fn what_is_no_number_is_no_score() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Score::new(value), None);
            assert!(decode::<Score>(&encode(&value).unwrap()).is_err(), "{value}");
        }
        assert_eq!(Score::share(f64::NAN), Score::ZERO);
        assert_eq!(Score::share(f64::INFINITY), Score::new(1.0).unwrap());
    }

    #[test]
    fn zero_has_no_sign_and_the_order_is_total() {
        assert_eq!(Score::new(-0.0), Score::new(0.0));
        assert_eq!(Score::share(-0.0), Score::ZERO);
        let mut scores = [0.3, -1.0, 0.1 + 0.2, 0.0].map(|value| Score::new(value).unwrap());
        scores.sort();
        let ordered = [-1.0, 0.0, 0.3, 0.1 + 0.2].map(|value| Score::new(value).unwrap());
        assert_eq!(scores, ordered);
    }

    #[test]
    fn a_score_comes_back_from_its_bytes_bit_for_bit() {
        for value in [0.1 + 0.2, 5e-324, f64::MAX, -1.0 / 3.0] {
            let score = Score::new(value).unwrap();
            let bytes = encode(&score).unwrap();
            assert_eq!(bytes, value.to_le_bytes());
            assert_eq!(decode::<Score>(&bytes).unwrap(), score);
        }
    }
}
