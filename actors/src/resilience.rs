//! Resilience: what is done when calls fail, decided from recorded facts and the hub's own rules.

mod breaker;

use std::time::Duration;

use convoke_events::{
    CorrelationId, ResilienceEvent, RetryRules, RetryRulesSet, StreamId, Texts, Timestamp,
};

pub(crate) use self::breaker::{Breakers, Health, half_opened, judged};
use crate::decision::Draft;
use crate::refusal::Refusal;

/// A hub's rules for failures, and the breakers in front of its endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resilience {
    rules: RetryRules,
    pub(crate) breakers: Breakers,
}

impl Resilience {
    pub(crate) const fn rules(&self) -> &RetryRules {
        &self.rules
    }

    pub(crate) fn evolve(&mut self, event: &ResilienceEvent) {
        match event {
            ResilienceEvent::RetryRulesSet(set) => self.rules = set.rules,
            ResilienceEvent::BreakerOpened(_)
            | ResilienceEvent::BreakerHalfOpened(_)
            | ResilienceEvent::BreakerClosed(_) => self.breakers.evolve(event),
        }
    }
}

/// Chooses what the hub does when calls fail, where it differs.
pub(crate) fn set_rules(
    resilience: &Resilience,
    rules: &RetryRules,
) -> Result<Vec<Draft>, Refusal> {
    let too_little = [
        (rules.max_attempts == 0, "the most tries of a call", "1"),
        (rules.base_ms == 0, "the wait before a second try", "1 millisecond"),
        (rules.cap_ms < rules.base_ms, "the longest wait", "as long as the first one"),
        (rules.breaker_failures == 0, "the failures that open a breaker", "1"),
        (rules.breaker_open_ms == 0, "the time a breaker stays open", "1 millisecond"),
        (rules.per_agent == 0, "the calls of an agent at once", "1"),
        (rules.per_provider == 0, "the calls of a provider at once", "1"),
    ];
    if let Some((_, what, least)) = too_little.into_iter().find(|(wrong, ..)| *wrong) {
        return Err(Refusal::TooLittle { what, least });
    }
    if *rules == resilience.rules {
        return Ok(Vec::new());
    }
    let (stream, correlation) = (StreamId::hub(), CorrelationId::derive(&["retry rules"]));
    let event = RetryRulesSet { rules: *rules }.into();
    Ok(vec![Draft { stream, correlation, cause: None, event, texts: Texts::none() }])
}

/// When a call that has failed so often is tried again: the base doubled for every failure after
/// the first up to the cap, of which the seed draws a quarter to all, and not before `floor`.
pub(crate) fn next_try(
    rules: &RetryRules,
    failures: u32,
    floor: Duration,
    now: Timestamp,
    seed: u64,
) -> Timestamp {
    let doubled = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
    let most = rules.base_ms.saturating_mul(doubled).min(rules.cap_ms).saturating_mul(1_000);
    let least = most / 4;
    let span = most.saturating_sub(least).saturating_add(1);
    let drawn = least.saturating_add(seed.checked_rem(span).unwrap_or(0));
    now.plus(Duration::from_micros(drawn).max(floor))
}

#[cfg(test)]
mod tests {
    use convoke_events::testkit::NOON;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_is_a_quarter_to_all_of_its_bound_and_never_below_the_floor(
            failures in 1_u32..200, floor in 0_u64..90_000, seed in any::<u64>(),
        ) {
            let rules = RetryRules::default();
            let floor = Duration::from_millis(floor);
            let wait = next_try(&rules, failures, floor, NOON, seed).since(NOON);
            let doubled = rules.base_ms.saturating_mul(1 << (failures - 1).min(40));
            let bound = Duration::from_millis(doubled.min(rules.cap_ms));
            prop_assert!(wait >= floor);
            prop_assert!(wait >= bound / 4);
            prop_assert!(wait <= bound.max(floor));
        }
    }

    #[test]
    fn two_seeds_spread_two_waits() {
        let at = |seed| next_try(&RetryRules::default(), 1, Duration::ZERO, NOON, seed);
        assert_ne!(at(1), at(2));
    }
}
