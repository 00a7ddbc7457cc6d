//! How amounts, reasons and answers are put into words.

use std::fmt::Display;

use std::time::Duration;

use convoke_events::{Amount, BlockReason, Limits, MicroUsd, Period, PolicyRef, Tokens};

/// The longest quotation of an answer, in characters.
const QUOTE: usize = 240;

/// The most lines of an answer that are quoted.
const LINES: usize = 3;

/// `1 token`, `2 tokens`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `412 tokens`.
/// A span of time, in the largest unit that it is a whole number of.
pub(crate) fn span(span: Duration) -> String {
    const UNITS: [(u128, &str, &str); 5] = [
        (86_400_000, "day", "days"),
        (3_600_000, "hour", "hours"),
        (60_000, "minute", "minutes"),
        (1_000, "second", "seconds"),
        (1, "millisecond", "milliseconds"),
    ];
    let whole = span.as_millis();
    let unit = UNITS.into_iter().find(|(unit, ..)| whole.is_multiple_of(*unit));
    let (unit, one, many) = unit.unwrap_or((1, "millisecond", "milliseconds"));
    let number = whole.checked_div(unit).unwrap_or(whole);
    count(u64::try_from(number).unwrap_or(u64::MAX), one, many)
}

pub(crate) fn tokens(tokens: Tokens) -> String {
    count(tokens.get(), "token", "tokens")
}

/// `$0.000124`, to the micro-dollar, cents at least.
pub(crate) fn money(money: MicroUsd) -> String {
    let (dollars, micros) = (money.get() / 1_000_000, money.get() % 1_000_000);
    let exact = format!("{micros:06}");
    let shown = exact.trim_end_matches('0');
    format!("${dollars}.{shown:0<2}")
}

/// `412 tokens ($0.000124)`; no price where there is none.
pub(crate) fn amount(amount: Amount) -> String {
    if amount.money == MicroUsd::ZERO {
        tokens(amount.tokens)
    } else {
        format!("{} ({})", tokens(amount.tokens), money(amount.money))
    }
}

/// `at most 5000 tokens and $0.02 a day`.
pub(crate) fn limits(limits: Limits) -> String {
    let period = match limits.period {
        Period::Total => "",
        Period::Day => " a day",
        Period::Month => " a month",
    };
    match (limits.tokens, limits.money) {
        (None, None) => "without a limit of its own".to_owned(),
        (Some(most), None) => format!("at most {}{period}", tokens(most)),
        (None, Some(most)) => format!("at most {}{period}", money(most)),
        (Some(most), Some(dear)) => format!("at most {} and {}{period}", tokens(most), money(dear)),
    }
}

/// The first digits of an id, enough to find its full spelling.
pub(crate) fn short(id: impl Display) -> String {
    let id = id.to_string();
    match id.split_once('-') {
        Some((start, _)) => format!("{start}…"),
        None => id,
    }
}

/// `policy 3f0c2a11… v1`.
pub(crate) fn policy(policy: PolicyRef) -> String {
    format!("policy {} v{}", short(policy.id), policy.version)
}

/// Why governance denied something.
pub(crate) fn block_reason(because: &BlockReason) -> String {
    match because {
        BlockReason::Revoked => "it was revoked, and only a person reinstates it".to_owned(),
        BlockReason::NoPolicy => "no policy speaks of it, and the hub denies by default".to_owned(),
        BlockReason::PolicyInactive(at) => {
            format!("{} is switched off, and the hub denies by default", policy(*at))
        }
        BlockReason::VerbNotAllowed(at) => format!("{} does not allow it", policy(*at)),
        BlockReason::BeyondTrust { policy: Some(at), trust } => {
            format!("{} allows more than trust level `{trust}` can be granted", policy(*at))
        }
        BlockReason::BeyondTrust { policy: None, trust } => {
            format!("trust level `{trust}` cannot be granted it")
        }
    }
}

/// The policy that denied something, if one did.
pub(crate) const fn denied_by(because: &BlockReason) -> Option<PolicyRef> {
    match because {
        BlockReason::NoPolicy | BlockReason::Revoked => None,
        BlockReason::PolicyInactive(policy) | BlockReason::VerbNotAllowed(policy) => Some(*policy),
        BlockReason::BeyondTrust { policy, .. } => *policy,
    }
}

/// The first lines of what an answer says: of its `body` where it is an object that has one, of
/// itself otherwise.
pub(crate) fn first_lines(content: &str) -> String {
    let parsed = serde_json::from_str::<serde_json::Value>(content).ok();
    let body = parsed.as_ref().and_then(|answer| answer.get("body")?.as_str()).unwrap_or(content);
    let lines: Vec<&str> = body.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let quoted = lines.iter().take(LINES).copied().collect::<Vec<_>>().join(" / ");
    let short: String = quoted.chars().take(QUOTE).collect();
    let cut = short.len() < quoted.len() || lines.len() > LINES;
    if cut { format!("{short}…") } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_the_largest_unit_it_is_a_whole_number_of() {
        assert_eq!(span(Duration::from_hours(720)), "30 days");
        assert_eq!(span(Duration::from_hours(1)), "1 hour");
        assert_eq!(span(Duration::from_secs(90)), "90 seconds");
        assert_eq!(span(Duration::from_millis(1_001)), "1001 milliseconds");
    }

    #[test]
    fn money_is_shown_to_the_micro_dollar_and_cents_at_least() {
        let shown = |micros| money(MicroUsd::new(micros));
        assert_eq!(
            [shown(0), shown(124), shown(2_500_000), shown(12_340_001)],
            ["$0.00", "$0.000124", "$2.50", "$12.340001"]
        );
    }

    #[test]
    fn an_answer_is_quoted_by_the_first_lines_of_its_body() {
        assert_eq!(first_lines(r#"{"recommendation":"fix","body":"one\n\ntwo"}"#), "one / two");
        assert_eq!(first_lines("a\nb\nc\nd"), "a / b / c…");
        assert_eq!(first_lines(&"x".repeat(500)).chars().count(), QUOTE + 1);
    }
}
