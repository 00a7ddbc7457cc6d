//! What 10,000 registered agents cost: memory of each while it is idle, and the start of their hub
//! from the log.
//!
//! Memory is what a process has resident, as the system counts it in pages; each case has a process
//! of its own, so that none uses what another let go. An agent that was asked once has its actor, its
//! place in the hub's state, its policy and its record; it is told from the tasks themselves by a hub
//! in which the same tasks all go to one agent, and from the log by a log that keeps nothing but its
//! index in memory and says how large that is. It stands beside its aim, and beside a bare actor of
//! the library underneath, which holds nothing. The start, from a log on disk, stands beside a bare
//! replay of the same events.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot run has no figure"
)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::process::Command as Process;
use std::sync::{Arc, RwLock};
use std::time::Instant;

use actix::{Actor, Context, System};
use convoke_actors::authority::LocalOwner;
use convoke_actors::command::{Caller, Command, Order, PolicyRule, TaskSubmission};
use convoke_actors::driver::{Federation, Setup};
use convoke_actors::testkit::{hub, member, submission, task_rules};
use convoke_benches::{Figure, directory_on_disk, float, median};
use convoke_events::{
    CommitError, CommitStore, Durability, Limits, Log, Options, Query, StoreReadError, TaskPlan,
    TaskRules, Verb,
};
use tokio::runtime::Runtime;
use tokio::task::{JoinSet, LocalSet};

const AGENTS: u64 = 10_000;
const ROUNDS: usize = 5;
const IN_FLIGHT: usize = 64;
const AIM: f64 = 4_096.0;
const SETTINGS: &str = r#"{"rules":[{"any":["crash"],"recommend":"fix","confidence":0.9,"reason":"a rule"}],
    "otherwise":{"recommend":"wait","confidence":0.5,"reason":"none"}}"#;

/// Says to a process of this bench which case it is to be.
const CASE: &str = "CONVOKE_BENCH_CASE";

fn main() {
    if let Ok(case) = std::env::var(CASE) {
        return be(&case);
    }
    let each = (bytes("each") - bytes("one")) / float(AGENTS);
    let bare = (bytes("bare") - bytes("none")) / float(AGENTS);
    Figure { name: "idle_agent_bytes", ours: each, unit: "bytes", floor: AIM }.print();
    Figure { name: "idle_agent_beside_actor", ours: each, unit: "bytes", floor: bare }.print();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let directory = directory_on_disk().unwrap();
    let log = Log::open(directory.path(), buffered()).unwrap();
    let federation = federation(&log);
    register(&runtime, &federation, 1..=AGENTS);
    tasks(&runtime, &federation, std::iter::once(request(1, 1)));
    runtime.block_on(federation.shutdown());
    log.close().unwrap();
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let log = Log::open_existing(directory.path(), Options::default()).unwrap();
        floor.push(replay(&log));
        ours.push(start(&runtime, &log));
        log.close().unwrap();
    }
    let (ours, floor) = (median(ours), median(floor));
    Figure { name: "start_10k_agents", ours, unit: "s", floor }.print();
}

/// What a process that is this case has resident in the end, but for the log's index.
fn bytes(case: &str) -> f64 {
    let myself = std::env::current_exe().unwrap();
    let told = Process::new(myself).env(CASE, case).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    float(String::from_utf8(told.stdout).unwrap().trim().parse().unwrap())
}

/// Is one of the cases, and says what it has come to.
fn be(case: &str) {
    let bytes = match case {
        "each" => asked(|nth| nth),
        "one" => asked(|_| 0),
        "bare" => bare(AGENTS),
        _ => bare(0),
    };
    println!("{bytes}");
}

/// Bytes of a process in which the tasks go to the agents that this function says.
fn asked(whom: impl Fn(u64) -> u64) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let log = Log::on(Arc::new(OnFile::new()), buffered()).unwrap();
    let federation = federation(&log);
    let agents: BTreeSet<u64> = (1..=AGENTS).map(&whom).collect();
    register(&runtime, &federation, agents);
    tasks(&runtime, &federation, (1..=AGENTS).map(|nth| request(nth, whom(nth))));
    let bytes = resident() - log.reader().index_bytes();
    let answered = log.read(Query::event_type("ContributionRecorded").without_bodies());
    assert_eq!(u64::try_from(answered.count()).unwrap(), AGENTS);
    runtime.block_on(federation.shutdown());
    log.close().unwrap();
    bytes
}

fn buffered() -> Options {
    Options { durability: Durability::Buffered, ..Options::default() }
}

/// Commits in a file that ends with its process; in memory there is where each of them lies.
struct OnFile {
    file: File,
    ends: RwLock<Vec<u64>>,
}

impl OnFile {
    fn new() -> Self {
        Self { file: tempfile::tempfile().unwrap(), ends: RwLock::new(vec![0]) }
    }
}

impl CommitStore for OnFile {
    fn head(&self) -> u64 {
        u64::try_from(self.ends.read().unwrap().len() - 1).unwrap()
    }

