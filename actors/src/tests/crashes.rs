//! A small federation through crashes between any two steps: it comes to the same end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use convoke_events::{
    AccountId, BudgetEvent, CollectiveEvent, Event, Limits, ProposalEvent, Recorded, ReservationId,
    TaskEvent,
};

use crate::command::{Answer, Caller, Command, Order};
use crate::driver::scheduler::{Faults, Report, World};
use crate::provider::rules::Rules;
use crate::testkit::{hub, orders, submission};

const CALM: Faults = Faults { crashes: 0, clock_step: Duration::from_millis(5) };
const STORMY: Faults = Faults { crashes: 6, clock_step: Duration::from_millis(5) };

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

fn run(seed: u64, faults: Faults) -> Report {
    let commands = orders().into_iter().chain(requests());
    let orders = commands.enumerate().map(|(number, command)| {
        let key = format!("order {number}").parse().unwrap();
        Order::new(Caller::Person("ada".to_owned()), command).with_key(key)
    });
    World::new(seed, hub(), Arc::new(Rules), orders.collect(), faults).run()
}

/// What a run comes to, apart from ids and times of events.
fn outcome(events: &[Recorded]) -> Vec<String> {
    let mut lines: Vec<String> = events
        .iter()
        .filter_map(|recorded| {
            let event = &recorded.event;
            let counts = matches!(
                event,
                Event::Task(TaskEvent::TaskConcluded(_))
                    | Event::Collective(
                        CollectiveEvent::VerdictReached(_)
                            | CollectiveEvent::ContributionRecorded(_)
                    )
                    | Event::Proposal(ProposalEvent::ProposalMade(_))
                    | Event::Budget(BudgetEvent::Settled(_))
            );
            counts.then(|| format!("{event:?}"))
        })
        .collect();
    lines.sort();
    lines
}

/// Sums the ledger from raw events, and checks what it promises at every one of them.
fn check_ledger(events: &[Recorded]) {
    let mut parents: BTreeMap<AccountId, Option<AccountId>> = BTreeMap::new();
    let mut limits: BTreeMap<AccountId, Limits> = BTreeMap::new();
    let mut used: BTreeMap<AccountId, (u64, u64)> = BTreeMap::new();
    let mut open: BTreeMap<ReservationId, (u64, u64)> = BTreeMap::new();
    for recorded in events {
        let Event::Budget(event) = &recorded.event else { continue };
        let (account, tokens, money) = match event {
            BudgetEvent::AccountOpened(opened) => {
                parents.insert(opened.account, opened.parent);
                limits.insert(opened.account, opened.limits);
                continue;
            }
            BudgetEvent::Reserved(one) => {
                let amount = (one.amount.tokens.get(), one.amount.money.get());
                assert!(open.insert(one.reservation, amount).is_none(), "reserved twice");
                (one.account, i128::from(amount.0), i128::from(amount.1))
            }
            BudgetEvent::Settled(one) => {
                let held = open.remove(&one.reservation).expect("settled once, after reserving");
                let charged = one.charged.plus(one.overrun);
                let back = |held: u64, charged: u64| i128::from(charged) - i128::from(held);
                let tokens = back(held.0, charged.tokens.get());
                (one.account, tokens, back(held.1, charged.money.get()))
            }
            BudgetEvent::PriceSet(_)
            | BudgetEvent::AccountLimitsSet(_)
            | BudgetEvent::AccountClosed(_)
            | BudgetEvent::OverrunCharged(_) => continue,
        };
        let mut next = Some(account);
        while let Some(account) = next {
            let sum = used.entry(account).or_default();
            sum.0 = u64::try_from(i128::from(sum.0) + tokens).expect("never below nothing");
            sum.1 = u64::try_from(i128::from(sum.1) + money).expect("never below nothing");
            let limit = limits[&account];
            assert!(limit.tokens.is_none_or(|limit| sum.0 <= limit.get()), "past its tokens");
            assert!(limit.money.is_none_or(|limit| sum.1 <= limit.get()), "past its money");
            next = parents[&account];
        }
    }
    assert!(open.is_empty(), "still held: {open:?}");
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
    check_ledger(&report.events);
}

#[test]
fn crashes_between_any_two_steps_change_nothing_that_comes_of_it() {
    let calm = outcome(&run(0, CALM).events);
    let mut crashes = 0;
    for seed in 0..300 {
        let report = run(seed, STORMY);
        crashes += report.crashes;
        assert_eq!(outcome(&report.events), calm, "seed {seed}");
        check_ledger(&report.events);
        assert!(report.answers.iter().all(Result::is_ok), "seed {seed}: {:?}", report.answers);
    }
    assert!(crashes > 300, "only {crashes} crashes in 300 runs");
}

#[test]
fn the_same_seed_makes_the_same_run() {
    let ids = |report: Report| -> Vec<_> {
        report.events.into_iter().map(|recorded| recorded.envelope.id).collect()
    };
    assert_eq!(ids(run(7, STORMY)), ids(run(7, STORMY)));
}
