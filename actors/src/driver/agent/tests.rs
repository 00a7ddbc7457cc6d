//! An agent's actor: what it panics over harms nobody else, and its intake is bounded.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix::System;
use convoke_events::testkit::NOON;
use convoke_events::{Clock, Timestamp};
use tokio::runtime::Runtime;
use tokio::sync::Barrier;

use super::*;
use crate::driver::rehearsal::{Upset, all, asked, at_noon, collector, setup};
use crate::invocation::AtOnce;
use crate::provider::rules::Rules;
use crate::provider::{CallFuture, ModelRequest, Safety};
use crate::testkit::{Gate, hub};

impl Intake {
    /// Has the agent's actor panic.
    pub(in crate::driver) fn upset(&self) {
        self.agent.try_send(Upset).unwrap();
    }
}

impl Handler<Upset> for Agent {
    type Result = ();

    fn handle(&mut self, _: Upset, _: &mut Self::Context) {
        panic!("it is upset");
    }
}

#[test]
fn an_agent_that_panics_among_a_hundred_is_back_and_the_others_miss_nothing() {
    let (log, calls) = asked(100);
    let models = Runtime::new().unwrap();
    let setup = setup(at_noon(), Arc::new(Rules));
    let outcomes = System::new().block_on(async {
        let (returns, outcomes) = collector();
        let lane = Lane::new();
        let mut agents = Vec::new();
        for (number, call) in calls.iter().enumerate() {
            let (reader, models) = (log.reader().clone(), models.handle().clone());
            let agent = Agent::start(hub(), reader, setup.clone(), models);
            if number == 42 {
                agent.upset();
            }
            let given = agent.give(call.clone(), returns.clone(), lane.clone());
            assert!(given.is_ok(), "its intake is served");
            agents.push(agent);
        }
        drop(returns);
        let all = all(outcomes).await;
        drop(agents);
        all
    });
    let answered: BTreeSet<_> = outcomes.iter().map(|outcome| outcome.invocation).collect();
    let expected: BTreeSet<_> = calls.iter().map(|call| call.invocation).collect();
    assert_eq!(answered, expected, "every call comes back, that of the one that panicked too");
    assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()), "{outcomes:?}");
}

/// A clock that panics when it is asked the first time.
#[derive(Debug, Default)]
struct Broken(AtomicUsize);

impl Clock for Broken {
    fn now(&self) -> Timestamp {
        assert!(self.0.fetch_add(1, Ordering::SeqCst) > 0, "it is broken");
        NOON
    }
}

#[test]
fn a_call_over_which_its_agent_panics_has_failed_unsent_and_the_next_one_is_made() {
    let (log, calls) = asked(2);
    let models = Runtime::new().unwrap();
    let setup = setup(Arc::new(Broken::default()), Arc::new(Rules));
    let outcomes = System::new().block_on(async {
        let (returns, outcomes) = collector();
        let (reader, models) = (log.reader().clone(), models.handle().clone());
        let agent = Agent::start(hub(), reader, setup, models);
        for call in &calls {
            assert!(agent.give(call.clone(), returns.clone(), Lane::new()).is_ok());
        }
        drop(returns);
        let all = all(outcomes).await;
        drop(agent);
        all
    });
    let of = |call: &Call| outcomes.iter().find(|one| one.invocation == call.invocation).unwrap();
    let failure = of(&calls[0]).result.clone().unwrap_err();
    assert_eq!(failure.class, FailureClass::Withheld);
    assert_eq!(failure.billed, convoke_events::Billed::No);
    assert_eq!(failure.retry, Retry::After(Duration::ZERO), "the hub may send it again");
    assert!(of(&calls[1]).result.is_ok());
}

