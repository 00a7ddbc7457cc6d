//! The beta distribution, as far as exact intervals need it.

/// How often the fraction is continued at most; it settles after about the root of the larger shape.
const STEPS: u32 = 20_000;

/// Stands in for a denominator of nothing.
const TINY: f64 = 1e-300;

/// Where the distribution of these shapes has `share` of its mass to the left.
pub(super) fn quantile(share: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    // Halved until two neighbouring numbers are left; slower than Newton and never lost.
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle;
        }
        if mass_below(middle, a, b) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// The regularised incomplete beta function: the mass to the left of `x`.
fn mass_below(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let log_front = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b)
        + a * libm::log(x)
        + b * libm::log1p(-x);
    let front = libm::exp(log_front);
    // The fraction converges fast only on its own side of the mean.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * continued(x, a, b) / a
    } else {
        1.0 - front * continued(1.0 - x, b, a) / b
    }
}

/// The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method.
fn continued(x: f64, a: f64, b: f64) -> f64 {
    let held = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut above = 1.0;
    let mut below = 1.0 / held(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = below;
    for step in (1..STEPS).map(f64::from) {
        let twice = a + 2.0 * step;
        let even = step * (b - step) * x / ((twice - 1.0) * twice);
        below = 1.0 / held(1.0 + even * below);
        above = held(1.0 + even / above);
        fraction *= below * above;
        let odd = -(a + step) * (a + b + step) * x / (twice * (twice + 1.0));
        below = 1.0 / held(1.0 + odd * below);
        above = held(1.0 + odd / above);
        let change = below * above;
        fraction *= change;
        if (change - 1.0).abs() < 1e-16 {
            break;
        }
    }
    fraction
}
