//! The federation in production: real threads, real actors, and a host that has no runtime.

mod host;

use std::collections::BTreeSet;
use std::sync::Arc;

use convoke_events::testkit::{Fault, FaultyStore};
use convoke_events::{
    CommitStore, Conclusion, Event, FailureClass, HostName, InvocationEvent, Limits, Log,
    MemoryStore, Options, ProviderName, Query, TaskOutcome, TaskRules, TaskSubmitted,
};

use self::host::{Held, Panics, Says, Silent, block_on, poll_once};
use super::cast::{question, task, triage, word};
use super::stage::order;
use crate::command::{AgentRegistration, Answer, Command, CommandError, TaskSubmission};
use crate::driver::{Federation, Setup};
use crate::provider::Provider;
use crate::testkit::{Gate, hub, member, orders, task_rules};

const FIX: &str =
    r#"{"recommendation":"fix","body":"b","confidence":1,"assumptions":[],"dissent":[]}"#;

fn host(name: &str) -> ProviderName {
    ProviderName::Host(HostName::new(name).unwrap())
}

/// A federation in which these providers of the host's are configured.
fn start(log: &Log, providers: Vec<(&str, Arc<dyn Provider>)>) -> Federation {
    let mut setup = Setup::default();
    setup.providers.extend(providers.into_iter().map(|(name, it)| (host(name), it)));
    Federation::start(log.clone(), setup).unwrap()
}

fn give(federation: &Federation, command: Command) -> Result<Answer, CommandError> {
    block_on(federation.command(&hub(), order("ada", command)))
}

/// Sets the small federation up, its agents served by the host's provider of this name, but for
/// one that is served by another.
fn set_up(federation: &Federation, name: &str, (slug, other): (&str, &str)) {
    for command in orders() {
        let command = if let Command::RegisterAgent(agent) = command {
            let name = if agent.slug.as_str() == slug { other } else { name };
            let (provider, settings) = (host(name), None);
            Command::RegisterAgent(AgentRegistration { provider, settings, ..agent })
        } else {
            command
        };
        assert!(matches!(give(federation, command), Ok(Answer::Done(_))));
    }
}

/// Hands a task in and waits for its end.
fn ends(federation: &Federation, submission: TaskSubmission) -> (TaskOutcome, Conclusion) {
    let id = task(&submission.request);
    give(federation, Command::SubmitTask(submission)).unwrap();
    let end = block_on(federation.concluded(&hub(), id)).unwrap();
    (end.outcome, end.because)
}

/// Why calls failed, by the log.
fn failures(log: &Log) -> Vec<FailureClass> {
    let failed = log.read(Query::event_type("InvocationFailed")).map(|recorded| {
        let Event::Invocation(InvocationEvent::InvocationFailed(failed)) = recorded.unwrap().event
        else {
            panic!("another event");
        };
        failed.class
    });
    failed.collect()
}

fn count(log: &Log, event_type: &str) -> usize {
    log.read(Query::event_type(event_type)).count()
}

#[test]
fn all_participants_of_a_collective_are_in_flight_at_the_same_moment() {
    let log = Log::in_memory();
    // It opens to three calls at once only: one after the other, none of them ever ended.
    let gate = Arc::new(Gate::new(3, FIX));
    let federation = start(&log, vec![("gate", Arc::<Gate>::clone(&gate))]);
    set_up(&federation, "gate", ("", ""));
    // Of one family only, so that it ends without a synthesis.
    for slug in ["forge", "helm", "quill"] {
        let agent = AgentRegistration { provider: host("gate"), ..member(slug, "{}") };
        let agent = AgentRegistration { family: word("one"), settings: None, ..agent };
        give(&federation, Command::RegisterAgent(agent)).unwrap();
    }
    let end = ends(&federation, question("a", task_rules()));
    assert_eq!(end, (TaskOutcome::Proposed, Conclusion::Divergence));
    assert_eq!((*gate.arrived().borrow(), count(&log, "InvocationAnswered")), (3, 3));
    block_on(federation.shutdown());
}

