//! What is done about calls that fail: another try, another agent, or nothing, by recorded facts.

use std::time::Duration;

use convoke_events::{
    AfterFailure, Billed, BudgetEvent, Conclusion, Event, FailureClass, InvocationEvent,
    InvocationFailed, RetryRules, Settlement, TaskOutcome, TextName, Tokens, Usage, Verb,
};

use super::cast::{
    agent, all_answer, allow, calls_of, ends, found, hand_in, limits, only_call, question,
    reserved, settled, started, triage, usage, word, workshop,
};
use crate::command::{AgentRegistration, Command, Price, TaskSubmission};
use crate::hub::{Input, Owed};
use crate::invocation::{Call, Outcome};
use crate::provider::{ProviderFailure, Retry};
use crate::testkit::{Scene, Then, member, task_rules};

pub(super) fn failures(then: &Then) -> Vec<&InvocationFailed> {
    found!(then, Event::Invocation(InvocationEvent::InvocationFailed(failed)) => failed)
}

pub(super) fn fails(scene: &mut Scene, call: &Call, failure: ProviderFailure) -> Then {
    let (invocation, attempt) = (call.invocation, call.attempt);
    let (result, latency) = (Err(failure), Duration::ZERO);
    let mut then = scene.when(&Input::Outcome(Outcome { invocation, attempt, result, latency }));
    then.events.extend(scene.follow().events);
    then
}

pub(super) fn unavailable() -> ProviderFailure {
    ProviderFailure::new(FailureClass::Unavailable, "it hung up")
}

/// Waits until the next call has to be looked at, and looks at it.
pub(super) fn look(scene: &mut Scene) -> Then {
    let (at, invocation) = scene.state().owed().deadline.unwrap();
    scene.wait(at.since(scene.now()));
    let mut then = scene.when(&Input::Deadline(invocation));
    then.events.extend(scene.follow().events);
    then
}

/// The small federation, with a second agent for triage whose model is another one.
pub(super) fn with_second() -> Scene {
    let mut scene = workshop();
    let settings = r#"{"rules":[{"any":["x"],"recommend":"fix","confidence":0.9,"reason":"a rule"}],"otherwise":{"recommend":"ignore","confidence":0.5,"reason":"x"}}"#;
    let second = AgentRegistration { model: word("rules-2"), ..member("second", settings) };
    let price = Price { input: word("1000000"), cached: word("0"), output: word("3000000") };
    let (provider, model) = (second.provider.clone(), second.model.clone());
    for command in [
        Command::SetPrice { provider, model, price },
        Command::RegisterAgent(second),
        allow("second", "request", &[Verb::Read], true),
        Command::SetRoutingPolicy {
            task_type: word("triage"),
            agent: word("second"),
            priority: 2,
            active: true,
        },
    ] {
        assert_eq!(scene.command(command).answer, Ok(()));
    }
    scene
}

pub(super) fn under_way(scene: &mut Scene) -> Call {
    hand_in(scene, triage("a"));
    only_call(scene)
}

#[test]
fn a_retry_after_a_failure_known_not_to_be_billed_reuses_the_reservation() {
    let mut scene = workshop();
    let call = under_way(&mut scene);
    let then = fails(&mut scene, &call, unavailable().unbilled());
    let then = then.leaves(&["InvocationFailed"]);
    let AfterFailure::Again { at, mend: false, .. } = failures(&then)[0].then else {
        panic!("{:?}", failures(&then));
    };
    assert_eq!(scene.state().owed().calls, [], "it waits");
    assert_eq!(scene.state().owed().deadline, Some((at, call.invocation)));
    let early = scene.clone().when(&Input::Deadline(call.invocation));
    early.leaves(&[]);
    let then = look(&mut scene).leaves(&["InvocationStarted"]);
    assert_eq!((started(&then)[0].attempt, started(&then)[0].deadline), (2, call.deadline));
    let again = only_call(&scene);
    let then = scene.answered(&again, "ignore", usage(5, 5));
    assert_eq!(settled(&then)[0].settlement, Settlement::Confirmed);
    assert_eq!(settled(&then)[0].charged.tokens, Tokens::new(10));
}

