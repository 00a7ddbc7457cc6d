//! Proposal: a result that waits for a person, and what people decide on it.

mod credit;
mod making;
mod review;

use std::collections::BTreeMap;
use std::time::Duration;

use convoke_events::{
    ArtifactType, ContributionRecorded, CorrelationId, Digest, EventId, Key, ProposalEvent,
    ProposalId, ProposalMade, ReviewDecision, ReviewGiven, ReviewRules, ReviewRulesSet, StreamId,
    TaskId, Texts, Timestamp,
};

pub(crate) use self::making::{Made, make, propose};
pub(crate) use self::review::review;
use crate::decision::Draft;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pending {
    made: ProposalMade,
    /// Whose contributions it rests on, in order of priority.
    contributions: Vec<ContributionRecorded>,
    /// The last moment at which it can be decided on.
    expires: Option<Timestamp>,
    /// Whether it was applied without waiting.
    applied: bool,
    /// The first of the two who have to agree.
    first: Option<ReviewGiven>,
    /// The newest event of its story.
    cause: EventId,
}

impl Pending {
    /// The digest of what there is to decide on now.
    fn digest(&self) -> Digest {
        let revised = self.first.as_ref().and_then(|first| first.revised);
        revised.unwrap_or(self.made.digest)
    }

    /// What it recommends, if one thing: by itself, or as the first reviewer named it.
    fn key(&self) -> Option<&Key> {
        let named = self.first.as_ref().and_then(|first| first.key.as_ref());
        named.or(self.made.key.as_ref())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Reviewed {
    task: TaskId,
    decision: ReviewDecision,
    cause: EventId,
}

/// The proposals of a hub; of a reviewed one little more than the decision remains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Proposals {
    rules: ReviewRules,
    pending: BTreeMap<ProposalId, Pending>,
    reviewed: BTreeMap<ProposalId, Reviewed>,
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
        at: Timestamp,
        event: &ProposalEvent,
        contributions: Vec<ContributionRecorded>,
    ) {
        match event {
            ProposalEvent::ReviewRulesSet(set) => self.rules = set.rules,
            ProposalEvent::ProposalMade(made) => {
                let made = made.clone();
                let proposal = made.proposal;
                let (applied, first, cause) = (false, None, id);
                let expires_ms = made.terms.expires_ms;
                let expires = expires_ms.map(|span| at.plus(Duration::from_millis(span)));
                let pending = Pending { made, contributions, expires, applied, first, cause };
                self.pending.insert(proposal, pending);
            }
            ProposalEvent::ProposalApplied(applied) => {
                if let Some(pending) = self.pending.get_mut(&applied.proposal) {
                    pending.applied = true;
                    pending.cause = id;
                }
            }
            ProposalEvent::ReviewGiven(given) => {
                if let Some(pending) = self.pending.get_mut(&given.proposal) {
                    pending.first = Some(given.clone());
                    pending.cause = id;
                }
            }
            ProposalEvent::ReviewRefused(_) => {}
            ProposalEvent::ProposalReviewed(reviewed) => {
                if let Some(pending) = self.pending.remove(&reviewed.proposal) {
                    let (task, decision, cause) = (pending.made.task, reviewed.decision, id);
                    let reviewed_before = Reviewed { task, decision, cause };
                    self.reviewed.insert(reviewed.proposal, reviewed_before);
                }
            }
        }
    }
}

/// Chooses what holds for every review, or does nothing where that holds.
pub(crate) fn set_rules(proposals: &Proposals, rules: ReviewRules) -> Vec<Draft> {
    if proposals.rules == rules {
        return Vec::new();
    }
    let (stream, correlation) = (StreamId::hub(), CorrelationId::derive(&["review rules"]));
    let event = ReviewRulesSet { rules }.into();
    vec![Draft { stream, correlation, cause: None, event, texts: Texts::none() }]
}
