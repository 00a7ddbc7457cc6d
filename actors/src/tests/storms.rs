//! Providers that fail in every way, crashes between any two steps: the books are right at every
//! event, every call ends once, and no try is made beyond the rules.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use convoke_events::{
    AfterFailure, Event, FailureClass, InvocationEvent, InvocationId, Recourse, Reserved,
    RetryRules, Usage,
};

use super::books::Books;
use super::cast::word;
use crate::command::{AgentRegistration, Caller, Command, Order};
use crate::driver::scheduler::{Dice, Faults, Report, World};
use crate::hub::{Owed, State};
use crate::provider::rules::Rules;
use crate::provider::{
    CallFuture, Cancel, Deltas, ModelRequest, Part, Provider, ProviderFailure, Safety,
};
use crate::testkit::{hub, orders, submission};

/// `rules` agents behind a bad line: a seed says which call fails, and how.
struct Stormy {
    seed: u64,
    calls: AtomicUsize,
    safety: Safety,
}

impl Provider for Stormy {
    fn safety(&self) -> Safety {
        self.safety
    }

    fn call(&self, request: ModelRequest, deltas: Deltas, cancel: Cancel) -> CallFuture {
        let number = u64::try_from(self.calls.fetch_add(1, Ordering::SeqCst)).unwrap();
        let mut dice = Dice::new(self.seed.wrapping_mul(0x9e37_79b9).wrapping_add(number));
        let fails = |class| ProviderFailure::new(class, "the storm wants it so");
        let failure = match dice.below(12) {
            0 | 1 => fails(FailureClass::Unavailable),
            2 | 3 => fails(FailureClass::RateLimited).unbilled(),
            4 => fails(FailureClass::Auth).unbilled(),
            5 => fails(FailureClass::Panicked),
            6 => fails(FailureClass::Overloaded).unbilled(),
            mangled @ (7 | 8) => {
                let answer = Rules.call(request, deltas, cancel);
                return Box::pin(async move {
                    let mut response = answer.await?;
                    response.parts = vec![Part::Text("it is hard to say".to_owned())];
                    if mangled == 7 {
                        response.usage = Usage::default();
                    }
                    Ok(response)
                });
            }
            _ => return Rules.call(request, deltas, cancel),
        };
        Box::pin(std::future::ready(Err(failure)))
    }
}

fn commands(rules: RetryRules) -> Vec<Command> {
    let mut commands: Vec<Command> = orders()
        .into_iter()
        .map(|command| {
            // Models of their own, so that there is somewhere to fall back to.
            if let Command::RegisterAgent(agent) = command {
                let model = word(&format!("rules-{}", agent.slug));
                Command::RegisterAgent(AgentRegistration { model, ..agent })
            } else {
                command
            }
        })
        .collect();
    let priced: Vec<Command> = commands
        .iter()
        .filter_map(|command| {
            let Command::RegisterAgent(agent) = command else { return None };
            let price = crate::command::Price {
                input: word("1000000"),
                cached: word("100000"),
                output: word("2000000"),
            };
            let (provider, model) = (agent.provider.clone(), agent.model.clone());
            Some(Command::SetPrice { provider, model, price })
        })
        .collect();
    commands.extend(priced);
    commands.push(Command::SetRetryRules(rules));
    commands.push(Command::SetRoutingPolicy {
        task_type: word("triage"),
        agent: word("quill"),
        priority: 2,
        active: true,
    });
    commands.push(super::cast::allow("quill", "request", &[convoke_events::Verb::Read], true));
    let bodies = ["only a question", "A crash", "An odd crash", "A crash again", "crash", "odd"];
    for (number, body) in bodies.into_iter().enumerate() {
        commands.push(Command::SubmitTask(submission(&format!("{number}"), body)));
    }
    commands
}

