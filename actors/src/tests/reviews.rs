//! Two people where a policy asks for two, within the time there is, on exactly what there is.

use std::collections::BTreeSet;
use std::time::Duration;

use convoke_events::{
    Digest, Event, ProposalEvent, ProposalId, ProposalMade, ProposalReviewed, ReviewDecision,
    ReviewGiven, ReviewRefusal, ReviewRules, Role, TextName, Verb,
};

use super::cast::{all_answer, found, hand_in, question, word, workshop};
use crate::command::{Command, PolicyRule, Review};
use crate::testkit::{Scene, Then, task_rules};

const DAY: Duration = Duration::from_hours(24);

/// A divergent proposal of forge, helm and quill; helm's policy asks for so many people.
fn pending(reviewers: u32) -> (Scene, ProposalId, Digest) {
    let mut scene = workshop();
    let verbs = BTreeSet::from([Verb::Propose]);
    let rule = PolicyRule::new(word("helm"), word("implementation"), verbs);
    scene.command(Command::SetGovernancePolicy(PolicyRule { reviewers, ..rule }));
    let made = made(&mut scene, "a");
    (scene, made.proposal, made.digest)
}

fn made(scene: &mut Scene, request: &str) -> ProposalMade {
    hand_in(scene, question(request, task_rules()));
    let then = all_answer(scene, &[("forge", "fix"), ("helm", "look"), ("quill", "wait")]);
    found!(then, Event::Proposal(ProposalEvent::ProposalMade(made)) => made.clone())[0].clone()
}

fn review(proposal: ProposalId, decision: ReviewDecision) -> Review {
    let revision = (decision == ReviewDecision::Revised).then(|| "my own words".to_owned());
    Review { proposal, decision, digest: None, note: None, revision, key: None }
}

fn give(scene: &mut Scene, name: &str, review: Review) -> Then {
    let roles = BTreeSet::from([Role::Reviewer]);
    scene.command_by(name, roles, Command::ReviewProposal(review))
}

fn reviewed(then: &Then) -> &ProposalReviewed {
    found!(then, Event::Proposal(ProposalEvent::ProposalReviewed(one)) => one)[0]
}

fn given(then: &Then) -> &ReviewGiven {
    found!(then, Event::Proposal(ProposalEvent::ReviewGiven(one)) => one)[0]
}

fn refusals(then: &Then) -> Vec<&ReviewRefusal> {
    found!(then, Event::Proposal(ProposalEvent::ReviewRefused(one)) => &one.because)
}

#[test]
fn where_a_policy_asks_for_two_the_first_agreement_is_recorded_and_the_proposal_waits() {
    let (mut scene, proposal, digest) = pending(2);
    let accept = || review(proposal, ReviewDecision::Accepted);
    let first = give(&mut scene, "grace", accept()).leaves(&["ReviewGiven"]);
    assert_eq!((given(&first).reviewed, given(&first).revised), (digest, None));
    let second = give(&mut scene, "edsger", accept()).leaves(&["ProposalReviewed"]);
    assert_eq!(reviewed(&second).decision, ReviewDecision::Accepted);
}

#[test]
fn one_person_cannot_be_both_of_two() {
    let (mut scene, proposal, _) = pending(2);
    give(&mut scene, "grace", review(proposal, ReviewDecision::Accepted));
    for decision in [ReviewDecision::Accepted, ReviewDecision::Revised] {
        let then = give(&mut scene, "grace", review(proposal, decision));
        assert_eq!(refusals(&then), [&ReviewRefusal::SamePerson]);
        assert_eq!(
            then.answer.unwrap_err().to_string(),
            format!(
                "proposal {proposal} takes two people, and you have agreed already: it waits for \
                 another"
            )
        );
    }
}

#[test]
fn to_turn_a_proposal_down_takes_one_person_first_or_second() {
    let (mut scene, proposal, _) = pending(2);
    give(&mut scene, "grace", review(proposal, ReviewDecision::Rejected))
        .leaves(&["ProposalReviewed"]);
    let (mut scene, proposal, _) = pending(2);
    give(&mut scene, "grace", review(proposal, ReviewDecision::Accepted));
    let then = give(&mut scene, "grace", review(proposal, ReviewDecision::Rejected));
    assert_eq!(reviewed(&then).decision, ReviewDecision::Rejected);
}