#[test]
fn a_retry_after_any_other_failure_settles_unknown_and_reserves_anew() {
    let mut scene = workshop();
    let asked = hand_in(&mut scene, triage("a"));
    let call = only_call(&scene);
    let then = fails(&mut scene, &call, unavailable());
    let then = then.leaves(&["InvocationFailed", "Settled", "Reserved"]);
    let first = reserved(&asked)[0];
    assert_eq!(settled(&then)[0].settlement, Settlement::Unknown);
    assert_eq!(
        (settled(&then)[0].charged, reserved(&then)[0].amount),
        (first.amount, first.amount)
    );
    assert_ne!(reserved(&then)[0].reservation, first.reservation);
    let then = look(&mut scene).leaves(&["InvocationStarted"]);
    let again = started(&then)[0].reservation;
    let call = only_call(&scene);
    let then = scene.answered(&call, "ignore", usage(5, 5));
    assert_eq!(settled(&then)[0].reservation, again);
}

#[test]
fn a_retry_that_cannot_be_paid_anew_is_the_end_of_its_call() {
    let mut scene = workshop();
    let tight = TaskSubmission { limits: limits(150, 100_000), ..triage("a") };
    hand_in(&mut scene, tight);
    let call = only_call(&scene);
    let mut free = scene.clone();
    let then = fails(&mut scene, &call, unavailable());
    let then = then.leaves(&["InvocationFailed", "Settled", "TaskConcluded"]);
    assert_eq!(failures(&then)[0].then, AfterFailure::Stop);
    let then = fails(&mut free, &call, unavailable().unbilled());
    then.leaves(&["InvocationFailed"]);
}

#[test]
fn what_the_provider_asks_for_is_the_floor_of_the_wait() {
    let mut scene = workshop();
    let call = under_way(&mut scene);
    let floor = Duration::from_mins(7);
    let failure = unavailable().with_retry(Retry::After(floor));
    let then = fails(&mut scene, &call, failure);
    assert_eq!(failures(&then)[0].retry_after_ms, Some(420_000));
    let (at, _) = scene.state().owed().deadline.unwrap();
    assert_eq!(at, scene.now().plus(floor));
}

#[test]
fn a_call_is_tried_as_often_as_the_rules_say_and_its_deadline_stays() {
    for most in 1..5 {
        let mut scene = workshop();
        let rules = RetryRules { max_attempts: most, ..RetryRules::default() };
        assert_eq!(scene.command(Command::SetRetryRules(rules)).answer, Ok(()));
        let first = under_way(&mut scene);
        let mut tries = 0;
        let end = loop {
            tries += 1;
            let call = only_call(&scene);
            assert_eq!(call.deadline, first.deadline);
            let then = fails(&mut scene, &call, unavailable());
            if failures(&then)[0].then == AfterFailure::Stop {
                break then;
            }
            look(&mut scene);
        };
        assert_eq!(tries, most);
        assert_eq!(ends(&end), [(TaskOutcome::Failed, Conclusion::CallFailed)]);
        assert_eq!(scene.state().owed(), Owed::default());
    }
}

#[test]
fn no_try_is_planned_for_after_the_deadline() {
    let mut scene = workshop();
    let call = under_way(&mut scene);
    let failure = unavailable().with_retry(Retry::After(Duration::from_hours(1)));
    let then = fails(&mut scene, &call, failure);
    assert_eq!(failures(&then)[0].then, AfterFailure::Stop);
}

#[test]
fn authorisation_and_billing_are_never_tried_again_and_never_elsewhere() {
    let stops = [
        FailureClass::Auth,
        FailureClass::Billing,
        FailureClass::Refused,
        FailureClass::Timeout,
        FailureClass::Cancelled,
        FailureClass::InDoubt,
    ];
    for class in stops {
        let mut scene = with_second();
        let call = under_way(&mut scene);
        let then = fails(&mut scene, &call, ProviderFailure::new(class, "no"));
        assert_eq!(failures(&then)[0].then, AfterFailure::Stop, "{class}");
    }
}

