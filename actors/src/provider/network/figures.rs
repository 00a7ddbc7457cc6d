//! Figures of usage: as they are said, or unknown.

use convoke_events::{MicroUsd, Tokens};
use serde_json::Value;

/// A number of tokens; unknown where it is missing or none.
pub(in crate::provider) fn tokens(value: Option<&Value>) -> Option<Tokens> {
    value.and_then(Value::as_u64).map(Tokens::new)
}

/// Dollars as micro-dollars, rounded up; unknown where they are missing, negative or beyond counting.
pub(in crate::provider) fn micro_usd(value: Option<&Value>) -> Option<MicroUsd> {
    let Some(Value::Number(number)) = value else { return None };
    let text = number.to_string();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text.as_str(), 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: u128 = format!("{whole}{part}").parse().ok()?;
    // How many places the digits have to move to be micro-dollars.
    let places = 6_i32.checked_add(exponent)?.checked_sub(i32::try_from(part.len()).ok()?)?;
    let power = 10_u128.checked_pow(places.unsigned_abs());
    let micros = match (places < 0, power) {
        (false, Some(power)) => digits.checked_mul(power)?,
        (true, Some(power)) => digits.div_ceil(power),
        (false, None) => return (digits == 0).then_some(MicroUsd::ZERO),
        (true, None) => u128::from(digits > 0),
    };
    u64::try_from(micros).ok().map(MicroUsd::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Option<u64>) {
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(micro_usd(Some(&value)), expected.map(MicroUsd::new), "{json}");
    }

    #[test]
    fn dollars_are_counted_exactly_and_rounded_up_once() {
        check("0.0123", Some(12_300));
        check("0.1", Some(100_000));
        check("1.2e-5", Some(12));
        check("0.0000001", Some(1));
        check("1e-300", Some(1));
        check("3", Some(3_000_000));
        check("0", Some(0));
        check("0.0", Some(0));
        check("-0.5", None);
        check("1e300", None);
        check("\"0.1\"", None);
        check("null", None);
        assert_eq!(micro_usd(None), None);
    }
}
