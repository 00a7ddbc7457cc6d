//! Handoffs: what an agent leaves is complete, and the next agent takes it up.

use convoke_events::{
    Event, HandoffOpened, LifecycleEvent, PacketIssued, Phase, RevocationReason, TextName,
};

use super::desk::*;
use crate::command::{Command, Packet};
use crate::testkit::{Scene, Then};
use crate::tests::cast::{agent, task, word};

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
