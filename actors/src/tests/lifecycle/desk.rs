//! A task that alfa and bravo work on by instruction packets, and what they do there.

use std::collections::BTreeSet;

use convoke_events::{
    LeaseEnd, LifecycleEvent, Limits, Phase, PlanDecision, Principal, RevocationReason, TaskPlan,
    TaskType, Tier, Verb, Violation,
};

use crate::action::{Act, Action};
use crate::command::{Command, Packet, TaskSubmission};
use crate::hub::Input;
use crate::lifecycle::WorkAction;
use crate::testkit::{Scene, Then, hub, member, orders, task_rules};
use crate::tests::cast::{agent, allow, task, triage, word};

pub(in crate::tests) use crate::tests::cast::found;

pub(in crate::tests) const SETTINGS: &str = r#"{"rules":[{"any":["x"],"recommend":"a","confidence":1,"reason":"r"}],
    "otherwise":{"recommend":"b","confidence":1,"reason":"r"}}"#;

/// The hub in which alfa and bravo, of tier T2, may propose implementations.
pub(in crate::tests) fn crew() -> Scene {
    let mut commands = orders();
    for slug in ["alfa", "bravo"] {
        let mut agent = member(slug, SETTINGS);
        agent.tier = Tier::T2;
        commands.push(Command::RegisterAgent(agent));
        let verbs = [Verb::Read, Verb::Propose];
        commands.push(allow(slug, "implementation", &verbs, true));
    }
    Scene::given(hub(), commands)
}

/// Hands in a task that is worked on by packets.
pub(in crate::tests) fn opened(scene: &mut Scene, request: &str) {
    let plan =
        TaskPlan::Sessions { task_type: word::<TaskType>("implementation"), rules: task_rules() };
    let submission = TaskSubmission { plan, limits: Limits::default(), ..triage(request) };
    assert_eq!(scene.command(Command::SubmitTask(submission)).answer, Ok(()));
}

/// What alfa is told about the task `job`: to run the tests and to hand in a patch, and to keep its
/// hands off `sandbox-admin`.
pub(in crate::tests) fn packet(slug: &str) -> Packet {
    Packet {
        task: task("job"),
        agent: word(slug),
        tier: None,
        objective: "no more crashes".to_owned(),
        deliverables: "a patch".to_owned(),
        scope: "the parser".to_owned(),
        criteria: "the tests pass".to_owned(),
        escalation: "ask when the format would change".to_owned(),
        created_for: "Grace".to_owned(),
        steps: vec![word("run-tests")],
        artifacts: vec![word("patch")],
        forbidden: BTreeSet::from([word("sandbox-admin")]),
        budget: None,
    }
}

/// The crew with the task `job`, for which alfa has a packet.
pub(in crate::tests) fn told() -> Scene {
    told_with(packet("alfa"))
}

pub(in crate::tests) fn told_with(packet: Packet) -> Scene {
    let mut scene = crew();
    opened(&mut scene, "job");
    assert_eq!(scene.command(Command::IssuePacket(packet)).answer, Ok(()));
    scene
}

/// What follows when an agent does something on the task `job`.
pub(in crate::tests) fn work(scene: &mut Scene, slug: &str, action: WorkAction) -> Then {
    work_on(scene, slug, "job", action)
}

pub(in crate::tests) fn work_on(
    scene: &mut Scene,
    slug: &str,
    request: &str,
    action: WorkAction,
) -> Then {
    let principal = Principal::Agent(agent(slug));
    let act = Act { task: task(request), delegation: None, action: Action::Work(action) };
    let command = Box::new(Command::Act(act));
    scene.when(&Input::Command { principal, roles: None, command })
}

pub(in crate::tests) fn enter(phase: Phase) -> WorkAction {
    WorkAction::EnterPhase { phase, note: None }
}

pub(in crate::tests) fn permission(name: &str) -> WorkAction {
    WorkAction::UsePermission { permission: word(name), note: None }
}

pub(in crate::tests) fn error(message: &str) -> WorkAction {
    WorkAction::ReportError { message: message.to_owned() }
}

pub(in crate::tests) fn plan() -> WorkAction {
    WorkAction::HandInPlan { content: "first this, then that".to_owned() }
}

pub(in crate::tests) fn patch() -> WorkAction {
    WorkAction::HandIn { artifact: word("patch"), content: "+ fixed".to_owned() }
}

pub(in crate::tests) fn tests_run() -> WorkAction {
    WorkAction::TakeStep { step: word("run-tests"), note: None }
}

pub(in crate::tests) fn report() -> WorkAction {
    WorkAction::Report {
        recommendation: "merge it".to_owned(),
        content: "it no longer crashes".to_owned(),
        confidence: Some(0.9),
    }
}

pub(in crate::tests) fn decided(decision: PlanDecision) -> Command {
    Command::DecidePlan { task: task("job"), plan: None, decision, note: None }
}

/// Does all of it in turn; each must be done.
#[track_caller]
pub(in crate::tests) fn done(scene: &mut Scene, slug: &str, actions: Vec<WorkAction>) {
    for action in actions {
        let then = work(scene, slug, action.clone());
        assert_eq!(then.answer, Ok(()), "{action:?}");
    }
}

/// The agent has gone this far: every phase before is behind it, its plan is approved.
pub(in crate::tests) fn up_to(scene: &mut Scene, slug: &str, phase: Phase) {
    for next in Phase::ALL.iter().copied() {
        done(scene, slug, vec![enter(next)]);
        if next == phase {
            return;
        }
        match next {
            Phase::Plan => {
                done(scene, slug, vec![plan()]);
                assert_eq!(scene.command(decided(PlanDecision::Approved)).answer, Ok(()));
            }
            Phase::Execute => done(scene, slug, vec![patch(), tests_run()]),
            Phase::Report => done(scene, slug, vec![report()]),
            Phase::Bootstrap | Phase::Preflight | Phase::Verify | Phase::Package | Phase::Exit => {}
        }
    }
}

/// What a refusal says.
#[track_caller]
pub(in crate::tests) fn refusal(then: &Then) -> String {
    then.answer.as_ref().expect_err("it is refused").to_string()
}

pub(in crate::tests) fn violations(then: &Then) -> Vec<Violation> {
    found!(then, convoke_events::Event::Lifecycle(LifecycleEvent::ProcedureViolated(one)) => one.violation.clone())
}

pub(in crate::tests) fn revoked(then: &Then) -> Vec<RevocationReason> {
    found!(then, convoke_events::Event::Lifecycle(LifecycleEvent::AgentRevoked(one)) => one.because.clone())
}

/// How leases ended, and whether the run kept every rule.
pub(in crate::tests) fn ended(then: &Then) -> Vec<(LeaseEnd, bool)> {
    found!(then, convoke_events::Event::Lifecycle(LifecycleEvent::LeaseEnded(one)) => (one.because, one.compliant))
}
