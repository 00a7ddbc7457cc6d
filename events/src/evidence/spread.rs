//! How far opinions lie apart.

/// The entropy of these weights as a share of the largest there could be among as many outcomes:
/// 0 where one has all the weight, 1 where all have the same. Weights that are not above 0 count as
/// nothing; without weight, or with fewer than two outcomes, it is 0.
pub fn normalised_entropy(weights: &[f64]) -> f64 {
    normalised_entropy_among(weights, u32::try_from(weights.len()).unwrap_or(u32::MAX))
}

/// The same, where there could have been more outcomes than have any weight.
pub fn normalised_entropy_among(weights: &[f64], outcomes: u32) -> f64 {
    let held = || weights.iter().copied().filter(|weight| *weight > 0.0 && weight.is_finite());
    let total: f64 = held().sum();
    if total <= 0.0 || outcomes < 2 {
        return 0.0;
    }
    let sum: f64 = held()
        .map(|weight| {
            let share = weight / total;
            share * libm::log(share)
        })
        .sum();
    // Taken from 0, so that no entropy is 0 and not -0.
    ((0.0 - sum) / libm::log(f64::from(outcomes))).clamp(0.0, 1.0)
}
