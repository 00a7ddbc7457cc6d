//! What a collective costs beside waiting for its slowest participant.
//!
//! A question is handed in and 8 or 64 agents are asked at once, each of which takes 50 ms; what is
//! measured is the time until their verdict is durable, above those 50 ms. On the way everything is
//! recorded, on disk and synced: the decisions who takes part, a reservation for each, every call
//! before it is sent, every answer with what it cost, the verdict. The floor is bare tokio that
//! waits for as many sleepers in the same run, and remembers nothing.
//!
//! `fanout_syncs_64` counts the journal's syncs of one such collective. In its floor's place stands
//! the least there could be: one before anything is sent, one for the verdict and all it rests on.
#![allow(clippy::unwrap_used, reason = "a bench that cannot run has no figure")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use convoke_actors::authority::LocalOwner;
use convoke_actors::command::{Caller, Command, Order, PolicyRule, TaskSubmission};
use convoke_actors::driver::{Federation, Setup};
use convoke_actors::provider::{
    CallFuture, Cancel, Deltas, ModelRequest, ModelResponse, Part, Provider, Safety,
};
use convoke_actors::testkit::{hub, member, submission, task_rules};
use convoke_benches::{Figure, directory_on_disk, float, median};
use convoke_events::{
    CollectiveEvent, Disk, DiskFile, Event, FinishReason, JournalOptions, JournaledStore, Limits,
    Log, Options, ProviderName, Subscription, TaskPlan, Tokens, Usage, Verb, Verdict,
};
use tokio::runtime::Runtime;

const ROUNDS: u32 = 41;
const SLEEP: Duration = Duration::from_millis(50);

fn main() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    for participants in [8, 64] {
        let directory = directory_on_disk().unwrap();
        let host = Host::start(directory.path(), participants, &runtime);
        let (mut ours, mut floor, mut syncs) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            floor.push(bare(&runtime, participants));
            let asked = host.ask(&runtime, round);
            ours.push(asked.above);
            syncs.push(asked.syncs);
        }
        host.end(&runtime);
        let name = format!("fanout_{participants}");
        Figure { name: &name, ours: median(ours), unit: "ms", floor: median(floor) }.print();
        if participants == 64 {
            let name = format!("fanout_syncs_{participants}");
            Figure { name: &name, ours: median(syncs), unit: "syncs", floor: 2.0 }.print();
        }
    }
}

/// How long bare tokio takes above the sleep of so many, in milliseconds.
fn bare(runtime: &Runtime, participants: u32) -> f64 {
    let start = Instant::now();
    runtime.block_on(async {
        let mut sleepers = tokio::task::JoinSet::new();
        for _ in 0..participants {
            sleepers.spawn(tokio::time::sleep(SLEEP));
        }
        sleepers.join_all().await;
    });
    above(start.elapsed())
}

fn above(took: Duration) -> f64 {
    took.saturating_sub(SLEEP).as_secs_f64() * 1_000.0
}

/// Models that sleep, and then agree.
struct Sleepers;

impl Provider for Sleepers {
    fn safety(&self) -> Safety {
        Safety::AtMostOnce
    }

    fn call(&self, request: ModelRequest, _: Deltas, _: Cancel) -> CallFuture {
        Box::pin(async move {
            tokio::time::sleep(SLEEP).await;
            let answer = r#"{"recommendation":"fix","body":"It is broken.","confidence":0.8,"assumptions":[],"cites":[],"dissent":[]}"#;
            let tokens = Some(Tokens::new(10));
            Ok(ModelResponse {
                provider: request.provider,
                model: request.model,
                upstream: None,
                parts: vec![Part::Text(answer.to_owned())],
                finish: FinishReason::Stop,
                usage: Usage { input: tokens, output: tokens, ..Usage::default() },
            })
        })
    }
}

/// The disk, the journal's syncs counted.
#[derive(Default)]
struct Counting(AtomicU64);

impl Disk for Counting {
    fn sync(&self, which: DiskFile, file: &File) -> io::Result<()> {
        if matches!(which, DiskFile::Journal(_)) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        file.sync_data()
    }
}

