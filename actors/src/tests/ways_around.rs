//! The ways around governance: each is refused, recorded, and leaves no call.

use std::sync::Arc;

use convoke_events::testkit::{Fault, FaultyStore, NOON};
use convoke_events::{
    ActionRefusal, AfterFailure, AttemptBlocked, BlockReason, CommitStore, DelegationEvent,
    DelegationRefusal, Event, FailureClass, GovernanceEvent, InvocationEvent, MemoryStore, Purpose,
    Recourse, Recovery, RetryRules, Settlement, Verb,
};

use super::actions::{acting, posted, refusals};
use super::cast::*;
use super::delegations::guild;
use super::failures::{fails, failures, look, unavailable, under_way, with_second};
use super::stage::{Stage, order};
use crate::authority::LocalOwner;
use crate::command::{Command, CommandError};
use crate::hub::Input;
use crate::invocation::{Call, Outcome};
use crate::provider::{Part, ProviderFailure};
use crate::testkit::{Scene, Then, answer, orders, task_rules};

fn denials(then: &Then) -> Vec<&AttemptBlocked> {
    found!(then, Event::Governance(GovernanceEvent::AttemptBlocked(blocked)) => blocked)
}

/// A policy that lets `scout` do nothing any more.
fn withdrawn() -> Command {
    allow("scout", "request", &[], true)
}

/// What the denial says of it.
fn is_told(then: &Then, slug: &str) {
    let [denied] = denials(then)[..] else { panic!("{:?}", then.types()) };
    assert_eq!((denied.agent, denied.purpose), (agent(slug), Purpose::Triage));
    assert_eq!((denied.verb, denied.artifact.as_str()), (Verb::Read, "request"));
    assert!(matches!(denied.because, BlockReason::VerbNotAllowed(_)), "{:?}", denied.because);
    assert_eq!(started(then).len(), 0, "{:?}", then.types());
}

/// An answer that is none.
fn mumbles(call: &Call) -> Outcome {
    let mut outcome = answer(call, "fix", usage(10, 10));
    outcome.result.as_mut().unwrap().parts = vec![Part::Text("it is hard to say".to_owned())];
    outcome
}

#[test]
fn a_retry_is_no_way_around() {
    let mut scene = workshop();
    let call = under_way(&mut scene);
    fails(&mut scene, &call, unavailable().unbilled());
    scene.command(withdrawn());
    is_told(&look(&mut scene), "scout");
    assert_eq!(scene.state().owed().calls, []);
}

#[test]
fn a_fallback_is_no_way_around() {
    let mut scene = with_second();
    let call = under_way(&mut scene);
    scene.command(allow("second", "request", &[], true));
    let failure = ProviderFailure::new(FailureClass::NoProvider, "none");
    is_told(&fails(&mut scene, &call, failure), "second");
    assert_eq!(scene.state().owed().calls, []);
}

#[test]
fn mending_an_answer_is_no_way_around() {
    let mut scene = workshop();
    let call = under_way(&mut scene);
    let mut permitted = scene.clone();
    scene.command(withdrawn());
    let mut then = scene.when(&Input::Outcome(mumbles(&call)));
    then.events.extend(scene.follow().events);
    is_told(&then, "scout");
    let then = then.leaves(&["InvocationFailed", "Settled", "AttemptBlocked", "TaskConcluded"]);
    assert_eq!(failures(&then)[0].then, AfterFailure::Stop);
    assert_eq!(scene.state().owed().calls, []);

    permitted.command(allow("scout", "request", &[Verb::Read, Verb::Propose], true));
    let then = permitted.when(&Input::Outcome(mumbles(&call)));
    let by = started(&then)[0].granted_by.unwrap();
    assert_eq!(by.version, 2, "it names the policy that holds now");
}

#[test]
fn a_call_made_again_after_a_restart_is_no_way_around() {
    for (found, settlement) in
        [(Recovery::DidNotHappen, Settlement::Released), (Recovery::InDoubt, Settlement::Unknown)]
    {
        let mut scene = workshop();
        let rules = RetryRules { in_doubt: Recourse::Repeat, ..RetryRules::default() };
        scene.command(Command::SetRetryRules(rules));
        let call = under_way(&mut scene);
        scene.command(withdrawn());
        let mut then = scene.when(&Input::Recovered(call.invocation, found));
        then.events.extend(scene.follow().events);
        is_told(&then, "scout");
        let recourse = found!(then,
            Event::Invocation(InvocationEvent::InvocationRecovered(one)) => one.then);
        assert_eq!(recourse, [Recourse::Fail]);
        assert_eq!(settled(&then)[0].settlement, settlement);
        assert_eq!(scene.state().owed().calls, []);
    }
}

