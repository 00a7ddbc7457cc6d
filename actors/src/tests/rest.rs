//! Rest, and doubt: what is left alone by a session that only records commands, and what nobody
//! waits for in vain.

use std::time::Duration;

use convoke_events::testkit::NOON;
use convoke_events::{Limits, Recourse, Recovery, RetryRules};

use super::cast::{limits, question, task, triage};
use super::stage::Stage;
use crate::authority::LocalOwner;
use crate::command::{Command, CommandError};
use crate::invocation::{Call, Outcome};
use crate::provider::ProviderFailure;
use crate::testkit::task_rules;

/// A stage on which a call was sent, or waits for its next try, when everything in memory was lost.
fn interrupted(fails: bool) -> (Stage, Call) {
    let mut stage = Stage::workshop(LocalOwner);
    let call = stage.done(Command::SubmitTask(triage("a"))).calls.remove(0);
    if fails {
        let failure = ProviderFailure::new(convoke_events::FailureClass::Unavailable, "it hung up");
        let (invocation, attempt) = (call.invocation, call.attempt);
        let (result, latency) = (Err(failure.unbilled()), Duration::ZERO);
        stage.returns(Outcome { invocation, attempt, result, latency }, NOON);
    }
    (stage.restarted(), call)
}

#[test]
fn a_session_at_rest_records_what_it_is_told_and_judges_and_sends_nothing() {
    for fails in [false, true] {
        let (stage, call) = interrupted(fails);
        let mut stage = stage.at_rest();
        let later = NOON.plus(Duration::from_hours(8));
        let seen = stage.session.resume(|_| Some(Recovery::InDoubt), NOON);
        assert!(seen.appends.is_empty() && seen.calls.is_empty());
        assert_eq!(stage.session.wake_at(), None);
        let before = stage.types().len();
        let seen = stage.done(Command::SetHubLimits(limits(1_000, 1_000)));
        assert!(seen.calls.is_empty());
        let seen = stage.done(Command::SubmitTask(triage("b")));
        assert!(seen.calls.is_empty());
        let seen = stage.session.tick(later);
        assert!(seen.appends.is_empty() && seen.calls.is_empty());
        let mut recorded = stage.types();
        assert_eq!(
            recorded.split_off(before),
            ["AccountLimitsSet", "TaskSubmitted", "AccountOpened"]
        );

        // Whoever takes it up finds everything as it was, and what was recorded meanwhile.
        let mut stage = stage.restarted();
        let seen = stage.session.resume(|_| Some(Recovery::DidNotHappen), NOON);
        let before = stage.types().len();
        let seen = stage.land(seen);
        assert!(stage.types()[before..].contains(&"InvocationStarted"), "the second task goes on");
        let again: Vec<_> = seen.calls.iter().map(|one| one.invocation).collect();
        assert_eq!(again.contains(&call.invocation), !fails, "one waits for its time");
    }
}

fn in_doubt_waits_for_a_person() -> Command {
    Command::SetRetryRules(RetryRules { in_doubt: Recourse::Person, ..RetryRules::default() })
}

fn resolve(call: &Call, found: Recovery) -> Command {
    let reason = "their invoice says so".to_owned();
    Command::ResolveCall { invocation: call.invocation, found, reason }
}

#[test]
fn whoever_waits_for_a_task_in_doubt_is_told_so_and_may_wait_again_once_a_person_has_spoken() {
    let mut stage = Stage::workshop(LocalOwner);
    stage.done(in_doubt_waits_for_a_person());
    let unlimited = Limits::default();
    stage.done(Command::SetHubLimits(unlimited));
    let call = stage.done(Command::SubmitTask(triage("a"))).calls.remove(0);
    let mut stage = stage.restarted();
    stage.session.watch(task("a"), "before");
    let seen = stage.session.resume(|_| Some(Recovery::InDoubt), NOON);
    assert!(seen.concluded.is_empty(), "not before it is on disk");
    let in_doubt = Err(CommandError::InDoubt { invocation: call.invocation });
    assert_eq!(stage.land(seen).concluded, [("before", in_doubt.clone())]);
    let seen = stage.session.watch(task("a"), "after");
    assert_eq!(seen.concluded, [("after", in_doubt)]);

    stage.done(resolve(&call, Recovery::DidNotHappen));
    assert_eq!(stage.session.watch(task("a"), "again").concluded, []);
    // A crash before it goes out makes no doubt of it: it was not sent.
    let mut stage = stage.restarted();
    stage.session.watch(task("a"), "restarted");
    let seen = stage.session.resume(|_| Some(Recovery::InDoubt), NOON);
    let seen = stage.land(seen);
    assert_eq!((seen.calls.len(), seen.calls[0].attempt), (1, 2));
    let outcome = crate::testkit::answer(&seen.calls[0], "ignore", super::cast::usage(5, 5));
    let seen = stage.returns(outcome, NOON);
    assert!(matches!(seen.concluded[..], [("restarted", Ok(_))]), "{:?}", seen.concluded);
}

#[test]
fn nobody_is_told_of_a_doubt_while_other_calls_of_the_task_go_on() {
    let mut stage = Stage::workshop(LocalOwner);
    stage.done(in_doubt_waits_for_a_person());
    let calls = stage.done(Command::SubmitTask(question("q", task_rules()))).calls;
    assert_eq!(calls.len(), 3);
    let mut stage = stage.restarted();
    stage.session.watch(task("q"), "host");
    let lost = calls[0].invocation;
    let found = |call: &Call| {
        Some(if call.invocation == lost { Recovery::InDoubt } else { Recovery::DidNotHappen })
    };
    let seen = stage.session.resume(found, NOON);
    let seen = stage.land(seen);
    assert_eq!((seen.concluded.len(), seen.calls.len()), (0, 2));
    for (call, told) in seen.calls.iter().zip([0, 1]) {
        let outcome = crate::testkit::answer(call, "fix", super::cast::usage(5, 5));
        assert_eq!(stage.returns(outcome, NOON).concluded.len(), told);
    }
    let seen = stage.done(resolve(&calls[0], Recovery::Landed));
    assert_eq!(seen.calls.len(), 1, "the two that answered are put together");
}
