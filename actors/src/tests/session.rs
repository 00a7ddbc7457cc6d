//! Nothing leaves a session before everything it rests on is durable.

use std::sync::Arc;

use convoke_events::testkit::{Fault, FaultyStore, NOON};
use convoke_events::{
    BudgetEvent, Conclusion, Escalation, Event, FailureClass, InvocationEvent, MemoryStore,
    Recovery, Settlement, TaskOutcome, TaskPlan, TextName,
};

use super::cast::{task, triage, usage, word};
use super::stage::{Stage, Told, order};
use crate::authority::{HubRoles, LocalOwner};
use crate::command::{Answer, Caller, Command, CommandError, Order};
use crate::hub::State;
use crate::refusal::Refusal;
use crate::testkit::{answer, hub, member, submission, task_rules};

fn open() -> Command {
    Command::OpenHub { name: "Workshop".to_owned(), limits: convoke_events::Limits::default() }
}

fn keyed(key: &str, command: Command) -> Order {
    order("ada", command).with_key(word(key))
}

/// Who was told, and in short what.
fn in_short(told: &Told) -> Vec<(&'static str, &'static str)> {
    let short = |answer: &Result<Answer, CommandError>| match answer {
        Ok(Answer::Done(_)) => "done",
        Ok(Answer::Unchanged) => "unchanged",
        Err(CommandError::Refused(_)) => "refused",
        Err(CommandError::Unknown { .. }) => "unknown",
        Err(CommandError::Stopped { .. }) => "stopped",
        Err(CommandError::InDoubt { .. }) => "in doubt",
        Err(CommandError::Overloaded { .. }) => "overloaded",
    };
    told.iter().map(|(who, answer)| (*who, short(answer))).collect()
}

#[test]
fn every_answer_waits_for_what_it_could_have_seen_refusals_and_no_change_too() {
    let mut stage = Stage::empty(HubRoles);
    let mut seen = stage.give("opens", order("ada", open()));
    assert_eq!((seen.appends.len(), seen.answers.len()), (1, 0));
    let refused = stage.give("refused", order("eve", Command::RegisterAgent(member("a", "{}"))));
    let unchanged = stage.give("unchanged", order("ada", open()));
    for early in [refused, unchanged] {
        assert_eq!((early.appends.len(), early.answers), (0, Vec::new()));
    }
    let fates = stage.commit(&mut seen);
    assert!(!stage.session.is_quiet());
    let told = stage.session.landed(fates[0].0, fates[0].1.clone()).answers;
    let expected = [("opens", "done"), ("refused", "refused"), ("unchanged", "unchanged")];
    assert_eq!(in_short(&told), expected);
    assert!(stage.session.is_quiet());
}

#[test]
fn where_nothing_is_under_way_an_answer_goes_out_at_once() {
    let mut stage = Stage::workshop(HubRoles);
    let refused = stage.give("refused", order("eve", Command::RegisterAgent(member("a", "{}"))));
    assert_eq!(in_short(&refused.answers), [("refused", "refused")]);
    let unchanged = stage.give("unchanged", order("ada", open()));
    assert_eq!(in_short(&unchanged.answers), [("unchanged", "unchanged")]);
}

#[test]
fn fates_told_out_of_order_count_in_order() {
    let mut stage = Stage::workshop(LocalOwner);
    let deactivate = |slug: &str| {
        let (slug, reason) = (word(slug), "it rests".to_owned());
        order("ada", Command::DeactivateAgent { slug, reason })
    };
    let mut fates = Vec::new();
    for (who, slug) in [("first", "scout"), ("second", "forge"), ("third", "helm")] {
        let mut seen = stage.give(who, deactivate(slug));
        fates.extend(stage.commit(&mut seen));
    }
    let mut tell = |nth: usize| {
        let (ticket, fate): (_, Result<_, _>) = fates[nth].clone();
        in_short(&stage.session.landed(ticket, fate).answers)
    };
    assert_eq!(tell(2), []);
    assert_eq!(tell(1), []);
    assert_eq!(tell(0), [("first", "done"), ("second", "done"), ("third", "done")]);
}

