//! Proposal: a result that waits for a person, and what people decide on it.

use std::collections::BTreeMap;

use convoke_events::{
    ArtifactType, CollectiveId, Confidence, Digest, EventId, Key, MediaType, Principal,
    ProposalBasis, ProposalEvent, ProposalId, ProposalMade, ProposalReviewed, ReviewDecision,
    StreamId, TaskId, TextName, Texts,
};

use crate::command::Review;
use crate::decision::{Draft, Story};
use crate::hub::State;
use crate::refusal::Refusal;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pending {
    task: TaskId,
    digest: Digest,
    made: EventId,
}

/// The proposals of a hub; of a reviewed one only the decision remains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Proposals {
    pending: BTreeMap<ProposalId, Pending>,
    reviewed: BTreeMap<ProposalId, ReviewDecision>,
}

impl Proposals {
    pub(crate) fn evolve(&mut self, id: EventId, event: &ProposalEvent) {
        match event {
            ProposalEvent::ProposalMade(made) => {
                let pending = Pending { task: made.task, digest: made.digest, made: id };
                self.pending.insert(made.proposal, pending);
            }
            ProposalEvent::ProposalReviewed(reviewed) => {
                self.pending.remove(&reviewed.proposal);
                self.reviewed.insert(reviewed.proposal, reviewed.decision);
            }
        }
    }
}

/// A proposal in the making.
#[derive(Debug)]
pub(crate) struct Made<'a> {
    pub(crate) collective: CollectiveId,
    pub(crate) artifact: &'a ArtifactType,
    pub(crate) basis: ProposalBasis,
    pub(crate) key: Option<Key>,
    pub(crate) confidence: Option<Confidence>,
}

/// Makes a task's proposal of this content.
pub(crate) fn make(story: Story, made: Made<'_>, content: String) -> Draft {
    let proposal = ProposalId::derive(&[&story.task.to_string()]);
    let Made { collective, artifact, basis, key, confidence } = made;
    let facts = ProposalMade {
        proposal,
        task: story.task,
        collective: Some(collective),
        artifact: artifact.clone(),
        basis,
        key,
        confidence,
        digest: Digest::of(content.as_bytes()),
    };
    let texts = Texts::none().with_media(TextName::CONTENT, MediaType::Json, content);
    story.draft(StreamId::proposal(proposal), facts, texts)
}

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
