//! A view that follows the log, and what happens when it cannot.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use convoke_events::*;
use serde::{Deserialize, Serialize};

use super::agreement::*;
use super::delegating::*;
use super::federation::*;
use super::history::*;
use crate::*;

fn same_live_and_rebuilt<V: Projection + PartialEq + std::fmt::Debug>(history: &History) {
    let head = Position::new(history.log.head().position).unwrap();
    let half = Position::new(head.get() / 2).unwrap();
    let runner = Live::<V>::follow(history.log.clone()).unwrap();
    let live = runner.wait_for_blocking(head).unwrap();
    assert_eq!(*live, fold_to_head(&history.log).unwrap());
    let mut resumed = as_of::<V>(&history.log, half).unwrap();
    assert_eq!(resumed.position, half.get());
    for event in history.log.read(Query::all().from(half.next())) {
        resumed.take(&event.unwrap());
    }
    assert_eq!(resumed, *live);
}

#[test]
fn a_live_view_is_the_rebuilt_view_and_the_one_carried_on_from_half_way() {
    let mut history = opened();
    agreed(&mut history, "login");
    convene(&mut history, "search");
    handed_over(&mut history, "search");
    every_view!(same_live_and_rebuilt(&history));
}

#[test]
fn whoever_waits_for_a_position_reads_what_they_wrote() {
    let mut history = opened();
    let runner = Live::<Tasks>::follow(history.log.clone()).unwrap();
    for name in ["a", "b", "c"] {
        submit(&mut history, name);
        let head = Position::new(history.log.head().position).unwrap();
        let view = runner.wait_for_blocking(head).unwrap();
        assert!(view.position >= head.get());
        assert!(view.view.get(task(name)).is_some());
        assert_eq!(runner.lag(), 0);
    }
}

#[test]
fn a_snapshot_stays_as_it_was_while_the_view_goes_on() {
    let mut history = opened();
    let runner = Live::<Tasks>::follow(history.log.clone()).unwrap();
    let head = Position::new(history.log.head().position).unwrap();
    let before = runner.wait_for_blocking(head).unwrap();
    submit(&mut history, "login");
    runner.wait_for_blocking(head.next()).unwrap();
    assert!(before.view.get(task("login")).is_none());
    assert!(runner.view().view.get(task("login")).is_some());
}

#[test]
fn waiting_for_what_does_not_come_ends_with_the_log() {
    let history = opened();
    let runner = Live::<Agents>::follow(history.log.clone()).unwrap();
    let head = history.log.head().position;
    let awaited = Position::after(head);
    let waiting = runner.wait_for(awaited);
    history.log.close().unwrap();
    let refused = wait::block_on(waiting).unwrap_err();
    assert_eq!(refused, WaitError::Ended { projection: "agents", awaited, reached: head });
    assert_eq!(runner.status(), Status::Ended);
}

/// A view that panics at its third event, which no view of ours may.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Fragile(u64);

impl Projection for Fragile {
    const NAME: &'static str = "fragile";
    const VERSION: u32 = 1;

    fn fold(&mut self, event: &Recorded) {
        assert!(event.envelope.position.get() < 3, "too much for it");
        self.0 += 1;
    }
}

#[test]
fn a_view_that_panics_stops_alone_and_tells_who_waits() {
    let history = opened();
    let fragile = Live::<Fragile>::follow(history.log.clone()).unwrap();
    let agents = Live::<Agents>::follow(history.log.clone()).unwrap();
    let head = Position::new(history.log.head().position).unwrap();
    let error = fragile.wait_for_blocking(head).unwrap_err();
    let position = Position::new(3).unwrap();
    let source = Breakdown::Panicked { position, message: "too much for it".to_owned() };
    assert_eq!(error, WaitError::Broken { projection: "fragile", source: source.clone() });
    assert_eq!(fragile.status(), Status::Broken(source));
    assert_eq!(fragile.view().position, 0);
    assert_eq!(agents.wait_for_blocking(head).unwrap().view.iter().count(), 4);
}

/// A store that stops giving one of its commits.
#[derive(Default)]
struct Forgetful {
    inner: MemoryStore,
    forgotten: AtomicU64,
}

impl CommitStore for Forgetful {
    fn head(&self) -> u64 {
        self.inner.head()
    }

    fn commit(&self, after: u64, bytes: &[u8]) -> Result<(), CommitError> {
        self.inner.commit(after, bytes)
    }

    fn read(&self, number: u64) -> Result<Vec<u8>, StoreReadError> {
        if number == self.forgotten.load(Ordering::SeqCst) {
            return Err(StoreReadError::Damaged { number, why: "forgotten".to_owned() });
        }
        self.inner.read(number)
    }

    fn close(&self) -> Result<(), CommitError> {
        self.inner.close()
    }
}

#[test]
fn an_event_that_cannot_be_read_stops_the_view_before_it() {
    let store = Arc::new(Forgetful::default());
    let shared: Arc<dyn CommitStore> = store.clone();
    let log = Log::on(shared, Options::default()).unwrap();
    let mut history = History::within(log);
    // Each append is a commit of its own, so the commit's number is the event's position.
    submit(&mut history, "a");
    submit(&mut history, "b");
    store.forgotten.store(3, Ordering::SeqCst);
    let runner = Live::<Tasks>::follow(history.log.clone()).unwrap();
    let [two, three, four] = [2, 3, 4].map(|number| Position::new(number).unwrap());
    assert_eq!(runner.wait_for_blocking(two).unwrap().position, 2);
    let error = runner.wait_for_blocking(four).unwrap_err();
    assert!(
        matches!(
            &error,
            WaitError::Broken {
                projection: "tasks",
                source: Breakdown::Unreadable { position, source: ReadError::Store { .. } },
            } if *position == three
        ),
        "{error:?}"
    );
    assert_eq!(runner.view().position, 2);
    assert_eq!(runner.lag(), 2);
    assert!(fold_to_head::<Tasks>(&history.log).is_err());
    submit(&mut history, "c");
    assert_eq!(history.log.head().position, 6);
}
