//! A call has one outcome: what is malformed, late, repeated or foreign changes nothing else.

use std::time::Duration;

use convoke_events::{
    AfterFailure, Amount, BudgetEvent, Conclusion, Event, FailureClass, FinishReason,
    InvocationAnswered, InvocationEvent, InvocationFailed, MicroUsd, Settlement, TaskOutcome,
    TextName, Tokens, Usage,
};

use super::cast::{
    all_answer, ends, found, hand_in, only_call, question, reason, reserved, settled, triage,
    usage, workshop,
};
use crate::answer::MAX_ANSWER;
use crate::hub::Input;
use crate::invocation::{Call, Outcome};
use crate::provider::Part;
use crate::testkit::{Scene, Then, answer, task_rules};

/// A triage under way, and what is set aside for it.
fn under_way() -> (Scene, Call, Amount) {
    let mut scene = workshop();
    let then = hand_in(&mut scene, triage("a"));
    let call = only_call(&scene);
    (scene, call, reserved(&then)[0].amount)
}

/// The outcome of a call that is answered with these words, whatever they are.
fn said(call: &Call, words: &str, usage: Usage) -> Outcome {
    let mut outcome = answer(call, "ignore", usage);
    if let Ok(response) = &mut outcome.result {
        response.parts = vec![Part::Text(words.to_owned())];
    }
    outcome
}

fn failures(then: &Then) -> Vec<&InvocationFailed> {
    found!(then, Event::Invocation(InvocationEvent::InvocationFailed(failed)) => failed)
}

fn answers(then: &Then) -> Vec<&InvocationAnswered> {
    found!(then, Event::Invocation(InvocationEvent::InvocationAnswered(answered)) => answered)
}

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn an_answer_of_the_shape_asked_for_is_recorded_with_its_key_and_settled() {
    let (mut scene, call, _) = under_way();
    let mut outcome = answer(&call, "Not a bug!", usage(5, 7));
    outcome.latency = Duration::from_micros(1_234);
    let then = scene.when(&Input::Outcome(outcome));
    let then = then.leaves(&["InvocationAnswered", "Settled", "TaskConcluded"]);
    assert_eq!(answers(&then)[0].key.as_str(), "not-a-bug");
    assert_eq!((answers(&then)[0].latency_us, answers(&then)[0].usage), (1_234, usage(5, 7)));
    assert_eq!(ends(&then), [(TaskOutcome::Answered, Conclusion::Triaged)]);
}

#[test]
fn a_malformed_answer_is_mended_once_then_fails_its_call_and_is_charged_each_time() {
    let (mut scene, call, _) = under_way();
    let then = scene.when(&Input::Outcome(said(&call, "it is a bug", usage(5, 7))));
    let then = then.leaves(&["InvocationFailed", "Settled", "Reserved", "InvocationStarted"]);
    assert_eq!(
        (failures(&then)[0].class, failures(&then)[0].usage),
        (FailureClass::Malformed, usage(5, 7))
    );
    assert_eq!(settled(&then)[0].charged.tokens, Tokens::new(12));
    assert_eq!(then.events[0].texts.get(&TextName::CONTENT), Some("it is a bug"));
    let again = only_call(&scene);
    assert_eq!((again.attempt, again.mends), (2, Some(1)));
    let then = scene.when(&Input::Outcome(said(&again, "it is a bug", usage(5, 7))));
    let then = then.leaves(&["InvocationFailed", "Settled", "TaskConcluded"]);
    assert_eq!(ends(&then), [(TaskOutcome::Failed, Conclusion::CallFailed)]);
    assert!(reason(&then, "TaskConcluded").starts_with("the triage failed: malformed: "));
}

#[test]
fn an_answer_that_its_provider_withheld_is_refused_and_not_asked_for_again() {
    let (mut scene, call, _) = under_way();
    let mut outcome = answer(&call, "bug", usage(5, 7));
    if let Ok(response) = &mut outcome.result {
        response.finish = FinishReason::ContentFilter;
    }
    let then = scene.when(&Input::Outcome(outcome));
    assert_eq!(failures(&then)[0].class, FailureClass::Refused);
    assert_eq!(failures(&then)[0].then, AfterFailure::Stop);
}

#[test]
fn an_answer_too_long_to_record_is_malformed_and_kept_as_far_as_it_fits() {
    let (mut scene, call, _) = under_way();
    let long = format!("a{}", "ä".repeat(MAX_ANSWER / 2));
    let then = scene.when(&Input::Outcome(said(&call, &long, usage(5, 7))));
    assert_eq!(failures(&then)[0].class, FailureClass::Malformed);
    let kept = then.events[0].texts.get(&TextName::CONTENT).unwrap();
    assert!(long.starts_with(kept), "it is the beginning");
    assert_eq!(kept.len(), MAX_ANSWER - 1, "no letter is cut in two");
}

