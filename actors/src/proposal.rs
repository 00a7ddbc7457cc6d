//! Proposal: a result that waits for a person, and what people decide on it.

mod credit;
mod review;

use std::collections::BTreeMap;

use convoke_events::{
    ArtifactType, CollectiveId, Confidence, ContributionRecorded, Digest, EventId, Key, MediaType,
    ProposalBasis, ProposalEvent, ProposalId, ProposalMade, ReviewDecision, StreamId, TaskId,
    TaskType, TextName, Texts,
};

pub(crate) use self::review::review;
use crate::decision::{Draft, Story};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pending {
    made: ProposalMade,
    /// Whose contributions it rests on, in order of priority.
    contributions: Vec<ContributionRecorded>,
    /// The event that made it.
    cause: EventId,
}

/// The proposals of a hub; of a reviewed one only the decision remains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Proposals {
    pending: BTreeMap<ProposalId, Pending>,
    reviewed: BTreeMap<ProposalId, ReviewDecision>,
}

impl Proposals {
    /// What a proposal of this task is, as governance names it, while it waits for people.
    pub(crate) fn pending_on(&self, proposal: ProposalId, task: TaskId) -> Option<ArtifactType> {
        let pending = self.pending.get(&proposal).filter(|pending| pending.made.task == task)?;
        Some(pending.made.artifact.clone())
    }

    /// `contributions` are those to the collective of the proposal that is made, if it is of one.
    pub(crate) fn evolve(
        &mut self,
        id: EventId,
        event: &ProposalEvent,
        contributions: Vec<ContributionRecorded>,
    ) {
        match event {
            ProposalEvent::ProposalMade(made) => {
                let pending = Pending { made: made.clone(), contributions, cause: id };
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
    pub(crate) collective: Option<CollectiveId>,
    pub(crate) task_type: &'a TaskType,
    pub(crate) artifact: &'a ArtifactType,
    pub(crate) basis: ProposalBasis,
    pub(crate) key: Option<Key>,
    pub(crate) confidence: Option<Confidence>,
}

/// Makes a task's proposal of this content.
pub(crate) fn make(story: Story, made: Made<'_>, content: String) -> Draft {
    let proposal = ProposalId::derive(&[&story.task.to_string()]);
    let Made { collective, task_type, artifact, basis, key, confidence } = made;
    let facts = ProposalMade {
        proposal,
        task: story.task,
        collective,
        task_type: task_type.clone(),
        artifact: artifact.clone(),
        basis,
        key,
        confidence,
        digest: Digest::of(content.as_bytes()),
    };
    let texts = Texts::none().with_media(TextName::CONTENT, MediaType::Json, content);
    story.draft(StreamId::proposal(proposal), facts, texts)
}
