//! Whether an agent is as often right as it says it is sure.

use serde::{Deserialize, Serialize};

use super::{Correlation, Interval, Z_95, real, wilson};
use crate::Confidence;

const BINS: u32 = 10;
const MILLION: u32 = 1_000_000;
/// Below this many judgements the expected calibration error of a perfect agent is mostly noise.
const ENOUGH_FOR_ECE: u32 = 100;

/// Judgements on answers that said how sure they were. Folded in whole numbers, so that the order
/// in which judgements come changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calibration {
    bins: [Bin; 10],
    /// Sum of squared confidences, in millionths of millionths.
    squares: u128,
    /// Sum of the confidences of right answers, in millionths.
    sure_and_right: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Bin {
    judged: u32,
    right: u32,
    /// Sum of confidences, in millionths.
    confidence: u64,
}

/// How answers of about the same confidence fared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// The confidence from which on an answer counts here.
    pub from: f64,
    /// The confidence below which it does; the last bin takes 1 as well.
    pub to: f64,
    /// Answers judged.
    pub judged: u32,
    /// Of those, right ones.
    pub right: u32,
    /// How sure they were on average; none where none was judged.
    pub mean_confidence: Option<f64>,
    /// Between which bounds the share of right ones lies (Wilson, 95 %).
    pub interval: Option<Interval>,
}

impl Calibration {
    /// Takes in one judgement.
    pub fn judge(&mut self, confidence: Confidence, right: bool) {
        let millionths = confidence.millionths();
        let index = (millionths / (MILLION / BINS)).min(BINS - 1);
        let index = usize::try_from(index).unwrap_or(0);
        let Some(bin) = self.bins.get_mut(index) else {
            return;
        };
        bin.judged = bin.judged.saturating_add(1);
        bin.confidence = bin.confidence.saturating_add(u64::from(millionths));
        if right {
            bin.right = bin.right.saturating_add(1);
            self.sure_and_right = self.sure_and_right.saturating_add(u64::from(millionths));
        }
        let square = u128::from(millionths).saturating_mul(u128::from(millionths));
        self.squares = self.squares.saturating_add(square);
    }

    /// Takes in everything that another has taken in.
    pub fn absorb(&mut self, other: &Self) {
        for (bin, more) in self.bins.iter_mut().zip(&other.bins) {
            bin.judged = bin.judged.saturating_add(more.judged);
            bin.right = bin.right.saturating_add(more.right);
            bin.confidence = bin.confidence.saturating_add(more.confidence);
        }
        self.squares = self.squares.saturating_add(other.squares);
        self.sure_and_right = self.sure_and_right.saturating_add(other.sure_and_right);
    }

    /// Judged answers that said how sure they were.
    pub fn judged(&self) -> u32 {
        self.bins.iter().fold(0, |sum, bin| sum.saturating_add(bin.judged))
    }

    /// Of those, right ones.
    pub fn right(&self) -> u32 {
        self.bins.iter().fold(0, |sum, bin| sum.saturating_add(bin.right))
    }

    fn confidence(&self) -> u64 {
        self.bins.iter().fold(0, |sum, bin| sum.saturating_add(bin.confidence))
    }

    /// How sure the judged answers were on average.
    pub fn mean_confidence(&self) -> Option<f64> {
        self.mean(real(self.confidence()) / f64::from(MILLION))
    }

    /// Brier's score: the mean of (confidence − outcome)², from 0, the best, to 1.
    pub fn brier(&self) -> Option<f64> {
        let million = u128::from(MILLION);
        let right = u128::from(self.right()).saturating_mul(million).saturating_mul(million);
        let twice = u128::from(self.sure_and_right).saturating_mul(2).saturating_mul(million);
        let sum = self.squares.saturating_add(right).saturating_sub(twice);
        self.mean(wide(sum) / (f64::from(MILLION) * f64::from(MILLION)))
    }

    /// Mean confidence less the share of rights: above 0 it is surer than it is right.
    pub fn bias(&self) -> Option<f64> {
        let right = self.mean(f64::from(self.right()))?;
        self.mean_confidence().map(|confidence| confidence - right)
    }

    /// Pearson's correlation of confidence and outcome, or nothing where it is undefined.
    pub fn correlation(&self) -> Option<Correlation> {
        let (n, right) = (u128::from(self.judged()), u128::from(self.right()));
        let confidence = u128::from(self.confidence());
        // In whole numbers: what never varies gives exactly 0 and no rounding error to divide by.
        let told = (n.saturating_mul(self.squares)).saturating_sub(confidence.pow(2));
        let outcome = right.saturating_mul(n.saturating_sub(right));
        if told == 0 || outcome == 0 {
            return None;
        }
        let together = n.saturating_mul(u128::from(self.sure_and_right));
        let apart = confidence.saturating_mul(right);
        let shared = if together >= apart {
            wide(together.saturating_sub(apart))
        } else {
            -wide(apart.saturating_sub(together))
        };
        let r = shared / (libm::sqrt(wide(told)) * libm::sqrt(wide(outcome)));
        Correlation::new(r, self.judged(), Z_95)
    }

    /// The expected calibration error over ten bins: the mean distance between confidence and
    /// outcome. Nothing below 100 judgements, where it is biased upward beyond use.
    pub fn expected_error(&self) -> Option<f64> {
        if self.judged() < ENOUGH_FOR_ECE {
            return None;
        }
        let distance =
            |bin: &Bin| (real(bin.confidence) / f64::from(MILLION) - f64::from(bin.right)).abs();
        self.mean(self.bins.iter().map(distance).sum())
    }

    /// How answers fared by their confidence, in ten bins, the least sure first.
    pub fn bins(&self) -> impl Iterator<Item = ReliabilityBin> + '_ {
        (0..BINS).zip(&self.bins).map(|(index, bin)| ReliabilityBin {
            from: f64::from(index) / f64::from(BINS),
            to: f64::from(index + 1) / f64::from(BINS),
            judged: bin.judged,
            right: bin.right,
            mean_confidence: (bin.judged > 0)
                .then(|| real(bin.confidence) / f64::from(MILLION) / f64::from(bin.judged)),
            interval: wilson(bin.right, bin.judged, Z_95),
        })
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        let judged = self.judged();
        (judged > 0).then(|| sum / f64::from(judged))
    }
}

/// A wide number as a real one; rounded in its upper and its lower half.
fn wide(number: u128) -> f64 {
    let high = u64::try_from(number >> 64).unwrap_or(u64::MAX);
    let low = u64::try_from(number & u128::from(u64::MAX)).unwrap_or(u64::MAX);
    real(high) * 18_446_744_073_709_551_616.0 + real(low)
}