fn run(seed: u64, safety: Safety, rules: RetryRules, faults: Faults) -> Report {
    let provider = Arc::new(Stormy { seed, calls: AtomicUsize::new(0), safety });
    let orders = commands(rules).into_iter().enumerate().map(|(number, command)| {
        let key = format!("order {number}").parse().unwrap();
        Order::new(Caller::Person("ada".to_owned()), command).with_key(key)
    });
    World::new(seed, hub(), provider, orders.collect(), faults).run()
}

/// What every run promises, whatever went wrong in it.
fn check(report: &Report, rules: &RetryRules, seed: u64) {
    let books = Books::of(report.events.iter().map(|recorded| &recorded.event));
    assert!(books.are_complete(), "seed {seed}: an account over its limit was left open");
    assert_eq!(books.held(), Vec::<&Reserved>::new(), "seed {seed}: still held");
    let mut replayed = State::empty(hub());
    for recorded in &report.events {
        replayed.evolve(recorded.envelope.id, recorded.envelope.decided_at, &recorded.event);
    }
    assert_eq!(report.state, replayed, "seed {seed}: what was lived is not what is replayed");
    assert_eq!(replayed.owed(), Owed::default(), "seed {seed}: something is owed at the end");
    let mut ends: BTreeMap<InvocationId, usize> = BTreeMap::new();
    for recorded in &report.events {
        let Event::Invocation(event) = &recorded.event else { continue };
        match event {
            InvocationEvent::InvocationStarted(started) => {
                ends.entry(started.invocation).or_default();
                let mended = u32::from(started.mends.is_some());
                assert!(started.attempt <= rules.max_attempts + mended, "seed {seed}");
                assert!(recorded.envelope.decided_at < started.deadline, "seed {seed}");
            }
            InvocationEvent::InvocationAnswered(answered) => {
                *ends.entry(answered.invocation).or_default() += 1;
            }
            InvocationEvent::InvocationFailed(failed) => {
                let never = [FailureClass::Auth, FailureClass::Timeout, FailureClass::Cancelled];
                let stops = never.contains(&failed.class);
                assert!(!stops || failed.then == AfterFailure::Stop, "seed {seed}: {failed:?}");
                let ended = usize::from(failed.then.ends_call());
                *ends.entry(failed.invocation).or_default() += ended;
            }
            InvocationEvent::OutcomeArrivedLate(_) | InvocationEvent::InvocationRecovered(_) => {}
        }
    }
    assert!(ends.values().all(|count| *count == 1), "seed {seed}: each call ends once: {ends:?}");
    let count = |event_type: &str| {
        report.events.iter().filter(|one| one.event.event_type() == event_type).count()
    };
    assert_eq!((count("TaskSubmitted"), count("TaskConcluded")), (6, 6), "seed {seed}");
}

#[test]
fn in_any_storm_the_books_are_right_and_every_call_ends_once() {
    let mut seen = String::new();
    for seed in 0..100 {
        let safety = if seed % 2 == 0 { Safety::AtMostOnce } else { Safety::Repeatable };
        let in_doubt = if seed % 4 == 0 { Recourse::Repeat } else { Recourse::Fail };
        let rules = RetryRules {
            breaker_failures: 2 + u32::try_from(seed % 3).unwrap(),
            breaker_open_ms: 4_000,
            in_doubt,
            ..RetryRules::default()
        };
        let faults = Faults { crashes: 5, clock_step: Duration::from_secs(1 + seed % 7 * 60) };
        let report = run(seed, safety, rules, faults);
        check(&report, &rules, seed);
        for recorded in &report.events {
            writeln!(seen, "{:?}", recorded.event).unwrap();
        }
    }
    for what in [
        "then: Again",
        "mend: true",
        "then: FallBack",
        "BreakerOpened",
        "BreakerHalfOpened",
        "BreakerClosed",
        "InvocationRecovered",
        "found: InDoubt, then: Repeat",
        "found: InDoubt, then: Fail",
        "found: DidNotHappen, then: Repeat",
        "class: BreakerOpen",
        "class: Timeout",
        "settlement: Unknown",
        "settlement: Released",
    ] {
        assert!(seen.contains(what), "in none of these runs there is `{what}`");
    }
}
