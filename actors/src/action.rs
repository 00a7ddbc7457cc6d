//! Action: what an agent does beside answering, each a typed command under governance.
//!
//! **Invariants.**
//! 1. An action is done or refused, and recorded either way; there is one place that says which
//!    (`asked` and `wanted` both go through it), and it asks governance before anything is done.
//! 2. A refused action is refused alone: the answer it came in, and the actions beside it, count.

mod doing;
mod reading;
mod refusing;

use convoke_events::{ActionKind, Ballot, DelegationId, MessageKind, Section, Slug, TaskId, Verb};
use serde::{Deserialize, Serialize};

pub use crate::lifecycle::WorkAction;

pub(crate) use self::doing::{Actor, asked, key, wanted};
pub(crate) use self::reading::{Wanted, of_answer, schema};

/// What an agent does beside answering. In an answer it is written as an object with one field, the
/// name of the action: `{"vote": {"on": "ship-it", "ballot": "ACCEPT", "reason": "it is tested"}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Hand a sub-task to another agent.
    Delegate(Delegate),
    /// Put something on the task's blackboard.
    Post(Post),
    /// Say something to one agent, or to all of the task.
    Message(Message),
    /// Vote.
    Vote(Vote),
    /// Say how hard the task is.
    DeclareComplexity(DeclareComplexity),
    /// Say that the work is complete and wants validation.
    Complete(Complete),
    /// Work on the task as its instruction packet says.
    Work(WorkAction),
}

/// A sub-task for another agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegate {
    /// To whom.
    pub to: Slug,
    /// What, in words.
    pub scope: String,
    /// The most it may spend; none means the hub's usual 1,000, or what is left where that is less.
    pub tokens: Option<u64>,
    /// Whether its output may be cut to what the budget holds.
    #[serde(default)]
    pub trim: bool,
}

/// Something for the task's blackboard, where it stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// In which part.
    pub section: Section,
    /// What it recommends, in one to four words: solutions of different keys are in conflict.
    pub key: Option<String>,
    /// What it says.
    pub text: String,
}

/// Something said to other agents of the task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// What it is.
    pub kind: MessageKind,
    /// To whom; none is to all.
    pub to: Option<Slug>,
    /// What it recommends, where it proposes something.
    pub key: Option<String>,
    /// What it says.
    pub text: String,
}

/// A ballot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// The subject of the vote.
    pub on: String,
    /// What the agent votes.
    pub ballot: Ballot,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// How hard the task is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclareComplexity {
    /// From 0 to 1.
    pub complexity: f64,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// The work is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Complete {
    /// What there is to validate.
    pub reason: String,
}

/// An action that the host asks for in the name of an agent it runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Act {
    /// On which task.
    pub task: TaskId,
    /// For which delegation, if the agent works on one.
    pub delegation: Option<DelegationId>,
    /// What.
    pub action: Action,
}

impl Action {
    /// What it is.
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Delegate(_) => ActionKind::Delegate,
            Self::Post(_) => ActionKind::Post,
            Self::Message(_) => ActionKind::Message,
            Self::Vote(_) => ActionKind::Vote,
            Self::DeclareComplexity(_) => ActionKind::DeclareComplexity,
            Self::Complete(_) => ActionKind::Complete,
            Self::Work(_) => ActionKind::Work,
        }
    }

    /// What governance has to allow: who hands work on delegates, and whatever else is said on a
    /// task shapes what will be proposed.
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Delegate(_) => Verb::Delegate,
            Self::Post(_)
            | Self::Message(_)
            | Self::Vote(_)
            | Self::DeclareComplexity(_)
            | Self::Complete(_) => Verb::Propose,
            Self::Work(action) => action.verb(),
        }
    }
}
