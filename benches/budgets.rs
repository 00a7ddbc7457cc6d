//! Durable reservations per second on one hub, beside plain appends of the same events.
//!
//! A reservation is a whole delegation granted: its budget set aside, its account opened, the
//! decision recorded, its call set aside and sent. Both sides write the same six events an append,
//! each with 1, 64 and 512 in flight.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot run has no figure"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use convoke_actors::authority::LocalOwner;
use convoke_actors::command::{Caller, Command, DelegationRequest, Order, PolicyRule};
use convoke_actors::driver::{Federation, Setup};
use convoke_actors::provider::{
    CallFuture, Cancel, Deltas, ModelRequest, ModelResponse, Part, Provider, Safety,
};
use convoke_actors::testkit::{hub, member, submission, task_rules};
use convoke_benches::{Figure, directory_on_disk, median};
use convoke_events::{
    Append, DelegationEvent, Event, FinishReason, Limits, Log, Options, Pending, ProviderName,
    Query, TaskPlan, Tokens, TrustLevel, Usage, Verb,
};
use tokio::runtime::Runtime;

const ROUNDS: usize = 5;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (in_flight, count) in [(1, 600), (64, 6_000), (512, 12_000)] {
        let (mut ours, mut floor) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let directory = directory_on_disk().unwrap();
            let host = Host::start(&directory.path().join("ours"), Answers::Never, &runtime);
            ours.push(host.reservations(&runtime, in_flight, count));
            let append = host.last_append();
            host.end(&runtime);
            let log = Log::open(&directory.path().join("plain"), Options::default()).unwrap();
            floor.push(plain(&runtime, &log, &append, in_flight, count));
            log.close().unwrap();
        }
        let name = format!("reserve_{in_flight}");
        let (ours, floor) = (median(ours), median(floor));
        Figure { name: &name, ours, unit: "reservations/s", floor }.print();
    }
    let directory = directory_on_disk().unwrap();
    let host = Host::start(directory.path(), Answers::AtOnce, &runtime);
    let p99 = host.reserve_and_settle_p99(&runtime, 64, 6_000);
    host.end(&runtime);
    // There is no floor and no aim: it stands beside itself.
    Figure { name: "reserve_settle_p99_64", ours: p99, unit: "us", floor: p99 }.print();
}

/// When the models of a bench answer.
#[derive(Clone, Copy)]
enum Answers {
    AtOnce,
    Never,
}

/// Two models: the one that delegates never answers, so that its collective stays under way.
struct Models {
    answers: Answers,
}

impl Provider for Models {
    fn safety(&self) -> Safety {
        Safety::AtMostOnce
    }

    fn call(&self, request: ModelRequest, _: Deltas, _: Cancel) -> CallFuture {
        let delegated = request.schema.as_ref().is_some_and(|schema| schema.name == "delegation");
        match self.answers {
            Answers::AtOnce if delegated => Box::pin(async move {
                let answer = r#"{"recommendation":"done","body":"done"}"#;
                let tokens = Some(Tokens::new(10));
                Ok(ModelResponse {
                    provider: request.provider,
                    model: request.model,
                    upstream: None,
                    parts: vec![Part::Text(answer.to_owned())],
                    finish: FinishReason::Stop,
                    usage: Usage { input: tokens, output: tokens, ..Usage::default() },
                })
            }),
            Answers::AtOnce | Answers::Never => Box::pin(std::future::pending()),
        }
    }
}

/// A hub on disk with one collective under way, whose one participant delegates.
struct Host {
    log: Log,
    federation: Federation,
    request: DelegationRequest,
}

impl Host {
    fn start(directory: &std::path::Path, answers: Answers, runtime: &Runtime) -> Self {
        let log = Log::open(directory, Options::default()).unwrap();
        let provider: ProviderName = "host:bench".parse().unwrap();
        let model: Arc<dyn Provider> = Arc::new(Models { answers });
        let setup = Setup {
            providers: BTreeMap::from([(provider.clone(), model)]),
            authority: Arc::new(LocalOwner),
            // Every call of a bench that is never answered waits at its agent.
            intake: 1 << 20,
            ..Setup::default()
        };
        let federation = Federation::start(log.clone(), setup).unwrap();
        let task = convoke_actors::command::TaskSubmission::id(&hub(), "bench");
        let request = DelegationRequest {
            task,
            parent: None,
            from: "sender".parse().unwrap(),
            to: "receiver".parse().unwrap(),
            scope: String::new(),
            tokens: Some(Tokens::new(10_000)),
            trim: false,
        };
        let host = Self { log, federation, request };
        let agents = ["sender", "receiver"].map(|slug| {
            let mut agent = member(slug, "{}");
            (agent.provider, agent.settings) = (provider.clone(), None);
            agent.trust = TrustLevel::Elevated;
            Command::RegisterAgent(agent)
        });
        let rules = convoke_events::TaskRules { min_contributions: 1, ..task_rules() };
        let mut work = submission("bench", "A crash on start");
        work.plan = TaskPlan::Collective {
            task_type: "implementation".parse().unwrap(),
            participants: Vec::new(),
            rules,
        };
        work.limits = Limits::default();
        let allow = |agent: &str| {
            Command::SetGovernancePolicy(PolicyRule {
                agent: agent.parse().unwrap(),
                artifact: "implementation".parse().unwrap(),
                verbs: BTreeSet::from([Verb::Propose, Verb::Delegate]),
                reviewers: 1,
                active: true,
            })
        };
        let mut commands =
            vec![Command::OpenHub { name: "bench".to_owned(), limits: Limits::default() }];
        commands.extend(agents);
        commands.push(Command::SetRoutingPolicy {
            task_type: "implementation".parse().unwrap(),
            agent: "sender".parse().unwrap(),
            priority: 1,
            active: true,
        });
        commands.extend([allow("sender"), allow("receiver"), Command::SubmitTask(work)]);
        for command in commands {
            runtime.block_on(host.federation.command(&hub(), order(command))).unwrap();
        }
        host
    }

