//! A review changes the record of those it judges, and of nobody else.

use std::collections::BTreeSet;

use convoke_events::{
    Confidence, Credit, Event, ProposalEvent, ProposalId, ProposalMade, ReviewDecision, Role,
};

use super::cast::{agent, all_answer, found, hand_in, only_call, question, usage, word, workshop};
use crate::command::{Command, Review};
use crate::testkit::{Scene, Then, task_rules};

/// The proposal made of these answers, in this order; a synthesis repeats what they agree on.
fn proposed(answers: &[(&str, &str)]) -> (Scene, ProposalMade) {
    let mut scene = workshop();
    hand_in(&mut scene, question("a", task_rules()));
    let mut then = all_answer(&mut scene, answers);
    if let [_] = scene.state().owed().calls[..] {
        let synthesis = only_call(&scene);
        then = scene.answered(&synthesis, "fix", usage(10, 10));
    }
    let made = found!(then, Event::Proposal(ProposalEvent::ProposalMade(made)) => made.clone());
    (scene, made[0].clone())
}

fn review(proposal: ProposalId, decision: ReviewDecision, key: Option<&str>) -> Review {
    let revision = (decision == ReviewDecision::Revised).then(|| "my own words".to_owned());
    Review { proposal, decision, digest: None, note: None, revision, key: key.map(word) }
}

fn give(scene: &mut Scene, review: Review) -> Then {
    let roles = BTreeSet::from([Role::Reviewer]);
    scene.command_by("grace", roles, Command::ReviewProposal(review))
}

/// Who is credited after these answers and this review: `slug task-type right|wrong`.
#[track_caller]
fn check(
    answers: &[(&str, &str)],
    decision: ReviewDecision,
    key: Option<&str>,
    expected: &[(&str, &str, bool)],
) {
    let (mut scene, made) = proposed(answers);
    let then = give(&mut scene, review(made.proposal, decision, key));
    let credits =
        found!(then, Event::Proposal(ProposalEvent::ProposalReviewed(one)) => &one.credits);
    let credit = |(slug, task_type, right): &(&str, &str, bool)| Credit {
        agent: agent(slug),
        agent_version: 1,
        task_type: word(task_type),
        right: *right,
        confidence: Confidence::new(0.8),
    };
    let expected: Vec<Credit> = expected.iter().map(credit).collect();
    assert_eq!(credits, [&expected]);
}

const AGREED: &[(&str, &str)] = &[("forge", "fix"), ("helm", "fix"), ("quill", "fix")];
const DIVIDED: &[(&str, &str)] = &[("forge", "fix"), ("helm", "look"), ("quill", "wait")];

#[test]
fn an_accepted_synthesis_credits_its_author_and_everyone_who_named_its_recommendation() {
    let credits = [
        ("forge", "synthesis", true),
        ("forge", "implementation", true),
        ("helm", "implementation", true),
        ("quill", "implementation", true),
    ];
    check(AGREED, ReviewDecision::Accepted, None, &credits);
}

#[test]
fn a_rejected_synthesis_debits_its_author_and_everyone_who_named_its_recommendation() {
    let debits = [
        ("forge", "synthesis", false),
        ("forge", "implementation", false),
        ("helm", "implementation", false),
        ("quill", "implementation", false),
    ];
    check(AGREED, ReviewDecision::Rejected, None, &debits);
}

#[test]
fn a_revision_changes_nobodys_record_unless_the_reviewer_names_a_recommendation() {
    check(AGREED, ReviewDecision::Revised, None, &[]);
    let credits = [
        ("forge", "implementation", false),
        ("helm", "implementation", true),
        ("quill", "implementation", false),
    ];
    check(DIVIDED, ReviewDecision::Revised, Some("look"), &credits);
}

#[test]
fn a_revision_under_the_same_recommendation_credits_those_who_named_it() {
    let credits = [
        ("forge", "synthesis", true),
        ("forge", "implementation", true),
        ("helm", "implementation", true),
        ("quill", "implementation", true),
    ];
    check(AGREED, ReviewDecision::Revised, Some("fix"), &credits);
}

#[test]
fn divided_contributions_are_judged_only_by_what_the_reviewer_names() {
    check(DIVIDED, ReviewDecision::Accepted, None, &[]);
    check(DIVIDED, ReviewDecision::Rejected, None, &[]);
    let credits = [
        ("forge", "implementation", false),
        ("helm", "implementation", false),
        ("quill", "implementation", true),
    ];
    check(DIVIDED, ReviewDecision::Accepted, Some("wait"), &credits);
}

#[test]
fn an_accepted_proposal_cannot_be_given_another_recommendation() {
    let (mut scene, made) = proposed(AGREED);
    let proposal = made.proposal;
    give(&mut scene, review(proposal, ReviewDecision::Accepted, Some("wait"))).is_refused(
        &format!(
            "proposal {proposal} recommends `fix`: it cannot be accepted as `wait`, only revised"
        ),
    );
    give(&mut scene, review(proposal, ReviewDecision::Rejected, Some("wait"))).is_refused(
        &format!("proposal {proposal} cannot be rejected for another recommendation, only revised"),
    );
    let same = give(&mut scene, review(proposal, ReviewDecision::Accepted, Some("fix")));
    same.leaves(&["ProposalReviewed"]);
}
