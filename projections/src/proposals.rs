//! The results that wait for people, and what people decided on them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use convoke_events::{
    ArtifactType, BlockReason, CollectiveId, Confidence, Credit, Digest, Event, HubId, Key,
    PolicyRef, Position, ProposalApplied, ProposalBasis, ProposalEvent, ProposalId, ProposalMade,
    ProposalReviewed, Recorded, ReviewDecision, ReviewGiven, TaskEvent, TaskId, TextName,
    Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::names::{Slugs, text, who};
use crate::{Entries, Listed, Page, Paging, Projection};

/// Every proposal that was ever made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposals {
    all: Entries<Proposal>,
    /// Of the tasks that have not ended.
    titles: BTreeMap<TaskId, String>,
    slugs: Slugs,
}

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalStatus {
    /// It waits for a person.
    Pending,
    /// A person took it as it stands.
    Accepted,
    /// A person did not take it.
    Rejected,
    /// A person put a version of their own in its place.
    Revised,
    /// Governance does not let its author propose it: it is kept, and nobody can review it.
    BlockedByPolicy,
}

impl ProposalStatus {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Revised => "revised",
            Self::BlockedByPolicy => "blocked_by_policy",
        }
    }
}

impl fmt::Display for ProposalStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<ReviewDecision> for ProposalStatus {
    fn from(decision: ReviewDecision) -> Self {
        match decision {
            ReviewDecision::Accepted => Self::Accepted,
            ReviewDecision::Rejected => Self::Rejected,
            ReviewDecision::Revised => Self::Revised,
        }
    }
}

/// A proposal and its review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its id.
    pub id: ProposalId,
    /// The hub it belongs to.
    pub hub: HubId,
    /// Where it stands.
    pub status: ProposalStatus,
    /// The task it came from.
    pub task: TaskId,
    /// That task's title.
    pub title: String,
    /// The collective it came from.
    pub collective: Option<CollectiveId>,
    /// What it is, as governance names it.
    pub artifact: ArtifactType,
    /// Where its content comes from.
    pub basis: ProposalBasis,
    /// Who wrote it, by slug; nobody where contributions stand side by side.
    pub author: Option<String>,
    /// What it recommends, if one thing.
    pub key: Option<Key>,
    /// How sure its author says it is.
    pub confidence: Option<Confidence>,
    /// SHA-256 of its content: what a review is bound to.
    pub digest: Digest,
    /// What it says.
    pub content: String,
    /// The event that made it.
    pub position: Position,
    /// When it was made.
    pub made_at: Timestamp,
    /// Why nobody can review it, if so.
    pub blocked: Option<BlockReason>,
    /// How many people have to agree before it holds.
    pub reviewers: u32,
    /// The last moment at which it can be reviewed; one that was applied can be for ever.
    pub expires: Option<Timestamp>,
    /// When it was applied without waiting for a person, if it was.
    pub applied: Option<Applied>,
    /// What the first of two people said, while it waits for the other.
    pub first_review: Option<Review>,
    /// What people decided on it.
    pub review: Option<Review>,
}

impl Proposal {
    /// Whether it waited too long to be reviewed at this moment.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.status == ProposalStatus::Pending
            && self.applied.is_none()
            && self.expires.is_some_and(|expires| now > expires)
    }

    /// SHA-256 of what there is to decide on now: its content, or the first reviewer's version.
    pub fn current(&self) -> Digest {
        let revised = self.first_review.as_ref().and_then(|first| first.revised);
        revised.unwrap_or(self.digest)
    }
}

/// A proposal that was applied without waiting for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// When.
    pub at: Timestamp,
    /// The event that records it.
    pub position: Position,
    /// The policy that let it.
    pub granted_by: PolicyRef,
}

/// A person's decision on a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// What was decided.
    pub decision: ReviewDecision,
    /// Who decided, by name.
    pub reviewer: String,
    /// What they noted.
    pub note: Option<String>,
    /// SHA-256 of exactly what was reviewed.
    pub reviewed: Digest,
    /// SHA-256 of the reviewer's own version.
    pub revised: Option<Digest>,
    /// The version that takes its place, or would.
    pub content: Option<String>,
    /// The recommendation that the reviewer named.
    pub key: Option<Key>,
    /// Whose record it changes, and how.
    pub credits: Vec<Credit>,
    /// The event that records it.
    pub position: Position,
    /// When it was decided.
    pub at: Timestamp,
}

/// Which proposals are asked for; whatever is none passes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProposalFilter {
    /// Of this hub.
    pub hub: Option<HubId>,
    /// That stand like this.
    pub status: Option<ProposalStatus>,
    /// Of this kind.
    pub artifact: Option<ArtifactType>,
    /// From this task.
    pub task: Option<TaskId>,
    /// That were made at this moment or later.
    pub since: Option<Timestamp>,
}

impl ProposalFilter {
    /// Whether the proposal is among those asked for.
    pub fn takes(&self, proposal: &Proposal) -> bool {
        self.hub.as_ref().is_none_or(|hub| *hub == proposal.hub)
            && self.status.is_none_or(|status| status == proposal.status)
            && self.artifact.as_ref().is_none_or(|artifact| *artifact == proposal.artifact)
            && self.task.is_none_or(|task| task == proposal.task)
            && self.since.is_none_or(|since| proposal.made_at >= since)
    }
}