#[test]
fn a_call_that_a_person_has_made_again_is_no_way_around() {
    let mut scene = workshop();
    let rules = RetryRules { in_doubt: Recourse::Person, ..RetryRules::default() };
    scene.command(Command::SetRetryRules(rules));
    let invocation = under_way(&mut scene).invocation;
    scene.when(&Input::Recovered(invocation, Recovery::InDoubt));
    scene.command(withdrawn());
    let (found, reason) = (Recovery::DidNotHappen, "their records say so".to_owned());
    let said = scene.command(Command::ResolveCall { invocation, found, reason });
    said.leaves(&["InvocationRecovered"]);
    is_told(&look(&mut scene), "scout");
    assert_eq!(scene.state().owed().calls, []);
}

/// What follows when forge answers, and asks for this action in its answer.
fn answers_with(scene: &mut Scene, action: &serde_json::Value) -> Then {
    let call = calls_of(scene, &["forge"])[0].clone();
    let mut then = scene.when(&Input::Outcome(acting(&call, &serde_json::json!([action]), &[])));
    then.events.extend(scene.follow().events);
    then
}

#[test]
fn an_action_inside_an_answer_is_no_way_around() {
    let mut scene = guild();
    hand_in(&mut scene, question("q", task_rules()));
    let mut advisory = scene.clone();
    scene.command(allow("forge", "implementation", &[Verb::Read], true));
    let action = serde_json::json!({"post": {"section": "problem", "text": "t"}});
    let then = answers_with(&mut scene, &action);
    let [(_, ActionRefusal::Blocked { verb: Verb::Propose, because, .. })] = refusals(&then)[..]
    else {
        panic!("{:?}", then.types());
    };
    assert!(matches!(because, BlockReason::VerbNotAllowed(_)), "{because:?}");
    assert_eq!(posted(&then).len(), 0);

    advisory.command(allow("forge", "implementation", &[Verb::Propose], true));
    let action = serde_json::json!({"delegate": {"to": "helm", "scope": "look for twins"}});
    assert!(answers_with(&mut advisory, &action).types().contains(&"DelegationWished"));
    let then = all_answer(&mut advisory, &[("helm", "fix"), ("quill", "fix")]);
    let refused = found!(then,
        Event::Delegation(DelegationEvent::DelegationRefused(one)) => &one.because);
    assert!(
        matches!(refused[..], [DelegationRefusal::Blocked { verb: Verb::Delegate, .. }]),
        "{:?}",
        then.types()
    );
    let purposes: Vec<_> = started(&then).iter().map(|one| one.purpose).collect();
    assert_eq!(purposes, [Purpose::Synthesis], "{:?}", then.types());
}

#[test]
fn a_denial_that_cannot_be_recorded_is_a_denial_all_the_same() {
    // Set up and a policy withdrawn; then the task is lost, or what was decided of it.
    let set_up = u64::try_from(orders().len()).unwrap() + 1;
    for fault in [Fault::Full, Fault::UnknownAndLost, Fault::UnknownButStored] {
        let memory: Arc<dyn CommitStore> = Arc::new(MemoryStore::new());
        let faulty = FaultyStore::new(Arc::clone(&memory), set_up + 1, fault);
        let mut stage = Stage::on(Arc::new(faulty), Arc::new(LocalOwner));
        for command in orders().into_iter().chain([withdrawn()]) {
            let seen = stage.done(command);
            assert!(seen.answers.iter().all(|(_, told)| told.is_ok()), "{:?}", seen.answers);
        }
        let seen = stage.done(Command::SubmitTask(triage("a")));
        assert!(
            matches!(seen.answers[..], [(_, Err(CommandError::Unknown { .. }))]),
            "{fault:?}: {:?}",
            seen.answers
        );
        assert_eq!(seen.calls, [], "{fault:?}");
        let late = stage.give("late", order("ada", Command::SubmitTask(triage("b"))));
        assert!(late.calls.is_empty() && late.appends.is_empty(), "{fault:?}");

        // What is on disk goes on to a denial, never to a call.
        let mut stage = Stage::on(memory, Arc::new(LocalOwner));
        let seen = stage.session.resume(|_| Some(Recovery::DidNotHappen), NOON);
        assert_eq!(stage.land(seen).calls, [], "{fault:?}");
        let seen = stage.done(Command::SubmitTask(triage("a")));
        assert_eq!(seen.calls, [], "{fault:?}");
        let denied = stage.types().into_iter().filter(|one| *one == "AttemptBlocked").count();
        assert_eq!(denied, 1, "{fault:?}: {:?}", stage.types());
    }
}
