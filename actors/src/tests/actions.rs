//! Actions: done or refused, and recorded either way.

use convoke_events::{
    ActionEvent, ActionKind, ActionRefusal, BoardPosted, CoordinationEvent, DelegationEvent, Event,
    MessageKind, Principal, Section, TaskPlan, Tokens, Verb,
};

use super::cast::*;
use super::delegations::guild;
use crate::action::{Act, Action, Complete, Delegate, Message, Post};
use crate::command::{Caller, Command, TaskSubmission};
use crate::hub::Input;
use crate::invocation::{Call, Outcome};
use crate::provider::Part;
use crate::testkit::{Scene, Then, answer, hub, task_rules};

/// A request that agents work on in sessions.
pub(super) fn session(request: &str) -> TaskSubmission {
    let plan = TaskPlan::Sessions { task_type: word("implementation"), rules: task_rules() };
    TaskSubmission { plan, ..triage(request) }
}

/// What follows when an agent acts on a request, and all steps after it.
pub(super) fn acts(scene: &mut Scene, slug: &str, request: &str, action: Action) -> Then {
    let act = Act { task: task(request), delegation: None, action };
    let principal = Caller::Agent(word(slug)).principal(&hub());
    let command = Box::new(Command::Act(act));
    let mut then = scene.when(&Input::Command { principal, roles: None, command });
    then.events.extend(scene.follow().events);
    then
}

pub(super) fn post(section: Section, key: Option<&str>) -> Action {
    let (key, text) = (key.map(str::to_owned), "what I think".to_owned());
    Action::Post(Post { section, key, text })
}

pub(super) fn refusals(then: &Then) -> Vec<(ActionKind, &ActionRefusal)> {
    found!(then, Event::Action(ActionEvent::ActionRefused(one)) => (one.action, &one.because))
}

pub(super) fn posted(then: &Then) -> Vec<&BoardPosted> {
    found!(then, Event::Coordination(CoordinationEvent::BoardPosted(one)) => one)
}

/// A guild at work on request `q`, in a collective.
fn at_work() -> Scene {
    let mut scene = guild();
    hand_in(&mut scene, question("q", task_rules()));
    scene
}

/// The answer of a call, which asks for these actions beside.
pub(super) fn acting(call: &Call, actions: &serde_json::Value, tools: &[(&str, &str)]) -> Outcome {
    let mut outcome = answer(call, "fix", usage(10, 10));
    let response = outcome.result.as_mut().unwrap();
    let content = serde_json::json!({
        "recommendation": "fix", "body": "b", "confidence": 0.5, "assumptions": [],
        "dissent": [], "actions": actions,
    });
    response.parts = vec![Part::Text(content.to_string())];
    response.parts.extend(tools.iter().map(|(name, arguments)| Part::ToolCall {
        id: "1".to_owned(),
        name: (*name).to_owned(),
        arguments: (*arguments).to_owned(),
    }));
    outcome
}

#[test]
fn one_malformed_action_is_refused_alone_and_the_answer_counts() {
    let mut scene = at_work();
    let [call] = &calls_of(&scene, &["forge"])[..] else { panic!() };
    let actions = serde_json::json!([
        {"post": {"section": "solutions", "key": "Fix it", "text": "t"}},
        {"post": {"section": "nowhere", "text": "t"}},
        {"message": {"kind": "FEEDBACK", "to": "helm", "text": "t"}},
    ]);
    let then = scene.when(&Input::Outcome(acting(call, &actions, &[])));
    let then = then.leaves(&[
        "InvocationAnswered",
        "Settled",
        "ContributionRecorded",
        "BoardPosted",
        "ActionRefused",
        "MessageSent",
    ]);
    assert_eq!(refusals(&then), [(ActionKind::Post, &ActionRefusal::Malformed)]);
    assert_eq!(posted(&then)[0].key, Some(word("fix-it")));
}