#[test]
fn nothing_is_sent_where_the_decision_to_send_it_cannot_be_recorded() {
    let set_up_takes = u64::try_from(orders().len()).unwrap();
    for (after, fault) in
        (1..=3).flat_map(|after| [Fault::Full, Fault::UnknownAndLost].map(|fault| (after, fault)))
    {
        let memory: Arc<dyn CommitStore> = Arc::new(MemoryStore::new());
        let faulty = FaultyStore::new(Arc::clone(&memory), set_up_takes + after, fault);
        let log = Log::on(Arc::new(faulty), Options::default()).unwrap();
        let counts = Arc::new(Gate::new(1, FIX));
        let federation = start(&log, vec![("counts", Arc::<Gate>::clone(&counts))]);
        set_up(&federation, "counts", ("", ""));
        let task = TaskSubmission { limits: Limits::default(), ..triage("a") };
        let id = super::cast::task("a");
        if give(&federation, Command::SubmitTask(task)).is_ok() {
            // It ends, or it is said that nobody knows.
            let _ = block_on(federation.concluded(&hub(), id));
        }
        block_on(federation.shutdown());
        let recorded = Log::on(memory, Options::default()).unwrap();
        let of = |name: &str| count(&recorded, name);
        let sent = *counts.arrived().borrow();
        assert!(sent <= of("InvocationStarted"), "{fault:?} after {after}: {sent} calls");
        assert!(sent == 0 || of("RoutingDecided") > 0, "{fault:?} after {after}: {sent} calls");
        assert!(after > 1 || sent == 0, "{fault:?}: the task itself is not on disk");
    }
}

#[test]
fn a_provider_that_panics_fails_its_call_alone() {
    let log = Log::in_memory();
    let federation = start(&log, vec![("says", Arc::new(Says(FIX))), ("panics", Arc::new(Panics))]);
    set_up(&federation, "says", ("helm", "panics"));
    for request in ["a", "b"] {
        let end = ends(&federation, question(request, task_rules()));
        assert_eq!(end, (TaskOutcome::Proposed, Conclusion::Consensus), "{request}");
    }
    assert_eq!(failures(&log), [FailureClass::Panicked, FailureClass::Panicked]);
    block_on(federation.shutdown());
}

#[test]
fn a_provider_that_is_not_configured_fails_its_calls_for_nothing() {
    let log = Log::in_memory();
    let federation = start(&log, Vec::new());
    set_up(&federation, "missing", ("", ""));
    let end = ends(&federation, question("a", task_rules()));
    assert_eq!(end, (TaskOutcome::Failed, Conclusion::Insufficient));
    assert_eq!(failures(&log), [FailureClass::NoProvider; 3]);
    block_on(federation.shutdown());
}

#[test]
fn a_provider_that_never_answers_is_called_off_at_its_deadline() {
    let log = Log::in_memory();
    let silent = Silent::new();
    let federation = start(&log, vec![("silent", Arc::new(silent.clone()))]);
    set_up(&federation, "silent", ("", ""));
    let rules = TaskRules { deadline_ms: 20, ..task_rules() };
    let end = ends(&federation, question("a", rules));
    assert_eq!(end, (TaskOutcome::Failed, Conclusion::Insufficient));
    assert_eq!(failures(&log), [FailureClass::Timeout; 3]);
    let called_off = silent.until(|calls| calls.ended == calls.begun);
    assert!(called_off.begun <= 3, "{called_off:?}");
    block_on(federation.shutdown());
}

#[test]
fn a_command_too_many_comes_back_with_the_bound_and_can_be_given_again() {
    let store = Arc::new(Held::new());
    let log = Log::on(Arc::<Held>::clone(&store), Options::default()).unwrap();
    let setup = Setup { waiting: 1, ..Setup::default() };
    let federation = Federation::start(log, setup).unwrap();
    let open = Command::OpenHub { name: "Workshop".to_owned(), limits: Limits::default() };
    let hub = hub();
    let mut first = Box::pin(federation.command(&hub, order("ada", open)));
    assert_eq!(poll_once(first.as_mut()), None);
    let second = order("ada", Command::SetHubLimits(super::cast::limits(1, 1)));
    let turned_away = block_on(federation.command(&hub, second.clone()));
    let expected = CommandError::Overloaded { order: Box::new(second.clone()), limit: 1 };
    assert_eq!(turned_away, Err(expected));
    store.release();
    assert!(matches!(block_on(first), Ok(Answer::Done(_))));
    let again = block_on(federation.command(&hub, second));
    assert!(matches!(again, Ok(Answer::Done(_))), "{again:?}");
}

