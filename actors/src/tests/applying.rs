//! Nothing is applied without a person unless a policy lets an autonomous agent, and then on record.

use std::collections::BTreeSet;
use std::time::Duration;

use convoke_events::{
    BlockReason, Event, GovernanceDefault, GovernanceEvent, ProposalApplied, ProposalEvent,
    ProposalId, ReviewDecision, Role, TaskPlan, TrustLevel, Verb,
};

use super::cast::{agent, allow, found, hand_in, only_call, reason, triage, usage, word, workshop};
use crate::command::{AgentRegistration, Command, Review, TaskSubmission};
use crate::testkit::{Scene, Then, member, task_rules};

const SETTINGS: &str = r#"{"rules":[{"any":["x"],"recommend":"x","confidence":1,"reason":"x"}],
    "otherwise":{"recommend":"x","confidence":1,"reason":"x"}}"#;

const BOTH: &[Verb] = &[Verb::Propose, Verb::AutoApply];

/// A workshop in which forge is trusted so far, may do this, and is asked for an answer.
fn asked(trust: TrustLevel, verbs: &[Verb]) -> Scene {
    let mut scene = workshop();
    let forge = AgentRegistration { trust, ..member("forge", SETTINGS) };
    scene.command(Command::RegisterAgent(forge));
    scene.command(allow("forge", "implementation", verbs, true));
    let (task_type, rules) = (word("implementation"), task_rules());
    let plan = TaskPlan::Answer { task_type, shape: None, rules };
    hand_in(&mut scene, TaskSubmission { plan, ..triage("a") });
    scene
}

fn answered(scene: &mut Scene) -> Then {
    let call = only_call(scene);
    scene.answered(&call, "fix", usage(10, 10))
}

fn applied(then: &Then) -> Vec<&ProposalApplied> {
    found!(then, Event::Proposal(ProposalEvent::ProposalApplied(one)) => one)
}

fn denied(then: &Then) -> Vec<(Verb, &BlockReason)> {
    found!(
        then,
        Event::Governance(GovernanceEvent::AttemptBlocked(one)) => (one.verb, &one.because)
    )
}

fn proposal(then: &Then) -> ProposalId {
    found!(then, Event::Proposal(ProposalEvent::ProposalMade(made)) => made.proposal)[0]
}

#[test]
fn an_autonomous_agents_result_is_applied_under_a_policy_that_says_so_which_is_named() {
    let mut scene = asked(TrustLevel::Autonomous, BOTH);
    let then = answered(&mut scene).leaves(&[
        "InvocationAnswered",
        "Settled",
        "ProposalMade",
        "ProposalApplied",
        "TaskConcluded",
    ]);
    let one = applied(&then)[0];
    assert_eq!((one.agent, one.agent_version, one.granted_by.version), (agent("forge"), 2, 2));
    assert_eq!(
        reason(&then, "TaskConcluded"),
        "forge answers `fix`; it was applied without waiting, and can still be reviewed"
    );
}

#[test]
fn what_was_applied_can_be_reviewed_however_late() {
    let mut scene = asked(TrustLevel::Autonomous, BOTH);
    let proposal = proposal(&answered(&mut scene));
    scene.wait(Duration::from_hours(24 * 365));
    let (digest, note, revision, key) = (None, None, None, None);
    let decision = ReviewDecision::Rejected;
    let review = Review { proposal, decision, digest, note, revision, key };
    let roles = BTreeSet::from([Role::Reviewer]);
    let then = scene.command_by("grace", roles, Command::ReviewProposal(review));
    let then = then.leaves(&["ProposalReviewed"]);
    let credits =
        found!(then, Event::Proposal(ProposalEvent::ProposalReviewed(one)) => &one.credits);
    assert!(!credits[0][0].right, "what was applied counts against its author all the same");
}

#[test]
fn a_policy_without_the_verb_leaves_the_result_to_a_person_and_no_attempt_is_made() {
    let mut scene = asked(TrustLevel::Autonomous, &[Verb::Propose]);
    let then = answered(&mut scene);
    assert_eq!((applied(&then).len(), denied(&then).len()), (0, 0));
}

#[test]
fn an_agent_that_is_not_autonomous_is_denied_on_record_and_its_result_waits() {
    for trust in [TrustLevel::Advisory, TrustLevel::Elevated] {
        let mut scene = asked(trust, BOTH);
        let then = answered(&mut scene);
        assert_eq!(applied(&then).len(), 0);
        let denials = denied(&then);
        let [(Verb::AutoApply, BlockReason::BeyondTrust { policy: Some(_), trust: found })] =
            denials[..]
        else {
            panic!("{denials:?}");
        };
        assert_eq!(*found, trust);
        assert_eq!(reason(&then, "TaskConcluded"), "forge answers `fix`; it waits for review");
    }
}

#[test]
fn a_policy_switched_off_applies_nothing_even_where_the_hub_permits() {
    let mut scene = asked(TrustLevel::Autonomous, BOTH);
    scene.command(allow("forge", "implementation", BOTH, false));
    scene.command(Command::SetGovernanceDefault(GovernanceDefault::Permit));
    let then = answered(&mut scene);
    assert_eq!(applied(&then).len(), 0);
    let denials = denied(&then);
    let [(Verb::AutoApply, BlockReason::PolicyInactive(at))] = denials[..] else {
        panic!("{denials:?}");
    };
    assert_eq!(at.version, 3);
}

#[test]
fn a_trust_level_lowered_while_the_agent_thinks_counts() {
    let mut scene = asked(TrustLevel::Autonomous, BOTH);
    let forge = AgentRegistration { trust: TrustLevel::Elevated, ..member("forge", SETTINGS) };
    scene.command(Command::RegisterAgent(forge));
    let then = answered(&mut scene);
    assert_eq!((applied(&then).len(), denied(&then).len()), (0, 1));
}
