//! Results that wait for people.

use serde::{Deserialize, Serialize};

use super::{BlockReason, PolicyRef, enumeration};
use crate::{
    AgentId, ArtifactType, CollectiveId, Confidence, Digest, InvocationId, Key, LeaseId, Principal,
    ProposalId, TaskId, TaskType, Timestamp,
};

/// What holds for every review in a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewRules {
    /// How long a proposal waits before it can no longer be reviewed, in milliseconds; none means
    /// for ever.
    pub expires_ms: Option<u64>,
}

impl Default for ReviewRules {
    /// A proposal waits for 30 days.
    fn default() -> Self {
        Self { expires_ms: Some(30 * 24 * 60 * 60 * 1_000) }
    }
}

/// The hub chose what holds for its reviews; proposals that wait already keep what held before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewRulesSet {
    /// What holds from now on.
    pub rules: ReviewRules,
}

/// What the review of one proposal takes, fixed when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewTerms {
    /// How many people have to agree before it holds: 1 or 2.
    pub reviewers: u32,
    /// How long after it was made it can be decided on, in milliseconds, judged by when that is
    /// decided; none means for ever.
    pub expires_ms: Option<u64>,
}

/// Where a proposal's content comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalBasis {
    /// A synthesis of agreeing contributions.
    Synthesis {
        /// Who wrote it.
        agent: AgentId,
        /// In which version.
        agent_version: u32,
        /// In which call.
        invocation: InvocationId,
    },
    /// Contributions that do not agree, side by side.
    Divergence,
    /// The final answer of one agent, asked alone.
    Answer {
        /// Who gave it.
        agent: AgentId,
        /// In which version.
        agent_version: u32,
        /// In which call.
        invocation: InvocationId,
    },
    /// The report of an agent that worked on the task as its packet says.
    Report {
        /// Who wrote it.
        agent: AgentId,
        /// In which version.
        agent_version: u32,
        /// Under which lease.
        lease: LeaseId,
    },
    /// What one stronger agent chose among contributions that do not agree.
    Arbitration {
        /// Who chose.
        agent: AgentId,
        /// In which version.
        agent_version: u32,
        /// In which call.
        invocation: InvocationId,
    },
}

/// A proposal waits for review, or is kept where nobody can review it because governance no longer
/// lets its author propose. Text: `content`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalMade {
    /// Which proposal.
    pub proposal: ProposalId,
    /// On which task.
    pub task: TaskId,
    /// From which collective.
    pub collective: Option<CollectiveId>,
    /// The work it is, under which its contributors' record is kept.
    pub task_type: TaskType,
    /// What it is, as governance names it.
    pub artifact: ArtifactType,
    /// Where its content comes from.
    pub basis: ProposalBasis,
    /// What it recommends, if one thing.
    pub key: Option<Key>,
    /// How sure its author says it is.
    pub confidence: Option<Confidence>,
    /// SHA-256 of its content: what a review is bound to.
    pub digest: Digest,
    /// What its review takes.
    pub terms: ReviewTerms,
    /// Why it cannot be reviewed, if it cannot (`blocked_by_policy`).
    pub blocked: Option<BlockReason>,
}

/// A proposal was applied without waiting for a person, as a policy lets its author. It can still be
/// reviewed, however late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalApplied {
    /// Which proposal.
    pub proposal: ProposalId,
    /// Whose it is.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// What it is, as governance names it.
    pub artifact: ArtifactType,
    /// SHA-256 of what was applied.
    pub digest: Digest,
    /// The policy that lets its author.
    pub granted_by: PolicyRef,
}

enumeration! {
    /// What a person decided on a proposal.
    ReviewDecision "review decision" {
        /// As it stands.
        Accepted = "accepted",
        /// Not at all.
        Rejected = "rejected",
        /// In the reviewer's own version.
        Revised = "revised",
    }
}

/// The first of the two people that a proposal needs agreed to it; it still waits for the other.
/// Texts: `note`, and `content` where it was revised: the other then decides on that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewGiven {
    /// On which proposal.
    pub proposal: ProposalId,
    /// Who agreed; the other has to be somebody else.
    pub by: Principal,
    /// What was decided: `accepted` or `revised`.
    pub decision: ReviewDecision,
    /// SHA-256 of exactly what was reviewed.
    pub reviewed: Digest,
    /// SHA-256 of the reviewer's own version.
    pub revised: Option<Digest>,
    /// The recommendation that the reviewer named, where that was left to them.
    pub key: Option<Key>,
}

/// Why a review did not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewRefusal {
    /// It was decided on before.
    Decided(ReviewDecision),
    /// It is not what was reviewed.
    Changed {
        /// SHA-256 of what was reviewed.
        reviewed: Digest,
        /// SHA-256 of what there is.
        actual: Digest,
    },
    /// It had waited too long.
    Expired(Timestamp),
    /// The same person had agreed before, and another one is needed.
    SamePerson,
    /// Governance does not let its author propose it.
    Blocked(BlockReason),
    /// Only a person can review.
    NotAPerson,
}

/// Somebody tried to review what cannot be reviewed, or not by them, or not any more; nothing came
/// of it. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewRefused {
    /// Which proposal.
    pub proposal: ProposalId,
    /// What would have been decided.
    pub decision: ReviewDecision,
    /// Why not.
    pub because: ReviewRefusal,
}

/// What a review says of one agent's work. An agent's record on a task type is its credits, and
/// nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// Whose record.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// On which work; writing a synthesis is work of the type `synthesis`, whatever it is about.
    pub task_type: TaskType,
    /// Whether it was right.
    pub right: bool,
    /// How sure it had said it was.
    pub confidence: Option<Confidence>,
}

/// A person decided on a proposal, or the second of the two it needed agreed with the first. Texts: `note`, and `content` where it was revised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalReviewed {
    /// Which proposal.
    pub proposal: ProposalId,
    /// What was decided.
    pub decision: ReviewDecision,
    /// SHA-256 of exactly what was reviewed.
    pub reviewed: Digest,
    /// SHA-256 of the version that takes its place: the reviewer's own, or that of the first of two.
    pub revised: Option<Digest>,
    /// The recommendation that the reviewer named, where that was left to them.
    pub key: Option<Key>,
    /// Whose record it changes, and how.
    pub credits: Vec<Credit>,
}
