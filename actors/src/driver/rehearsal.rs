//! What the tests of actors share: calls to make, and who takes what comes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actix::{Actor, Context, Handler, Recipient};
use convoke_events::testkit::{ManualClock, NOON};
use convoke_events::{Clock, Limits, Log, ProviderName, TaskPlan, Verb};
use tokio::sync::mpsc;

use super::message::Returned;
use super::session::{Session, Turn};
use super::setup::Setup;
use crate::authority::LocalOwner;
use crate::command::{Caller, Command, Order, PolicyRule, TaskSubmission};
use crate::invocation::{Call, Outcome};
use crate::provider::Provider;
use crate::testkit::{hub, member, submission, task_rules};

/// Panics over nothing in particular.
pub(super) struct Upset;

impl actix::Message for Upset {
    type Result = ();
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
pub(super) fn asked(count: usize) -> (Log, Vec<Call>) {
    let log = Log::in_memory();
    let authority = Arc::new(LocalOwner);
    let mut session: Session<(), ()> =
        Session::replay(hub(), log.reader().clone(), authority, 7).unwrap();
    let settings = r#"{"rules":[{"any":["x"],"recommend":"fix","confidence":0.9,"reason":"r"}],
        "otherwise":{"recommend":"wait","confidence":0.5,"reason":"r"}}"#;
    let word = "implementation";
    let mut commands =
        vec![Command::OpenHub { name: "A hundred".to_owned(), limits: Limits::default() }];
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
    let limits = Limits::default();
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

pub(super) fn setup(clock: Arc<dyn Clock>, provider: Arc<dyn Provider>) -> Arc<Setup> {
    let providers = BTreeMap::from([(ProviderName::Rules, provider)]);
    Arc::new(Setup { providers, clock, intake: 2, ..Setup::default() })
}

pub(super) fn at_noon() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at(NOON))
}

/// What comes of calls, until nobody is left that could tell of one.
pub(super) type Outcomes = mpsc::UnboundedReceiver<Outcome>;

pub(super) fn collector() -> (Recipient<Returned>, Outcomes) {
    let (told, outcomes) = mpsc::unbounded_channel();
    (Collector(told).start().recipient(), outcomes)
}

pub(super) async fn all(mut outcomes: Outcomes) -> Vec<Outcome> {
    let mut all = Vec::new();
    while let Some(outcome) = outcomes.recv().await {
        all.push(outcome);
    }
    all
}

/// What comes of so many calls.
pub(super) async fn some(mut outcomes: Outcomes, count: usize) -> Vec<Outcome> {
    let mut some = Vec::new();
    while some.len() < count {
        some.push(outcomes.recv().await.unwrap());
    }
    some
}