#[test]
fn the_next_candidate_is_asked_at_its_own_price_when_no_try_is_left() {
    let mut scene = with_second();
    let asked = hand_in(&mut scene, triage("a"));
    for _ in 0..2 {
        let call = only_call(&scene);
        fails(&mut scene, &call, unavailable().unbilled());
        look(&mut scene);
    }
    let call = only_call(&scene);
    let then = fails(&mut scene, &call, unavailable().unbilled());
    let then = then.leaves(&["InvocationFailed", "Settled", "Reserved", "InvocationStarted"]);
    assert_eq!(settled(&then)[0].settlement, Settlement::Released);
    let next = started(&then)[0];
    assert_eq!((next.agent, next.attempt), (agent("second"), 1));
    assert_eq!(next.instead_of, Some(call.invocation));
    assert_eq!((next.decision, next.deadline), (started(&asked)[0].decision, call.deadline));
    assert_eq!(failures(&then)[0].then, AfterFailure::FallBack { invocation: next.invocation });
    let (first, second) = (reserved(&asked)[0].amount, reserved(&then)[0].amount);
    assert_eq!(second.tokens, first.tokens, "its prompt is hardly longer");
    assert!(second.money > first.money, "its output is dearer");
    let call = only_call(&scene);
    let then = scene.answered(&call, "ignore", usage(5, 5));
    assert_eq!(ends(&then), [(TaskOutcome::Answered, Conclusion::Triaged)]);
}

#[test]
fn a_fallback_that_governance_denies_is_recorded_and_passed_over() {
    let mut scene = with_second();
    let call = under_way(&mut scene);
    scene.command(allow("second", "request", &[Verb::Propose], true));
    let failure = ProviderFailure::new(FailureClass::NoProvider, "none");
    let then = fails(&mut scene, &call, failure);
    then.leaves(&["InvocationFailed", "Settled", "AttemptBlocked", "TaskConcluded"]);
}

#[test]
fn what_the_failed_call_gives_back_pays_for_the_fallback() {
    let mut scene = with_second();
    hand_in(&mut scene, TaskSubmission { limits: limits(150, 100_000), ..triage("a") });
    let call = only_call(&scene);
    let failure = ProviderFailure::new(FailureClass::NoProvider, "none");
    let then = fails(&mut scene, &call, failure);
    then.leaves(&["InvocationFailed", "Settled", "Reserved", "InvocationStarted"]);
}

#[test]
fn a_contribution_is_tried_again_and_its_collective_waits_for_it() {
    let mut scene = workshop();
    hand_in(&mut scene, question("a", task_rules()));
    let forge = calls_of(&scene, &["forge"])[0].clone();
    fails(&mut scene, &forge, unavailable());
    let then = all_answer(&mut scene, &[("helm", "fix"), ("quill", "fix")]);
    assert!(!then.types().contains(&"VerdictReached"), "{:?}", then.types());
    look(&mut scene);
    let then = all_answer(&mut scene, &[("forge", "fix")]);
    assert!(then.types().contains(&"VerdictReached"), "{:?}", then.types());
}

#[test]
fn a_synthesis_falls_back_to_another_participant() {
    let mut scene = workshop();
    let other = AgentRegistration {
        model: word("rules-2"),
        ..member(
            "quill",
            r#"{"rules":[{"any":["x"],"recommend":"fix","confidence":0.9,"reason":"a rule"}],"otherwise":{"recommend":"fix","confidence":0.5,"reason":"x"}}"#,
        )
    };
    assert_eq!(scene.command(Command::RegisterAgent(other)).answer, Ok(()));
    hand_in(&mut scene, question("a", task_rules()));
    all_answer(&mut scene, &[("forge", "fix"), ("helm", "fix"), ("quill", "fix")]);
    let call = only_call(&scene);
    assert_eq!(call.agent, agent("forge"));
    fails(&mut scene, &call, ProviderFailure::new(FailureClass::NoModel, "gone"));
    let call = only_call(&scene);
    assert_eq!(call.agent, agent("quill"), "helm's model is the one that is gone");
    let then = scene.answered(&call, "fix", usage(10, 10));
    assert_eq!(ends(&then), [(TaskOutcome::Proposed, Conclusion::Consensus)]);
    assert_eq!(scene.state().owed(), Owed::default());
}

#[test]
fn governance_is_asked_again_before_every_try() {
    let mut scene = workshop();
    let call = under_way(&mut scene);
    fails(&mut scene, &call, unavailable().unbilled());
    scene.command(allow("scout", "request", &[], true));
    let then = look(&mut scene);
    let then = then.leaves(&["AttemptBlocked", "InvocationFailed", "Settled", "TaskConcluded"]);
    assert_eq!((failures(&then)[0].class, failures(&then)[0].attempt), (FailureClass::Withheld, 2));
    assert_eq!(settled(&then)[0].settlement, Settlement::Released);
}

