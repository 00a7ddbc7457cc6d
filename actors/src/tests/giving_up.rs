//! Steps that cannot be recorded: their task ends, and nothing of it stays open or set aside.

use convoke_events::{
    Conclusion, Event, FailureClass, Limits, Settlement, TaskEvent, TaskOutcome, TaskPlan, Verb,
};

use super::cast::*;
use super::failures::failures;
use super::stage::{Stage, order};
use crate::authority::LocalOwner;
use crate::command::{Command, TaskSubmission};
use crate::hub::{Owed, Step, give_up};
use crate::testkit::{Scene, Then, member, submission, task_rules};

/// What follows where the step that is owed cannot be recorded.
fn given_up(scene: &mut Scene) -> Then {
    let step = scene.state().owed().step.unwrap();
    let decision = give_up(scene.state(), step, "it is too large", scene.now());
    for draft in &decision.events {
        scene.happened(&draft.event);
    }
    Then { events: decision.events, answer: decision.answer }
}

#[test]
fn a_first_step_that_cannot_be_recorded_is_the_end_of_its_task() {
    let mut scene = workshop();
    scene.command(Command::SubmitTask(triage("a")));
    assert!(matches!(scene.state().owed().step, Some(Step::Task(_))));
    let then = given_up(&mut scene).leaves(&["TaskConcluded"]);
    assert_eq!(ends(&then), [(TaskOutcome::Failed, Conclusion::CallFailed)]);
    assert_eq!(reason(&then, "TaskConcluded"), "the next step cannot be taken: it is too large");
    assert_eq!(scene.state().owed(), Owed::default());
}

#[test]
fn calls_that_cannot_be_called_off_one_by_one_end_with_their_task() {
    let mut scene = workshop();
    hand_in(&mut scene, question("q", task_rules()));
    let slug = word("forge");
    scene.command(Command::DeactivateAgent { slug, reason: "it dreams".to_owned() });
    assert!(matches!(scene.state().owed().step, Some(Step::CallOff(_))));
    let then = given_up(&mut scene);
    let classes: Vec<_> = failures(&then).iter().map(|one| one.class).collect();
    assert_eq!(classes, [FailureClass::Cancelled; 3], "those of the others too");
    assert_eq!(ends(&then), [(TaskOutcome::Failed, Conclusion::CallFailed)]);
    let ended: Vec<_> = settled(&then).iter().map(|one| one.settlement).collect();
    assert_eq!(ended.len(), 3);
    assert!(ended.iter().all(|one| *one == Settlement::Unknown), "they were sent: {ended:?}");
    assert_eq!(scene.state().owed(), Owed::default());
}

#[test]
fn a_collective_too_large_to_be_convened_in_one_append_ends_its_task_with_the_reason() {
    let mut stage = Stage::empty(LocalOwner);
    let settings = r#"{"rules":[{"any":["x"],"recommend":"fix","confidence":0.9,"reason":"r"}],
        "otherwise":{"recommend":"wait","confidence":0.5,"reason":"r"}}"#;
    stage.done(Command::OpenHub { name: "Crowd".to_owned(), limits: Limits::default() });
    for (number, priority) in (0..400).zip(1..) {
        let agent = member(&format!("agent-{number}"), settings);
        let (slug, task_type) = (agent.slug.clone(), word("implementation"));
        stage.done(Command::RegisterAgent(agent));
        stage.done(Command::SetRoutingPolicy { task_type, agent: slug, priority, active: true });
        let allowed = allow(&format!("agent-{number}"), "implementation", &[Verb::Propose], true);
        stage.done(allowed);
    }
    let plan = TaskPlan::Collective {
        task_type: word("implementation"),
        participants: Vec::new(),
        rules: task_rules(),
    };
    let limits = Limits::default();
    let task = TaskSubmission { plan, limits, ..submission("q", "A crash") };
    let seen = stage.give("ada", order("ada", Command::SubmitTask(task)));
    let seen = stage.land(seen);
    assert!(seen.calls.is_empty());
    let last = stage.events().pop().unwrap();
    let Event::Task(TaskEvent::TaskConcluded(end)) = &last.event else { panic!("{last:?}") };
    assert_eq!((end.outcome, end.because), (TaskOutcome::Failed, Conclusion::CallFailed));
    let reason = last.texts.get(&convoke_events::TextName::REASON).unwrap();
    assert!(reason.starts_with("the next step cannot be taken: "), "{reason}");
    assert_eq!(stage.session.state().owed(), Owed::default());
}
