//! Revocation and hand-over: an agent is stopped, and what it leaves to the next.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Phase;
use crate::{
    AgentId, ArtifactName, Digest, HandoffId, Key, LeaseId, PacketId, Permission, StepName, TaskId,
};

/// Why an agent was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// It broke the procedure as often as it may.
    Violations {
        /// How often.
        count: u32,
        /// How often it may.
        limit: u32,
    },
    /// It met one and the same error again as often as it may.
    SameError {
        /// Which.
        class: Key,
        /// How often again.
        count: u32,
        /// How often it may.
        limit: u32,
    },
    /// It met as many errors as it may.
    Errors {
        /// How many.
        count: u32,
        /// How many it may.
        limit: u32,
    },
    /// It left EXECUTE without something it must hand in.
    ArtifactMissing {
        /// What.
        artifact: ArtifactName,
    },
    /// It reached for what its packet forbids.
    ForbiddenAction {
        /// What.
        permission: Permission,
    },
    /// A person said so.
    ByPerson,
}

/// An agent was stopped: from this event on nothing of this epoch is taken, its work in flight is
/// called off, and nobody asks it until a person reinstates it. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentRevoked {
    /// Which agent.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// The epoch that ends.
    pub epoch: u32,
    /// Under which lease it happened, if under one.
    pub lease: Option<LeaseId>,
    /// Why.
    pub because: RevocationReason,
}

/// An agent may be asked again, in a new epoch. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentReinstated {
    /// Which agent.
    pub agent: AgentId,
    /// The epoch that begins.
    pub epoch: u32,
}

/// An error that was met, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    /// Which.
    pub class: Key,
    /// How often.
    pub count: u32,
}

/// Something that was handed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedIn {
    /// What.
    pub artifact: ArtifactName,
    /// SHA-256 of its content.
    pub content: Digest,
}

/// What the next agent needs to know, drawn from the log. Texts: `tried`, `blocking`, `next`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoffOpened {
    /// Which handoff.
    pub handoff: HandoffId,
    /// On which task.
    pub task: TaskId,
    /// Who worked on it.
    pub from: AgentId,
    /// By which packet.
    pub packet: PacketId,
    /// Under which lease.
    pub lease: LeaseId,
    /// Why it stopped; none where its lease ended by time.
    pub because: Option<RevocationReason>,
    /// The last phase it entered.
    pub phase: Phase,
    /// The last step it took, if it took one.
    pub step: Option<StepName>,
    /// The last steps it took, in order, 16 at most.
    pub tried: Vec<StepName>,
    /// The errors it met most often, 16 at most.
    pub errors: Vec<Met>,
    /// Steps that are still to be taken.
    pub steps: Vec<StepName>,
    /// What is still to be handed in.
    pub missing: Vec<ArtifactName>,
    /// What must not be touched.
    pub forbidden: BTreeSet<Permission>,
    /// What was handed in, what must be first, 16 at most.
    pub artifacts: Vec<HandedIn>,
    /// SHA-256 of the approved plan, if there is one.
    pub plan: Option<Digest>,
}
