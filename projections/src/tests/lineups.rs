//! Several views that read the log together: one position, and each fails alone.

use std::fs;

use convoke_events::*;
use serde::{Deserialize, Serialize};

use super::agreement::*;
use super::delegating::*;
use super::federation::*;
use super::history::*;
use crate::*;

fn head(history: &History) -> Position {
    Position::new(history.log.head().position).unwrap()
}

#[test]
fn views_that_are_held_say_what_they_say_as_of_one_event() {
    let mut history = opened();
    let mut lineup = Lineup::of(history.log.clone());
    let (agents, tasks) = (lineup.add::<Agents>(), lineup.add::<Tasks>());
    let routing = lineup.add::<Routing>();
    let runner = lineup.start().unwrap();
    for round in 0..40 {
        agreed(&mut history, &format!("task {round}"));
        let held = runner.hold();
        let positions = [agents.view().position, tasks.view().position, routing.view().position];
        assert_eq!(positions, [positions[0]; 3]);
        let (before, seen) = (tasks.view(), tasks.query(|at| at.position));
        drop(held);
        assert_eq!(before.position, seen);
    }
    let newest = head(&history);
    agents.wait_for_blocking(newest).unwrap();
    assert_eq!(*routing.wait_for_blocking(newest).unwrap(), fold_to_head(&history.log).unwrap());
}

/// A view of the host's own that panics at the event at this place, once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Poisoned(u64);

impl Projection for Poisoned {
    const NAME: &'static str = "poisoned";
    const VERSION: u32 = 1;

    fn fold(&mut self, event: &Recorded) {
        assert!(event.event.event_type() != "TaskConcluded", "it cannot bear the end");
        self.0 += 1;
    }
}

#[test]
fn a_view_poisoned_by_an_event_stops_with_its_position_and_the_others_go_on() {
    let mut history = opened();
    let mut lineup = Lineup::of(history.log.clone());
    let (tasks, poisoned) = (lineup.add::<Tasks>(), lineup.add::<Poisoned>());
    let agents = lineup.add::<Agents>();
    let runner = lineup.start().unwrap();
    agreed(&mut history, "login");
    let mut ends = history.log.read(Query::event_type("TaskConcluded"));
    let position = ends.next().unwrap().unwrap().envelope.position;
    submit(&mut history, "search");
    let newest = head(&history);
    let stopped = poisoned.wait_for_blocking(newest).unwrap_err();
    let message = "it cannot bear the end".to_owned();
    let source = Breakdown::Panicked { position, message };
    assert_eq!(stopped, WaitError::Broken { projection: "poisoned", source });
    assert!(tasks.wait_for_blocking(newest).unwrap().view.get(task("search")).is_some());
    assert_eq!(agents.wait_for_blocking(newest).unwrap().position, newest.get());
    runner.stop();
    assert_eq!(agents.status(), Status::Ended);
    assert!(matches!(poisoned.status(), Status::Broken(_)));
}

#[test]
fn an_event_whose_texts_are_lost_stops_the_views_that_quote_it_and_no_others() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::open(directory.path(), Options::default()).unwrap();
    let mut history = opened_within(log);
    agreed(&mut history, "login");
    let lost = history.on(
        "search",
        TaskConcluded {
            task: task("search"),
            outcome: TaskOutcome::Failed,
            because: Conclusion::CallFailed,
        },
        Texts::none().with(TextName::REASON, "x".repeat(5_000)),
    );
    submit(&mut history, "after");
    for entry in walk(&directory.path().join("bodies")) {
        fs::remove_file(entry).unwrap();
    }
    let mut lineup = Lineup::of(history.log.clone());
    let (tasks, routing) = (lineup.add::<Tasks>(), lineup.add::<Routing>());
    let live = Live::<Tasks>::follow(history.log.clone()).unwrap();
    let reached = lineup.run(None).unwrap();
    assert_eq!(routing.view().position, reached);
    assert_eq!(routing.status(), Status::Ended);
    assert_eq!(tasks.view().position, lost.get() - 1);
    let status = tasks.status();
    assert!(
        matches!(
            &status,
            Status::Broken(Breakdown::Unreadable { position, source: ReadError::Body { .. } })
                if *position == lost
        ),
        "{status:?}"
    );
    let stopped = live.wait_for_blocking(head(&history)).unwrap_err();
    assert!(matches!(stopped, WaitError::Broken { projection: "tasks", .. }), "{stopped:?}");
}

fn walk(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let below = entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] });
    below.collect()
}

/// Panics until it is told that it was mended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Mended(u64);

static MENDED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

impl Projection for Mended {
    const NAME: &'static str = "mended";
    const VERSION: u32 = 1;

    fn fold(&mut self, event: &Recorded) {
        let mended = MENDED.load(std::sync::atomic::Ordering::SeqCst);
        assert!(mended || event.envelope.position.get() < 5, "not mended");
        self.0 += 1;
    }
}

