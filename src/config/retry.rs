//! What a scenario says about calls that fail.

use convoke_events::{Recourse, RetryRules};

use super::fields::Field;

/// The most milliseconds that a wait may be set to: a day.
const DAY: u64 = 86_400_000;

/// Reads the table `[retry]`; what it does not say is as usual.
pub(super) fn retry(field: &Field<'_>) -> Option<RetryRules> {
    let usual = RetryRules::default();
    let mut fields = field.table()?;
    let mut count = |name, usual: u32, most: u64| {
        let number = fields.get(name).map_or(Some(usual.into()), |one| one.number(1..=most));
        number.and_then(|number| u32::try_from(number).ok())
    };
    let max_attempts = count("max_attempts", usual.max_attempts, 100);
    let breaker_failures = count("breaker_failures", usual.breaker_failures, 10_000);
    let per_agent = count("per_agent", usual.per_agent, 10_000);
    let per_provider = count("per_provider", usual.per_provider, 10_000);
    let mut wait =
        |name, usual, least| fields.get(name).map_or(Some(usual), |one| one.number(least..=DAY));
    let base_ms = wait("base_ms", usual.base_ms, 1);
    let least = base_ms.unwrap_or(1);
    let cap_ms = wait("cap_ms", usual.cap_ms.max(least), least);
    let breaker_open_ms = wait("breaker_open_ms", usual.breaker_open_ms, 1);
    let in_doubt =
        fields.get("in_doubt").map_or(Some(usual.in_doubt), |one| one.word::<Recourse>());
    fields.finish();
    Some(RetryRules {
        max_attempts: max_attempts?,
        base_ms: base_ms?,
        cap_ms: cap_ms?,
        breaker_failures: breaker_failures?,
        breaker_open_ms: breaker_open_ms?,
        per_agent: per_agent?,
        per_provider: per_provider?,
        in_doubt: in_doubt?,
    })
}
