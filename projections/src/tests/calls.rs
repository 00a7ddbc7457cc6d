//! The calls that have not ended, and those among them that wait for a person.

use convoke_events::*;

use super::federation::*;
use super::history::*;
use crate::attention::Cause;
use crate::calls::CallStatus;
use crate::*;

fn under_way() -> (History, InvocationId) {
    let mut history = opened();
    submit(&mut history, "login");
    start(&mut history, "login", Purpose::Triage, "scout");
    (history, call("login", "triage", "scout"))
}

fn recovered(history: &mut History, found: Recovery, then: Recourse) {
    let invocation = call("login", "triage", "scout");
    let facts = InvocationRecovered { invocation, attempt: 1, found, then };
    let reason = Texts::none().with(TextName::REASON, "the process ended during the call");
    history.on("login", facts, reason);
}

#[test]
fn a_call_is_listed_until_it_has_ended() {
    let (mut history, id) = under_way();
    let calls = view::<Calls>(&history);
    let sent = calls.get(id).unwrap();
    assert_eq!((sent.status, sent.slug.as_str(), sent.attempt), (CallStatus::Sent, "scout", 1));
    assert_eq!((sent.held, sent.purpose, sent.task), (tokens(412), Purpose::Triage, task("login")));
    answer(&mut history, "login", Purpose::Triage, "scout", "bug");
    let ended = view::<Calls>(&history);
    assert!(ended.get(id).is_none() && ended.iter().count() == 0);
}

#[test]
fn a_call_that_is_tried_again_waits_and_says_why() {
    let (mut history, id) = under_way();
    let at = history.now();
    let reservation = reservation("login", "triage", "scout");
    let then = AfterFailure::Again { at, reservation, mend: false };
    let failed =
        InvocationFailed { then, ..call_failed(id, FailureClass::Unavailable, Usage::default()) };
    history.on("login", failed, Texts::none().with(TextName::REASON, "it hung up"));
    let calls = view::<Calls>(&history);
    let waits = calls.get(id).unwrap();
    assert_eq!((waits.status, waits.again_at), (CallStatus::Waiting, Some(at)));
    assert_eq!(waits.reason.as_deref(), Some("it hung up"));
    let ended = call_failed(id, FailureClass::Unavailable, Usage::default());
    history.on("login", ended, Texts::none());
    assert!(view::<Calls>(&history).get(id).is_none());
}

#[test]
fn a_call_in_doubt_waits_for_a_person_until_one_has_said_what_became_of_it() {
    let (mut history, id) = under_way();
    let waiting = |history: &History| view::<Attention>(history).waiting(history.now());
    assert_eq!(waiting(&history), []);
    recovered(&mut history, Recovery::InDoubt, Recourse::Person);
    let [doubtful] = &waiting(&history)[..] else { panic!("{:?}", waiting(&history)) };
    assert_eq!((doubtful.cause, doubtful.id.as_str()), (Cause::CallInDoubt, &*id.to_string()));
    assert!(doubtful.about.starts_with("the triage of `scout` on task "), "{}", doubtful.about);
    let resolve = format!("convoke calls resolve {id} --repeat or --failed --reason …");
    assert_eq!(doubtful.resolve, resolve);
    assert_eq!(view::<Calls>(&history).get(id).unwrap().status, CallStatus::InDoubt);
    recovered(&mut history, Recovery::DidNotHappen, Recourse::Repeat);
    assert_eq!(waiting(&history), []);
    assert_eq!(view::<Calls>(&history).get(id).unwrap().status, CallStatus::Waiting);
}

#[test]
fn a_call_made_again_after_a_crash_was_sent() {
    let (mut history, id) = under_way();
    recovered(&mut history, Recovery::DidNotHappen, Recourse::Repeat);
    assert_eq!(view::<Calls>(&history).get(id).unwrap().status, CallStatus::Sent);
}
