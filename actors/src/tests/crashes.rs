//! A small federation through crashes between any two steps: it comes to the same end.

use std::sync::Arc;
use std::time::Duration;

use convoke_events::{
    BudgetEvent, CollectiveEvent, DelegationEvent, Digest, Event, ProposalEvent, Recorded,
    Reserved, TaskEvent, Tokens, Usage,
};

use super::books::Books;
use super::cast::limits;
use crate::command::{Answer, Caller, Command, Order};
use crate::driver::scheduler::{Faults, Report, World};
use crate::hub::{Owed, State};
use crate::provider::rules::Rules;
use crate::provider::{CallFuture, Cancel, Deltas, ModelRequest, Provider, Safety};
use crate::testkit::{hub, orders, submission};

const CALM: Faults = Faults { crashes: 0, clock_step: Duration::from_millis(5) };
pub(super) const STORMY: Faults = Faults { crashes: 6, clock_step: Duration::from_millis(5) };
/// A step may take a third of a call's deadline.
const SLOW: Faults = Faults { crashes: 3, clock_step: Duration::from_mins(20) };

/// Requests that end in every way there is.
fn requests() -> Vec<Command> {
    let long = "crash ".repeat(130);
    let bodies = [
        ("a", "It is only a question"),
        ("b", "A crash on start"),
        ("c", "An odd crash on start"),
        ("d", "Which licence is this under"),
        ("e", &long),
        ("f", "Another crash"),
    ];
    bodies.map(|(id, body)| Command::SubmitTask(submission(id, body))).into()
}

pub(super) fn run(seed: u64, faults: Faults) -> Report {
    let commands = orders().into_iter().chain(requests()).collect();
    drive(seed, faults, Arc::new(Rules), commands)
}

pub(super) fn drive(
    seed: u64,
    faults: Faults,
    provider: Arc<dyn Provider>,
    commands: Vec<Command>,
) -> Report {
    world(seed, faults, provider, commands).run()
}

/// A world in which ada gives these commands.
pub(super) fn world(
    seed: u64,
    faults: Faults,
    provider: Arc<dyn Provider>,
    commands: Vec<Command>,
) -> World {
    let orders = commands.into_iter().enumerate().map(|(number, command)| {
        let key = format!("order {number}").parse().unwrap();
        Order::new(Caller::Person("ada".to_owned()), command).with_key(key)
    });
    World::new(seed, hub(), provider, orders.collect(), faults)
}

/// The same without the id of the event that asked for it.
fn without_wish(line: String) -> String {
    match line.split_once(", wish: ") {
        Some((before, _)) => before.to_owned(),
        None => line,
    }
}

/// What a run comes to, apart from ids and times of events.
pub(super) fn outcome(events: &[Recorded]) -> Vec<String> {
    let mut lines: Vec<String> = events
        .iter()
        .filter_map(|recorded| {
            let event = &recorded.event;
            let counts = matches!(
                event,
                Event::Task(TaskEvent::TaskConcluded(_))
                    | Event::Collective(
                        CollectiveEvent::VerdictReached(_)
                            | CollectiveEvent::KeysGrouped(_)
                            | CollectiveEvent::ContributionRecorded(_)
                    )
                    | Event::Proposal(ProposalEvent::ProposalMade(_))
                    | Event::Delegation(
                        DelegationEvent::DelegationRequested(_)
                            | DelegationEvent::DelegationRefused(_)
                    )
                    | Event::Budget(BudgetEvent::Settled(_))
            );
            counts.then(|| without_wish(format!("{event:?}")))
        })
        .collect();
    lines.sort();
    lines
}

/// Holds a run to what every run promises, whatever went wrong in it.
fn check(report: &Report, seed: u64) {
    let events = report.events.iter().map(|recorded| &recorded.event);
    let books = Books::of(events);
    assert!(books.are_complete(), "seed {seed}: an account over its limit was left open");
    assert_eq!(books.held(), Vec::<&Reserved>::new(), "seed {seed}: still held");
    let mut replayed = State::empty(hub());
    for recorded in &report.events {
        replayed.evolve(recorded.envelope.id, recorded.envelope.decided_at, &recorded.event);
    }
    assert_eq!(report.state, replayed, "seed {seed}: what was lived is not what is replayed");
    assert_eq!(replayed.owed(), Owed::default(), "seed {seed}: something is owed at the end");
    let count = |event_type: &str| {
        report.events.iter().filter(|one| one.event.event_type() == event_type).count()
    };
    assert_eq!(count("TaskSubmitted"), requests().len(), "seed {seed}: each is taken in once");
    assert_eq!(count("TaskConcluded"), requests().len(), "seed {seed}: and ends once");
    let ended = count("InvocationAnswered") + count("InvocationFailed");
    assert_eq!(count("InvocationStarted"), ended, "seed {seed}: every call has one end");
    assert!(report.answers.iter().all(Result::is_ok), "seed {seed}: {:?}", report.answers);
}

