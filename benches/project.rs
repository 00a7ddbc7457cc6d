//! All views over a million events, beside the bare replay of the same log.
//!
//! The log is the life of a hub ([`convoke_benches::life`]): requests triaged, put to several agents,
//! handed on, agreed on, proposed and reviewed; packets worked on phase by phase; boards, votes,
//! denials, revocations, and what the host saw. `rebuild_1m` reads it from the first event on into
//! every view, `resume_1m` from checkpoints of all views and a tail of a thousand events; the floor
//! of both is a reader that understands every event and keeps nothing. `size_VIEW` is what a view's
//! checkpoint takes, beside the records it was folded from. `lag_p99_64` is for how long an event
//! that is durable is missing from a live view while 64 writers append, `query_p99` a page of the
//! newest proposals of one hub that were accepted, `snapshot_p99` a snapshot of all collectives and
//! the first change behind it, from live views of the million; each beside its aim.
#![allow(clippy::unwrap_used, reason = "a bench that cannot run has no figure")]

use std::fs;
use std::path::Path;
use std::time::Instant;

use convoke_actors::testkit::hub;
use convoke_benches::life::live;
use convoke_benches::{EVENTS, Figure, appends, directory_on_disk, float, median};
use convoke_events::{Durability, Log, Options, Query};
use convoke_projections::proposals::{ProposalFilter, ProposalStatus};
use convoke_projections::{
    Agents, Attention, Boards, Budgets, Calls, Collectives, Delegations, Estimates, Governance,
    Lifecycle, Lineup, Packets, Paging, Performance, Projection, Proposals, Roles, Routing, Tasks,
    Trust,
};
use tokio::runtime::Runtime;

const ROUNDS: usize = 3;
const TAIL: u64 = 1_000;
const WRITERS: u64 = 64;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let directory = directory_on_disk().unwrap();
    let (log, views) = (directory.path().join("log"), directory.path().join("views"));
    live(&log, EVENTS, &runtime);
    let (mut replayed, mut rebuilt, mut resumed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        replayed.push(timed(&log, replay));
        rebuilt.push(timed(&log, |log| all_views(Lineup::of(log.clone()))));
    }
    let opened = open(&log);
    all_views(Lineup::of(opened.clone()).checkpoints(&views));
    let bytes = float(opened.stats().bytes);
    opened.close().unwrap();
    live(&log, EVENTS + TAIL, &runtime);
    for _ in 0..ROUNDS {
        resumed.push(timed(&log, |log| all_views(Lineup::of(log.clone()).checkpoints(&views))));
    }
    let floor = median(replayed);
    Figure { name: "rebuild_1m", ours: median(rebuilt), unit: "s", floor }.print();
    Figure { name: "resume_1m", ours: median(resumed), unit: "s", floor }.print();
    sizes(&views, bytes);
    queries(&log);
    lag(&directory.path().join("lag"), &runtime);
}

fn open(directory: &Path) -> Log {
    let durability = Durability::Buffered;
    Log::open(directory, Options { durability, ..Options::default() }).unwrap()
}

/// Seconds that this takes on a log that has just been opened; what it leaves is not thrown away
/// before.
fn timed<T>(directory: &Path, done: impl Fn(&Log) -> T) -> f64 {
    let log = open(directory);
    let start = Instant::now();
    let left = done(&log);
    let took = start.elapsed().as_secs_f64();
    drop(left);
    log.close().unwrap();
    took
}

/// Reads every event and keeps none.
fn replay(log: &Log) {
    let read = log.read(Query::all()).map(Result::unwrap).count();
    assert!(u64::try_from(read).unwrap() >= EVENTS);
}

/// Reads the log into every view.
fn all_views(mut lineup: Lineup) -> impl Sized {
    let views = [
        added::<Agents>(&mut lineup),
        added::<Attention>(&mut lineup),
        added::<Boards>(&mut lineup),
        added::<Budgets>(&mut lineup),
        added::<Calls>(&mut lineup),
        added::<Collectives>(&mut lineup),
        added::<Delegations>(&mut lineup),
        added::<Estimates>(&mut lineup),
        added::<Governance>(&mut lineup),
        added::<Lifecycle>(&mut lineup),
        added::<Packets>(&mut lineup),
        added::<Performance>(&mut lineup),
        added::<Proposals>(&mut lineup),
        added::<Roles>(&mut lineup),
        added::<Routing>(&mut lineup),
        added::<Tasks>(&mut lineup),
        added::<Trust>(&mut lineup),
    ];
    let reached = lineup.run(None).unwrap();
    assert!(reached >= EVENTS);
    assert!(views.iter().all(|position| position() == reached), "a view did not get there");
    views
}

/// Adds a view, to be asked how far it came.
fn added<V: Projection>(lineup: &mut Lineup) -> Box<dyn Fn() -> u64> {
    let view = lineup.add::<V>();
    Box::new(move || view.query(|at| at.position))
}

/// What every view's checkpoint takes, in MB.
fn sizes(views: &Path, log: f64) {
    let mut files: Vec<_> = fs::read_dir(views).unwrap().map(|entry| entry.unwrap()).collect();
    files.sort_by_key(fs::DirEntry::file_name);
    for file in files {
        let name = file.path().file_stem().unwrap().to_string_lossy().into_owned();
        let (ours, floor) = (float(file.metadata().unwrap().len()) / 1e6, log / 1e6);
        Figure { name: &format!("size_{name}"), ours, unit: "MB", floor }.print();
    }
}

/// The slowest hundredth of pages of the newest accepted proposals of a hub, and of snapshots, in
/// µs.
fn queries(directory: &Path) {
    let log = open(directory);
    let mut lineup = Lineup::of(log.clone());
    let (proposals, collectives) = (lineup.add::<Proposals>(), lineup.add::<Collectives>());
    lineup.run(None).unwrap();
    let status = Some(ProposalStatus::Accepted);
    let filter = ProposalFilter { hub: Some(hub()), status, ..ProposalFilter::default() };
    let page = || proposals.query(|at| at.view.page(&filter, Paging::default()).entries.len());
    let ours = slowest_hundredth((0..2_000).map(|_| micros(|| assert_eq!(page(), 50))).collect());
    Figure { name: "query_p99", ours, unit: "us", floor: 1_000.0 }.print();
    let answers = Query::event_type("InvocationAnswered");
    let event = log.read(answers.backward()).next().unwrap().unwrap();
    let mut going_on = collectives.view().view.clone();
    let mut snapshot = || {
        let held = going_on.clone();
        going_on.fold(&event);
        held
    };
    let ours = slowest_hundredth((0..500).map(|_| micros(|| drop(snapshot()))).collect());
    Figure { name: "snapshot_p99", ours, unit: "us", floor: 10_000.0 }.print();
    log.close().unwrap();
}

/// How many µs this takes.
fn micros(done: impl FnOnce()) -> f64 {
    let start = Instant::now();
    done();
    start.elapsed().as_secs_f64() * 1e6
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
