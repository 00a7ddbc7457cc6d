//! Breakers: what fails all the time is not asked all the time.

use std::time::Duration;

use convoke_events::{
    AfterFailure, Conclusion, Event, FailureClass, ResilienceEvent, RetryRules, TaskOutcome,
};

use super::cast::{agent, ends, found, hand_in, only_call, triage, usage, workshop};
use super::failures::{fails, failures, look, unavailable, under_way, with_second};
use crate::command::Command;
use crate::provider::ProviderFailure;
use crate::testkit::{Scene, Then};

fn breaker(then: &Then) -> Vec<&'static str> {
    then.types().into_iter().filter(|event| event.starts_with("Breaker")).collect()
}

/// Fails calls of `scout` until its breaker opens.
fn opened(scene: &mut Scene) {
    let rules = RetryRules { max_attempts: 1, breaker_failures: 3, ..RetryRules::default() };
    assert_eq!(scene.command(Command::SetRetryRules(rules)).answer, Ok(()));
    for (request, expected) in [("1", &[][..]), ("2", &[]), ("3", &["BreakerOpened"])] {
        hand_in(scene, triage(request));
        let call = only_call(scene);
        let then = fails(scene, &call, unavailable());
        assert_eq!(breaker(&then), expected, "request {request}");
    }
}

#[test]
fn a_breaker_opens_excludes_its_endpoint_lets_one_call_try_it_and_closes() {
    let mut scene = workshop();
    opened(&mut scene);
    let then = hand_in(&mut scene, triage("4"));
    assert_eq!(ends(&then), [(TaskOutcome::Refused, Conclusion::NoRoute)]);
    scene.wait(Duration::from_secs(30));
    let then = hand_in(&mut scene, triage("5"));
    assert_eq!(breaker(&then), ["BreakerHalfOpened"]);
    let probe = only_call(&scene);
    let then = hand_in(&mut scene, triage("6"));
    assert_eq!(ends(&then), [(TaskOutcome::Refused, Conclusion::NoRoute)], "one tries it");
    let then = scene.answered(&probe, "ignore", usage(1, 1));
    assert_eq!(breaker(&then), ["BreakerClosed"]);
    assert_eq!(breaker(&hand_in(&mut scene, triage("7"))), [""; 0]);
    assert_eq!(scene.state().owed().calls.len(), 1);
}

#[test]
fn a_breaker_whose_probe_fails_opens_again() {
    let mut scene = workshop();
    opened(&mut scene);
    scene.wait(Duration::from_secs(30));
    hand_in(&mut scene, triage("5"));
    let probe = only_call(&scene);
    let then = fails(&mut scene, &probe, unavailable());
    let opened = found!(then, Event::Resilience(ResilienceEvent::BreakerOpened(opened)) => opened);
    assert_eq!(opened[0].failures, 4);
    assert_eq!(opened[0].until, scene.now().plus(Duration::from_secs(30)));
}

#[test]
fn a_probe_that_says_nothing_lets_another_call_try() {
    let mut scene = workshop();
    opened(&mut scene);
    scene.wait(Duration::from_secs(30));
    hand_in(&mut scene, triage("5"));
    let probe = only_call(&scene);
    fails(&mut scene, &probe, ProviderFailure::new(FailureClass::Auth, "no key"));
    let then = hand_in(&mut scene, triage("6"));
    assert_eq!(breaker(&then), ["BreakerHalfOpened"]);
}

#[test]
fn an_answer_in_between_starts_the_count_anew() {
    let mut scene = workshop();
    let rules = RetryRules { max_attempts: 1, breaker_failures: 2, ..RetryRules::default() };
    scene.command(Command::SetRetryRules(rules));
    for request in ["1", "2", "3"] {
        hand_in(&mut scene, triage(request));
        let call = only_call(&scene);
        assert_eq!(breaker(&fails(&mut scene, &call, unavailable())), [""; 0]);
        hand_in(&mut scene, triage(&format!("{request} again")));
        let call = only_call(&scene);
        scene.answered(&call, "ignore", usage(1, 1));
    }
}

#[test]
fn a_call_falls_back_at_once_when_its_failure_opens_the_breaker() {
    let mut scene = with_second();
    let rules = RetryRules { breaker_failures: 1, ..RetryRules::default() };
    scene.command(Command::SetRetryRules(rules));
    let call = under_way(&mut scene);
    let then = fails(&mut scene, &call, unavailable());
    assert_eq!(breaker(&then), ["BreakerOpened"]);
    assert_eq!(only_call(&scene).agent, agent("second"));
}

#[test]
fn a_try_that_meets_an_open_breaker_waits_until_it_is_tried() {
    let mut scene = workshop();
    let rules = RetryRules { breaker_failures: 2, ..RetryRules::default() };
    scene.command(Command::SetRetryRules(rules));
    let first = under_way(&mut scene);
    fails(&mut scene, &first, unavailable());
    hand_in(&mut scene, triage("b"));
    let second = only_call(&scene);
    assert_eq!(breaker(&fails(&mut scene, &second, unavailable())), ["BreakerOpened"]);
    let then = look(&mut scene);
    let failed = failures(&then)[0];
    assert_eq!((failed.class, failed.attempt), (FailureClass::BreakerOpen, 2));
    let AfterFailure::Again { at, .. } = failed.then else { panic!("{failed:?}") };
    assert!(at >= scene.now().plus(Duration::from_secs(28)), "it waits for the breaker");
}