#[test]
fn a_retry_of_an_agent_that_was_revised_meanwhile_is_withheld() {
    let mut scene = workshop();
    let call = under_way(&mut scene);
    fails(&mut scene, &call, unavailable().unbilled());
    let settings = r#"{"rules":[{"any":["x"],"recommend":"fix","confidence":0.9,"reason":"a rule"}],"otherwise":{"recommend":"fix","confidence":0.5,"reason":"x"}}"#;
    scene.command(Command::RegisterAgent(member("scout", settings)));
    let then = look(&mut scene);
    assert_eq!(failures(&then)[0].class, FailureClass::Withheld);
}

#[test]
fn deactivating_an_agent_calls_off_what_is_in_flight_and_what_waits() {
    let mut scene = workshop();
    let first = under_way(&mut scene);
    fails(&mut scene, &first, unavailable().unbilled());
    hand_in(&mut scene, triage("b"));
    let mut then = scene
        .command(Command::DeactivateAgent { slug: word("scout"), reason: "it dreams".to_owned() });
    then.events.extend(scene.follow().events);
    let classes: Vec<_> = failures(&then).iter().map(|one| one.class).collect();
    assert_eq!(classes, [FailureClass::Cancelled; 2]);
    let mut ended: Vec<_> = settled(&then).iter().map(|one| one.settlement).collect();
    ended.sort();
    assert_eq!(ended, [Settlement::Unknown, Settlement::Released], "one was sent, one was not");
    assert_eq!(scene.state().owed(), Owed::default());
    let then = hand_in(&mut scene, triage("c"));
    assert_eq!(ends(&then), [(TaskOutcome::Refused, Conclusion::NoRoute)], "no new work");
}

#[test]
fn the_same_rules_again_leave_no_event_and_senseless_ones_are_refused() {
    let mut scene = workshop();
    scene.command(Command::SetRetryRules(RetryRules::default())).leaves(&[]);
    let none = RetryRules { max_attempts: 0, ..RetryRules::default() };
    scene.command(Command::SetRetryRules(none)).is_refused("the most tries of a call must be 1");
    let short = RetryRules { cap_ms: 1, ..RetryRules::default() };
    let words = "the longest wait must be as long as the first one";
    scene.command(Command::SetRetryRules(short)).is_refused(words);
}

#[test]
fn accounts_kept_for_calls_that_may_come_back_are_let_go_after_an_hour() {
    let mut scene = workshop();
    let mut accounts = Vec::new();
    for request in ["a", "b"] {
        let then = hand_in(&mut scene, triage(request));
        accounts.push(reserved(&then)[0].account);
        scene.wait(Duration::from_hours(1));
        let (_, invocation) = scene.state().owed().deadline.unwrap();
        scene.when(&Input::Deadline(invocation));
    }
    assert!(accounts.iter().all(|one| scene.state().counted(*one).is_some()), "both are kept");
    scene.wait(Duration::from_secs(1));
    hand_in(&mut scene, triage("c"));
    let kept: Vec<_> = accounts.iter().map(|one| scene.state().counted(*one).is_some()).collect();
    assert_eq!(kept, [false, true]);
}

#[test]
fn a_failed_try_says_everything_that_was_decided_by() {
    let mut scene = workshop();
    let call = under_way(&mut scene);
    let failure = ProviderFailure::new(FailureClass::RateLimited, "slow down")
        .unbilled()
        .with_retry(Retry::After(Duration::from_millis(1_500)));
    let then = fails(&mut scene, &call, failure);
    let failed = failures(&then)[0];
    assert_eq!((failed.class, failed.billed), (FailureClass::RateLimited, Billed::No));
    assert_eq!((failed.retry_after_ms, failed.usage), (Some(1_500), Usage::default()));
    assert_eq!(then.events[0].texts.get(&TextName::REASON), Some("slow down"));
    let held = found!(then, Event::Budget(BudgetEvent::Settled(one)) => one);
    assert_eq!(held.len(), 0);
}
