//! What agents may do, and what was denied.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Purpose, TrustLevel, enumeration};
use crate::{AgentId, ArtifactType, PolicyId, TaskId};

enumeration! {
    /// What an agent can be allowed to do with an artifact.
    Verb "verb" {
        /// Look at it and say something about it.
        Read = "read",
        /// Propose one, or a change to one.
        Propose = "propose",
        /// Hand work on it to another agent.
        Delegate = "delegate",
        /// Have a change applied without waiting for a person.
        AutoApply = "auto_apply",
    }
}

enumeration! {
    /// What holds where no policy speaks.
    GovernanceDefault "governance default" {
        /// It is denied.
        Deny = "deny",
        /// It is permitted.
        Permit = "permit",
    }
}

/// One policy as it stood in one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PolicyRef {
    /// Which policy.
    pub id: PolicyId,
    /// Which version of it, from 1.
    pub version: u32,
}

/// The hub chose what holds where no policy speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GovernanceDefaultSet {
    /// What holds.
    pub default: GovernanceDefault,
}

/// A policy was set, or set anew, for one agent and one artifact type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GovernancePolicySet {
    /// Which policy, in which version.
    pub policy: PolicyRef,
    /// Whom it is about.
    pub agent: AgentId,
    /// What it is about.
    pub artifact: ArtifactType,
    /// What it allows, as far as the agent's trust level goes.
    pub verbs: BTreeSet<Verb>,
    /// How many people have to agree before what is proposed under it holds: 1 or 2.
    pub reviewers: u32,
    /// Whether it holds.
    pub active: bool,
}

/// Why an attempt was denied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockReason {
    /// No policy speaks of this agent and artifact, and the hub's default is `deny`.
    NoPolicy,
    /// The policy is switched off, and the hub's default is `deny`.
    PolicyInactive(PolicyRef),
    /// The policy does not allow the verb.
    VerbNotAllowed(PolicyRef),
    /// The policy allows more than the agent's trust level can be granted.
    BeyondTrust {
        /// The policy that would have allowed it, if any.
        policy: Option<PolicyRef>,
        /// The agent's trust level.
        trust: TrustLevel,
    },
    /// The agent was revoked; no policy allows it anything until a person reinstates it.
    Revoked,
}

/// Governance denied an attempt before anything was sent (`blocked_by_policy`). Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptBlocked {
    /// Whose attempt.
    pub agent: AgentId,
    /// Which version of the agent.
    pub agent_version: u32,
    /// On which task.
    pub task: TaskId,
    /// What for.
    pub purpose: Purpose,
    /// What it would have done.
    pub verb: Verb,
    /// With what.
    pub artifact: ArtifactType,
    /// Why not.
    pub because: BlockReason,
}