impl Listed for Proposal {
    type Id = ProposalId;

    fn id(&self) -> ProposalId {
        self.id
    }

    fn position(&self) -> Position {
        self.position
    }
}

impl Proposals {
    /// A page of the proposals that pass.
    pub fn page(&self, filter: &ProposalFilter, paging: Paging) -> Page<'_, Proposal> {
        self.all.page(|one| filter.takes(one), paging)
    }

    /// The proposal with this id.
    pub fn get(&self, id: ProposalId) -> Option<&Proposal> {
        self.all.get(id)
    }

    /// Every proposal of every hub, in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = &Proposal> {
        self.all.iter()
    }

    /// The hub's proposals, in the order in which they were made.
    pub fn of_hub(&self, hub: &HubId) -> impl Iterator<Item = &Proposal> {
        self.iter().filter(move |proposal| proposal.hub == *hub)
    }

    fn made(&mut self, event: &Recorded, facts: &ProposalMade) {
        let author = match &facts.basis {
            ProposalBasis::Synthesis { agent, .. }
            | ProposalBasis::Arbitration { agent, .. }
            | ProposalBasis::Answer { agent, .. }
            | ProposalBasis::Report { agent, .. } => Some(self.slugs.of(*agent)),
            ProposalBasis::Divergence => None,
        };
        let expires = facts.terms.expires_ms.map(Duration::from_millis);
        let proposal = Proposal {
            id: facts.proposal,
            hub: event.envelope.hub.clone(),
            status: match facts.blocked {
                None => ProposalStatus::Pending,
                Some(_) => ProposalStatus::BlockedByPolicy,
            },
            task: facts.task,
            title: self.titles.get(&facts.task).cloned().unwrap_or_default(),
            collective: facts.collective,
            artifact: facts.artifact.clone(),
            basis: facts.basis.clone(),
            author,
            key: facts.key.clone(),
            confidence: facts.confidence,
            digest: facts.digest,
            content: text(event, &TextName::CONTENT).unwrap_or_default(),
            position: event.envelope.position,
            made_at: event.envelope.decided_at,
            blocked: facts.blocked.clone(),
            reviewers: facts.terms.reviewers,
            expires: expires.map(|span| event.envelope.decided_at.plus(span)),
            applied: None,
            first_review: None,
            review: None,
        };
        self.all.add(proposal);
    }

    fn applied(&mut self, event: &Recorded, facts: &ProposalApplied) {
        if let Some(proposal) = self.all.get_mut(facts.proposal) {
            let (at, position) = (event.envelope.decided_at, event.envelope.position);
            proposal.applied = Some(Applied { at, position, granted_by: facts.granted_by });
        }
    }

    fn given(&mut self, event: &Recorded, facts: &ReviewGiven) {
        if let Some(proposal) = self.all.get_mut(facts.proposal) {
            proposal.first_review = Some(Review {
                decision: facts.decision,
                reviewer: who(event),
                note: text(event, &TextName::NOTE),
                reviewed: facts.reviewed,
                revised: facts.revised,
                content: text(event, &TextName::CONTENT),
                key: facts.key.clone(),
                credits: Vec::new(),
                position: event.envelope.position,
                at: event.envelope.decided_at,
            });
        }
    }

    fn reviewed(&mut self, event: &Recorded, facts: &ProposalReviewed) {
        let Some(proposal) = self.all.get_mut(facts.proposal) else {
            return;
        };
        proposal.status = facts.decision.into();
        // Who accepts what the first of two revised has no words of their own.
        let first = proposal.first_review.as_ref();
        let first = first.filter(|first| first.revised.is_some() && first.revised == facts.revised);
        let first = first.and_then(|first| first.content.clone());
        proposal.review = Some(Review {
            decision: facts.decision,
            reviewer: who(event),
            note: text(event, &TextName::NOTE),
            reviewed: facts.reviewed,
            revised: facts.revised,
            content: text(event, &TextName::CONTENT).or(first),
            key: facts.key.clone(),
            credits: facts.credits.clone(),
            position: event.envelope.position,
            at: event.envelope.decided_at,
        });
    }
}

impl Projection for Proposals {
    const NAME: &'static str = "proposals";
    const VERSION: u32 = 3;

    fn quotes(event: &Event) -> bool {
        matches!(event, Event::Task(_) | Event::Proposal(_))
    }

    fn fold(&mut self, event: &Recorded) {
        self.slugs.fold(&event.event);
        if let Event::Task(TaskEvent::TaskSubmitted(facts)) = &event.event {
            let title = text(event, &TextName::TITLE).unwrap_or_default();
            self.titles.insert(facts.task, title);
        } else if let Event::Task(TaskEvent::TaskConcluded(facts)) = &event.event {
            self.titles.remove(&facts.task);
        } else if let Event::Proposal(proposal) = &event.event {
            match proposal {
                ProposalEvent::ReviewRulesSet(_) | ProposalEvent::ReviewRefused(_) => {}
                ProposalEvent::ProposalMade(facts) => self.made(event, facts),
                ProposalEvent::ProposalApplied(facts) => self.applied(event, facts),
                ProposalEvent::ReviewGiven(facts) => self.given(event, facts),
                ProposalEvent::ProposalReviewed(facts) => self.reviewed(event, facts),
            }
        }
    }
}
