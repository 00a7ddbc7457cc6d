//! A person decides on exactly what they saw, once, and both versions are kept.

use std::collections::BTreeSet;

use convoke_events::{
    Digest, Event, Principal, ProposalEvent, ProposalId, ProposalReviewed, ReviewDecision, Role,
    TextName,
};

use super::cast::{all_answer, found, hand_in, question, task, word, workshop};
use crate::command::{Caller, Command, Review};
use crate::hub::Input;
use crate::testkit::{Scene, Then, hub, task_rules};

/// A proposal that waits for review, and the digest of its content.
fn pending() -> (Scene, ProposalId, Digest) {
    let mut scene = workshop();
    hand_in(&mut scene, question("a", task_rules()));
    let then = all_answer(&mut scene, &[("forge", "fix"), ("helm", "look"), ("quill", "wait")]);
    let made = found!(then, Event::Proposal(ProposalEvent::ProposalMade(made)) => made.clone());
    (scene, made[0].proposal, made[0].digest)
}

fn review(proposal: ProposalId, decision: ReviewDecision) -> Review {
    let revision = (decision == ReviewDecision::Revised).then(|| "my own words".to_owned());
    Review { proposal, decision, digest: None, note: None, revision, key: None }
}

fn give(scene: &mut Scene, review: Review) -> Then {
    let roles = BTreeSet::from([Role::Reviewer]);
    scene.command_by("grace", roles, Command::ReviewProposal(review))
}

/// Refused in these words, which is recorded in them too.
#[track_caller]
fn is_refused_on_record(then: Then, words: &str) {
    assert_eq!(then.answer.as_ref().err().map(ToString::to_string).as_deref(), Some(words));
    let then = then.leaves(&["ReviewRefused"]);
    assert_eq!(then.events[0].texts.get(&TextName::REASON), Some(words));
}

fn reviewed(then: &Then) -> &ProposalReviewed {
    found!(then, Event::Proposal(ProposalEvent::ProposalReviewed(one)) => one)[0]
}

#[test]
fn a_review_records_the_digest_of_what_was_reviewed() {
    let (mut scene, proposal, digest) = pending();
    let note = Some("well done".to_owned());
    let seen = Review { note, ..review(proposal, ReviewDecision::Accepted) };
    let then = give(&mut scene, Review { digest: Some(digest), ..seen });
    let then = then.leaves(&["ProposalReviewed"]);
    assert_eq!((reviewed(&then).reviewed, reviewed(&then).revised), (digest, None));
    assert_eq!(then.events[0].texts.get(&TextName::NOTE), Some("well done"));
}

#[test]
fn a_review_without_a_digest_is_of_what_is_there_now() {
    let (mut scene, proposal, digest) = pending();
    let then = give(&mut scene, review(proposal, ReviewDecision::Rejected));
    assert_eq!(reviewed(&then).reviewed, digest);
}

#[test]
fn a_review_of_something_else_is_refused_with_both_digests() {
    let (mut scene, proposal, digest) = pending();
    let other = Digest::of(b"what it was yesterday");
    let stale = Review { digest: Some(other), ..review(proposal, ReviewDecision::Accepted) };
    let then = give(&mut scene, stale);
    let words = format!("proposal {proposal} has digest {digest}, but {other} was reviewed");
    is_refused_on_record(then, &words);
}

#[test]
fn a_second_review_is_refused_by_the_first() {
    let decisions = ReviewDecision::ALL;
    for (first, second) in decisions.iter().zip(decisions.iter().cycle().skip(1)) {
        let (mut scene, proposal, _) = pending();
        give(&mut scene, review(proposal, *first)).leaves(&["ProposalReviewed"]);
        let refusal = format!("proposal {proposal} was {first} before");
        is_refused_on_record(give(&mut scene, review(proposal, *second)), &refusal);
        is_refused_on_record(give(&mut scene, review(proposal, *first)), &refusal);
    }
}

#[test]
fn a_revision_keeps_the_reviewers_own_version_beside_the_proposal() {
    let (mut scene, proposal, digest) = pending();
    let then = give(&mut scene, review(proposal, ReviewDecision::Revised));
    assert_eq!(reviewed(&then).reviewed, digest);
    assert_eq!(reviewed(&then).revised, Some(Digest::of(b"my own words")));
    assert_eq!(then.events[0].texts.get(&TextName::CONTENT), Some("my own words"));
}

#[test]
fn a_revision_needs_a_version_of_its_own_and_nothing_else_may_have_one() {
    let (mut scene, proposal, _) = pending();
    let empty = Review { revision: None, ..review(proposal, ReviewDecision::Revised) };
    give(&mut scene, empty)
        .is_refused("a review that revised a proposal must hold a version of the reviewer's own");
    for decision in [ReviewDecision::Accepted, ReviewDecision::Rejected] {
        let revision = Some("mine".to_owned());
        give(&mut scene, Review { revision, ..review(proposal, decision) }).is_refused(&format!(
            "a review that {decision} a proposal must not hold a version of the reviewer's own"
        ));
    }
}

#[test]
fn only_a_person_reviews_whatever_the_role() {
    let (mut scene, proposal, _) = pending();
    let service = Caller::Service(word("robot"));
    for principal in [service.principal(&hub()), Principal::Runtime] {
        let roles = Some(BTreeSet::from([Role::Owner]));
        let command = Command::ReviewProposal(review(proposal, ReviewDecision::Accepted));
        let input = Input::Command { principal, roles, command: Box::new(command) };
        let words = "only a person can review a proposal or reopen an account";
        is_refused_on_record(scene.when(&input), words);
    }
}

#[test]
fn an_unknown_proposal_is_refused_by_proposal_and_hub() {
    let (mut scene, ..) = pending();
    let unknown = ProposalId::derive(&["another"]);
    give(&mut scene, review(unknown, ReviewDecision::Accepted))
        .is_refused(&format!("no proposal {unknown} is known to hub `workshop`"));
}

#[test]
fn a_review_belongs_to_the_story_of_its_task() {
    let (mut scene, proposal, _) = pending();
    let then = give(&mut scene, review(proposal, ReviewDecision::Accepted));
    let story = convoke_events::CorrelationId::of_task(task("a"));
    assert_eq!(then.events[0].correlation, story);
    assert!(then.events[0].cause.is_some(), "the proposal caused it");
}
