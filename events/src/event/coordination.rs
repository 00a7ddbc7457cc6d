//! What agents of one task do together: board, messages, votes, and who is called in to help.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Amount, BlockReason, enumeration};
use crate::{
    AgentId, ArtifactType, Complexity, InvocationId, Key, ProposalId, TaskId, Tokens, VoteId,
};

enumeration! {
    /// A part of a task's blackboard.
    Section "section" {
        /// What the question is.
        Problem = "problem",
        /// What could be done.
        Solutions = "solutions",
        /// What has been done.
        Progress = "progress",
        /// What is agreed.
        Consensus = "consensus",
    }
}

enumeration! {
    /// What a message between agents is.
    MessageKind "message kind" {
        /// What its sender would do.
        Proposal = "PROPOSAL",
        /// What its sender thinks of what others do.
        Feedback = "FEEDBACK",
        /// What its sender leaves to others.
        Handoff = "HANDOFF",
    }
}

enumeration! {
    /// What an agent votes.
    Ballot "ballot" {
        /// For it.
        Accept = "ACCEPT",
        /// Against it.
        Reject = "REJECT",
        /// Neither.
        Abstain = "ABSTAIN",
    }
}

enumeration! {
    /// What calls for a mediator.
    Trigger "trigger" {
        /// Nobody has done anything for too long.
        Stuck = "STUCK",
        /// Too many answers to one question stand against each other.
        Conflict = "CONFLICT",
        /// The task is said to be too hard.
        Complexity = "COMPLEXITY",
        /// The work is said to be complete, and wants validation.
        Success = "SUCCESS",
    }
}

/// Who is called in, and for how much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediatorRules {
    /// The registered agent that mediators are made from: its model, prompt and policies are theirs.
    pub template: AgentId,
    /// The most that one may spend, of its task's budget.
    pub share: Tokens,
    /// What it is called in for.
    pub on: BTreeSet<Trigger>,
}

/// When somebody is called in to help the agents of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoordinationRules {
    /// After how many milliseconds without activity a task is `STUCK`.
    pub stuck_after_ms: u64,
    /// From how many answers that stand against each other on there is `CONFLICT`.
    pub conflicts: u32,
    /// Above which declared complexity there is `COMPLEXITY`.
    pub complexity: Complexity,
    /// Who is called in; nobody where there is none, and what was measured is recorded all the same.
    pub mediator: Option<MediatorRules>,
}

/// The hub chose when somebody is called in, and whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoordinationRulesSet {
    /// What holds from now on.
    pub rules: CoordinationRules,
}

/// Something was put on a task's blackboard, to stay. Text: `content`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardPosted {
    /// On which task's.
    pub task: TaskId,
    /// In which part.
    pub section: Section,
    /// The part's version that this makes, from 1.
    pub version: u32,
    /// By whom.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// What it recommends, where it is a solution.
    pub key: Option<Key>,
}

/// An agent said something to one agent, or to all of its task. Text: `content`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageSent {
    /// On which task.
    pub task: TaskId,
    /// Who.
    pub from: AgentId,
    /// In which version.
    pub from_version: u32,
    /// Which of its sender's messages on this task it is, from 1.
    pub number: u32,
    /// To whom; none is to all.
    pub to: Option<AgentId>,
    /// What it is.
    pub kind: MessageKind,
    /// What it recommends, where it proposes something.
    pub key: Option<Key>,
}

/// Agents of a task are asked to vote. Text: `body`, the question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteOpened {
    /// Which vote.
    pub vote: VoteId,
    /// On which task.
    pub task: TaskId,
    /// On which proposal, if on one.
    pub proposal: Option<ProposalId>,
    /// What agents call it, unique in its task.
    pub subject: Key,
    /// What is voted on, as governance names it.
    pub artifact: ArtifactType,
    /// Who has to vote, and can stop it alone.
    pub required: BTreeSet<AgentId>,
}

/// An agent voted. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteCast {
    /// In which vote.
    pub vote: VoteId,
    /// On which task.
    pub task: TaskId,
    /// Who.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// What.
    pub ballot: Ballot,
}

enumeration! {
    /// How a vote ended.
    VoteResult "vote result" {
        /// All required agents voted, none of them against it, and more for it than against it.
        Passed = "passed",
        /// All required agents voted, and no more for it than against it.
        Failed = "failed",
        /// A required agent voted against it.
        Vetoed = "vetoed",
    }
}

/// A vote is decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteDecided {
    /// Which vote.
    pub vote: VoteId,
    /// On which task.
    pub task: TaskId,
    /// How it ended.
    pub result: VoteResult,
    /// How many voted for it.
    pub accepts: u32,
    /// How many against it.
    pub rejects: u32,
    /// How many neither.
    pub abstentions: u32,
}

/// Somebody said how hard a task is. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplexityDeclared {
    /// Which task.
    pub task: TaskId,
    /// Which agent, in which version; none where the host did.
    pub by: Option<(AgentId, u32)>,
    /// How hard.
    pub complexity: Complexity,
}

/// An agent said that the work on a task is complete and wants validation. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletionDeclared {
    /// Which task.
    pub task: TaskId,
    /// Who.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
}

/// What was measured when a mediator was called for, beside what the hub allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// Time without activity, in milliseconds.
    Idle {
        /// How long it was.
        found: u64,
        /// How long it may be.
        limit: u64,
    },
    /// Answers that stand against each other.
    Conflicts {
        /// How many there were.
        found: u32,
        /// From how many on it is too many.
        limit: u32,
    },
    /// The complexity that was declared.
    Complexity {
        /// How much it was.
        found: Complexity,
        /// How much it may be.
        limit: Complexity,
    },
    /// The work is complete.
    Completed,
}

/// Whether a mediator came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mediation {
    /// The hub calls nobody in for this.
    Nobody,
    /// One was made from the hub's template for this task alone, and is called.
    Called {
        /// The template.
        agent: AgentId,
        /// In which version.
        agent_version: u32,
        /// Its call.
        invocation: InvocationId,
    },
    /// The template is not active, or the task's work is over.
    Unavailable,
    /// Governance denied it.
    Blocked(BlockReason),
    /// It needs more than its share, or more than is left.
    OverBudget {
        /// What it would have needed.
        needed: Amount,
    },
}

/// Something called for a mediator: each trigger does so once on a task. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThresholdReached {
    /// On which task.
    pub task: TaskId,
    /// What.
    pub trigger: Trigger,
    /// What was measured.
    pub measured: Measured,
    /// Whether a mediator came.
    pub mediation: Mediation,
}
