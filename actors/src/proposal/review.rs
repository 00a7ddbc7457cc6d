//! Review: a person decides on exactly what they saw.

use convoke_events::{
    Digest, Key, Principal, ProposalMade, ProposalReviewed, ReviewDecision, StreamId, TextName,
    Texts,
};

use super::credit::credits;
use crate::command::Review;
use crate::decision::{Draft, Story};
use crate::refusal::Refusal;
use crate::state::State;

/// Records a person's decision on exactly what they saw.
pub(crate) fn review(
    state: &State,
    principal: &Principal,
    review: &Review,
) -> Result<Vec<Draft>, Refusal> {
    let Review { proposal, decision, digest, note, revision, key } = review;
    let (proposal, decision) = (*proposal, *decision);
    if !matches!(principal, Principal::Person(_)) {
        return Err(Refusal::NotAPerson);
    }
    if let Some(decision) = state.proposals.reviewed.get(&proposal).copied() {
        return Err(Refusal::ProposalReviewed { proposal, decision });
    }
    let Some(pending) = state.proposals.pending.get(&proposal) else {
        return Err(Refusal::ProposalUnknown { proposal, hub: state.hub.clone() });
    };
    let actual = pending.made.digest;
    if let Some(reviewed) = digest.filter(|reviewed| *reviewed != actual) {
        return Err(Refusal::ProposalChanged { proposal, reviewed, actual });
    }
    match (decision, revision) {
        (ReviewDecision::Revised, None) => {
            return Err(Refusal::RevisionContent { decision, need: "hold" });
        }
        (ReviewDecision::Accepted | ReviewDecision::Rejected, Some(_)) => {
            return Err(Refusal::RevisionContent { decision, need: "not hold" });
        }
        (ReviewDecision::Accepted | ReviewDecision::Rejected, None)
        | (ReviewDecision::Revised, Some(_)) => {}
    }
    refuse_key(&pending.made, decision, key.as_ref())?;
    let revised = revision.as_deref().map(|content| Digest::of(content.as_bytes()));
    let credits = credits(pending, decision, key.as_ref());
    let key = key.clone();
    let facts = ProposalReviewed { proposal, decision, reviewed: actual, revised, key, credits };
    let texts = Texts::none()
        .with_some(TextName::NOTE, note.as_deref())
        .with_some(TextName::CONTENT, revision.as_deref());
    let story = Story { task: pending.made.task, cause: Some(pending.cause) };
    Ok(vec![story.draft(StreamId::proposal(proposal), facts, texts)])
}

/// A reviewer names a recommendation where the proposal leaves it to them, and nowhere else.
fn refuse_key(
    made: &ProposalMade,
    decision: ReviewDecision,
    key: Option<&Key>,
) -> Result<(), Refusal> {
    let proposal = made.proposal;
    match (decision, key) {
        (_, None) | (ReviewDecision::Revised, Some(_)) => Ok(()),
        (ReviewDecision::Rejected, Some(_)) => Err(Refusal::KeyOfARejection { proposal }),
        (ReviewDecision::Accepted, Some(named)) => match &made.key {
            Some(key) if key != named => {
                let (key, named) = (key.clone(), named.clone());
                Err(Refusal::KeyDiffers { proposal, key, named })
            }
            Some(_) | None => Ok(()),
        },
    }
}
