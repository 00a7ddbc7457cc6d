//! What is done when calls fail, in words.

use std::time::Duration;

use convoke_events::{
    AfterFailure, InvocationRecovered, Recorded, Recourse, Recovery, ResilienceEvent, TextName,
};

use super::because;
use super::told::Told;
use crate::wording::{count, short};

pub(super) fn tell(recorded: &Recorded, event: &ResilienceEvent, told: &Told) -> String {
    let because = because(recorded.texts.get(&TextName::REASON));
    match event {
        ResilienceEvent::RetryRulesSet(facts) => {
            let rules = facts.rules;
            format!(
                "a call is tried {} at most, {:?} to {:?} apart; {} in a row open an endpoint's \
                 breaker for {:?}; at most {} calls of an agent and {} of a provider are under way \
                 at once; a call in doubt after a crash: {}{because}",
                count(rules.max_attempts.into(), "time", "times"),
                Duration::from_millis(rules.base_ms),
                Duration::from_millis(rules.cap_ms),
                count(rules.breaker_failures.into(), "failure", "failures"),
                Duration::from_millis(rules.breaker_open_ms),
                rules.per_agent,
                rules.per_provider,
                rules.in_doubt,
            )
        }
        ResilienceEvent::BreakerOpened(facts) => format!(
            "the breaker of model `{}` of {} (endpoint {}) opened after {} in a row, until {}{because}",
            facts.model,
            facts.provider,
            short(facts.endpoint),
            count(facts.failures.into(), "failure", "failures"),
            facts.until,
        ),
        ResilienceEvent::BreakerHalfOpened(facts) => format!(
            "the breaker of endpoint {} lets {} try it again{because}",
            short(facts.endpoint),
            told.call_in_words(facts.probe),
        ),
        ResilienceEvent::BreakerClosed(facts) => {
            format!(
                "the breaker of endpoint {} closed: it serves again{because}",
                short(facts.endpoint)
            )
        }
    }
}

/// What is done about a failed try, to be put behind it.
pub(super) fn then(then: AfterFailure) -> String {
    match then {
        AfterFailure::Stop => String::new(),
        AfterFailure::Again { mend: true, .. } => "; it is told what was wrong, once".to_owned(),
        AfterFailure::Again { at, .. } => format!("; it is asked again at {at}"),
        AfterFailure::FallBack { .. } => "; the next candidate is asked instead".to_owned(),
    }
}

/// A call that was in flight when the process ended.
pub(super) fn recovered(recorded: &Recorded, facts: &InvocationRecovered, told: &Told) -> String {
    let found = match facts.found {
        Recovery::DidNotHappen => "did not happen",
        Recovery::InDoubt => "is in doubt",
        Recovery::Landed => "landed, and its answer is lost",
    };
    let then = match facts.then {
        Recourse::Repeat => "it is made again under its reservation",
        Recourse::Fail => "it has failed, and its charge is kept",
        Recourse::Person => "it waits for a person",
    };
    format!(
        "{} {found}: {then}{}",
        told.call_in_words(facts.invocation),
        because(recorded.texts.get(&TextName::REASON)),
    )
}