#[test]
fn a_tool_call_is_an_action_like_one_of_the_list() {
    let mut scene = at_work();
    let call = &calls_of(&scene, &["forge"])[0];
    let tools = [("post", r#"{"section":"progress","text":"t"}"#), ("rm", "{}")];
    let then = scene.when(&Input::Outcome(acting(call, &serde_json::json!([]), &tools)));
    assert_eq!(posted(&then).len(), 1);
    assert_eq!(refusals(&then), [(ActionKind::Unknown, &ActionRefusal::Malformed)]);
}

#[test]
fn what_one_answer_posts_twice_makes_two_versions() {
    let mut scene = at_work();
    let call = &calls_of(&scene, &["forge"])[0];
    let twice = serde_json::json!({"post": {"section": "problem", "text": "t"}});
    let then = scene.when(&Input::Outcome(acting(call, &serde_json::json!([twice, twice]), &[])));
    let versions: Vec<_> = posted(&then).iter().map(|one| one.version).collect();
    assert_eq!(versions, [1, 2]);
    let message = |text: &str| serde_json::json!({"message": {"kind": "PROPOSAL", "text": text}});
    let call = &calls_of(&scene, &["helm"])[0];
    let both = serde_json::json!([message("a"), message("b")]);
    let then = scene.when(&Input::Outcome(acting(call, &both, &[])));
    let numbers =
        found!(then, Event::Coordination(CoordinationEvent::MessageSent(one)) => one.number);
    assert_eq!(numbers, [1, 2]);
}

#[test]
fn no_more_than_eight_actions_of_one_answer_are_done() {
    let mut scene = at_work();
    let call = &calls_of(&scene, &["forge"])[0];
    let one = serde_json::json!({"post": {"section": "progress", "text": "t"}});
    let many = serde_json::Value::Array(vec![one; 20]);
    let then = scene.when(&Input::Outcome(acting(call, &many, &[])));
    assert_eq!(posted(&then).len(), 8);
    assert_eq!(refusals(&then), [(ActionKind::Unknown, &ActionRefusal::TooMany { limit: 8 })]);
}

#[test]
fn a_triage_and_a_synthesis_do_nothing_whatever_they_ask_for() {
    let one = serde_json::json!([{"post": {"section": "consensus", "text": "t"}}]);
    let tools = [("complete", r#"{"reason":"r"}"#)];
    let mut scene = guild();
    hand_in(&mut scene, triage("t"));
    let mut calls = [only_call(&scene)];
    let then = scene.when(&Input::Outcome(acting(&calls[0], &one, &tools)));
    assert_eq!(refusals(&then).len(), 2, "{:?}", then.types());
    let mut scene = at_work();
    all_answer(&mut scene, &[("forge", "fix"), ("helm", "fix"), ("quill", "fix")]);
    calls[0] = only_call(&scene);
    assert_eq!(calls[0].purpose.as_str(), "synthesis");
    let then = scene.when(&Input::Outcome(acting(&calls[0], &one, &tools)));
    // What puts contributions together and asks for anything beside does not count at all.
    assert_eq!(then.types()[0], "InvocationFailed", "{:?}", then.types());
    let counted = ["InvocationAnswered", "ProposalMade", "BoardPosted", "CompletionDeclared"];
    assert!(then.types().iter().all(|found| !counted.contains(found)), "{:?}", then.types());
}

#[test]
fn governance_is_asked_before_anything_is_done() {
    let mut scene = guild();
    hand_in(&mut scene, session("s"));
    // mace may read, and not propose.
    let then = acts(&mut scene, "mace", "s", post(Section::Problem, None));
    let [(ActionKind::Post, ActionRefusal::Blocked { verb: Verb::Propose, .. })] =
        refusals(&then)[..]
    else {
        panic!("{:?}", then.types());
    };
    assert_eq!(then.types(), ["ActionRefused"]);
    let refusal = then.answer.unwrap_err().to_string();
    assert!(
        refusal.starts_with("the action `post` was refused: mace may not propose"),
        "{refusal}"
    );
    scene.command(allow("mace", "implementation", &[Verb::Propose], true));
    let then = acts(&mut scene, "mace", "s", post(Section::Problem, None));
    assert_eq!((then.types(), then.answer), (vec!["BoardPosted"], Ok(())));
}

#[test]
fn an_agent_that_is_not_active_does_nothing() {
    let mut scene = guild();
    hand_in(&mut scene, session("s"));
    scene.command(Command::DeactivateAgent { slug: word("forge"), reason: "r".to_owned() });
    let then = acts(&mut scene, "forge", "s", post(Section::Problem, None));
    assert_eq!(refusals(&then), [(ActionKind::Post, &ActionRefusal::Inactive)]);
}

#[test]
fn nothing_is_done_on_a_task_that_has_ended() {
    let mut scene = guild();
    hand_in(&mut scene, session("s"));
    let end = |outcome| Command::ConcludeTask { task: task("s"), outcome, reason: "r".to_owned() };
    scene.command(end(convoke_events::TaskOutcome::Completed)).leaves(&["TaskConcluded"]);
    let then = acts(&mut scene, "forge", "s", post(Section::Problem, None));
    assert_eq!(refusals(&then), [(ActionKind::Post, &ActionRefusal::Ended)]);
    let complete = Action::Complete(Complete { reason: "r".to_owned() });
    let then = acts(&mut scene, "forge", "s", complete);
    assert_eq!(refusals(&then), [(ActionKind::Complete, &ActionRefusal::Ended)]);
    scene.command(end(convoke_events::TaskOutcome::Completed)).leaves(&[]);
    let words = format!("task {} has ended, or its work is over", task("s"));
    scene.command(end(convoke_events::TaskOutcome::Failed)).is_refused(&words);
}

#[test]
fn an_agent_delegates_in_a_session_under_the_rules_of_every_delegation() {
    let mut scene = guild();
    hand_in(&mut scene, session("s"));
    let delegate = |to: &str| {
        let (to, scope) = (word(to), "look for twins".to_owned());
        Action::Delegate(Delegate { to, scope, tokens: Some(2_000), trim: false })
    };
    let then = acts(&mut scene, "forge", "s", delegate("helm"));
    let budgets =
        found!(then, Event::Delegation(DelegationEvent::DelegationRequested(one)) => one.budget);
    assert_eq!(budgets, [Tokens::new(2_000)]);
    let then = acts(&mut scene, "forge", "s", delegate("forge"));
    assert_eq!(then.types(), ["DelegationRefused"]);
    let busy = format!(
        "task {} has calls or delegations under way: wait for them, or call them off",
        task("s")
    );
    let outcome = convoke_events::TaskOutcome::Completed;
    let reason = "r".to_owned();
    scene.command(Command::ConcludeTask { task: task("s"), outcome, reason }).is_refused(&busy);
}

#[test]
fn a_message_goes_to_another_active_agent_or_to_all() {
    let mut scene = guild();
    hand_in(&mut scene, session("s"));
    let say = |to: Option<&str>| {
        let (to, key, text) = (to.map(word), None, "listen".to_owned());
        Action::Message(Message { kind: MessageKind::Handoff, to, key, text })
    };
    for nobody in ["forge", "stranger"] {
        let then = acts(&mut scene, "forge", "s", say(Some(nobody)));
        assert_eq!(refusals(&then), [(ActionKind::Message, &ActionRefusal::ReceiverUnknown)]);
    }
    for (to, number) in [(Some("helm"), 1), (None, 2)] {
        let then = acts(&mut scene, "forge", "s", say(to));
        let sent = found!(then, Event::Coordination(CoordinationEvent::MessageSent(one)) => one);
        assert_eq!((sent[0].to, sent[0].number), (to.map(agent), number));
    }
    let then = acts(&mut scene, "quill", "s", say(None));
    let sent = found!(then, Event::Coordination(CoordinationEvent::MessageSent(one)) => one.number);
    assert_eq!(sent, [1], "every sender's messages are counted by themselves");
}

#[test]
fn what_is_too_long_is_refused_with_both_numbers() {
    let mut scene = guild();
    hand_in(&mut scene, session("s"));
    let text = "x".repeat(16 * 1_024 + 1);
    let post = Post { section: Section::Problem, key: None, text };
    let then = acts(&mut scene, "forge", "s", Action::Post(post));
    let (size, limit) = (16_385, 16_384);
    assert_eq!(refusals(&then), [(ActionKind::Post, &ActionRefusal::TooLarge { size, limit })]);
}

#[test]
fn nobody_acts_in_the_name_of_an_agent_and_an_agent_does_nothing_else() {
    let mut scene = guild();
    hand_in(&mut scene, session("s"));
    let act = Act { task: task("s"), delegation: None, action: post(Section::Problem, None) };
    scene.command(Command::Act(act)).is_refused("only a registered agent acts");
    let principal = Principal::Agent(agent("forge"));
    let owner = Some([convoke_events::Role::Owner].into());
    let command = Box::new(Command::SubmitTask(session("t")));
    let then = scene.when(&Input::Command { principal, roles: owner, command });
    let refusal = then.answer.unwrap_err().to_string();
    assert!(refusal.contains("may not hand in tasks"), "{refusal}");
}

#[test]
fn an_agent_that_its_own_answer_gets_revoked_does_nothing_further_in_that_answer() {
    use super::lifecycle::desk::{enter, told, work};
    let mut scene = told();
    work(&mut scene, "alfa", enter(convoke_events::Phase::Bootstrap));
    let give = |to: &str| crate::command::DelegationRequest {
        task: task("job"),
        parent: None,
        from: word("bravo"),
        to: word(to),
        scope: "look".to_owned(),
        tokens: Some(Tokens::new(2_000)),
        trim: false,
    };
    for slug in ["alfa", "bravo"] {
        let mut elevated = crate::testkit::member(slug, super::lifecycle::desk::SETTINGS);
        elevated.trust = convoke_events::TrustLevel::Elevated;
        elevated.tier = convoke_events::Tier::T2;
        scene.command(Command::RegisterAgent(elevated));
        scene.command(allow(
            slug,
            "implementation",
            &[Verb::Read, Verb::Propose, Verb::Delegate],
            true,
        ));
    }
    assert_eq!(scene.command(Command::Delegate(give("alfa"))).answer, Ok(()));
    let call = calls_of(&scene, &["alfa"])[0].clone();
    let actions = serde_json::json!([
        {"work": {"use_permission": {"permission": "sandbox-admin"}}},
        {"post": {"section": "progress", "text": "t"}},
        {"delegate": {"to": "bravo", "scope": "twins", "tokens": 2_000}},
    ]);
    let then = scene.when(&Input::Outcome(acting(&call, &actions, &[])));
    assert!(then.types().contains(&"AgentRevoked"), "{:?}", then.types());
    let kinds: Vec<_> = refusals(&then).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [ActionKind::Post, ActionKind::Delegate]);
    assert!(posted(&then).is_empty());
    assert!(!then.types().contains(&"DelegationRequested"));
}