#[test]
fn a_call_goes_out_only_once_its_intent_is_durable() {
    let mut stage = Stage::workshop(LocalOwner);
    let mut seen = stage.give("ada", order("ada", Command::SubmitTask(triage("a"))));
    assert_eq!((seen.appends.len(), seen.calls.len()), (2, 0), "the task, and its triage");
    let fates = stage.commit(&mut seen);
    assert_eq!(stage.session.landed(fates[0].0, fates[0].1.clone()).calls, []);
    let calls = stage.session.landed(fates[1].0, fates[1].1.clone()).calls;
    assert_eq!(calls, stage.session.state().owed().calls);
    assert_eq!(calls.len(), 1);
}

#[test]
fn a_failed_append_answers_everybody_unknown_and_stops_the_session() {
    let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new()), 2, Fault::UnknownAndLost));
    let mut stage = Stage::on(store, Arc::new(LocalOwner));
    stage.done(open());
    let register = |slug: &str| {
        let settings = r#"{"rules":[{"any":["x"],"recommend":"x","confidence":1,"reason":"x"}],
            "otherwise":{"recommend":"x","confidence":1,"reason":"x"}}"#;
        order("ada", Command::RegisterAgent(member(slug, settings)))
    };
    let mut seen = stage.give("first", register("one"));
    let watched = stage.session.watch(task("a"), "nobody");
    assert_eq!(watched.concluded.len(), 1, "an unknown task is told at once");
    seen.appends.extend(stage.give("second", register("two")).appends);
    assert_eq!(stage.give("unchanged", order("ada", open())).answers, []);
    seen.appends.extend(stage.give("task", order("ada", Command::SubmitTask(triage("a")))).appends);
    assert_eq!(stage.session.watch(task("a"), "watcher").concluded, []);
    let seen = stage.land(seen);
    let unknown = ["first", "second", "unchanged", "task"].map(|who| (who, "unknown"));
    assert_eq!(in_short(&seen.answers), unknown);
    assert_eq!(seen.calls, []);
    let [("watcher", Err(CommandError::Unknown { why }))] = &seen.concluded[..] else {
        panic!("{:?}", seen.concluded);
    };
    assert!(why.contains("a test wanted it so"), "{why}");
    let late = stage.give("late", order("ada", open()));
    assert_eq!(in_short(&late.answers), [("late", "stopped")]);
    assert!(matches!(
        stage.session.watch(task("a"), "late").concluded[..],
        [("late", Err(CommandError::Stopped { .. }))]
    ));
    assert_eq!(stage.session.tick(NOON.plus(std::time::Duration::from_hours(9))).appends, []);
}

#[test]
fn a_key_given_again_while_the_first_is_under_way_gets_the_same_receipt() {
    let mut stage = Stage::empty(LocalOwner);
    let seen = stage.give("first", keyed("k", open()));
    let again = stage.give("again", keyed("k", open()));
    assert_eq!((again.appends.len(), again.answers), (0, Vec::new()));
    let told = stage.land(seen).answers;
    assert_eq!(in_short(&told), [("first", "done"), ("again", "done")]);
    assert_eq!(told[0].1, told[1].1);
    let later = stage.give("later", keyed("k", open()));
    assert_eq!((later.appends.len(), &later.answers[0].1), (0, &told[0].1));
    let mut stage = stage.restarted();
    assert_eq!(stage.give("after", keyed("k", open())).answers[0].1, told[0].1);
}

