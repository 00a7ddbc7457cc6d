//! Proposal: a result that waits for a person, and what people decide on it.

mod review;

use std::collections::BTreeMap;

use convoke_events::{
    ArtifactType, CollectiveId, Confidence, Digest, EventId, Key, MediaType, ProposalBasis,
    ProposalEvent, ProposalId, ProposalMade, ReviewDecision, StreamId, TaskId, TextName, Texts,
};

pub(crate) use self::review::review;
use crate::decision::{Draft, Story};

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
