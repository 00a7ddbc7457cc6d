//! Results that wait for people.

use serde::{Deserialize, Serialize};

use super::enumeration;
use crate::{
    AgentId, ArtifactType, CollectiveId, Confidence, Digest, InvocationId, Key, LeaseId,
    ProposalId, TaskId, TaskType,
};

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
}

/// A proposal waits for review. Text: `content`.
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

/// A person decided on a proposal. Texts: `note`, and `content` where it was revised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalReviewed {
    /// Which proposal.
    pub proposal: ProposalId,
    /// What was decided.
    pub decision: ReviewDecision,
    /// SHA-256 of exactly what was reviewed.
    pub reviewed: Digest,
    /// SHA-256 of the reviewer's own version.
    pub revised: Option<Digest>,
    /// The recommendation that the reviewer named, where that was left to them.
    pub key: Option<Key>,
    /// Whose record it changes, and how.
    pub credits: Vec<Credit>,
}