#[test]
fn another_command_under_the_same_key_is_refused() {
    let mut stage = Stage::empty(LocalOwner);
    let seen = stage.give("first", keyed("k", open()));
    let other = || Command::SetHubLimits(super::cast::limits(1, 1));
    let early = stage.give("other", keyed("k", other()));
    assert_eq!((early.appends.len(), early.answers), (0, Vec::new()), "the first is not durable");
    let told = stage.land(seen).answers;
    assert_eq!(in_short(&told), [("first", "done"), ("other", "refused")]);
    let refused = Err(CommandError::Refused(Refusal::KeyReused));
    assert_eq!(told[1].1, refused);
    assert_eq!(stage.give("later", keyed("k", other())).answers, [("later", refused)]);
}

#[test]
fn the_same_key_of_another_caller_is_another_key() {
    let mut stage = Stage::empty(LocalOwner);
    stage.done(open());
    let limits = |tokens| Command::SetHubLimits(super::cast::limits(tokens, 1));
    let seen = stage.give("ada", keyed("k", limits(1)));
    assert_eq!(stage.land(seen).appends.len(), 0);
    let seen = stage.give("bob", order("bob", limits(2)).with_key(word("k")));
    assert_eq!(in_short(&stage.land(seen).answers), [("bob", "done")]);
}

#[test]
fn a_call_that_cannot_be_made_twice_fails_in_doubt_after_a_restart_and_stays_charged() {
    let mut stage = Stage::workshop(LocalOwner);
    let call = stage.done(Command::SubmitTask(triage("a"))).calls.remove(0);
    let mut stage = stage.restarted();
    let seen = stage.session.resume(|_| Some(Recovery::InDoubt), NOON);
    assert_eq!(seen.calls, []);
    stage.land(seen);
    let mut held = None;
    let mut end = None;
    for recorded in stage.events() {
        if let Event::Budget(BudgetEvent::Reserved(reserved)) = &recorded.event {
            held = Some(reserved.amount);
        }
        if let Event::Invocation(InvocationEvent::InvocationFailed(failed)) = &recorded.event {
            assert_eq!((failed.invocation, failed.class), (call.invocation, FailureClass::InDoubt));
        }
        if let Event::Budget(BudgetEvent::Settled(settled)) = recorded.event {
            end = Some((settled.settlement, settled.charged));
        }
    }
    assert_eq!(end, held.map(|held| (Settlement::Unknown, held)));
    let conclusion = stage.session.state().conclusion(task("a")).unwrap();
    assert_eq!(
        (conclusion.outcome, conclusion.because),
        (TaskOutcome::Failed, Conclusion::CallFailed)
    );
}

#[test]
fn a_call_that_can_be_made_twice_is_made_again_after_a_restart() {
    let mut stage = Stage::workshop(LocalOwner);
    let call = stage.done(Command::SubmitTask(triage("a"))).calls.remove(0);
    let before = stage.types();
    let mut stage = stage.restarted();
    let seen = stage.session.resume(|_| Some(Recovery::DidNotHappen), NOON);
    assert_eq!(seen.calls, [], "not before it is on record");
    let seen = stage.land(seen);
    assert_eq!(stage.types()[before.len()..], ["InvocationRecovered"]);
    assert_eq!(seen.calls.len(), 1);
    assert_eq!((seen.calls[0].invocation, seen.calls[0].attempt), (call.invocation, 1));
    stage.returns(answer(&call, "ignore", usage(5, 5)), NOON);
    assert!(stage.session.state().conclusion(task("a")).is_some());
}

#[test]
fn a_step_that_was_owed_at_a_crash_is_taken_after_it() {
    let mut stage = Stage::workshop(LocalOwner);
    let mut seen = stage.give("ada", order("ada", Command::SubmitTask(triage("a"))));
    seen.appends.truncate(1);
    stage.commit(&mut seen);
    let mut stage = stage.restarted();
    let seen = stage.session.resume(|_| Some(Recovery::DidNotHappen), NOON);
    assert_eq!(stage.land(seen).calls.len(), 1, "the triage was not lost with the crash");
}

