//! A task of which nothing is heard is stuck; a sign of life is no event.

use std::time::Duration;

use convoke_events::Timestamp;
use convoke_events::testkit::NOON;

use super::actions::session;
use super::cast::task;
use super::stage::{Seen, Stage};
use crate::authority::LocalOwner;
use crate::command::Command;

fn after(seconds: u64) -> Timestamp {
    NOON.plus(Duration::from_secs(seconds))
}

/// The small federation, of which agents work on request `s` in sessions since noon.
fn at_work() -> Stage {
    let mut stage = Stage::workshop(LocalOwner);
    stage.done(Command::SubmitTask(session("s")));
    stage
}

fn tick(stage: &mut Stage, seconds: u64) -> Seen {
    let seen = stage.session.tick(after(seconds));
    stage.land(seen)
}

fn stuck(stage: &Stage) -> usize {
    stage.types().iter().filter(|one| **one == "ThresholdReached").count()
}

#[test]
fn a_session_wakes_when_a_task_will_be_stuck() {
    let mut stage = at_work();
    assert_eq!(stage.session.wake_at(), Some(after(30)));
    tick(&mut stage, 29);
    assert_eq!(stuck(&stage), 0);
    tick(&mut stage, 30);
    assert_eq!((stuck(&stage), stage.session.wake_at()), (1, None));
    tick(&mut stage, 600);
    assert_eq!(stuck(&stage), 1);
}

#[test]
fn a_sign_of_life_is_no_event_and_puts_off_that_a_task_is_stuck() {
    let mut stage = at_work();
    let before = stage.types().len();
    assert!(stage.session.heard(task("s"), after(20)).appends.is_empty());
    assert_eq!(stage.session.wake_at(), Some(after(50)));
    tick(&mut stage, 49);
    assert_eq!(stage.types().len(), before);
    tick(&mut stage, 50);
    assert_eq!(stuck(&stage), 1);
}

#[test]
fn a_sign_of_life_of_a_task_nobody_waits_for_is_not_kept() {
    let mut stage = at_work();
    stage.session.heard(task("unknown"), after(20));
    assert_eq!(stage.session.wake_at(), Some(after(30)));
}

#[test]
fn after_a_restart_nothing_is_stuck_before_it_could_be_heard_of() {
    let mut stage = at_work().restarted();
    let seen = stage.session.resume(|_| true, after(3_600));
    stage.land(seen);
    assert_eq!((stuck(&stage), stage.session.wake_at()), (0, Some(after(3_630))));
    tick(&mut stage, 3_630);
    assert_eq!(stuck(&stage), 1);
}
