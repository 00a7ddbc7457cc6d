//! A task of which nothing is heard is stuck, and so is who has its lease; a sign of life is no event.

use std::time::Duration;

use convoke_events::testkit::NOON;
use convoke_events::{
    Complexity, CoordinationRules, Event, LifecycleEvent, MediatorRules, Phase, PlanDecision,
    Timestamp, Tokens, Trigger,
};

use super::actions::session;
use super::cast::{agent, found, only_call, task, usage};
use super::lifecycle::desk::{decided, enter, patch, plan, report, tests_run, told, work};
use super::stage::{Seen, Stage};
use crate::authority::LocalOwner;
use crate::command::Command;
use crate::hub::Input;
use crate::lifecycle::WorkAction;
use crate::testkit::{Scene, Then};

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
    let seen = stage.session.resume(|_| Some(convoke_events::Recovery::DidNotHappen), after(3_600));
    stage.land(seen);
    assert_eq!((stuck(&stage), stage.session.wake_at()), (0, Some(after(3_630))));
    tick(&mut stage, 3_630);
    assert_eq!(stuck(&stage), 1);
}

/// Alfa, who was told to, works on the task `job` under its lease.
fn alfa() -> Scene {
    let mut scene = told();
    let then = work(&mut scene, "alfa", enter(Phase::Bootstrap));
    assert_eq!(then.answer, Ok(()));
    scene
}

fn silence_of(scene: &mut Scene) -> Then {
    let task = task("job");
    match scene.state().silent_since(task) {
        Some(since) => scene.when(&Input::Silence { task, since }),
        None => Then { events: Vec::new(), answer: Ok(()) },
    }
}

#[test]
fn an_agent_that_is_not_heard_of_under_its_lease_is_stuck_once() {
    let mut scene = alfa();
    scene.wait(Duration::from_millis(29_999));
    assert_eq!(silence_of(&mut scene).types(), [""; 0]);
    scene.wait(Duration::from_millis(2));
    let then = silence_of(&mut scene);
    assert_eq!(then.types(), ["ThresholdReached", "AgentStuck"]);
    let stuck = found!(then, Event::Lifecycle(LifecycleEvent::AgentStuck(one)) => one);
    assert_eq!((stuck[0].agent, stuck[0].silent_ms), (agent("alfa"), 30_001));
    scene.wait(Duration::from_mins(5));
    assert_eq!(silence_of(&mut scene).types(), [""; 0]);
}

#[test]
fn an_agent_does_not_leave_a_task_on_which_a_mediator_is_at_work() {
    let mut scene = alfa();
    let on = [Trigger::Complexity].into();
    let mediator = MediatorRules { template: agent("bravo"), share: Tokens::new(10_000), on };
    let rules = CoordinationRules {
        stuck_after_ms: 30_000,
        conflicts: 3,
        complexity: Complexity::new(0.8).unwrap(),
        mediator: Some(mediator),
    };
    assert_eq!(scene.command(Command::SetCoordinationRules(rules)).answer, Ok(()));
    for step in [enter(Phase::Preflight), enter(Phase::Plan), plan()] {
        assert_eq!(work(&mut scene, "alfa", step).answer, Ok(()));
    }
    assert_eq!(scene.command(decided(PlanDecision::Approved)).answer, Ok(()));
    let rest = [enter(Phase::Execute), tests_run(), patch(), enter(Phase::Verify)];
    for step in rest.into_iter().chain([enter(Phase::Package), enter(Phase::Report), report()]) {
        assert_eq!(work(&mut scene, "alfa", step).answer, Ok(()));
    }
    let (complexity, reason) = (Complexity::new(0.9).unwrap(), "r".to_owned());
    scene.command(Command::DeclareComplexity { task: task("job"), complexity, reason });
    scene.follow();
    let call = only_call(&scene);
    let then = work(&mut scene, "alfa", enter(Phase::Exit));
    assert_eq!(then.types(), ["ActionRefused"]);
    let then = scene.answered(&call, "split", usage(10, 10));
    assert_eq!(then.types(), ["InvocationAnswered", "Settled"]);
    let then = work(&mut scene, "alfa", enter(Phase::Exit));
    assert!(then.types().contains(&"TaskConcluded"), "{:?}", then.types());
}

#[test]
fn whatever_an_agent_does_under_its_lease_is_a_sign_of_life() {
    let mut scene = alfa();
    let steps = [enter(Phase::Preflight), enter(Phase::Plan), plan(), WorkAction::RenewLease {}];
    for step in steps {
        scene.wait(Duration::from_secs(29));
        assert_eq!(silence_of(&mut scene).types(), [""; 0], "{step:?}");
        assert_eq!(work(&mut scene, "alfa", step).answer, Ok(()));
    }
    scene.wait(Duration::from_secs(30));
    assert_eq!(silence_of(&mut scene).types(), ["ThresholdReached", "AgentStuck"]);
}
