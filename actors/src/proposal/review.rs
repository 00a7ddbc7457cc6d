//! Review: a person decides on exactly what they saw.

use convoke_events::{
    Digest, Principal, ProposalReviewed, ReviewDecision, StreamId, TextName, Texts,
};

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
    let Review { proposal, decision, digest, note, revision } = review;
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
    let actual = pending.digest;
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
    let revised = revision.as_deref().map(|content| Digest::of(content.as_bytes()));
    let facts = ProposalReviewed { proposal, decision, reviewed: actual, revised };
    let texts = Texts::none()
        .with_some(TextName::NOTE, note.as_deref())
        .with_some(TextName::CONTENT, revision.as_deref());
    let story = Story { task: pending.task, cause: Some(pending.made) };
    Ok(vec![story.draft(StreamId::proposal(proposal), facts, texts)])
}
