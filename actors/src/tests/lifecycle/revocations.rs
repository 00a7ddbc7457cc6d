//! Revocation: five triggers, each one append, and nothing of the epoch after it.

use convoke_events::{Event, LeaseEnd, LifecycleEvent, Phase, RevocationReason};

use super::desk::*;
use crate::command::{Command, Packet};
use crate::testkit::{Scene, Then};
use crate::tests::cast::{task, word};

const ONE_APPEND: [&str; 3] = ["AgentRevoked", "LeaseEnded", "HandoffOpened"];

#[track_caller]
fn one_append(then: &Then, first: &str) {
    let mut expected = vec![first];
    expected.extend(ONE_APPEND);
    assert_eq!(then.types(), expected);
    assert_eq!(ended(then), [(LeaseEnd::Revoked, false)]);
}

#[test]
fn a_procedure_violation_revokes() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Preflight);
    let then = work(&mut scene, "alfa", enter(Phase::Execute));
    one_append(&then, "ProcedureViolated");
    assert_eq!(revoked(&then), [RevocationReason::Violations { count: 1, limit: 1 }]);
}

#[test]
fn the_same_error_revokes() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Execute);
    done(&mut scene, "alfa", vec![error("no route"), error("no route")]);
    one_append(&work(&mut scene, "alfa", error("no route")), "ErrorReported");
}

#[test]
fn too_many_errors_revoke() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Execute);
    let words = ["a", "b", "c", "d", "e", "f", "g"];
    done(&mut scene, "alfa", words.map(error).to_vec());
    one_append(&work(&mut scene, "alfa", error("h")), "ErrorReported");
}

#[test]
fn a_required_artifact_missing_after_execute_revokes() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Execute);
    let then = work(&mut scene, "alfa", enter(Phase::Verify)).leaves(&ONE_APPEND);
    assert_eq!(revoked(&then), [RevocationReason::ArtifactMissing { artifact: word("patch") }]);
    assert_eq!(refusal(&then), "alfa was revoked, and only a person reinstates it");
}

#[test]
fn a_forbidden_action_revokes_whatever_the_budget_of_violations_is() {
    let budget = convoke_events::ErrorBudget { errors: 9, repeats: 9, violations: 9 };
    let mut scene = told_with(Packet { budget: Some(budget), ..packet("alfa") });
    up_to(&mut scene, "alfa", Phase::Execute);
    let then = work(&mut scene, "alfa", permission("sandbox-admin"));
    one_append(&then, "ProcedureViolated");
    let because = RevocationReason::ForbiddenAction { permission: word("sandbox-admin") };
    assert_eq!(revoked(&then), [because]);
}

fn by_person(scene: &mut Scene, slug: &str) -> Then {
    let (slug, reason) = (word(slug), "it is enough".to_owned());
    scene.command(Command::RevokeAgent { slug, reason })
}

#[test]
fn a_person_revokes_an_agent_at_every_task_it_works_on_in_one_append() {
    let mut scene = told();
    opened(&mut scene, "other");
    let other = Packet { task: task("other"), ..packet("alfa") };
    scene.command(Command::IssuePacket(other));
    up_to(&mut scene, "alfa", Phase::Preflight);
    work_on(&mut scene, "alfa", "other", enter(Phase::Bootstrap));
    let then = by_person(&mut scene, "alfa");
    assert_eq!(then.types()[0], "AgentRevoked");
    assert_eq!(ended(&then), [(LeaseEnd::Revoked, false); 2]);
    let left = found!(then, Event::Lifecycle(LifecycleEvent::HandoffOpened(one)) => one.task);
    assert_eq!(left.len(), 2);
    assert_ne!(left[0], left[1]);
    by_person(&mut scene, "alfa").leaves(&[]);
}

#[test]
fn whatever_a_revoked_agent_asks_for_is_refused_and_only_that_is_recorded() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Execute);
    by_person(&mut scene, "alfa");
    let all = [
        enter(Phase::Bootstrap),
        enter(Phase::Verify),
        patch(),
        tests_run(),
        error("e"),
        permission("read"),
        report(),
        crate::lifecycle::WorkAction::RenewLease {},
    ];
    for action in all {
        work(&mut scene, "alfa", action).leaves(&["ActionRefused"]);
    }
    scene
        .command(Command::IssuePacket(packet("alfa")))
        .is_refused("alfa was revoked, and only a person reinstates it");
}

#[test]
fn a_reinstated_agent_works_in_a_new_epoch() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Preflight);
    by_person(&mut scene, "alfa");
    let again = Command::ReinstateAgent { slug: word("alfa"), reason: "we talked".to_owned() };
    scene.command(again.clone()).leaves(&["AgentReinstated"]);
    scene.command(again).is_refused("alfa was not revoked");
    assert_eq!(scene.command(Command::IssuePacket(packet("alfa"))).answer, Ok(()));
    let then = work(&mut scene, "alfa", enter(Phase::Bootstrap));
    let epochs = found!(then, Event::Lifecycle(LifecycleEvent::LeaseIssued(one)) => one.epoch);
    assert_eq!(epochs, [2]);
}

#[test]
fn a_revoked_agent_is_neither_routed_to_nor_granted_anything() {
    let mut scene = crate::tests::cast::workshop();
    by_person(&mut scene, "forge");
    let question = crate::tests::cast::question("q", crate::testkit::task_rules());
    let then = crate::tests::cast::hand_in(&mut scene, question);
    let asked: Vec<_> = crate::tests::cast::started(&then).iter().map(|one| one.agent).collect();
    assert!(!asked.is_empty() && !asked.contains(&crate::tests::cast::agent("forge")));
}

#[test]
fn only_people_revoke_reinstate_and_promote() {
    use convoke_events::Principal;
    let mut scene = crew();
    let (slug, reason) = (word::<convoke_events::Slug>("alfa"), "r".to_owned());
    let task_type = word("implementation");
    let commands = [
        (Command::RevokeAgent { slug: slug.clone(), reason: reason.clone() }, "revoke an agent"),
        (
            Command::ReinstateAgent { slug: slug.clone(), reason: reason.clone() },
            "reinstate an agent",
        ),
        (Command::PromoteAgent { slug, task_type, reason }, "promote an agent"),
    ];
    for (command, what) in commands {
        let principal = Principal::Service(word("robot"));
        let roles = Some([convoke_events::Role::Owner].into());
        let command = Box::new(command);
        let then = scene.when(&crate::hub::Input::Command { principal, roles, command });
        then.is_refused(&format!("only a person can {what}"));
    }
}
