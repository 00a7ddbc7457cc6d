//! Ready shapes: an agent is told what the shape asks for, and an answer without it does not count.

use convoke_events::{Conclusion, Event, InvocationEvent, ShapeRef, TaskOutcome, TaskPlan, Verb};

use super::cast::{allow, ends, found, hand_in, only_call, reason, triage, usage, word, workshop};
use super::stage::Stage;
use crate::authority::LocalOwner;
use crate::command::{Command, TaskSubmission};
use crate::provider::{MessageRole, ModelRequest, Part};
use crate::shape::Shape;
use crate::testkit::{said, task_rules};

fn submission(request: &str, shape: &str) -> TaskSubmission {
    let plan = Shape::find(shape).unwrap().plan(task_rules());
    TaskSubmission { plan, ..triage(request) }
}

fn route(task_type: &str, slug: &str) -> Command {
    let (task_type, agent) = (word(task_type), word(slug));
    Command::SetRoutingPolicy { task_type, agent, priority: 1, active: true }
}

fn documents(request: &ModelRequest) -> Vec<&str> {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let documents = parts.filter_map(|part| match part {
        Part::Document { content, .. } => Some(content.as_str()),
        Part::Text(_) | Part::ToolCall { .. } => None,
    });
    documents.collect()
}

#[test]
fn an_agent_is_told_what_the_shape_asks_for_and_its_answer_is_held_to_it() {
    let mut stage = Stage::workshop(LocalOwner);
    let seen = stage.done(Command::SubmitTask(submission("a", "propose-implementation")));
    let request = stage.request(&seen.calls[0]);
    let system = request.messages.iter().find(|one| one.role == MessageRole::System).unwrap();
    let [Part::Text(told)] = &system.parts[..] else { panic!("{system:?}") };
    assert!(told.starts_with("You are forge.\n\nThe request holds a decision"), "{told}");
    let schema = request.schema.unwrap();
    assert_eq!(schema.name, "propose-implementation");
    assert_eq!(schema.json["properties"]["steps"]["type"], "array");
    assert!(schema.json["required"].as_array().unwrap().contains(&"risks".into()));
}

#[test]
fn who_looks_for_duplicates_is_shown_the_titles_of_earlier_requests_and_others_are_not() {
    let mut stage = Stage::workshop(LocalOwner);
    stage.done(Shape::find("detect-duplicates").unwrap().task_type_known());
    stage.done(allow("forge", "duplicate", &[Verb::Propose], true));
    stage.done(route("duplicate_check", "forge"));
    stage.done(Command::SubmitTask(triage("a")));
    let seen = stage.done(Command::SubmitTask(submission("b", "detect-duplicates")));
    let request = stage.request(&seen.calls[0]);
    assert_eq!(documents(&request), ["Request a"]);
    assert_eq!(said(&request), ["Request b\n\nA crash on start"]);
    let seen = stage.done(Command::SubmitTask(submission("c", "propose-implementation")));
    assert!(documents(&stage.request(&seen.calls[0])).is_empty());
}

#[test]
fn an_answer_without_what_the_shape_asks_for_fails_the_task() {
    let mut scene = workshop();
    hand_in(&mut scene, submission("a", "propose-implementation"));
    let call = only_call(&scene);
    // The test's own answer has none of the fields of any shape.
    scene.answered(&call, "fix", usage(10, 10));
    let mended = only_call(&scene);
    let then = scene.answered(&mended, "fix", usage(10, 10));
    assert_eq!(ends(&then), [(TaskOutcome::Failed, Conclusion::CallFailed)]);
    let words = reason(&then, "TaskConcluded");
    assert!(words.contains("`steps` is missing: the shape `propose-implementation`"), "{words}");
}

#[test]
fn a_shape_nobody_has_is_refused_with_those_there_are() {
    let mut submission = submission("a", "propose-implementation");
    if let TaskPlan::Answer { shape, .. } = &mut submission.plan {
        *shape = Some(ShapeRef { name: word("write-poems"), version: 1 });
    }
    workshop().command(Command::SubmitTask(submission)).is_refused(
        "there is no task shape `write-poems` v1; there are `summarise-feedback` v1, \
         `draft-requirement` v1, `propose-implementation` v1, `detect-duplicates` v1",
    );
}

#[test]
fn a_task_type_of_the_hubs_own_is_registered_once_and_its_artifact_can_change() {
    let mut scene = workshop();
    let register = |task_type: &str, artifact: &str| Command::RegisterTaskType {
        task_type: word(task_type),
        artifact: word(artifact),
    };
    scene.command(register("release_notes", "document")).leaves(&["TaskTypeRegistered"]);
    scene.command(register("release_notes", "document")).leaves(&[]);
    scene.command(register("release_notes", "page")).leaves(&["TaskTypeRegistered"]);
    scene.command(register("triage", "request")).leaves(&[]);
    scene.command(register("triage", "page")).is_refused(
        "task type `triage` is every hub's, and makes a `request`: it cannot be changed",
    );
    scene.command(route("poems", "forge")).is_refused(
        "task type `poems` is unknown; known are implementation, policy_check, \
         release_notes, requirement_draft, synthesis, triage",
    );
}

#[test]
fn work_of_a_task_type_of_the_hubs_own_is_governed_by_its_artifact() {
    let mut scene = workshop();
    let (task_type, artifact) = (word("release_notes"), word("document"));
    scene.command(Command::RegisterTaskType { task_type, artifact });
    scene.command(route("release_notes", "forge"));
    let answer = |request: &str| {
        let (task_type, shape, rules) = (word("release_notes"), None, task_rules());
        TaskSubmission { plan: TaskPlan::Answer { task_type, shape, rules }, ..triage(request) }
    };
    let then = hand_in(&mut scene, answer("a"));
    assert_eq!(ends(&then), [(TaskOutcome::Blocked, Conclusion::Governance)]);
    scene.command(allow("forge", "document", &[Verb::Propose], true));
    let then = hand_in(&mut scene, answer("b"));
    let artifacts = found!(
        then,
        Event::Invocation(InvocationEvent::InvocationStarted(one)) => one.artifact.as_str()
    );
    assert_eq!(artifacts, ["document"]);
}
