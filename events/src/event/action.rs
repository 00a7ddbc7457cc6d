//! What agents asked for beside answering, and did not get.

use serde::{Deserialize, Serialize};

use super::{BlockReason, Purpose, Verb, enumeration};
use crate::{AgentId, ArtifactType, TaskId};

enumeration! {
    /// What an agent can do beside answering.
    ActionKind "action" {
        /// Hand a sub-task to another agent.
        Delegate = "delegate",
        /// Put something on the task's blackboard.
        Post = "post",
        /// Say something to agents of the task.
        Message = "message",
        /// Vote.
        Vote = "vote",
        /// Say how hard the task is.
        DeclareComplexity = "declare_complexity",
        /// Say that the work is complete and wants validation.
        Complete = "complete",
        /// Something that nobody can do.
        Unknown = "unknown",
        /// Work on a task as an instruction packet says.
        Work = "work",
    }
}

/// Why an action was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionRefusal {
    /// It is no action, or one with fields that are missing, wrong or too many.
    Malformed,
    /// It came after as many as one answer may ask for.
    TooMany {
        /// How many it may ask for.
        limit: u32,
    },
    /// The agent was called for something that leaves no room to act.
    NotHeard {
        /// What for.
        purpose: Purpose,
    },
    /// The task has ended, or nobody works on it any more.
    Ended,
    /// The agent is not active.
    Inactive,
    /// Governance denied it.
    Blocked {
        /// What it would have done.
        verb: Verb,
        /// With what.
        artifact: ArtifactType,
        /// Why.
        because: BlockReason,
    },
    /// There is no other active agent of the slug that was named.
    ReceiverUnknown,
    /// The task has no such vote.
    VoteUnknown,
    /// The vote is decided.
    VoteDecided,
    /// The agent has voted on this.
    VotedBefore,
    /// Its words, or one of its fields, are larger than may be.
    TooLarge {
        /// How many bytes they are.
        size: u64,
        /// How many they may be.
        limit: u64,
    },
    /// A rule of the governed life forbids it: no lease, another phase, no approval.
    Procedure,
}

/// An action was refused; nothing of it was done. Texts: `reason`, and `content` with what was asked
/// where that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRefused {
    /// Who asked.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// On which task.
    pub task: TaskId,
    /// What for.
    pub action: ActionKind,
    /// Why not.
    pub because: ActionRefusal,
}
