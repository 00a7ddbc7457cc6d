//! Recoveries: what became of calls that were in flight when the process ended.

use std::time::Duration;

use convoke_events::{
    Conclusion, Event, InvocationEvent, InvocationRecovered, Recourse, Recovery, RetryRules,
    Settlement, TaskOutcome,
};

use super::cast::{
    calls_of, ends, found, hand_in, only_call, question, settled, started, usage, word, workshop,
};
use super::failures::{look, under_way};
use crate::command::Command;
use crate::hub::{Input, Owed};
use crate::invocation::Call;
use crate::testkit::{Scene, Then, task_rules};

fn recoveries(then: &Then) -> Vec<&InvocationRecovered> {
    found!(then, Event::Invocation(InvocationEvent::InvocationRecovered(one)) => one)
}

#[test]
fn what_did_not_happen_is_made_again_under_its_reservation() {
    let mut scene = workshop();
    let call = under_way(&mut scene);
    let then = scene.when(&Input::Recovered(call.invocation, Recovery::DidNotHappen));
    let then = then.leaves(&["InvocationRecovered"]);
    assert_eq!(recoveries(&then)[0].then, Recourse::Repeat);
    let again = only_call(&scene);
    assert_eq!((again.attempt, again.deadline), (call.attempt, call.deadline));
}

#[test]
fn what_is_in_doubt_goes_as_the_rules_say() {
    for (in_doubt, expected) in [
        (Recourse::Repeat, &["InvocationRecovered"][..]),
        (Recourse::Fail, &["InvocationRecovered", "InvocationFailed", "Settled", "TaskConcluded"]),
        (Recourse::Person, &["InvocationRecovered"]),
    ] {
        let mut scene = workshop();
        scene.command(Command::SetRetryRules(RetryRules { in_doubt, ..RetryRules::default() }));
        let call = under_way(&mut scene);
        let then = scene.when(&Input::Recovered(call.invocation, Recovery::InDoubt));
        assert_eq!(recoveries(&then)[0].then, in_doubt);
        then.leaves(expected);
        let calls = usize::from(in_doubt == Recourse::Repeat);
        assert_eq!(scene.state().owed().calls.len(), calls, "{in_doubt}");
    }
}

/// A call that waits for a person to say what became of it.
fn in_doubt() -> (Scene, Call) {
    let mut scene = workshop();
    let rules = RetryRules { in_doubt: Recourse::Person, ..RetryRules::default() };
    scene.command(Command::SetRetryRules(rules));
    let call = under_way(&mut scene);
    scene.when(&Input::Recovered(call.invocation, Recovery::InDoubt));
    (scene, call)
}

fn say(scene: &mut Scene, call: &Call, found: Recovery) -> Then {
    let reason = "their invoice says so".to_owned();
    scene.command(Command::ResolveCall { invocation: call.invocation, found, reason })
}

#[test]
fn a_person_can_take_days_to_say_that_a_call_did_not_happen() {
    let (mut scene, call) = in_doubt();
    assert_eq!(scene.state().owed(), Owed::default(), "nothing is owed meanwhile");
    scene.wait(Duration::from_hours(72));
    say(&mut scene, &call, Recovery::DidNotHappen).leaves(&["InvocationRecovered"]);
    assert_eq!(scene.state().owed().calls, [], "nothing is out before it was recorded");
    // Nobody may be there to send it for as long again.
    scene.wait(Duration::from_hours(72));
    let then = look(&mut scene).leaves(&["InvocationStarted"]);
    assert_eq!(started(&then)[0].attempt, 2, "a try of its own, under its reservation");
    let again = only_call(&scene);
    assert_eq!(again.deadline, scene.now().plus(Duration::from_hours(1)));
    say(&mut scene, &call, Recovery::Landed).is_refused(&format!(
        "call {} does not wait for a person to say what became of it",
        call.invocation
    ));
    let then = scene.answered(&again, "ignore", usage(5, 5));
    assert_eq!(ends(&then), [(TaskOutcome::Answered, Conclusion::Triaged)]);
}

#[test]
fn a_call_that_a_person_says_landed_has_failed_and_its_charge_is_kept() {
    let (mut scene, call) = in_doubt();
    say(&mut scene, &call, Recovery::InDoubt).leaves(&[]);
    let then = say(&mut scene, &call, Recovery::Landed);
    assert_eq!(settled(&then)[0].settlement, Settlement::Unknown);
    then.leaves(&["InvocationRecovered", "InvocationFailed", "Settled", "TaskConcluded"]);
}

#[test]
fn a_call_in_flight_of_an_agent_revoked_before_the_crash_is_not_made_again() {
    let found = [Recovery::DidNotHappen, Recovery::InDoubt, Recovery::Landed];
    for (found, in_doubt) in
        found.into_iter().zip([Recourse::Repeat, Recourse::Person, Recourse::Repeat])
    {
        let mut scene = workshop();
        let rules = RetryRules { in_doubt, ..RetryRules::default() };
        scene.command(Command::SetRetryRules(rules));
        hand_in(&mut scene, question("q", task_rules()));
        let call = calls_of(&scene, &["forge"])[0].clone();
        let (slug, reason) = (word("forge"), "it is enough".to_owned());
        scene.command(Command::RevokeAgent { slug, reason });
        let then = scene.when(&Input::Recovered(call.invocation, found));
        assert_eq!(recoveries(&then)[0].then, Recourse::Fail, "{found:?}");
        assert!(scene.state().owed().calls.iter().all(|one| one.agent != call.agent));
    }
}
