//! Phases: each follows the one before, with what it needs; leaving one out is a violation.

use convoke_events::{
    Conclusion, Event, LeaseEnd, LifecycleEvent, LifecycleRules, Phase, PlanDecision,
    ProposalBasis, ProposalEvent, TaskOutcome, Tier, Verb, Violation,
};

use super::desk::*;
use crate::command::{Command, Packet};
use crate::lifecycle::WorkAction;
use crate::tests::cast::{allow, ends, task, word};

#[test]
fn a_run_through_every_phase_ends_with_a_proposal_and_gives_the_lock_back() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Report);
    let then = work(&mut scene, "alfa", report()).leaves(&["ProposalMade"]);
    let made = found!(then, Event::Proposal(ProposalEvent::ProposalMade(made)) => made);
    assert_eq!(made[0].key.as_ref().unwrap().as_str(), "merge-it");
    assert!(matches!(made[0].basis, ProposalBasis::Report { .. }));
    let then = work(&mut scene, "alfa", enter(Phase::Exit)).leaves(&[
        "PhaseEntered",
        "LeaseEnded",
        "TaskConcluded",
    ]);
    assert_eq!(ended(&then), [(LeaseEnd::Released, true)]);
    assert_eq!(ends(&then), [(TaskOutcome::Proposed, Conclusion::Reported)]);
}

#[test]
fn every_skip_of_a_phase_is_a_violation_with_evidence_and_not_done() {
    for (at, from) in Phase::ALL.iter().enumerate() {
        for to in Phase::ALL.iter().skip(at + 2).copied() {
            let mut scene = told();
            up_to(&mut scene, "alfa", *from);
            let then = work(&mut scene, "alfa", enter(to));
            assert_eq!(violations(&then), [Violation::PhaseSkipped { from: *from, to }]);
            let evidence = then.events[0].texts.get(&convoke_events::TextName::EVIDENCE);
            assert_eq!(evidence.unwrap(), format!("alfa in {from}: {to} does not follow {from}"));
            let entered = found!(then, Event::Lifecycle(LifecycleEvent::PhaseEntered(one)) => one);
            assert!(entered.is_empty(), "{from} to {to}");
        }
    }
}

#[test]
fn going_back_is_refused_but_no_violation() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Plan);
    for to in [Phase::Preflight, Phase::Plan] {
        let then = work(&mut scene, "alfa", enter(to)).leaves(&["ActionRefused"]);
        assert_eq!(refusal(&then), format!("{to} does not follow PLAN"));
    }
}

#[test]
fn what_was_verified_and_found_wanting_is_done_again() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Verify);
    done(&mut scene, "alfa", vec![enter(Phase::Execute), patch(), enter(Phase::Verify)]);
}

#[test]
fn execute_without_a_plan_is_a_violation() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Plan);
    let then = work(&mut scene, "alfa", enter(Phase::Execute));
    assert_eq!(violations(&then), [Violation::PlanNotApproved]);
}

#[test]
fn execute_with_a_plan_nobody_approved_is_a_violation() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Plan);
    done(&mut scene, "alfa", vec![plan()]);
    let then = work(&mut scene, "alfa", enter(Phase::Execute));
    assert_eq!(violations(&then), [Violation::PlanNotApproved]);
}

#[test]
fn execute_with_a_rejected_plan_is_a_violation_and_another_plan_can_be_handed_in() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Plan);
    done(&mut scene, "alfa", vec![plan()]);
    scene.command(decided(PlanDecision::Rejected)).leaves(&["PlanDecided"]);
    let mut other = scene.clone();
    let then = work(&mut scene, "alfa", enter(Phase::Execute));
    assert_eq!(violations(&then), [Violation::PlanNotApproved]);
    done(&mut other, "alfa", vec![plan()]);
    other.command(decided(PlanDecision::Approved)).leaves(&["PlanDecided"]);
    done(&mut other, "alfa", vec![enter(Phase::Execute)]);
}

#[test]
fn a_plan_changed_after_its_approval_has_to_be_approved_anew() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Plan);
    done(&mut scene, "alfa", vec![plan()]);
    scene.command(decided(PlanDecision::Approved));
    done(&mut scene, "alfa", vec![WorkAction::HandInPlan { content: "another".to_owned() }]);
    let then = work(&mut scene, "alfa", enter(Phase::Execute));
    assert_eq!(violations(&then), [Violation::PlanNotApproved]);
}

#[test]
fn a_decision_on_a_plan_is_bound_to_its_digest() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Plan);
    let words = format!("no plan of this digest waits for a decision on task {}", task("job"));
    scene.command(decided(PlanDecision::Approved)).is_refused(&words);
    done(&mut scene, "alfa", vec![plan()]);
    let plan = Some(convoke_events::Digest::of(b"another plan"));
    let decision = PlanDecision::Approved;
    let other = Command::DecidePlan { task: task("job"), plan, decision, note: None };
    scene.command(other).is_refused(&words);
}

