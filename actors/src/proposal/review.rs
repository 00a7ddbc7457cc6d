//! Review: people decide on exactly what they saw.

use convoke_events::{
    Digest, Key, Principal, ProposalId, ProposalReviewed, ReviewDecision, ReviewGiven,
    ReviewRefusal, ReviewRefused, StreamId, TextName, Texts, Timestamp,
};

use super::Pending;
use super::credit::credits;
use crate::command::Review;
use crate::decision::{Decision, Draft, Story};
use crate::governance;
use crate::refusal::Refusal;
use crate::state::State;

/// Records what a person decided on exactly what they saw. Where two people have to agree, the first
/// to do so leaves it waiting for the other; to turn it down takes one. A review that does not count
/// is recorded too.
pub(crate) fn review(
    state: &State,
    principal: &Principal,
    review: &Review,
    now: Timestamp,
) -> Decision {
    let (proposal, decision) = (review.proposal, review.decision);
    if let Some(before) = state.proposals.reviewed.get(&proposal) {
        let story = Story { task: before.task, cause: Some(before.cause) };
        return refused(story, review, ReviewRefusal::Decided(before.decision));
    }
    let Some(pending) = state.proposals.pending.get(&proposal) else {
        return Err(Refusal::ProposalUnknown { proposal, hub: state.hub.clone() }).into();
    };
    if let Err(refusal) = refuse_shape(pending, review) {
        return Err(refusal).into();
    }
    let story = Story { task: pending.made.task, cause: Some(pending.cause) };
    if let Some(because) = why_not(pending, principal, review, now) {
        return refused(story, review, because);
    }
    let waits = pending.made.terms.reviewers > 1
        && match decision {
            ReviewDecision::Accepted => pending.first.is_none(),
            ReviewDecision::Revised => true,
            ReviewDecision::Rejected => false,
        };
    let draft = if waits {
        given(story, principal, review, pending)
    } else {
        reviewed(story, review, pending)
    };
    Decision::of(vec![draft])
}

/// Why a well-formed review does not count, if it does not.
fn why_not(
    pending: &Pending,
    principal: &Principal,
    review: &Review,
    now: Timestamp,
) -> Option<ReviewRefusal> {
    if !matches!(principal, Principal::Person(_)) {
        return Some(ReviewRefusal::NotAPerson);
    }
    if let Some(because) = &pending.made.blocked {
        return Some(ReviewRefusal::Blocked(because.clone()));
    }
    // What was applied is not made right by time: it can be reviewed whenever somebody looks.
    let expires = pending.expires.filter(|_| !pending.applied);
    if let Some(expired) = expires.filter(|expires| now > *expires) {
        return Some(ReviewRefusal::Expired(expired));
    }
    let actual = pending.digest();
    if let Some(reviewed) = review.digest.filter(|reviewed| *reviewed != actual) {
        return Some(ReviewRefusal::Changed { reviewed, actual });
    }
    let agrees = review.decision != ReviewDecision::Rejected;
    let same = pending.first.as_ref().is_some_and(|first| first.by == *principal);
    (agrees && same).then_some(ReviewRefusal::SamePerson)
}

/// Refuses a review that says too little or too much.
fn refuse_shape(pending: &Pending, review: &Review) -> Result<(), Refusal> {
    let (proposal, decision) = (review.proposal, review.decision);
    match (decision, &review.revision) {
        (ReviewDecision::Revised, None) => {
            return Err(Refusal::RevisionContent { decision, need: "hold" });
        }
        (ReviewDecision::Accepted | ReviewDecision::Rejected, Some(_)) => {
            return Err(Refusal::RevisionContent { decision, need: "not hold" });
        }
        (ReviewDecision::Accepted | ReviewDecision::Rejected, None)
        | (ReviewDecision::Revised, Some(_)) => {}
    }
    // A reviewer names a recommendation where the proposal leaves it to them, and nowhere else.
    match (decision, &review.key) {
        (_, None) | (ReviewDecision::Revised, Some(_)) => Ok(()),
        (ReviewDecision::Rejected, Some(_)) => Err(Refusal::KeyOfARejection { proposal }),
        (ReviewDecision::Accepted, Some(named)) => match pending.key() {
            Some(key) if key != named => {
                let (key, named) = (key.clone(), named.clone());
                Err(Refusal::KeyDiffers { proposal, key, named })
            }
            Some(_) | None => Ok(()),
        },
    }
}

fn texts(review: &Review) -> Texts {
    Texts::none()
        .with_some(TextName::NOTE, review.note.as_deref())
        .with_some(TextName::CONTENT, review.revision.as_deref())
}

fn own(review: &Review) -> Option<Digest> {
    review.revision.as_deref().map(|content| Digest::of(content.as_bytes()))
}

/// The first of two agrees.
fn given(story: Story, principal: &Principal, review: &Review, pending: &Pending) -> Draft {
    let facts = ReviewGiven {
        proposal: review.proposal,
        by: principal.clone(),
        decision: review.decision,
        reviewed: pending.digest(),
        revised: own(review),
        key: review.key.clone(),
    };
    story.draft(StreamId::proposal(review.proposal), facts, texts(review))
}

/// It is decided. Whoever accepts what the first of two revised has decided that it is revised.
fn reviewed(story: Story, review: &Review, pending: &Pending) -> Draft {
    let first = pending.first.as_ref().filter(|_| review.decision == ReviewDecision::Accepted);
    let decision = first.map_or(review.decision, |first| first.decision);
    let named: Option<Key> = review.key.clone().or_else(|| first?.key.clone());
    let facts = ProposalReviewed {
        proposal: review.proposal,
        decision,
        reviewed: pending.digest(),
        revised: own(review).or_else(|| first?.revised),
        credits: credits(pending, decision, named.as_ref()),
        key: named,
    };
    story.draft(StreamId::proposal(review.proposal), facts, texts(review))
}

/// Records a review that does not count, and says so.
fn refused(story: Story, review: &Review, because: ReviewRefusal) -> Decision {
    let (proposal, decision) = (review.proposal, review.decision);
    let refusal = in_words(proposal, &because);
    let texts = Texts::none().with(TextName::REASON, refusal.to_string());
    let facts = ReviewRefused { proposal, decision, because };
    let draft = story.draft(StreamId::proposal(proposal), facts, texts);
    Decision { events: vec![draft], answer: Err(refusal) }
}

fn in_words(proposal: ProposalId, because: &ReviewRefusal) -> Refusal {
    match because {
        ReviewRefusal::Decided(decision) => {
            Refusal::ProposalReviewed { proposal, decision: *decision }
        }
        ReviewRefusal::Changed { reviewed, actual } => {
            Refusal::ProposalChanged { proposal, reviewed: *reviewed, actual: *actual }
        }
        ReviewRefusal::Expired(expired) => Refusal::ProposalExpired { proposal, expired: *expired },
        ReviewRefusal::SamePerson => Refusal::ReviewedBySame { proposal },
        ReviewRefusal::Blocked(because) => {
            Refusal::ProposalBlocked { proposal, why: governance::in_words(because) }
        }
        ReviewRefusal::NotAPerson => Refusal::NotAPerson,
    }
}
