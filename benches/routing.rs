//! Durable decisions per second on one hub, beside plain appends of the same events; decisions made
//! again per second under other policies, beside the bare fold.
//!
//! A decision is a whole task: handed in with the words found in it, ten agents scored by the
//! informed strategy, each looked up in governance, ledger and record, the decision recorded, and
//! the task ended, since its budget holds none of them. Both sides write the same two appends, with
//! 1 and 64 in flight.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot run has no figure"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use convoke_actors::authority::LocalOwner;
use convoke_actors::command::{
    AgentRegistration, Caller, Command, Order, PolicyRule, TaskSubmission,
};
use convoke_actors::driver::{Federation, Setup};
use convoke_actors::hub::State;
use convoke_actors::routing::what_if::{Alternative, WhatIf};
use convoke_actors::testkit::{hub, member, submission, task_rules};
use convoke_benches::{Figure, directory_on_disk, float, median};
use convoke_events::{
    Append, BidRule, Event, Limits, Log, Options, Pending, Query, Rate, Recorded, RoutingEvent,
    RoutingRules, Strategy, TaskPlan, Tokens, Verb, Way, Weights,
};
use tokio::runtime::Runtime;

const ROUNDS: usize = 5;
const AGENTS: usize = 10;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (name, in_flight, count) in [("route_sequential", 1, 500), ("route_64", 64, 5_000)] {
        let (mut ours, mut floor) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let directory = directory_on_disk().unwrap();
            let log = Log::open(&directory.path().join("ours"), Options::default()).unwrap();
            let host = Host::start(log, &runtime);
            ours.push(host.decisions(&runtime, in_flight, count));
            let appends = host.last_task();
            host.end(&runtime);
            let log = Log::open(&directory.path().join("plain"), Options::default()).unwrap();
            floor.push(plain(&runtime, &log, &appends, in_flight, count));
            log.close().unwrap();
        }
        let (ours, floor) = (median(ours), median(floor));
        Figure { name, ours, unit: "decisions/s", floor }.print();
    }
    let host = Host::start(Log::in_memory(), &runtime);
    host.decisions(&runtime, 64, 5_000);
    let (again, fold): (Vec<f64>, Vec<f64>) = (0..ROUNDS).map(|_| host.made_again()).unzip();
    let (ours, floor) = (median(again), median(fold));
    host.end(&runtime);
    Figure { name: "whatif", ours, unit: "decisions/s", floor }.print();
}

/// A hub with ten agents that bid for requirements.
struct Host {
    log: Log,
    federation: Federation,
}

impl Host {
    fn start(log: Log, runtime: &Runtime) -> Self {
        let setup = Setup { authority: Arc::new(LocalOwner), ..Setup::default() };
        let federation = Federation::start(log.clone(), setup).unwrap();
        let host = Self { log, federation };
        let settings = r#"{"rules":[{"any":["odd"],"recommend":"look","confidence":0.9,"reason":"odd"}],"otherwise":{"recommend":"wait","confidence":0.5,"reason":"none"}}"#;
        let mut commands =
            vec![Command::OpenHub { name: "bench".to_owned(), limits: Limits::default() }];
        for number in 0..AGENTS {
            let slug = format!("agent-{number}");
            commands.push(Command::RegisterAgent(AgentRegistration {
                keywords: ["crash", "start", &slug].map(|word| word.parse().unwrap()).into(),
                capabilities: vec!["code".parse().unwrap()],
                rate: Rate::new(40),
                ..member(&slug, settings)
            }));
            commands.push(Command::SetGovernancePolicy(PolicyRule::new(
                slug.parse().unwrap(),
                "requirement".parse().unwrap(),
                BTreeSet::from([Verb::Propose]),
            )));
        }
        let rule = BidRule {
            strategy: Strategy::Informed,
            window_ms: 0,
            standing_bids: true,
            most: Some(1),
        };
        let ways = BTreeMap::from([("requirement_draft".parse().unwrap(), Way::Bid(rule))]);
        commands.push(Command::SetRoutingRules(RoutingRules { ways, ..RoutingRules::default() }));
        for command in commands {
            runtime.block_on(host.federation.command(&hub(), order(command))).unwrap();
        }
        host
    }

