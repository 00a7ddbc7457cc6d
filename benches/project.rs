//! All views over a million events, beside the bare replay of the same log.
//!
//! The log is written by a hub at work: requests handed in, triaged, put to several agents, agreed
//! on, synthesised and proposed. `rebuild_1m` reads it from the first event on into every view,
//! `resume_1m` from checkpoints of all views and a tail of a thousand events; the floor of both is a
//! reader that understands every event and keeps nothing. `lag_p99_64` is for how long an event that
//! is durable is missing from a live view while 64 writers append, `query_p99` a page of the newest
//! proposals of one hub from a live view of the million; each beside its aim.
#![allow(clippy::unwrap_used, reason = "a bench that cannot run has no figure")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use convoke_actors::authority::LocalOwner;
use convoke_actors::command::{Caller, Command, Order, TaskSubmission};
use convoke_actors::driver::{Federation, Setup};
use convoke_actors::testkit::{hub, orders, submission};
use convoke_benches::{EVENTS, Figure, appends, directory_on_disk, median};
use convoke_events::{Durability, Limits, Log, Options, Query};
use convoke_projections::proposals::ProposalFilter;
use convoke_projections::{
    Agents, Budgets, Collectives, Delegations, Estimates, Governance, Lineup, Live, Paging,
    Performance, Projection, Proposals, Routing, Tasks,
};
use tokio::runtime::Runtime;

const ROUNDS: usize = 3;
const TAIL: u64 = 1_000;
const WRITERS: u64 = 64;
const IN_FLIGHT: usize = 256;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let directory = directory_on_disk().unwrap();
    let (log, views) = (directory.path().join("log"), directory.path().join("views"));
    work(&log, EVENTS, &runtime);
    let (mut replayed, mut rebuilt, mut resumed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        replayed.push(timed(&log, replay));
        rebuilt.push(timed(&log, |log| all_views(Lineup::of(log.clone()))));
    }
    let opened = open(&log);
    all_views(Lineup::of(opened.clone()).checkpoints(&views));
    opened.close().unwrap();
    work(&log, EVENTS + TAIL, &runtime);
    for _ in 0..ROUNDS {
        resumed.push(timed(&log, |log| all_views(Lineup::of(log.clone()).checkpoints(&views))));
    }
    let floor = median(replayed);
    Figure { name: "rebuild_1m", ours: median(rebuilt), unit: "s", floor }.print();
    Figure { name: "resume_1m", ours: median(resumed), unit: "s", floor }.print();
    queries(&log);
    lag(&directory.path().join("lag"), &runtime);
}

fn open(directory: &Path) -> Log {
    let durability = Durability::Buffered;
    Log::open(directory, Options { durability, ..Options::default() }).unwrap()
}

/// Seconds that this takes on a log that has just been opened.
fn timed(directory: &Path, done: impl Fn(&Log)) -> f64 {
    let log = open(directory);
    let start = Instant::now();
    done(&log);
    let took = start.elapsed().as_secs_f64();
    log.close().unwrap();
    took
}

/// Reads every event and keeps none.
fn replay(log: &Log) {
    let read = log.read(Query::all()).map(Result::unwrap).count();
    assert!(u64::try_from(read).unwrap() >= EVENTS);
}

/// Reads the log into every view.
fn all_views(mut lineup: Lineup) {
    let tasks = lineup.add::<Tasks>();
    let views = [
        position_of(&lineup.add::<Agents>()),
        position_of(&lineup.add::<Proposals>()),
        position_of(&lineup.add::<Collectives>()),
        position_of(&lineup.add::<Delegations>()),
        position_of(&lineup.add::<Budgets>()),
        position_of(&lineup.add::<Estimates>()),
        position_of(&lineup.add::<Performance>()),
        position_of(&lineup.add::<Routing>()),
        position_of(&lineup.add::<Governance>()),
    ];
    let reached = lineup.run(None).unwrap();
    assert!(reached >= EVENTS && tasks.view().position == reached);
    assert!(views.iter().all(|position| position() == reached), "a view did not get there");
}

