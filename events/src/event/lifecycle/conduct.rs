//! Conduct: what an agent does under a lease, and where it breaks the procedure.

use serde::{Deserialize, Serialize};

use crate::event::enumeration;
use crate::{AgentId, ArtifactName, Digest, Key, LeaseId, Permission, StepName, TaskId};

enumeration! {
    /// Where work under a packet stands; one follows the other.
    Phase "phase" {
        /// Read revocations, load the packet, take the task's lock.
        Bootstrap = "BOOTSTRAP",
        /// Look at scope and dependencies.
        Preflight = "PREFLIGHT",
        /// Hand in a plan.
        Plan = "PLAN",
        /// Do it; only with an approved plan.
        Execute = "EXECUTE",
        /// Check what was done.
        Verify = "VERIFY",
        /// Put the artifacts together.
        Package = "PACKAGE",
        /// Say what was done.
        Report = "REPORT",
        /// Release the lock.
        Exit = "EXIT",
    }
}

/// An agent entered a phase. What the log holds up to here is the task's checkpoint: after a crash
/// the work goes on from it. Text: `note`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseEntered {
    /// Under which lease.
    pub lease: LeaseId,
    /// On which task.
    pub task: TaskId,
    /// Who.
    pub agent: AgentId,
    /// Which phase.
    pub phase: Phase,
}

/// An agent took a step, one its packet names or another. Text: `note`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTaken {
    /// Under which lease.
    pub lease: LeaseId,
    /// What.
    pub step: StepName,
}

/// An agent handed in its plan; it waits for a person. Text: `content`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanHandedIn {
    /// Under which lease.
    pub lease: LeaseId,
    /// SHA-256 of the plan.
    pub plan: Digest,
}

enumeration! {
    /// What was decided on a plan.
    PlanDecision "decision on a plan" {
        /// It may be carried out.
        Approved = "approved",
        /// It may not.
        Rejected = "rejected",
    }
}

/// A plan was decided on: by a person, or by the hub's rules where they ask for nobody. Text: `note`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanDecided {
    /// Under which lease.
    pub lease: LeaseId,
    /// SHA-256 of exactly what was decided on.
    pub plan: Digest,
    /// What was decided.
    pub decision: PlanDecision,
}

/// An agent handed something in. Text: `content`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactHandedIn {
    /// Under which lease.
    pub lease: LeaseId,
    /// What.
    pub artifact: ArtifactName,
    /// SHA-256 of its content.
    pub content: Digest,
}

/// A person let an agent use a permission once. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseApproved {
    /// Under which lease.
    pub lease: LeaseId,
    /// Which permission.
    pub permission: Permission,
}

/// An agent used a permission of its tier. Text: `note`, what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionUsed {
    /// Under which lease.
    pub lease: LeaseId,
    /// Which permission.
    pub permission: Permission,
}

/// An agent met an error. Text: `reason`, as it was reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReported {
    /// Under which lease.
    pub lease: LeaseId,
    /// What is left of it without numbers, ids, paths and quotes, for people.
    pub class: Key,
    /// SHA-256 of that, by which it is the same error.
    pub fingerprint: Digest,
}

/// How the procedure was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Violation {
    /// A phase was left out.
    PhaseSkipped {
        /// Where the work stood.
        from: Phase,
        /// Where it was taken.
        to: Phase,
    },
    /// It was acted without an approved plan.
    PlanNotApproved,
    /// The packet forbids it.
    Forbidden {
        /// What was to be touched.
        permission: Permission,
    },
    /// The lease's tier does not have it.
    BeyondTier {
        /// What was to be touched.
        permission: Permission,
    },
    /// A step the packet asks for was left out.
    StepMissing {
        /// Which.
        step: StepName,
    },
}

/// An agent broke the procedure; what it asked for was not done. Text: `evidence`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcedureViolated {
    /// Under which lease.
    pub lease: LeaseId,
    /// On which task.
    pub task: TaskId,
    /// Who.
    pub agent: AgentId,
    /// How.
    pub violation: Violation,
}

/// An agent was not heard of for too long. Heartbeats are no events; their absence is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStuck {
    /// Under which lease.
    pub lease: LeaseId,
    /// On which task.
    pub task: TaskId,
    /// Who.
    pub agent: AgentId,
    /// For how long, in milliseconds.
    pub silent_ms: u64,
}