#[test]
fn a_call_is_called_off_once_its_end_is_durable() {
    let mut stage = Stage::workshop(LocalOwner);
    let call = stage.done(Command::SubmitTask(triage("a"))).calls.remove(0);
    assert_eq!(stage.session.wake_at(), Some(call.deadline));
    let seen = stage.session.tick(call.deadline);
    assert_eq!(seen.cancelled, []);
    let seen = stage.land(seen);
    assert_eq!(seen.cancelled, [call]);
    assert_eq!(stage.session.wake_at(), None);
}

#[test]
fn an_end_is_told_once_it_is_durable_and_at_once_afterwards() {
    let mut stage = Stage::workshop(LocalOwner);
    let call = stage.done(Command::SubmitTask(triage("a"))).calls.remove(0);
    assert_eq!(stage.session.watch(task("a"), "early").concluded, []);
    let mut seen = stage.session.outcome(answer(&call, "ignore", usage(5, 5)), NOON);
    assert_eq!(seen.concluded, []);
    assert_eq!(stage.session.watch(task("a"), "between").concluded, []);
    let (ticket, fate) = stage.commit(&mut seen).remove(0);
    let told = stage.session.landed(ticket, fate).concluded;
    let who: Vec<_> = told.iter().map(|(who, _)| *who).collect();
    assert_eq!(who, ["early", "between"]);
    let end = stage.session.state().conclusion(task("a")).unwrap().clone();
    assert!(told.iter().all(|(_, told)| *told == Ok(end.clone())));
    assert_eq!(stage.session.watch(task("a"), "late").concluded, [("late", Ok(end))]);
}

#[test]
fn watching_a_task_that_was_never_handed_in_is_refused() {
    let mut stage = Stage::workshop(LocalOwner);
    let refusal = Refusal::TaskUnknown { task: task("none"), hub: hub() };
    let told = stage.session.watch(task("none"), "who").concluded;
    assert_eq!(told, [("who", Err(CommandError::Refused(refusal)))]);
}

#[test]
fn every_event_names_its_cause_and_a_person_s_name_is_a_text() {
    let mut stage = Stage::workshop(LocalOwner);
    stage.done(Command::SubmitTask(triage("a")));
    let events = stage.events();
    let submitted =
        events.iter().find(|one| one.event.event_type() == "TaskSubmitted").unwrap().clone();
    let principal = Caller::Person("ada".to_owned()).principal(&hub());
    assert_eq!(submitted.envelope.principal, principal);
    assert_eq!(submitted.texts.get(&TextName::PRINCIPAL), Some("ada"));
    let started = events.last().unwrap();
    assert_eq!(started.envelope.causation, Some(submitted.envelope.id));
    assert_eq!(started.envelope.principal, convoke_events::Principal::Runtime);
}

#[test]
fn what_cannot_be_recorded_is_refused_and_leaves_the_state_alone() {
    let mut stage = Stage::workshop(LocalOwner);
    let before: State = stage.session.state().clone();
    let mut large = submission("a", "A crash");
    let to = || word("implementation");
    let escalate = (0..1_000).map(|key| Escalation { on: word(&format!("key-{key}")), to: to() });
    let (task_type, escalate) = (word("triage"), escalate.collect());
    large.plan = TaskPlan::Triage { task_type, escalate, rules: task_rules() };
    let seen = stage.give("ada", order("ada", Command::SubmitTask(large)));
    assert_eq!(seen.appends.len(), 0);
    let [("ada", Err(CommandError::Refused(Refusal::TooLarge(too_large))))] = &seen.answers[..]
    else {
        panic!("{:?}", seen.answers);
    };
    assert!(too_large.size > too_large.limit && too_large.limit >= 16_000, "{too_large}");
    assert_eq!(stage.session.state(), &before);
}

