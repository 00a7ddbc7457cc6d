//! Pieces of work, from submission to conclusion.

use serde::{Deserialize, Serialize};

use super::enumeration;
use crate::{AccountId, Digest, Key, RuleName, Slug, TaskId, TaskType, Tokens};

/// What bounds the calls and the collective of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRules {
    /// How long a call may take, in milliseconds.
    pub deadline_ms: u64,
    /// The most a call may put out.
    pub max_output: Tokens,
    /// A collective with fewer contributions than this is insufficient.
    pub min_contributions: u32,
    /// Whether one participant's failure makes a collective insufficient.
    pub one_failure_fails_all: bool,
    /// After how many contributions a collective waits for no more; none means: for everybody, or
    /// the deadline.
    pub quorum: Option<u32>,
    /// The recommendations that a contribution may choose from; empty means: any.
    pub allowed: Vec<Key>,
}

/// A triage answer that takes its task on to a collective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// The recommendation that does.
    pub on: Key,
    /// The task type by which the collective is convened.
    pub to: TaskType,
}

/// A ready shape of a task: what the agent is told and what its answer must hold, by name and
/// version. A change to one is a new version, and the old stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShapeRef {
    /// Which shape.
    pub name: RuleName,
    /// Which version of it, from 1.
    pub version: u32,
}

/// Which way a task goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskPlan {
    /// One agent answers first; some answers are escalated, the others are the end of it.
    Triage {
        /// Who is asked first.
        task_type: TaskType,
        /// Which answers go on, and where to.
        escalate: Vec<Escalation>,
        /// What bounds it.
        rules: TaskRules,
    },
    /// Several agents are asked at once.
    Collective {
        /// By the routing of which task type they are chosen.
        task_type: TaskType,
        /// Who is asked instead of everybody routed there, in order of priority; empty means: they.
        participants: Vec<Slug>,
        /// What bounds it.
        rules: TaskRules,
    },
    /// Agents that the host runs work on it through their sessions; nobody is asked.
    Sessions {
        /// What their work is.
        task_type: TaskType,
        /// What bounds the calls that it leads to.
        rules: TaskRules,
    },
    /// One agent answers, and its answer is a proposal.
    Answer {
        /// Who is asked.
        task_type: TaskType,
        /// What it is told beside the request, and what its answer must hold; none means the request
        /// alone, and the usual answer.
        shape: Option<ShapeRef>,
        /// What bounds it.
        rules: TaskRules,
    },
}

impl TaskPlan {
    /// What bounds the task.
    pub const fn rules(&self) -> &TaskRules {
        match self {
            Self::Triage { rules, .. }
            | Self::Collective { rules, .. }
            | Self::Sessions { rules, .. }
            | Self::Answer { rules, .. } => rules,
        }
    }
}

/// A piece of work was submitted. Texts: `title`, `body`, `source`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskSubmitted {
    /// Which task.
    pub task: TaskId,
    /// The account it spends from, opened in the same append.
    pub account: AccountId,
    /// Which way it goes.
    pub plan: TaskPlan,
    /// Digest of title, body and source: the same task with another one is refused.
    pub content: Digest,
    /// Bytes of title and body, by which calls are estimated.
    pub content_bytes: u32,
}

enumeration! {
    /// How a task ended.
    TaskOutcome "task outcome" {
        /// A proposal waits for a person.
        Proposed = "proposed",
        /// Triage answered it.
        Answered = "answered",
        /// Governance allowed nobody to work on it.
        Blocked = "blocked",
        /// No route or no budget: nothing was sent.
        Refused = "refused",
        /// It was tried without success.
        Failed = "failed",
        /// The agents that worked on it are done.
        Completed = "completed",
    }
}

enumeration! {
    /// Why a task ended as it did.
    Conclusion "conclusion" {
        /// Triage's answer is not one that goes on.
        Triaged = "triaged",
        /// The collective agreed and was synthesised.
        Consensus = "consensus",
        /// The collective did not agree; people see its contributions.
        Divergence = "divergence",
        /// Every agent in question was denied.
        Governance = "governance",
        /// No agent is routed to the task type.
        NoRoute = "no_route",
        /// The budget did not allow the first call.
        Budget = "budget",
        /// Too few contributions.
        Insufficient = "insufficient",
        /// The triage, the synthesis or the answer failed.
        CallFailed = "call_failed",
        /// Somebody with the right to said so.
        Declared = "declared",
        /// Its agent reported what it did.
        Reported = "reported",
        /// One agent gave the final answer; it waits for a person.
        Answered = "answered",
    }
}

/// A task ended. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskConcluded {
    /// Which task.
    pub task: TaskId,
    /// How.
    pub outcome: TaskOutcome,
    /// Why.
    pub because: Conclusion,
}
