//! The story of calls that fail: tries, fallbacks, breakers and doubts, in words.

use std::time::Duration;

use convoke_events::*;

use super::federation::*;
use super::history::*;
use crate::audit::{Subject, story};

fn told(history: &History) -> Vec<String> {
    let lines = story(&history.log, Subject::Task(task("login"))).unwrap();
    lines.into_iter().map(|line| line.text).collect()
}

fn failed(class: FailureClass, then: AfterFailure) -> InvocationFailed {
    let usage = Usage::default();
    InvocationFailed { then, ..call_failed(call("login", "triage", "scout"), class, usage) }
}

fn because(reason: &str) -> Texts {
    Texts::none().with(TextName::REASON, reason)
}

/// A triage that was asked for.
fn asked() -> History {
    let mut history = opened();
    submit(&mut history, "login");
    start(&mut history, "login", Purpose::Triage, "scout");
    history
}

#[test]
fn every_try_says_why_it_failed_and_what_is_done_about_it() {
    let mut history = asked();
    let reservation = reservation("login", "triage", "scout");
    let at: Timestamp = "2026-03-01T09:30:00Z".parse().unwrap();
    let again = |mend| AfterFailure::Again { at, reservation, mend };
    let slow = InvocationFailed {
        latency_us: Some(1_500_000),
        ..failed(FailureClass::RateLimited, again(false))
    };
    history.on("login", slow, because("127.0.0.1 says: 429 slow down"));
    let malformed = failed(FailureClass::Malformed, again(true));
    history.on("login", malformed, because("it is no JSON"));
    let invocation = call("login", "triage", "helm");
    let gone = failed(FailureClass::NoModel, AfterFailure::FallBack { invocation });
    history.on("login", gone, because("no such model"));
    let refused = failed(FailureClass::Auth, AfterFailure::Stop);
    history.on("login", refused, because("no key"));
    let told = told(&history);
    let expected = [
        "scout (v1) gave no usable answer after 1.5s, `rate_limited`: 127.0.0.1 says: 429 slow \
         down; it is asked again at 2026-03-01T09:30:00.000000Z",
        "scout (v1) gave no usable answer, `malformed`: it is no JSON; it is told what was wrong, \
         once",
        "scout (v1) gave no usable answer, `no_model`: no such model; the next candidate is asked \
         instead",
        "scout (v1) gave no usable answer, `auth`: no key",
    ];
    assert_eq!(told[told.len() - 4..], expected);
}

#[test]
fn a_second_try_and_a_fallback_say_what_they_are() {
    let mut history = asked();
    let lines = history.log.read(Query::event_type("InvocationStarted"));
    let Event::Invocation(InvocationEvent::InvocationStarted(first)) =
        lines.map(|recorded| recorded.unwrap().event).next().unwrap()
    else {
        panic!("another event");
    };
    history.on("login", InvocationStarted { attempt: 2, ..first.clone() }, Texts::none());
    let instead = InvocationStarted {
        invocation: call("login", "triage", "helm"),
        agent: agent("helm"),
        instead_of: Some(first.invocation),
        ..first
    };
    history.on("login", instead, Texts::none());
    let told = told(&history);
    let last = &told[told.len() - 2..];
    assert!(
        last[0].starts_with("scout (v1) was asked to triage (attempt 2), by model"),
        "{told:?}"
    );
    assert!(
        last[1].starts_with("helm (v1) was asked to triage instead of scout (v1), "),
        "{told:?}"
    );
}

#[test]
fn a_breaker_says_when_it_opens_who_may_try_and_that_it_closed() {
    let mut history = asked();
    let endpoint = EndpointId::derive(&["rules"]);
    let opened = BreakerOpened {
        endpoint,
        provider: ProviderName::OpenAi,
        model: word("small-1"),
        failures: 5,
        until: "2026-03-01T09:30:00Z".parse().unwrap(),
    };
    history.on("login", opened, because("it failed too often in a row"));
    let probe = call("login", "triage", "scout");
    history.on("login", BreakerHalfOpened { endpoint, probe }, because("it was open long enough"));
    history.on("login", BreakerClosed { endpoint }, because("it came through"));
    let told = told(&history);
    let id = endpoint.to_string();
    let id = id.split('-').next().unwrap();
    let expected = [
        format!(
            "the breaker of model `small-1` of openai (endpoint {id}…) opened after 5 failures in \
             a row, until 2026-03-01T09:30:00.000000Z: it failed too often in a row"
        ),
        format!(
            "the breaker of endpoint {id}… lets the triage of scout (v1) try it again: it was \
             open long enough"
        ),
        format!("the breaker of endpoint {id}… closed: it serves again: it came through"),
    ];
    assert_eq!(told[told.len() - 3..], expected);
}

#[test]
fn what_became_of_a_call_at_a_crash_and_the_rules_for_it_are_told() {
    let mut history = asked();
    let rules = RetryRules { max_attempts: 1, in_doubt: Recourse::Person, ..RetryRules::default() };
    history.on("login", RetryRulesSet { rules }, Texts::none());
    let invocation = call("login", "triage", "scout");
    for (found, then) in [
        (Recovery::DidNotHappen, Recourse::Repeat),
        (Recovery::InDoubt, Recourse::Person),
        (Recovery::Landed, Recourse::Fail),
    ] {
        let facts = InvocationRecovered { invocation, attempt: 1, found, then };
        history.on("login", facts, because("so it is"));
    }
    let told = told(&history);
    let ms = Duration::from_millis;
    let expected = [
        format!(
            "a call is tried 1 time at most, {:?} to {:?} apart; 5 failures in a row open an \
             endpoint's breaker for {:?}; at most 16 calls of an agent and 64 of a provider are \
             under way at once; a call in doubt after a crash: person",
            ms(500),
            ms(30_000),
            ms(30_000)
        ),
        "the triage of scout (v1) did not happen: it is made again under its reservation: so it is"
            .to_owned(),
        "the triage of scout (v1) is in doubt: it waits for a person: so it is".to_owned(),
        "the triage of scout (v1) landed, and its answer is lost: it has failed, and its charge is \
         kept: so it is"
            .to_owned(),
    ];
    assert_eq!(told[told.len() - 4..], expected);
}
