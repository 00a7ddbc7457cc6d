//! A task can be answered by one agent, and its answer waits for a person like any other proposal.

use std::collections::BTreeSet;

use convoke_events::{
    BlockReason, Conclusion, Event, GovernanceEvent, ProposalBasis, ProposalEvent, ProposalId,
    Purpose, ReviewDecision, ReviewRefusal, Role, TaskOutcome, TaskPlan, Verb,
};

use super::cast::{
    allow, ends, found, hand_in, only_call, reason, started, triage, usage, word, workshop,
};
use crate::command::{Command, Review, TaskSubmission};
use crate::testkit::{Scene, Then, task_rules};

fn submission(request: &str) -> TaskSubmission {
    let (task_type, rules) = (word("implementation"), task_rules());
    TaskSubmission { plan: TaskPlan::Answer { task_type, shape: None, rules }, ..triage(request) }
}

fn review(scene: &mut Scene, proposal: ProposalId, decision: ReviewDecision) -> Then {
    let (digest, note, revision, key) = (None, None, None, None);
    let review = Review { proposal, decision, digest, note, revision, key };
    let roles = BTreeSet::from([Role::Reviewer]);
    scene.command_by("grace", roles, Command::ReviewProposal(review))
}

#[test]
fn one_agent_is_asked_by_a_recorded_decision_under_a_policy_within_its_budget() {
    let then = hand_in(&mut workshop(), submission("a")).leaves(&[
        "TaskSubmitted",
        "AccountOpened",
        "RoutingDecided",
        "Reserved",
        "InvocationStarted",
    ]);
    let started = started(&then)[0];
    assert_eq!((started.purpose, started.verb), (Purpose::Answer, Verb::Propose));
    assert!(started.granted_by.is_some());
}

#[test]
fn its_answer_is_a_proposal_of_its_own_and_its_record_changes_with_the_review() {
    let mut scene = workshop();
    hand_in(&mut scene, submission("a"));
    let call = only_call(&scene);
    let then = scene.answered(&call, "fix", usage(10, 10));
    let then = then.leaves(&["InvocationAnswered", "Settled", "ProposalMade", "TaskConcluded"]);
    assert_eq!(ends(&then), [(TaskOutcome::Proposed, Conclusion::Answered)]);
    assert_eq!(reason(&then, "TaskConcluded"), "forge answers `fix`; it waits for review");
    let made = found!(then, Event::Proposal(ProposalEvent::ProposalMade(made)) => made)[0];
    assert!(matches!(made.basis, ProposalBasis::Answer { agent, .. } if agent == call.agent));
    assert_eq!((made.key.clone(), made.collective), (Some(word("fix")), None));
    for (decision, right) in [(ReviewDecision::Accepted, true), (ReviewDecision::Rejected, false)] {
        let then = review(&mut scene.clone(), made.proposal, decision);
        let credits =
            found!(then, Event::Proposal(ProposalEvent::ProposalReviewed(one)) => &one.credits);
        let [credit] = &credits[0][..] else { panic!("{credits:?}") };
        assert_eq!((credit.agent, credit.right), (call.agent, right));
        assert_eq!(credit.task_type, word("implementation"));
    }
}

#[test]
fn an_agent_that_may_not_propose_is_not_asked() {
    let mut scene = workshop();
    scene.command(allow("forge", "implementation", &[Verb::Read], true));
    let then = hand_in(&mut scene, submission("a"));
    assert_eq!(ends(&then), [(TaskOutcome::Blocked, Conclusion::Governance)]);
    assert_eq!(scene.state().owed().calls, []);
}

#[test]
fn an_answer_that_comes_after_its_policy_went_is_kept_and_nobody_can_review_it() {
    let mut scene = workshop();
    hand_in(&mut scene, submission("a"));
    scene.command(allow("forge", "implementation", &[Verb::Propose], false));
    let call = only_call(&scene);
    let then = scene.answered(&call, "fix", usage(10, 10)).leaves(&[
        "InvocationAnswered",
        "Settled",
        "ProposalMade",
        "AttemptBlocked",
        "TaskConcluded",
    ]);
    assert_eq!(ends(&then), [(TaskOutcome::Blocked, Conclusion::Governance)]);
    let made = found!(then, Event::Proposal(ProposalEvent::ProposalMade(made)) => made)[0];
    assert!(matches!(made.blocked, Some(BlockReason::PolicyInactive(_))), "{:?}", made.blocked);
    let denied = found!(then, Event::Governance(GovernanceEvent::AttemptBlocked(one)) => one)[0];
    assert_eq!((denied.verb, denied.purpose), (Verb::Propose, Purpose::Answer));
    let then = review(&mut scene, made.proposal, ReviewDecision::Accepted);
    let refusals = found!(then, Event::Proposal(ProposalEvent::ReviewRefused(one)) => &one.because);
    assert!(matches!(refusals[..], [ReviewRefusal::Blocked(_)]), "{refusals:?}");
    let words = then.answer.unwrap_err().to_string();
    assert!(words.contains("is blocked by policy, and nobody can review it: policy "), "{words}");
}
