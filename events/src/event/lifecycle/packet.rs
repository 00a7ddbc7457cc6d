//! Packets and leases: what an agent is told to do on a task, and for how long it may.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::event::{Tier, enumeration};
use crate::{
    AgentId, ArtifactName, HandoffId, LeaseId, PacketId, Permission, StepName, TaskId, TaskType,
    Timestamp,
};

/// How much may go wrong within one lease before the agent is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBudget {
    /// Errors in all.
    pub errors: u32,
    /// Repeats of one and the same error; its first time is none.
    pub repeats: u32,
    /// Procedure violations.
    pub violations: u32,
}

impl Default for ErrorBudget {
    /// 8 errors, 2 repeats, 1 violation.
    fn default() -> Self {
        Self { errors: 8, repeats: 2, violations: 1 }
    }
}

/// An agent was told to work on a task. Texts: `objective`, `deliverables`, `scope`, `criteria`,
/// `escalation`, `created_for`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketIssued {
    /// Which packet.
    pub packet: PacketId,
    /// On which task.
    pub task: TaskId,
    /// Whom.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// What kind of work it is.
    pub task_type: TaskType,
    /// The tier that the work takes; its leases are of this tier.
    pub tier: Tier,
    /// What must be done before the work is packaged.
    pub steps: Vec<StepName>,
    /// What must be handed in before the work is verified.
    pub artifacts: Vec<ArtifactName>,
    /// What must not be touched, whatever the tier allows.
    pub forbidden: BTreeSet<Permission>,
    /// How much may go wrong within one lease.
    pub budget: ErrorBudget,
    /// The handoff it takes up, if there is one.
    pub continues: Option<HandoffId>,
}

/// An agent may work on a task from now on, and holds the task's lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseIssued {
    /// Which lease.
    pub lease: LeaseId,
    /// By which packet.
    pub packet: PacketId,
    /// On which task.
    pub task: TaskId,
    /// Which agent.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// Of which tier.
    pub tier: Tier,
    /// In which of the agent's epochs; a revocation ends one.
    pub epoch: u32,
    /// From when on it refuses.
    pub expires: Timestamp,
}

/// A lease holds longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRenewed {
    /// Which lease.
    pub lease: LeaseId,
    /// From when on it refuses.
    pub expires: Timestamp,
}

enumeration! {
    /// Why a lease ended.
    LeaseEnd "end of a lease" {
        /// The agent left by EXIT.
        Released = "released",
        /// Its time was over.
        Expired = "expired",
        /// The agent was revoked.
        Revoked = "revoked",
    }
}

/// A lease ended, and with it a run of the agent. Whatever comes under it from now on is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseEnded {
    /// Which lease.
    pub lease: LeaseId,
    /// On which task.
    pub task: TaskId,
    /// Whose.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// On what kind of work.
    pub task_type: TaskType,
    /// The tier the work took.
    pub tier: Tier,
    /// Why.
    pub because: LeaseEnd,
    /// Whether the run kept every rule from BOOTSTRAP to EXIT.
    pub compliant: bool,
}
