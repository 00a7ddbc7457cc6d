//! One delegation: who handed what to whom, what it may spend, and what came of it.

use std::fmt;

use convoke_events::{
    AccountId, AgentId, Amount, DelegationId, DelegationRefusal, HubId, Key, Position, TaskId,
    Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::collectives::Call;

/// Where a delegation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DelegationStatus {
    /// It, or something under it, is under way.
    Pending,
    /// It was done.
    Completed,
    /// It came to nothing.
    Failed,
    /// It was called off, or something above it was.
    Cancelled,
}

impl DelegationStatus {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for DelegationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One of the two agents of a delegation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Which agent.
    pub agent: AgentId,
    /// Its slug, or its id where no registration is known.
    pub slug: String,
    /// In which version it took part; 0 where no registration is known.
    pub agent_version: u32,
}

/// A sub-task that one agent handed to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Its id.
    pub id: DelegationId,
    /// The hub it belongs to.
    pub hub: HubId,
    /// The task it is under.
    pub task: TaskId,
    /// The delegation it is part of, if it is part of one.
    pub parent: Option<DelegationId>,
    /// How many delegations deep it is, from 1.
    pub depth: u32,
    /// Who handed over.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// What, in words.
    pub scope: String,
    /// What, in canonical form.
    pub scope_key: Key,
    /// The account it spends from.
    pub account: AccountId,
    /// The most it may spend, with everything under it.
    pub budget: Amount,
    /// What it spent so far, with what is settled of everything under it. What comes after its end
    /// is charged to what is above it.
    pub used: Amount,
    /// Where it stands.
    pub status: DelegationStatus,
    /// Why it failed or was called off, in words.
    pub reason: Option<String>,
    /// The call that does it; its answer is the result.
    pub call: Call,
    /// The event that requested it.
    pub position: Position,
    /// When it was requested.
    pub requested_at: Timestamp,
    /// When what was set aside for it was settled.
    pub ended_at: Option<Timestamp>,
}

/// What a delegation came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome<'a> {
    /// What it recommends.
    pub key: &'a Key,
    /// Why, in its words.
    pub body: String,
}

impl Delegation {
    /// What its call answered, if it did.
    pub fn outcome(&self) -> Option<Outcome<'_>> {
        let answer = self.call.answer.as_ref()?;
        let content: Option<serde_json::Value> = serde_json::from_str(&answer.content).ok();
        let body = content.as_ref().and_then(|content| content.get("body")?.as_str());
        let body = body.unwrap_or(&answer.content).to_owned();
        Some(Outcome { key: &answer.key, body })
    }
}

/// A delegation that was refused: nothing was set aside or sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The hub it was refused in.
    pub hub: HubId,
    /// The task it would have been under.
    pub task: TaskId,
    /// The delegation it would have been part of, if of one.
    pub parent: Option<DelegationId>,
    /// Who would have handed over.
    pub from: Party,
    /// To whom, if there is such an agent.
    pub to: Option<Party>,
    /// What, in words.
    pub scope: String,
    /// Why not.
    pub because: DelegationRefusal,
    /// Why not, in words.
    pub reason: Option<String>,
    /// The event that records it.
    pub position: Position,
    /// When it was refused.
    pub at: Timestamp,
}