#[test]
fn the_small_federation_ends_in_every_way_there_is() {
    let report = run(1, CALM);
    let lines = outcome(&report.events).join("\n");
    for expected in [
        "outcome: Answered, because: Triaged",
        "outcome: Proposed, because: Consensus",
        "outcome: Proposed, because: Divergence",
        "outcome: Blocked, because: Governance",
        "outcome: Failed, because: Insufficient",
    ] {
        assert!(lines.contains(expected), "{expected} is missing in\n{lines}");
    }
    assert!(report.answers.iter().all(|answer| matches!(answer, Ok(Answer::Done(_)))));
    check(&report, 1);
}

#[test]
fn crashes_between_any_two_steps_change_nothing_that_comes_of_it() {
    let calm = outcome(&run(0, CALM).events);
    let mut crashes = 0;
    for seed in 0..200 {
        let report = run(seed, STORMY);
        crashes += report.crashes;
        assert_eq!(outcome(&report.events), calm, "seed {seed}");
        check(&report, seed);
    }
    assert!(crashes > 200, "only {crashes} crashes in 200 runs");
}

/// `rules` agents that do not keep to what was set aside: some use more, some do not say.
struct Wasteful {
    safety: Safety,
    seed: u64,
}

impl Provider for Wasteful {
    fn safety(&self) -> Safety {
        self.safety
    }

    fn call(&self, request: ModelRequest, deltas: Deltas, cancel: Cancel) -> CallFuture {
        let drawn = Digest::of(format!("{} {:?}", self.seed, request.messages).as_bytes());
        let drawn = drawn.as_bytes()[0] % 6;
        let answer = Rules.call(request, deltas, cancel);
        Box::pin(async move {
            let mut response = answer.await?;
            response.usage = match drawn {
                0 => Usage::default(),
                1 => Usage { output: Some(Tokens::new(2_000)), ..response.usage },
                _ => response.usage,
            };
            Ok(response)
        })
    }
}

/// The small federation and its requests, while the hub's limits are lowered, raised and lowered.
fn under_changing_limits() -> Vec<Command> {
    let mut commands = orders();
    let changes = [(9_000, 20_000), (100, 20_000), (90_000, 90_000), (2_500, 90_000)];
    let changes = changes.map(|(tokens, money)| Command::SetHubLimits(limits(tokens, money)));
    for (place, request) in requests().into_iter().enumerate() {
        commands.extend(changes.get(place).cloned());
        commands.push(request);
    }
    commands
}

#[test]
fn whatever_goes_wrong_the_books_are_right_at_every_event_and_nothing_is_held_at_the_end() {
    let mut seen = Vec::new();
    for seed in 0..80 {
        let safety = if seed % 2 == 0 { Safety::Repeatable } else { Safety::AtMostOnce };
        let report =
            drive(seed, SLOW, Arc::new(Wasteful { safety, seed }), under_changing_limits());
        check(&report, seed);
        let twice = report.calls.iter().find(|(_, made)| **made > 1);
        assert!(safety == Safety::Repeatable || twice.is_none(), "seed {seed}: {twice:?} twice");
        seen.extend(report.events.iter().map(|one| format!("{:?}", one.event)));
    }
    let happened = |what: &str| seen.iter().any(|event| event.contains(what));
    for what in [
        "class: Timeout",
        "class: InDoubt",
        "OutcomeArrivedLate",
        "OverrunCharged",
        "settlement: Unknown",
        "settlement: Exceeded",
        "settlement: Released",
        "AccountClosed",
        "because: Budget",
        "because: Consensus",
    ] {
        assert!(happened(what), "in none of these runs there is `{what}`");
    }
}

#[test]
fn the_same_seed_makes_the_same_run() {
    let ids = |report: Report| -> Vec<_> {
        report.events.into_iter().map(|recorded| recorded.envelope.id).collect()
    };
    assert_eq!(ids(run(7, STORMY)), ids(run(7, STORMY)));
}