/// A hub on disk whose questions go to so many agents.
struct Host {
    log: Log,
    federation: Federation,
    syncs: Arc<Counting>,
}

/// What a question took until its verdict was durable.
struct Asked {
    /// Milliseconds above the sleep of its participants.
    above: f64,
    syncs: f64,
}

impl Host {
    fn start(directory: &Path, participants: u32, runtime: &Runtime) -> Self {
        let syncs = Arc::new(Counting::default());
        let journal = JournalOptions { disk: syncs.clone(), ..JournalOptions::default() };
        let store = Arc::new(JournaledStore::open(directory, &journal).unwrap());
        let log = Log::on(store, Options::default()).unwrap();
        let provider: ProviderName = "host:bench".parse().unwrap();
        let models: Arc<dyn Provider> = Arc::new(Sleepers);
        let setup = Setup {
            providers: BTreeMap::from([(provider.clone(), models)]),
            authority: Arc::new(LocalOwner),
            ..Setup::default()
        };
        let federation = Federation::start(log.clone(), setup).unwrap();
        let host = Self { log, federation, syncs };
        host.command(
            runtime,
            Command::OpenHub { name: "bench".to_owned(), limits: Limits::default() },
        );
        for number in 1..=participants {
            let slug = format!("agent-{number}");
            let mut agent = member(&slug, "{}");
            (agent.provider, agent.settings) = (provider.clone(), None);
            host.command(runtime, Command::RegisterAgent(agent));
            let (agent, artifact) = (slug.parse().unwrap(), "implementation".parse().unwrap());
            let rule = PolicyRule::new(agent, artifact, BTreeSet::from([Verb::Propose]));
            host.command(runtime, Command::SetGovernancePolicy(rule));
            host.command(
                runtime,
                Command::SetRoutingPolicy {
                    task_type: "implementation".parse().unwrap(),
                    agent: slug.parse().unwrap(),
                    priority: number,
                    active: true,
                },
            );
        }
        host
    }

    fn command(&self, runtime: &Runtime, command: Command) {
        let order = Order::new(Caller::Person("bench".to_owned()), command);
        runtime.block_on(self.federation.command(&hub(), order)).unwrap();
    }

    /// Asks everybody, and waits until what follows from the verdict is over too.
    fn ask(&self, runtime: &Runtime, round: u32) -> Asked {
        let plan = TaskPlan::Collective {
            task_type: "implementation".parse().unwrap(),
            participants: Vec::new(),
            rules: task_rules(),
        };
        let limits = Limits::default();
        let task = submission(&format!("question {round}"), "It crashes on start");
        let task = TaskSubmission { plan, limits, ..task };
        let id = TaskSubmission::id(&hub(), &task.request);
        let events = self.log.subscribe(self.log.head().position);
        let syncs = Arc::clone(&self.syncs);
        let watcher = std::thread::spawn(move || watch(events, &syncs));
        let before = self.syncs.0.load(Ordering::SeqCst);
        let start = Instant::now();
        self.command(runtime, Command::SubmitTask(task));
        let (end, after) = watcher.join().unwrap();
        runtime.block_on(self.federation.concluded(&hub(), id)).unwrap();
        Asked { above: above(end.duration_since(start)), syncs: float(after - before) }
    }

    fn end(self, runtime: &Runtime) {
        runtime.block_on(self.federation.shutdown());
        self.log.close().unwrap();
    }
}

/// When the next verdict was durable, and how often the journal had been synced by then.
fn watch(mut events: Subscription, syncs: &Counting) -> (Instant, u64) {
    loop {
        let event = events.next_blocking().unwrap().unwrap().event;
        if let Event::Collective(CollectiveEvent::VerdictReached(reached)) = event {
            let seen = (Instant::now(), syncs.0.load(Ordering::SeqCst));
            assert!(matches!(reached.verdict, Verdict::Consensus { .. }), "{reached:?}");
            return seen;
        }
    }
}
