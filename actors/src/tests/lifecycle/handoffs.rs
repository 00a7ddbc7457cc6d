//! Handoffs: what an agent leaves is complete, and the next agent takes it up.

use std::collections::BTreeSet;

use convoke_events::{
    Event, HandoffOpened, LifecycleEvent, PacketIssued, Phase, RevocationReason, TaskPlan,
    TextName, Tier, Verb,
};

use super::desk::*;
use crate::action::{Act, Action};
use crate::authority::LocalOwner;
use crate::command::{AgentRegistration, Caller, Command, Order, Packet, TaskSubmission};
use crate::lifecycle::WorkAction;
use crate::testkit::{Scene, Then, member, orders};
use crate::tests::cast::{agent, allow, task, triage, word};
use crate::tests::stage::Stage;

fn handoff(then: &Then) -> HandoffOpened {
    let found = found!(then, Event::Lifecycle(LifecycleEvent::HandoffOpened(one)) => one.clone());
    assert_eq!(found.len(), 1, "{:?}", then.types());
    found[0].clone()
}

/// alfa has met the same error three times with everything handed in but the changelog.
fn fallen() -> (Scene, Then) {
    let wide = Packet {
        steps: vec![word("run-tests"), word("review")],
        artifacts: vec![word("patch"), word("changelog")],
        ..packet("alfa")
    };
    let mut scene = told_with(wide);
    up_to(&mut scene, "alfa", Phase::Execute);
    done(&mut scene, "alfa", vec![tests_run(), patch()]);
    done(&mut scene, "alfa", vec![error("disk 1 full"), error("disk 2 full")]);
    let then = work(&mut scene, "alfa", error("disk 3 full"));
    (scene, then)
}

#[test]
fn a_handoff_has_every_field_drawn_from_what_was_recorded() {
    let (_, then) = fallen();
    let left = handoff(&then);
    assert_eq!((left.task, left.from), (task("job"), agent("alfa")));
    assert!(matches!(left.because, Some(RevocationReason::SameError { count: 2, .. })));
    assert_eq!((left.phase, left.step), (Phase::Execute, Some(word("run-tests"))));
    assert_eq!(left.tried, [word("run-tests")]);
    assert_eq!(left.errors.len(), 1);
    assert_eq!(left.errors[0].count, 3, "the error that ended it counts");
    assert_eq!(left.steps, [word("review")]);
    assert_eq!(left.missing, [word("changelog")]);
    assert_eq!(left.forbidden.len(), 1);
    assert_eq!(left.artifacts.len(), 1);
    assert!(left.plan.is_some());
    let texts = &then.events.iter().find(|one| one.event.event_type() == "HandoffOpened");
    let texts = &texts.unwrap().texts;
    let said = |name| texts.get(&name).unwrap().to_owned();
    assert_eq!(said(TextName::TRIED), "took the step `run-tests`; handed in a plan");
    assert_eq!(said(TextName::BLOCKING), "`disk-full`, 3 times");
    assert_eq!(said(TextName::NEXT), "take the step `review`; hand in `changelog`");
}

#[test]
fn the_next_packet_takes_the_handoff_up_with_what_was_done() {
    let (mut scene, then) = fallen();
    let left = handoff(&then);
    let wide = Packet {
        steps: vec![word("run-tests"), word("review")],
        artifacts: vec![word("patch"), word("changelog")],
        ..packet("bravo")
    };
    let then = scene.command(Command::IssuePacket(wide)).leaves(&["PacketIssued"]);
    let issued = found!(then, Event::Lifecycle(LifecycleEvent::PacketIssued(one)) => one.clone());
    let PacketIssued { continues, agent: whom, .. } = &issued[0];
    assert_eq!((*continues, *whom), (Some(left.handoff), agent("bravo")));
    let phases = [Phase::Bootstrap, Phase::Preflight, Phase::Plan];
    done(&mut scene, "bravo", phases.map(enter).to_vec());
    done(&mut scene, "bravo", vec![plan()]);
    scene.command(decided(convoke_events::PlanDecision::Approved));
    let changelog = crate::lifecycle::WorkAction::HandIn {
        artifact: word("changelog"),
        content: "fixed".to_owned(),
    };
    let review = crate::lifecycle::WorkAction::TakeStep { step: word("review"), note: None };
    // The patch and the test run are alfa's, and stand.
    done(&mut scene, "bravo", vec![enter(Phase::Execute), changelog, review]);
    let rest = [Phase::Verify, Phase::Package, Phase::Report].map(enter).to_vec();
    done(&mut scene, "bravo", rest);
    done(&mut scene, "bravo", vec![report(), enter(Phase::Exit)]);
}

#[test]
fn a_handoff_is_taken_up_once() {
    let (mut scene, _) = fallen();
    scene.command(Command::IssuePacket(packet("bravo")));
    let then = scene.command(Command::IssuePacket(packet("bravo")));
    let again = found!(then, Event::Lifecycle(LifecycleEvent::PacketIssued(one)) => one.continues);
    assert_eq!(again, [None]);
}

#[test]
fn a_lease_that_ended_well_leaves_no_handoff() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Report);
    done(&mut scene, "alfa", vec![report()]);
    let then = work(&mut scene, "alfa", enter(Phase::Exit));
    assert!(!then.types().contains(&"HandoffOpened"));
}

fn long(kind: &str, number: usize) -> String {
    format!("{kind}-{number:03}-{}", "x".repeat(60 - kind.len() - 5))
}

#[test]
fn whatever_an_agent_did_what_it_leaves_fits_into_an_event_and_it_is_revoked() {
    let mut stage = Stage::empty(LocalOwner);
    let budget = Some(convoke_events::ErrorBudget { errors: 40, repeats: 9, violations: 1 });
    let steps = (0..32).map(|number| word(&long("step", number))).collect();
    let artifacts = (0..32).map(|number| word(&long("part", number))).collect();
    let large = Packet { steps, artifacts, forbidden: BTreeSet::new(), budget, ..packet("alfa") };
    let task_type = word::<convoke_events::TaskType>("implementation");
    let plan = TaskPlan::Sessions { task_type, rules: crate::testkit::task_rules() };
    let submission = TaskSubmission { plan, ..triage("job") };
    let alfa = AgentRegistration { tier: Tier::T2, ..member("alfa", SETTINGS) };
    let verbs = [Verb::Read, Verb::Propose];
    for command in orders().into_iter().chain([
        Command::RegisterAgent(alfa),
        allow("alfa", "implementation", &verbs, true),
        Command::SubmitTask(submission),
        Command::IssuePacket(large),
    ]) {
        let told = stage.done(command).answers;
        assert!(told.iter().all(|(_, answer)| answer.is_ok()), "{told:?}");
    }
    let mut act = |action: WorkAction| {
        let act = Act { task: task("job"), delegation: None, action: Action::Work(action) };
        let order = Order::new(Caller::Agent(word("alfa")), Command::Act(act));
        let seen = stage.give("act", order);
        let told = stage.land(seen).answers;
        assert!(matches!(told[..], [("act", Ok(_))]), "{told:?}");
    };
    act(enter(Phase::Bootstrap));
    for number in 0..100 {
        act(WorkAction::TakeStep { step: word(&long("took", number)), note: None });
    }
    for number in 0..40_u8 {
        let kind = [b'a' + number / 26, b'a' + number % 26].map(char::from);
        act(error(&kind.iter().collect::<String>().repeat(30)));
    }
    let types = stage.types();
    assert!(types.ends_with(&["AgentRevoked", "LeaseEnded", "HandoffOpened"]), "{types:?}");
}