#[test]
fn a_view_is_rebuilt_beside_the_live_one_and_takes_its_place() {
    let mut history = opened();
    agreed(&mut history, "login");
    let mut lineup = Lineup::of(history.log.clone());
    let (tasks, mended) = (lineup.add::<Tasks>(), lineup.add::<Mended>());
    let runner = lineup.start().unwrap();
    let before = tasks.wait_for_blocking(head(&history)).unwrap();
    assert!(mended.wait_for_blocking(head(&history)).is_err());
    let rebuilt = tasks.rebuild().unwrap();
    assert_eq!(rebuilt, before);
    assert!(!std::sync::Arc::ptr_eq(&rebuilt, &before), "nothing took its place");
    MENDED.store(true, std::sync::atomic::Ordering::SeqCst);
    let back = mended.rebuild().unwrap();
    assert_eq!(back.view.0, history.log.head().position);
    assert_eq!(mended.status(), Status::Following);
    agreed(&mut history, "search");
    let newest = head(&history);
    assert_eq!(mended.wait_for_blocking(newest).unwrap().view.0, newest.get());
    assert_eq!(*tasks.wait_for_blocking(newest).unwrap(), fold_to_head(&history.log).unwrap());
    runner.stop();
    assert!(matches!(tasks.rebuild(), Err(RebuildError::Wait(WaitError::Ended { .. }))));
}

#[test]
fn a_run_up_to_a_moment_is_the_view_of_the_events_until_then() {
    let mut history = opened();
    agreed(&mut history, "login");
    agreed(&mut history, "search");
    let last = head(&history);
    for position in (1..=last.get()).map(|number| Position::new(number).unwrap()) {
        let mut lineup = Lineup::of(history.log.clone());
        let tasks = lineup.add::<Tasks>();
        assert_eq!(lineup.run(Some(Moment::Position(position))).unwrap(), position.get());
        assert_eq!(*tasks.view(), as_of::<Tasks>(&history.log, position).unwrap());
    }
    let far = Moment::Position(last.next());
    assert_eq!(far.events(&history.log).unwrap(), last.get());
    let recorded = |position| {
        let at = Query::all().from(position).to(position);
        history.log.read(at).next().unwrap().unwrap().envelope.recorded_at
    };
    let then = recorded(Position::new(7).unwrap());
    let events = Moment::Time(then).events(&history.log).unwrap();
    assert_eq!(recorded(Position::new(events).unwrap()), then);
    assert!(events == last.get() || recorded(Position::after(events)) > then);
    assert_eq!(Moment::Time(Timestamp::from_micros(0)).events(&history.log).unwrap(), 0);
}

#[test]
fn a_run_goes_on_from_its_checkpoints_and_a_look_back_does_not_use_later_ones() {
    let directory = tempfile::tempdir().unwrap();
    let mut history = opened();
    handed_over_twice(&mut history);
    let run = |until: Option<Moment>| {
        let mut lineup = Lineup::of(history.log.clone()).checkpoints(directory.path());
        let (tasks, delegations) = (lineup.add::<Tasks>(), lineup.add::<Delegations>());
        lineup.run(until).unwrap();
        (tasks.view(), delegations.view())
    };
    let first = run(None);
    assert!(directory.path().join("tasks.checkpoint").exists());
    assert_eq!(run(None), first);
    let early = Position::new(9).unwrap();
    let (tasks, delegations) = run(Some(Moment::Position(early)));
    assert_eq!(*tasks, as_of(&history.log, early).unwrap());
    assert_eq!(*delegations, as_of(&history.log, early).unwrap());
    assert_eq!(run(None), first, "looking back left its own checkpoint behind");
}

fn handed_over_twice(history: &mut History) {
    convene(history, "login");
    handed_over(history, "login");
    convene(history, "search");
    handed_over(history, "search");
}

#[test]
fn a_moment_is_a_position_or_a_time() {
    assert_eq!("42".parse(), Ok(Moment::Position(Position::new(42).unwrap())));
    let time = "2026-03-01T09:00:00Z";
    assert_eq!(time.parse(), Ok(Moment::Time(time.parse().unwrap())));
    let wrong = "yesterday".parse::<Moment>().unwrap_err();
    assert!(wrong.to_string().contains("`yesterday`"), "{wrong}");
    assert!("0".parse::<Moment>().is_err());
}

/// How many events it was given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counted(u64);

impl Projection for Counted {
    const NAME: &'static str = "counted";
    const VERSION: u32 = 1;

    fn fold(&mut self, _: &Recorded) {
        self.0 += 1;
    }
}

#[test]
fn a_view_ahead_of_the_others_is_given_no_event_twice() {
    let directory = tempfile::tempdir().unwrap();
    let mut history = opened();
    let mut alone = Lineup::of(history.log.clone()).checkpoints(directory.path());
    alone.add::<Counted>();
    alone.run(None).unwrap();
    agreed(&mut history, "login");
    let mut lineup = Lineup::of(history.log.clone()).checkpoints(directory.path());
    let (counted, tasks) = (lineup.add::<Counted>(), lineup.add::<Tasks>());
    let reached = lineup.run(None).unwrap();
    assert_eq!(counted.view().view.0, reached, "one by one");
    assert_eq!(*tasks.view(), fold_to_head(&history.log).unwrap());
}