#[test]
fn a_shutdown_answers_everything_that_was_taken_and_takes_nothing_more() {
    let store = Arc::new(Held::new());
    let log = Log::on(Arc::<Held>::clone(&store), Options::default()).unwrap();
    let federation = Federation::start(log.clone(), Setup::default()).unwrap();
    let hub = hub();
    let limits = (1..8).map(|tokens| Command::SetHubLimits(super::cast::limits(tokens, 1)));
    let open = Command::OpenHub { name: "Workshop".to_owned(), limits: Limits::default() };
    let mut taken: Vec<_> = std::iter::once(open)
        .chain(limits)
        .map(|command| Box::pin(federation.command(&hub, order("ada", command))))
        .collect();
    for command in &mut taken {
        assert_eq!(poll_once(command.as_mut()), None);
    }
    let mut shutdown = Box::pin(federation.shutdown());
    assert_eq!(poll_once(shutdown.as_mut()), None);
    let late = give(&federation, Command::SetHubLimits(super::cast::limits(9, 9)));
    assert!(matches!(late, Err(CommandError::Stopped { .. })), "{late:?}");
    // It goes on serving what it took, as often as anybody looks, while nothing is durable yet.
    for _ in 0..100 {
        let unknown = block_on(federation.concluded(&hub, task("none")));
        assert!(matches!(unknown, Err(CommandError::Refused(_))), "{unknown:?}");
        assert_eq!(poll_once(shutdown.as_mut()), None);
    }
    assert_eq!(log.head().position, 0);
    store.release();
    block_on(shutdown);
    let answers = taken.into_iter().map(block_on);
    assert!(answers.into_iter().all(|answer| matches!(answer, Ok(Answer::Done(_)))));
    assert_eq!(count(&log, "AccountLimitsSet"), 7);
    block_on(federation.shutdown());
    let end = block_on(federation.concluded(&hub, task("a")));
    assert!(matches!(end, Err(CommandError::Stopped { .. })), "{end:?}");
}

#[test]
fn what_was_under_way_at_a_shutdown_is_in_doubt_at_the_next_start() {
    let log = Log::in_memory();
    let silent = Silent::new();
    let federation = start(&log, vec![("silent", Arc::new(silent.clone()))]);
    set_up(&federation, "silent", ("", ""));
    give(&federation, Command::SubmitTask(triage("a"))).unwrap();
    silent.until(|calls| calls.begun == 1);
    block_on(federation.shutdown());
    let federation = start(&log, vec![("silent", Arc::new(silent.clone()))]);
    let end = block_on(federation.concluded(&hub(), task("a"))).unwrap();
    assert_eq!((end.outcome, end.because), (TaskOutcome::Failed, Conclusion::CallFailed));
    assert_eq!(failures(&log), [FailureClass::InDoubt]);
    assert_eq!(silent.until(|_| true).begun, 1, "it was not called again");
    block_on(federation.shutdown());
}

#[test]
fn one_handle_serves_many_threads_and_every_task_is_taken_in_once() {
    let log = Log::in_memory();
    let federation = start(&log, vec![("says", Arc::new(Says(FIX)))]);
    set_up(&federation, "says", ("", ""));
    std::thread::scope(|scope| {
        for number in 0..4 {
            let federation = federation.clone();
            scope.spawn(move || {
                for other in 0..5 {
                    // Every request comes from two threads.
                    let submission = triage(&format!("{} {other}", number / 2));
                    let (outcome, _) = ends(&federation, submission);
                    assert_eq!(outcome, TaskOutcome::Answered);
                }
            });
        }
    });
    let tasks = log.read(Query::event_type("TaskSubmitted")).map(|recorded| {
        let Event::Task(convoke_events::TaskEvent::TaskSubmitted(TaskSubmitted { task, .. })) =
            recorded.unwrap().event
        else {
            panic!("another event");
        };
        task
    });
    let tasks: Vec<_> = tasks.collect();
    assert_eq!((tasks.len(), tasks.iter().collect::<BTreeSet<_>>().len()), (10, 10));
    block_on(federation.shutdown());
}

#[test]
fn a_refusal_reaches_who_asked() {
    let federation = start(&Log::in_memory(), Vec::new());
    let refused = give(&federation, Command::SetHubLimits(Limits::default()));
    let refusal = crate::refusal::Refusal::HubNotOpened { hub: hub() };
    assert_eq!(refused, Err(CommandError::Refused(refusal)));
    let unknown = block_on(federation.concluded(&word("elsewhere"), task("a")));
    assert!(matches!(unknown, Err(CommandError::Refused(_))), "{unknown:?}");
    block_on(federation.shutdown());
}