#[test]
fn a_call_too_many_comes_back_and_those_that_wait_can_be_called_off() {
    let (log, calls) = asked(4);
    let calls: Vec<Call> = calls
        .into_iter()
        .map(|call| Call { at_once: AtOnce { agent: 1, provider: 9 }, ..call })
        .collect();
    let models = Runtime::new().unwrap();
    let gate = Gate::new(2, "never");
    let mut arrived = gate.arrived();
    let setup = setup(at_noon(), Arc::new(gate));
    let outcomes = System::new().block_on(async {
        let (returns, outcomes) = collector();
        let (reader, models) = (log.reader().clone(), models.handle().clone());
        let agent = Agent::start(hub(), reader, setup, models);
        let lane = Lane::new();
        let give = |call: &Call| agent.give(call.clone(), returns.clone(), lane.clone());
        assert!(give(&calls[0]).is_ok());
        arrived.wait_for(|arrived| *arrived == 1).await.unwrap();
        assert!(give(&calls[1]).is_ok());
        assert!(give(&calls[2]).is_ok());
        let overloaded = give(&calls[3]).err().unwrap();
        assert_eq!(overloaded.call, calls[3], "it comes back as it was");
        assert_eq!(overloaded.why, "2 calls of its agent wait for their turn");
        overloaded.give_back();
        for call in &calls[..3] {
            agent.call_off(call.clone());
        }
        drop((returns, agent));
        all(outcomes).await
    });
    assert_eq!(*arrived.borrow(), 1, "those that waited were never sent");
    let mut classes: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome.result.clone().unwrap_err())
        .map(|failure| (failure.class, failure.billed))
        .collect();
    classes.sort();
    let (free, unknown) = (convoke_events::Billed::No, convoke_events::Billed::Unknown);
    let expected = [
        (FailureClass::Cancelled, free),
        (FailureClass::Cancelled, free),
        (FailureClass::Cancelled, unknown),
        (FailureClass::Withheld, free),
    ];
    assert_eq!(classes, expected);
}

/// A provider whose calls go on only in pairs, and that counts how many are with it at once.
struct Pairs {
    pair: Arc<Barrier>,
    /// How many there are, and the most there were.
    present: Arc<Mutex<(usize, usize)>>,
}

impl Pairs {
    fn new() -> Self {
        Self { pair: Arc::new(Barrier::new(2)), present: Arc::default() }
    }
}

impl Provider for Pairs {
    fn safety(&self) -> Safety {
        Safety::AtMostOnce
    }

    fn call(&self, _: ModelRequest, _: Deltas, _: Cancel) -> CallFuture {
        let (pair, present) = (Arc::clone(&self.pair), Arc::clone(&self.present));
        {
            let (now, most) = &mut *present.lock().unwrap();
            *now += 1;
            *most = (*most).max(*now);
        }
        Box::pin(async move {
            pair.wait().await;
            present.lock().unwrap().0 -= 1;
            Err(ProviderFailure::new(FailureClass::Malformed, "they went as they came"))
        })
    }
}

/// The most calls that are with a provider at once, of so many agents with so many calls each.
fn most_at_once(agents: usize, at_once: AtOnce) -> usize {
    let (log, calls) = asked(12);
    let models = Runtime::new().unwrap();
    let pairs = Pairs::new();
    let present = Arc::clone(&pairs.present);
    let setup = Arc::unwrap_or_clone(setup(at_noon(), Arc::new(pairs)));
    let setup = Arc::new(Setup { intake: 12, ..setup });
    let outcomes = System::new().block_on(async {
        let (returns, outcomes) = collector();
        let start = |_| {
            let (reader, models) = (log.reader().clone(), models.handle().clone());
            Agent::start(hub(), reader, setup.clone(), models)
        };
        let agents: Vec<_> = (0..agents).map(start).collect();
        let lane = Lane::new();
        for (call, agent) in calls.into_iter().zip(agents.iter().cycle()) {
            let call = Call { at_once, ..call };
            assert!(agent.give(call, returns.clone(), lane.clone()).is_ok());
        }
        drop(returns);
        let all = all(outcomes).await;
        drop(agents);
        all
    });
    assert_eq!(outcomes.len(), 12);
    let (left, most) = *present.lock().unwrap();
    assert_eq!(left, 0);
    most
}

#[test]
fn no_more_calls_of_an_agent_are_with_its_provider_at_once_than_the_hub_says() {
    assert_eq!(most_at_once(1, AtOnce { agent: 2, provider: 12 }), 2);
    let by_agent = most_at_once(3, AtOnce { agent: 2, provider: 12 });
    assert!((2..=6).contains(&by_agent), "{by_agent}");
}

#[test]
fn no_more_calls_of_a_provider_are_with_it_at_once_than_the_hub_says_whoever_asks() {
    assert_eq!(most_at_once(12, AtOnce { agent: 12, provider: 2 }), 2);
}