    /// Tasks decided per second.
    fn decisions(&self, runtime: &Runtime, in_flight: usize, count: usize) -> f64 {
        let task_type: convoke_events::TaskType = "requirement_draft".parse().unwrap();
        let tasks: Vec<TaskSubmission> = (0..count)
            .map(|number| {
                let mut task = submission(&format!("task {number}"), "A crash on start");
                let (task_type, rules) = (task_type.clone(), task_rules());
                task.plan = TaskPlan::Collective { task_type, participants: Vec::new(), rules };
                task.limits = Limits { tokens: Some(Tokens::new(1)), ..Limits::default() };
                task
            })
            .collect();
        rate(runtime, in_flight, tasks, |task| {
            let federation = self.federation.clone();
            async move {
                let id = TaskSubmission::id(&hub(), &task.request);
                federation.command(&hub(), order(Command::SubmitTask(task))).await.unwrap();
                federation.concluded(&hub(), id).await.unwrap();
            }
        })
    }

    /// The two appends of the newest task, as plain ones.
    fn last_task(&self) -> [Append; 2] {
        let newest = self.log.read(Query::all().backward());
        let mut events: Vec<Recorded> = newest.take(5).map(Result::unwrap).collect();
        events.reverse();
        let types: Vec<&str> = events.iter().map(|one| one.event.event_type()).collect();
        let task =
            ["TaskSubmitted", "AccountOpened", "TaskWordsFound", "RoutingDecided", "TaskConcluded"];
        assert_eq!(types, task, "a whole task");
        if let Event::Routing(RoutingEvent::RoutingDecided(decided)) = &events[3].event {
            assert_eq!((decided.candidates.len(), decided.more_pages), (AGENTS, 0));
        }
        let (submission, decision) = events.split_at(3);
        [submission, decision].map(as_append)
    }

    /// Decisions made again per second, and decisions per second that the bare fold passes.
    fn made_again(&self) -> (f64, f64) {
        let events = self.log.read(Query::hub(hub())).map(Result::unwrap);
        let mut appends: Vec<Vec<Recorded>> = Vec::new();
        for event in events {
            match appends.last_mut() {
                Some(append) if event.envelope.index > 0 => append.push(event),
                _ => appends.push(vec![event]),
            }
        }
        let start = Instant::now();
        let mut state = State::empty(hub());
        for event in appends.iter().flatten() {
            state.evolve(event.envelope.id, event.envelope.decided_at, &event.event);
        }
        let fold = start.elapsed().as_secs_f64();
        let weights = Some(Weights { bid: 900, ..Weights::INFORMED });
        let start = Instant::now();
        let mut what_if = WhatIf::new(hub(), Alternative { weights, ..Alternative::default() });
        for append in &appends {
            what_if.take(append);
        }
        let again = start.elapsed().as_secs_f64();
        let decisions = float(what_if.totals().decisions);
        assert!(state.owed().step.is_none() && decisions > 0.0, "all of it was decided");
        (decisions / again, decisions / fold)
    }

    fn end(self, runtime: &Runtime) {
        runtime.block_on(self.federation.shutdown());
        self.log.close().unwrap();
    }
}

fn as_append(events: &[Recorded]) -> Append {
    let pending = events.iter().map(|recorded| Pending {
        id: recorded.envelope.id,
        stream: recorded.envelope.stream.clone(),
        correlation: recorded.envelope.correlation,
        causation: recorded.envelope.causation,
        decided_at: recorded.envelope.decided_at,
        event: recorded.event.clone(),
        texts: recorded.texts.clone(),
    });
    Append {
        hub: hub(),
        principal: events[0].envelope.principal.clone(),
        trace: None,
        idempotency: None,
        content: None,
        expected: Vec::new(),
        events: pending.collect(),
    }
}

fn order(command: Command) -> Order {
    Order::new(Caller::Person("bench".to_owned()), command)
}

/// Pairs of plain appends of the same events per second.
fn plain(
    runtime: &Runtime,
    log: &Log,
    appends: &[Append; 2],
    in_flight: usize,
    count: usize,
) -> f64 {
    rate(runtime, in_flight, vec![appends.clone(); count], |[first, second]| {
        let landings = [log.append(first), log.append(second)];
        async move {
            for landing in landings {
                landing.await.unwrap();
            }
        }
    })
}

/// How many per second, when so many are in flight.
fn rate<T, F: Future<Output = ()> + 'static>(
    runtime: &Runtime,
    in_flight: usize,
    work: Vec<T>,
    mut begin: impl FnMut(T) -> F,
) -> f64 {
    let count = u32::try_from(work.len()).unwrap();
    let start = Instant::now();
    tokio::task::LocalSet::new().block_on(runtime, async {
        let mut under_way = tokio::task::JoinSet::new();
        for one in work {
            if under_way.len() >= in_flight {
                under_way.join_next().await.unwrap().unwrap();
            }
            under_way.spawn_local(begin(one));
        }
        while let Some(done) = under_way.join_next().await {
            done.unwrap();
        }
    });
    f64::from(count) / start.elapsed().as_secs_f64()
}