#[test]
fn a_refusal_on_record_is_no_receipt_when_the_command_is_given_again() {
    let mut stage = Stage::workshop(LocalOwner);
    stage.done(Command::SubmitTask(super::cast::question("q", task_rules())));
    // `forge` is advisory: it may not delegate, and that is recorded.
    let request = crate::command::DelegationRequest {
        task: task("q"),
        parent: None,
        from: word("forge"),
        to: word("helm"),
        scope: "look".to_owned(),
        tokens: None,
        trim: false,
    };
    let delegate = || keyed("k", Command::Delegate(request.clone()));
    let mut seen = stage.give("first", delegate());
    seen.appends.extend(stage.give("at once", delegate()).appends);
    let told = stage.land(seen).answers;
    assert_eq!(in_short(&told), [("first", "refused"), ("at once", "refused")]);
    let seen = stage.give("later", delegate());
    assert_eq!(in_short(&stage.land(seen).answers), [("later", "refused")]);
    assert!(stage.types().contains(&"DelegationRefused"));
}

#[test]
fn a_stopped_session_asks_for_no_alarm() {
    let mut stage = Stage::workshop(LocalOwner);
    let seen = stage.give("task", order("ada", Command::SubmitTask(triage("a"))));
    assert!(stage.session.wake_at().is_some(), "its call has a deadline");
    let why = "the disk is gone".to_owned();
    for (ticket, _) in seen.appends {
        stage
            .session
            .landed(ticket, Err(convoke_events::AppendError::Unknown { why: why.clone() }));
    }
    assert_eq!(stage.session.wake_at(), None);
}

#[test]
fn a_call_past_its_deadline_is_not_made_again_after_a_restart() {
    let mut stage = Stage::workshop(LocalOwner);
    stage.done(Command::SubmitTask(triage("a")));
    let mut stage = stage.restarted();
    let seen = stage
        .session
        .resume(|_| Some(Recovery::DidNotHappen), NOON.plus(std::time::Duration::from_hours(2)));
    assert_eq!(seen.calls, []);
    stage.land(seen);
    assert!(stage.types().contains(&"InvocationFailed"));
}

#[test]
fn an_outcome_that_cannot_be_recorded_as_it_came_fails_its_call_and_is_charged() {
    use convoke_events::{Log, Options};

    let options = Options { max_text: 8_192, ..Options::default() };
    let log = Log::on(Arc::new(MemoryStore::new()), options).unwrap();
    let reader = log.reader().clone();
    let authority = Arc::new(LocalOwner);
    let mut session =
        crate::driver::session::Session::<(), ()>::replay(hub(), reader, authority, 7).unwrap();
    let mut calls = Vec::new();
    let commands = crate::testkit::orders().into_iter().chain([Command::SubmitTask(triage("a"))]);
    for command in commands {
        let turn = session.order(order("ada", command), (), NOON);
        for (ticket, append) in turn.appends {
            calls.extend(session.landed(ticket, log.append_prepared(append).wait()).calls);
        }
    }
    let call = calls.remove(0);
    let mut outcome = answer(&call, "bug", usage(7, 5));
    if let Ok(response) = &mut outcome.result {
        let content = serde_json::json!({"recommendation": "bug", "body": "b".repeat(10_000)});
        response.parts = vec![crate::provider::Part::Text(content.to_string())];
    }
    let turn = session.outcome(outcome, NOON);
    let events: Vec<_> =
        turn.appends.iter().flat_map(|(_, append)| &append.append().events).collect();
    let failed = events.iter().any(|pending| {
        matches!(&pending.event, Event::Invocation(InvocationEvent::InvocationFailed(failed))
            if failed.class == FailureClass::Malformed)
    });
    let charged = events.iter().find_map(|pending| {
        let Event::Budget(BudgetEvent::Settled(settled)) = &pending.event else { return None };
        Some(settled.charged.tokens.get())
    });
    assert!(failed, "{events:?}");
    assert_eq!(charged, Some(12));
}