#[test]
fn who_accepts_what_the_first_revised_decides_on_the_revision_and_both_contents_stay() {
    let (mut scene, proposal, digest) = pending(2);
    let own = Digest::of(b"my own words");
    let first = give(&mut scene, "grace", review(proposal, ReviewDecision::Revised));
    let first = first.leaves(&["ReviewGiven"]);
    assert_eq!(first.events[0].texts.get(&TextName::CONTENT), Some("my own words"));
    assert_eq!((given(&first).reviewed, given(&first).revised), (digest, Some(own)));
    // The original is no longer what there is to decide on.
    let accept = review(proposal, ReviewDecision::Accepted);
    let then = give(&mut scene, "edsger", Review { digest: Some(digest), ..accept.clone() });
    let changed = ReviewRefusal::Changed { reviewed: digest, actual: own };
    assert_eq!(refusals(&then), [&changed]);
    let then = give(&mut scene, "edsger", Review { digest: Some(own), ..accept });
    let second = reviewed(&then);
    assert_eq!((second.decision, second.reviewed), (ReviewDecision::Revised, own));
    assert_eq!(second.revised, Some(own));
}

#[test]
fn a_second_revision_waits_for_somebody_else_to_agree_to_it() {
    let (mut scene, proposal, _) = pending(2);
    give(&mut scene, "grace", review(proposal, ReviewDecision::Accepted));
    let then = give(&mut scene, "edsger", review(proposal, ReviewDecision::Revised));
    then.leaves(&["ReviewGiven"]);
    let then = give(&mut scene, "grace", review(proposal, ReviewDecision::Accepted));
    assert_eq!(reviewed(&then).decision, ReviewDecision::Revised);
}

#[test]
fn the_first_of_two_may_name_the_right_recommendation_and_the_second_cannot_name_another() {
    let (mut scene, proposal, _) = pending(2);
    let accept = |key| Review { key, ..review(proposal, ReviewDecision::Accepted) };
    give(&mut scene, "grace", accept(Some(word("look")))).leaves(&["ReviewGiven"]);
    give(&mut scene, "edsger", accept(Some(word("fix")))).is_refused(&format!(
        "proposal {proposal} recommends `look`: it cannot be accepted as `fix`, only revised"
    ));
    let then = give(&mut scene, "edsger", accept(None));
    let right: Vec<bool> = reviewed(&then).credits.iter().map(|credit| credit.right).collect();
    assert_eq!(
        (reviewed(&then).key.clone(), right),
        (Some(word("look")), vec![false, true, false])
    );
}

#[test]
fn a_proposal_can_be_reviewed_until_it_expires_and_not_a_moment_longer() {
    for (late, counts) in [(Duration::ZERO, true), (Duration::from_micros(1), false)] {
        let (mut scene, proposal, _) = pending(1);
        let expires = scene.now().plus(30 * DAY);
        scene.wait(30 * DAY + late);
        let then = give(&mut scene, "grace", review(proposal, ReviewDecision::Accepted));
        assert_eq!(then.answer.is_ok(), counts, "{late:?}");
        if !counts {
            assert_eq!(refusals(&then), [&ReviewRefusal::Expired(expires)]);
            assert_eq!(
                then.answer.unwrap_err().to_string(),
                format!("proposal {proposal} could be reviewed until {expires}, and no longer")
            );
        }
    }
}

#[test]
fn the_hubs_rules_say_how_long_and_proposals_that_wait_keep_what_held_before() {
    let (mut scene, before, _) = pending(1);
    let set = |days: Option<u64>| {
        let expires_ms = days.map(|days| days * 24 * 60 * 60 * 1_000);
        Command::SetReviewRules(ReviewRules { expires_ms })
    };
    scene.command(set(Some(30))).leaves(&[]);
    scene.command(set(Some(2))).leaves(&["ReviewRulesSet"]);
    let short = made(&mut scene, "b").proposal;
    scene.command(set(None)).leaves(&["ReviewRulesSet"]);
    let endless = made(&mut scene, "c").proposal;
    scene.wait(3 * DAY);
    let mut accepted = |proposal| {
        give(&mut scene, "grace", review(proposal, ReviewDecision::Accepted)).answer.is_ok()
    };
    assert_eq!((accepted(before), accepted(short)), (true, false));
    scene.wait(10_000 * DAY);
    let then = give(&mut scene, "grace", review(endless, ReviewDecision::Accepted));
    assert_eq!(then.answer, Ok(()));
}

#[test]
fn a_policy_asks_for_one_reviewer_or_for_two_and_for_none_where_it_applies_at_once() {
    let verbs = BTreeSet::from([Verb::Propose, Verb::AutoApply]);
    let rule = PolicyRule::new(word("helm"), word("implementation"), verbs);
    let set = |reviewers| {
        let rule = PolicyRule { reviewers, ..rule.clone() };
        workshop().command(Command::SetGovernancePolicy(rule))
    };
    for reviewers in [0, 3] {
        let words = format!("a policy cannot ask for {reviewers} reviewers: it takes 1 or 2");
        set(reviewers).is_refused(&words);
    }
    set(2).is_refused(
        "a policy that asks for two reviewers cannot let results be applied without one",
    );
    set(1).leaves(&["GovernancePolicySet"]);
}