fn position_of<V: Projection>(view: &Live<V>) -> Box<dyn Fn() -> u64> {
    let view = view.clone();
    Box::new(move || view.query(|at| at.position))
}

/// Lets a hub work on this log until it holds so many events.
fn work(directory: &Path, events: u64, runtime: &Runtime) {
    let log = open(directory);
    let setup = Setup { authority: Arc::new(LocalOwner), ..Setup::default() };
    let federation = Federation::start(log.clone(), setup).unwrap();
    for command in orders() {
        // A hub that is open stays open.
        let _known = runtime.block_on(federation.command(&hub(), order(command)));
    }
    let first = log.head().position;
    tokio::task::LocalSet::new().block_on(runtime, async {
        let mut under_way = tokio::task::JoinSet::new();
        let mut number = 0_u64;
        while log.head().position < events {
            if under_way.len() >= IN_FLIGHT {
                under_way.join_next().await.unwrap().unwrap();
            }
            number += 1;
            let mut task = submission(&format!("task {first} {number}"), "A crash on start");
            task.limits = Limits::default();
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
    runtime.block_on(federation.shutdown());
    log.close().unwrap();
}

fn order(command: Command) -> Order {
    Order::new(Caller::Person("bench".to_owned()), command)
}

/// The slowest hundredth of pages of the newest proposals of a hub, in µs.
fn queries(directory: &Path) {
    let log = open(directory);
    let mut lineup = Lineup::of(log.clone());
    let proposals = lineup.add::<Proposals>();
    lineup.run(None).unwrap();
    let filter = ProposalFilter { hub: Some(hub()), ..ProposalFilter::default() };
    let times = (0..2_000).map(|_| {
        let start = Instant::now();
        let found = proposals.query(|at| at.view.page(&filter, Paging::default()).entries.len());
        assert_eq!(found, 50);
        start.elapsed().as_secs_f64() * 1e6
    });
    let ours = slowest_hundredth(times.collect());
    Figure { name: "query_p99", ours, unit: "us", floor: 1_000.0 }.print();
    log.close().unwrap();
}

/// The slowest hundredth of the times between an event's receipt and its being in a live view, in
/// ms, while 64 writers append as fast as they are answered.
fn lag(directory: &Path, runtime: &Runtime) {
    let log = Log::open(directory, Options::default()).unwrap();
    let mut lineup = Lineup::of(log.clone());
    let tasks = lineup.add::<Tasks>();
    let _others = (lineup.add::<Agents>(), lineup.add::<Collectives>(), lineup.add::<Routing>());
    let runner = lineup.start().unwrap();
    let all: Vec<_> = appends(20_000).collect();
    let share = all.len() / usize::try_from(WRITERS).unwrap();
    let times = tokio::task::LocalSet::new().block_on(runtime, async {
        let mut writers = tokio::task::JoinSet::new();
        for mine in all.chunks(share) {
            let (mine, log, tasks) = (mine.to_vec(), log.clone(), tasks.clone());
            writers.spawn_local(async move {
                let mut times = Vec::new();
                for append in mine {
                    let receipt = log.append(append).await.unwrap();
                    let start = Instant::now();
                    tasks.wait_for(receipt.last).await.unwrap();
                    times.push(start.elapsed().as_secs_f64() * 1e3);
                }
                times
            });
        }
        let mut times = Vec::new();
        while let Some(more) = writers.join_next().await {
            times.extend(more.unwrap());
        }
        times
    });
    let ours = slowest_hundredth(times);
    Figure { name: "lag_p99_64", ours, unit: "ms", floor: 10.0 }.print();
    runner.stop();
    log.close().unwrap();
}

fn slowest_hundredth(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    let place = times.len() * 99 / 100;
    times.swap_remove(place.min(times.len() - 1))
}