#[test]
fn a_hub_may_ask_nobody_about_plans() {
    let mut scene = crew();
    let rules = LifecycleRules { plans_need_a_person: false, ..LifecycleRules::default() };
    scene.command(Command::SetLifecycleRules(rules)).leaves(&["LifecycleRulesSet"]);
    opened(&mut scene, "job");
    scene.command(Command::IssuePacket(packet("alfa")));
    up_to_plan(&mut scene);
    work(&mut scene, "alfa", plan()).leaves(&["PlanHandedIn", "PlanDecided"]);
    done(&mut scene, "alfa", vec![enter(Phase::Execute)]);
}

fn up_to_plan(scene: &mut crate::testkit::Scene) {
    let phases = [Phase::Bootstrap, Phase::Preflight, Phase::Plan];
    done(scene, "alfa", phases.map(enter).to_vec());
}

#[test]
fn package_without_a_required_step_is_a_violation() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Execute);
    done(&mut scene, "alfa", vec![patch(), enter(Phase::Verify)]);
    let then = work(&mut scene, "alfa", enter(Phase::Package));
    assert_eq!(violations(&then), [Violation::StepMissing { step: word("run-tests") }]);
}

#[test]
fn exit_without_a_report_is_refused() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Report);
    let then = work(&mut scene, "alfa", enter(Phase::Exit)).leaves(&["ActionRefused"]);
    assert_eq!(refusal(&then), "EXIT takes a report, which is handed in in REPORT");
}

#[test]
fn a_task_has_one_report() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Report);
    done(&mut scene, "alfa", vec![report()]);
    work(&mut scene, "alfa", report()).leaves(&["ActionRefused"]);
}

#[test]
fn plans_artifacts_and_reports_belong_into_their_phases() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Preflight);
    for (action, words) in [
        (plan(), "a plan belongs into PLAN, and the work is in PREFLIGHT"),
        (patch(), "an artifact belongs into EXECUTE, and the work is in PREFLIGHT"),
        (report(), "a report belongs into REPORT, and the work is in PREFLIGHT"),
    ] {
        let then = work(&mut scene, "alfa", action).leaves(&["ActionRefused"]);
        assert_eq!(refusal(&then), words);
    }
}

#[test]
fn looking_and_thinking_need_no_plan() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Preflight);
    done(&mut scene, "alfa", vec![permission("read"), permission("plan")]);
}

#[test]
fn using_anything_else_before_a_plan_is_approved_is_a_violation() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Preflight);
    let then = work(&mut scene, "alfa", permission("sandbox"));
    assert_eq!(violations(&then), [Violation::PlanNotApproved]);
}

#[test]
fn with_an_approved_plan_an_agent_uses_what_its_tier_has() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Execute);
    work(&mut scene, "alfa", permission("sandbox")).leaves(&["PermissionUsed"]);
}

#[test]
fn what_the_leases_tier_does_not_have_is_a_violation() {
    let mut scene = told_with(Packet { tier: Some(Tier::T1), ..packet("alfa") });
    up_to(&mut scene, "alfa", Phase::Execute);
    let then = work(&mut scene, "alfa", permission("staging"));
    assert_eq!(violations(&then), [Violation::BeyondTier { permission: word("staging") }]);
    let used = found!(then, Event::Lifecycle(LifecycleEvent::PermissionUsed(one)) => one);
    assert!(used.is_empty());
}

#[test]
fn at_the_highest_tier_each_use_takes_a_persons_approval() {
    let mut scene = crew();
    let mut architect = crate::testkit::member("archie", SETTINGS);
    architect.tier = Tier::T4;
    scene.command(Command::RegisterAgent(architect));
    scene.command(allow("archie", "implementation", &[Verb::Read, Verb::Propose], true));
    opened(&mut scene, "job");
    assert_eq!(scene.command(Command::IssuePacket(packet("archie"))).answer, Ok(()));
    up_to(&mut scene, "archie", Phase::Execute);
    let words = "each use of `governance-write` at tier T4 takes a person's approval";
    let then = work(&mut scene, "archie", permission("governance-write"));
    assert_eq!(refusal(&then.leaves(&["ActionRefused"])), words);
    let approve = Command::ApproveUse {
        task: task("job"),
        permission: word("governance-write"),
        reason: "as agreed".to_owned(),
    };
    scene.command(approve).leaves(&["UseApproved"]);
    done(&mut scene, "archie", vec![permission("governance-write")]);
    let then = work(&mut scene, "archie", permission("governance-write"));
    assert_eq!(refusal(&then), words, "an approval is for one use");
    done(&mut scene, "archie", vec![permission("staging")]);
}