#[test]
fn a_call_is_given_up_at_its_deadline_and_not_before() {
    let (mut scene, call, held) = under_way();
    assert_eq!(call.deadline, scene.now().plus(HOUR));
    assert_eq!(scene.state().owed().deadline, Some((call.deadline, call.invocation)));
    scene.wait(Duration::from_micros(3_599_999_999));
    scene.when(&Input::Deadline(call.invocation)).leaves(&[]);
    scene.wait(Duration::from_micros(1));
    let then = scene.when(&Input::Deadline(call.invocation));
    let then = then.leaves(&["InvocationFailed", "Settled", "TaskConcluded"]);
    assert_eq!(failures(&then)[0].class, FailureClass::Timeout);
    assert_eq!(
        (settled(&then)[0].settlement, settled(&then)[0].charged),
        (Settlement::Unknown, held)
    );
    assert_eq!((scene.state().owed().calls, scene.state().owed().deadline), (Vec::new(), None));
    scene.when(&Input::Deadline(call.invocation)).leaves(&[]);
}

#[test]
fn an_answer_after_the_deadline_is_recorded_as_late_and_only_its_excess_is_charged() {
    let (mut scene, call, held) = under_way();
    scene.wait(HOUR);
    scene.when(&Input::Deadline(call.invocation));
    let mut frugal = scene.clone();
    let outcome = Input::Outcome(answer(&call, "bug", usage(100, 100)));
    let then = scene.when(&outcome).leaves(&["OutcomeArrivedLate", "OverrunCharged"]);
    let overruns = found!(then, Event::Budget(BudgetEvent::OverrunCharged(one)) => one.overrun);
    let used = Amount { tokens: Tokens::new(200), money: MicroUsd::new(300) };
    assert_eq!(overruns, [used.less(held)]);
    scene.when(&outcome).leaves(&[]);
    let outcome = Input::Outcome(answer(&call, "bug", usage(5, 5)));
    frugal.when(&outcome).leaves(&["OutcomeArrivedLate"]);
    assert_eq!(frugal.follow().types(), [""; 0], "the task has ended");
}

#[test]
fn a_late_outcome_that_only_says_it_was_called_off_leaves_nothing() {
    let (mut scene, call, _) = under_way();
    scene.wait(HOUR);
    scene.when(&Input::Deadline(call.invocation));
    let failure = crate::provider::ProviderFailure::new(FailureClass::Cancelled, "called off");
    let outcome = Outcome { result: Err(failure), ..answer(&call, "bug", usage(1, 1)) };
    scene.when(&Input::Outcome(outcome)).leaves(&[]);
}

#[test]
fn a_second_outcome_of_the_same_call_leaves_nothing() {
    let (mut scene, call, _) = under_way();
    scene.answered(&call, "bug", usage(5, 7));
    let before = scene.state().clone();
    scene.answered(&call, "ignore", usage(500, 700)).leaves(&[]);
    assert_eq!(scene.state(), &before);
}

#[test]
fn the_outcome_of_another_attempt_leaves_nothing() {
    let (mut scene, call, _) = under_way();
    let stale = Call { attempt: call.attempt + 1, ..call.clone() };
    scene.answered(&stale, "bug", usage(5, 7)).leaves(&[]);
    scene.wait(HOUR);
    scene.when(&Input::Deadline(call.invocation));
    scene.answered(&stale, "bug", usage(5, 7)).leaves(&[]);
}

#[test]
fn the_outcome_of_a_call_that_was_never_made_leaves_nothing() {
    let (mut scene, call, _) = under_way();
    let invocation = convoke_events::InvocationId::derive(&["another"]);
    scene.answered(&Call { invocation, ..call }, "bug", usage(5, 7)).leaves(&[]);
}

/// A synthesis under way, of contributions that all name `fix`.
fn synthesis() -> (Scene, Call) {
    let mut scene = workshop();
    hand_in(&mut scene, question("a", task_rules()));
    all_answer(&mut scene, &[("forge", "fix"), ("helm", "fix"), ("quill", "fix")]);
    let call = only_call(&scene);
    (scene, call)
}

#[test]
fn a_synthesis_that_names_another_key_than_the_verdict_fails() {
    let (mut scene, call) = synthesis();
    scene.answered(&call, "wait", usage(10, 10));
    let call = only_call(&scene);
    let then = scene.answered(&call, "wait", usage(10, 10));
    assert_eq!(failures(&then)[0].class, FailureClass::Malformed);
    assert_eq!(ends(&then), [(TaskOutcome::Failed, Conclusion::CallFailed)]);
    assert_eq!(
        reason(&then, "InvocationFailed"),
        "the verdict is `fix`, but the synthesis says `wait`"
    );
    assert!(!then.types().contains(&"ProposalMade"));
}

#[test]
fn a_synthesis_that_lists_no_dissent_fails() {
    let (mut scene, call) = synthesis();
    let words = r#"{"recommendation":"fix","body":"b","confidence":1,"assumptions":[]}"#;
    let then = scene.when(&Input::Outcome(said(&call, words, usage(10, 10))));
    assert_eq!(failures(&then)[0].class, FailureClass::Malformed);
    assert!(reason(&then, "InvocationFailed").contains("missing field `dissent`"));
}

#[test]
fn a_synthesis_that_names_the_verdict_in_other_letters_becomes_a_proposal() {
    let (mut scene, call) = synthesis();
    let then = scene.answered(&call, " FIX ", usage(10, 10));
    let then = then.leaves(&["InvocationAnswered", "Settled", "ProposalMade", "TaskConcluded"]);
    assert_eq!(ends(&then), [(TaskOutcome::Proposed, Conclusion::Consensus)]);
}
