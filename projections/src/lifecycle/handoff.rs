//! What an agent leaves of a task, and what becomes of that.

use convoke_events::{AgentId, HandoffId, HubId, Phase, Position, TaskId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Listed;

/// What an agent left to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// Which.
    pub handoff: HandoffId,
    /// In which hub.
    pub hub: HubId,
    /// The event that opened it.
    pub position: Position,
    /// On which task.
    pub task: TaskId,
    /// Who left it.
    pub from: AgentId,
    /// Its slug, or its id where no registration is known.
    pub slug: String,
    /// Since when.
    pub since: Timestamp,
    /// Why the work stopped, in words.
    pub because: String,
    /// In which phase.
    pub phase: Phase,
    /// What comes next, in words.
    pub next: Option<String>,
    /// What became of it.
    pub standing: HandoffStanding,
}

/// What became of a handoff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffStanding {
    /// Nobody goes on with it yet.
    Open,
    /// Somebody was told to go on with it.
    Taken {
        /// Who.
        by: AgentId,
        /// Its slug, or its id where no registration is known.
        slug: String,
    },
    /// Its task ended before anybody did.
    Moot,
}

impl HandoffStanding {
    /// The same in words.
    pub fn in_words(&self) -> String {
        match self {
            Self::Open => "open".to_owned(),
            Self::Taken { slug, .. } => format!("taken by {slug}"),
            Self::Moot => "moot: its task has ended".to_owned(),
        }
    }
}

impl Listed for Handoff {
    type Id = HandoffId;

    fn id(&self) -> HandoffId {
        self.handoff
    }

    fn position(&self) -> Position {
        self.position
    }
}

/// Which handoffs are asked for; whatever is none passes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandoffFilter {
    /// Of this hub.
    pub hub: Option<HubId>,
    /// Left by this agent.
    pub from: Option<AgentId>,
    /// Of this task.
    pub task: Option<TaskId>,
    /// That nobody goes on with yet, or that are settled.
    pub open: Option<bool>,
}

impl HandoffFilter {
    /// Whether the handoff is among those asked for.
    pub fn takes(&self, handoff: &Handoff) -> bool {
        let is_open = handoff.standing == HandoffStanding::Open;
        self.hub.as_ref().is_none_or(|hub| *hub == handoff.hub)
            && self.from.is_none_or(|from| from == handoff.from)
            && self.task.is_none_or(|task| task == handoff.task)
            && self.open.is_none_or(|open| open == is_open)
    }
}