    fn delegate(&self, scope: String) -> Command {
        Command::Delegate(DelegationRequest { scope, ..self.request.clone() })
    }

    /// Delegations granted per second.
    fn reservations(&self, runtime: &Runtime, in_flight: usize, count: usize) -> f64 {
        let commands: Vec<Command> =
            (0..count).map(|number| self.delegate(format!("part {number}"))).collect();
        rate(runtime, in_flight, commands, |command| {
            let federation = self.federation.clone();
            async move {
                federation.command(&hub(), order(command)).await.unwrap();
            }
        })
    }

    /// The append of the newest delegation, as a plain one.
    fn last_append(&self) -> Append {
        let newest = self.log.read(Query::all().backward());
        let events: Vec<_> = newest.take(6).map(Result::unwrap).collect();
        let first = events.last().unwrap();
        assert_eq!((first.envelope.index, first.envelope.count), (0, 6), "a whole append");
        let pending = events.iter().rev().map(|recorded| Pending {
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
            principal: first.envelope.principal.clone(),
            trace: None,
            idempotency: None,
            content: None,
            expected: Vec::new(),
            events: pending.collect(),
        }
    }

    /// Of so many delegations, how long the slowest hundredth took until they were settled, in µs.
    fn reserve_and_settle_p99(&self, runtime: &Runtime, in_flight: usize, count: usize) -> f64 {
        let settled = self.log.subscribe(self.log.head().position);
        let watcher = std::thread::spawn(move || watch(settled, count));
        let started = Arc::new(std::sync::Mutex::new(BTreeMap::new()));
        let commands: Vec<Command> =
            (0..count).map(|number| self.delegate(format!("part {number}"))).collect();
        rate(runtime, in_flight, commands, |command| {
            let (federation, started) = (self.federation.clone(), Arc::clone(&started));
            async move {
                let Command::Delegate(request) = &command else { return };
                let scope = request.scope.replace(' ', "-");
                started.lock().unwrap().insert(scope, Instant::now());
                federation.command(&hub(), order(command)).await.unwrap();
            }
        });
        let ended = watcher.join().unwrap();
        let started = started.lock().unwrap();
        let mut spans: Vec<Duration> =
            ended.iter().map(|(scope, end)| end.duration_since(started[scope])).collect();
        spans.sort();
        spans[spans.len() * 99 / 100].as_secs_f64() * 1e6
    }

    fn end(self, runtime: &Runtime) {
        runtime.block_on(self.federation.shutdown());
        self.log.close().unwrap();
    }
}

/// When each of so many delegations was completed, by its scope.
fn watch(mut events: convoke_events::Subscription, count: usize) -> BTreeMap<String, Instant> {
    let mut scopes = BTreeMap::new();
    let mut ended = BTreeMap::new();
    while ended.len() < count {
        let Event::Delegation(event) = events.next_blocking().unwrap().unwrap().event else {
            continue;
        };
        if let DelegationEvent::DelegationRequested(requested) = event {
            scopes.insert(requested.delegation, requested.scope.to_string());
        } else if let DelegationEvent::DelegationCompleted(completed) = event {
            ended.insert(scopes[&completed.delegation].clone(), Instant::now());
        }
    }
    ended
}

fn order(command: Command) -> Order {
    Order::new(Caller::Person("bench".to_owned()), command)
}

/// Plain appends of the same events per second.
fn plain(runtime: &Runtime, log: &Log, append: &Append, in_flight: usize, count: usize) -> f64 {
    rate(runtime, in_flight, vec![append.clone(); count], |append| {
        let landing = log.append(append);
        async move {
            landing.await.unwrap();
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
