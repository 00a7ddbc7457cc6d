//! An agent's actor: what it panics over harms nobody else, and its intake is bounded.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix::System;
use convoke_events::testkit::{ManualClock, NOON};
use convoke_events::{Clock, Log, ProviderName, TaskPlan, Timestamp, Verb};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::*;
use crate::authority::LocalOwner;
use crate::command::{Caller, Command, Order, PolicyRule, TaskSubmission};
use crate::driver::session::{Session, Turn};
use crate::provider::rules::Rules;
use crate::testkit::{Gate, hub, member, submission, task_rules};

/// Panics over nothing in particular.
struct Upset;

impl actix::Message for Upset {
    type Result = ();
}

impl Handler<Upset> for Agent {
    type Result = ();

    fn handle(&mut self, _: Upset, _: &mut Self::Context) {
        panic!("it is upset");
    }
}

/// Takes what comes of calls.
struct Collector(mpsc::UnboundedSender<Outcome>);

impl Actor for Collector {
    type Context = Context<Self>;
}

impl Handler<Returned> for Collector {
    type Result = ();

    fn handle(&mut self, Returned(outcome): Returned, _: &mut Self::Context) {
        self.0.send(outcome).unwrap();
    }
}

/// A log in which so many agents are asked at once, and their calls.
fn asked(count: usize) -> (Log, Vec<Call>) {
    let log = Log::in_memory();
    let authority = Arc::new(LocalOwner);
    let mut session: Session<(), ()> =
        Session::replay(hub(), log.reader().clone(), authority, 7).unwrap();
    let settings = r#"{"rules":[{"any":["x"],"recommend":"fix","confidence":0.9,"reason":"r"}],
        "otherwise":{"recommend":"wait","confidence":0.5,"reason":"r"}}"#;
    let word = "implementation";
    let mut commands = vec![Command::OpenHub {
        name: "A hundred".to_owned(),
        limits: convoke_events::Limits::default(),
    }];
    for (priority, number) in (1..).zip(0..count) {
        let agent = member(&format!("agent-{number}"), settings);
        let slug = agent.slug.clone();
        commands.push(Command::RegisterAgent(agent));
        let verbs = BTreeSet::from([Verb::Propose]);
        let rule = PolicyRule::new(slug.clone(), word.parse().unwrap(), verbs);
        commands.push(Command::SetGovernancePolicy(rule));
        let task_type = word.parse().unwrap();
        commands.push(Command::SetRoutingPolicy { task_type, agent: slug, priority, active: true });
    }
    let plan = TaskPlan::Collective {
        task_type: word.parse().unwrap(),
        participants: Vec::new(),
        rules: task_rules(),
    };
    let limits = convoke_events::Limits::default();
    commands.push(Command::SubmitTask(TaskSubmission { plan, limits, ..submission("a", "b") }));
    let mut calls = Vec::new();
    for command in commands {
        let order = Order::new(Caller::Person("ada".to_owned()), command);
        let mut turns = vec![session.order(order, (), NOON)];
        while let Some(Turn { appends, calls: more, .. }) = turns.pop() {
            calls.extend(more);
            for (ticket, append) in appends {
                turns.push(session.landed(ticket, log.append_prepared(append).wait()));
            }
        }
    }
    assert_eq!(calls.len(), count);
    (log, calls)
}

fn setup(clock: Arc<dyn Clock>, provider: Arc<dyn Provider>) -> Setup {
    let providers = BTreeMap::from([(ProviderName::Rules, provider)]);
    Setup { providers, clock, intake: 2, ..Setup::default() }
}

fn at_noon() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at(NOON))
}

/// What comes of calls, until nobody is left that could tell of one.
type Outcomes = mpsc::UnboundedReceiver<Outcome>;

fn collector() -> (Recipient<Returned>, Outcomes) {
    let (told, outcomes) = mpsc::unbounded_channel();
    (Collector(told).start().recipient(), outcomes)
}

async fn all(mut outcomes: Outcomes) -> Vec<Outcome> {
    let mut all = Vec::new();
    while let Some(outcome) = outcomes.recv().await {
        all.push(outcome);
    }
    all
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
                agent.agent.try_send(Upset).unwrap();
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
        .map(|call| Call { at_once: crate::invocation::AtOnce { agent: 1, provider: 9 }, ..call })
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