    fn commit(&self, after: u64, bytes: &[u8]) -> Result<(), CommitError> {
        assert_eq!(after, self.head(), "one writer writes it");
        let mut ends = self.ends.write().unwrap();
        let end = *ends.last().unwrap();
        self.file.write_all_at(bytes, end).unwrap();
        ends.push(end + u64::try_from(bytes.len()).unwrap());
        Ok(())
    }

    fn read(&self, number: u64) -> Result<Vec<u8>, StoreReadError> {
        let number = usize::try_from(number).unwrap();
        let ends = self.ends.read().unwrap();
        let (start, end) = (ends[number - 1], ends[number]);
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        self.file.read_exact_at(&mut bytes, start).unwrap();
        Ok(bytes)
    }

    fn close(&self) -> Result<(), CommitError> {
        Ok(())
    }
}

/// An actor that holds nothing.
struct Bare;

impl Actor for Bare {
    type Context = Context<Self>;
}

/// Bytes of a process with so many bare actors.
fn bare(count: u64) -> u64 {
    System::new().block_on(async {
        let actors: Vec<_> = (0..count).map(|_| Bare.start()).collect();
        // Each is begun before they are counted.
        for actor in &actors {
            assert!(actor.connected());
        }
        tokio::task::yield_now().await;
        resident()
    })
}

/// Seconds until a hub that is started from the log answers.
fn start(runtime: &Runtime, log: &Log) -> f64 {
    let start = Instant::now();
    let federation = federation(log);
    let task = TaskSubmission::id(&hub(), "1");
    runtime.block_on(federation.concluded(&hub(), task)).unwrap();
    let started = start.elapsed();
    runtime.block_on(federation.shutdown());
    started.as_secs_f64()
}

/// Seconds for the same events to be read and dropped.
fn replay(log: &Log) -> f64 {
    let start = Instant::now();
    let read = log.read(Query::hub(hub()).without_bodies()).map(Result::unwrap).count();
    let replayed = start.elapsed();
    assert!(u64::try_from(read).unwrap() > 2 * AGENTS, "only {read} events");
    replayed.as_secs_f64()
}

fn federation(log: &Log) -> Federation {
    let setup = Setup { authority: Arc::new(LocalOwner), ..Setup::default() };
    Federation::start(log.clone(), setup).unwrap()
}

/// Opens the hub and registers these agents.
fn register(runtime: &Runtime, federation: &Federation, agents: impl IntoIterator<Item = u64>) {
    let open = Command::OpenHub { name: "bench".to_owned(), limits: Limits::default() };
    let agents = agents.into_iter().flat_map(admitted);
    let all: Vec<Command> = std::iter::once(open).chain(agents).collect();
    for some in all.chunks(256) {
        commands(runtime, federation, some.to_vec());
    }
}

/// What makes an agent one that may be asked.
fn admitted(nth: u64) -> Vec<Command> {
    let agent = member(&format!("agent-{nth}"), SETTINGS);
    let propose = BTreeSet::from([Verb::Propose]);
    let artifact = "implementation".parse().unwrap();
    let allow = PolicyRule::new(agent.slug.clone(), artifact, propose);
    vec![Command::RegisterAgent(agent), Command::SetGovernancePolicy(allow)]
}

/// A task that asks one agent, once.
fn request(nth: u64, agent: u64) -> TaskSubmission {
    let plan = TaskPlan::Collective {
        task_type: "implementation".parse().unwrap(),
        participants: vec![format!("agent-{agent}").parse().unwrap()],
        rules: TaskRules { min_contributions: 1, ..task_rules() },
    };
    let limits = Limits::default();
    TaskSubmission { plan, limits, ..submission(&nth.to_string(), "A crash on start") }
}

/// Gives commands at once, in this order, so that their appends share a sync.
fn commands(runtime: &Runtime, federation: &Federation, commands: Vec<Command>) {
    LocalSet::new().block_on(runtime, async {
        let mut under_way = JoinSet::new();
        for command in commands {
            let federation = federation.clone();
            under_way.spawn_local(async move {
                federation.command(&hub(), order(command)).await.unwrap();
            });
        }
        under_way.join_all().await;
    });
}

/// Hands tasks in, so many in flight, and waits until each has been answered.
fn tasks(runtime: &Runtime, federation: &Federation, tasks: impl Iterator<Item = TaskSubmission>) {
    LocalSet::new().block_on(runtime, async {
        let mut under_way = JoinSet::new();
        for task in tasks {
            if under_way.len() >= IN_FLIGHT {
                under_way.join_next().await.unwrap().unwrap();
            }
            let federation = federation.clone();
            under_way.spawn_local(async move {
                let id = TaskSubmission::id(&hub(), &task.request);
                federation.command(&hub(), order(Command::SubmitTask(task))).await.unwrap();
                federation.concluded(&hub(), id).await.unwrap();
            });
        }
        while let Some(done) = under_way.join_next().await {
            done.unwrap();
        }
    });
}

fn order(command: Command) -> Order {
    Order::new(Caller::Person("bench".to_owned()), command)
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    // The system tells pages, of 4,096 bytes wherever this bench has been run.
    let told = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = told.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096
}
