//! Bounded sub-tasks that one agent hands to another.

use serde::{Deserialize, Serialize};

use super::{Amount, BlockReason, FailureClass, Verb};
use crate::{
    AccountId, AgentId, CollectiveId, DelegationId, EventId, InvocationId, Key, ReservationId,
    Slug, TaskId, Tokens,
};

/// An agent handed a sub-task to another; its budget is set aside in the same append.
/// Text: `scope`, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegationRequested {
    /// Which delegation.
    pub delegation: DelegationId,
    /// Under which task.
    pub task: TaskId,
    /// Under which delegation, if its sender is working on one.
    pub parent: Option<DelegationId>,
    /// How many delegations deep, from 1.
    pub depth: u32,
    /// Who hands over.
    pub from: AgentId,
    /// To whom.
    pub to: AgentId,
    /// What, in canonical form: the same scope never comes back to who handed it over.
    pub scope: Key,
    /// The account it spends from.
    pub account: AccountId,
    /// What is set aside for it on its parent's account.
    pub reservation: ReservationId,
    /// The most it may spend.
    pub budget: Tokens,
    /// The call that does it.
    pub invocation: InvocationId,
    /// What asked for it, where a contribution did: the scope in words stands there.
    pub wish: Option<EventId>,
}

/// Why a delegation was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DelegationRefusal {
    /// No active agent has the slug that was named.
    ReceiverUnknown,
    /// It would be deeper than delegations may go.
    TooDeep {
        /// How deep they may go.
        limit: u32,
    },
    /// The receiver handed this scope over itself, or was handed it further up.
    Cycle,
    /// The same sender handed the same scope to the same receiver before.
    Repeated,
    /// The sender does not work on the delegation that this would be part of.
    ForeignParent,
    /// Governance denied one of the two.
    Blocked {
        /// Whom.
        agent: AgentId,
        /// What it would have done.
        verb: Verb,
        /// Why.
        because: BlockReason,
    },
    /// The budget cannot be set aside.
    Exhausted {
        /// What was wanted.
        needed: Amount,
        /// Tokens that are left on the account that has least, where it has a limit.
        left: Option<Tokens>,
    },
    /// The budget holds no call: its input alone, or with the least useful output, is more.
    TooSmall {
        /// What one call needs.
        needed: Tokens,
        /// The budget.
        budget: Tokens,
    },
    /// The task, or the delegation it would be part of, has ended.
    Ended,
    /// Who would hand over is deactivated.
    SenderInactive,
    /// The breaker in front of the receiver's model is open.
    BreakerOpen,
}

/// A delegation was refused; nothing was set aside or sent. Texts: `scope`, `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegationRefused {
    /// Under which task.
    pub task: TaskId,
    /// Under which delegation, if its sender is working on one.
    pub parent: Option<DelegationId>,
    /// Who would have handed over.
    pub from: AgentId,
    /// To whom, if there is such an agent.
    pub to: Option<AgentId>,
    /// Why not.
    pub because: DelegationRefusal,
    /// What asked for it, where a contribution did: the scope in words stands there.
    pub wish: Option<EventId>,
}

/// A delegation was done, and everything under it has ended. Its result is the answer of its call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegationCompleted {
    /// Which delegation.
    pub delegation: DelegationId,
    /// What it recommends.
    pub key: Key,
    /// What it spent, with everything under it.
    pub used: Amount,
}

/// A delegation came to nothing. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegationFailed {
    /// Which delegation.
    pub delegation: DelegationId,
    /// Why its call has no answer.
    pub class: FailureClass,
    /// What it spent, with everything under it.
    pub used: Amount,
}

/// A delegation was called off, and with it everything under it. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegationCancelled {
    /// Which delegation.
    pub delegation: DelegationId,
}

/// A contribution asks to hand a sub-task over. That is decided once all contributions have ended, in
/// the order of the participants, whoever answered first. Text: `scope`, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegationWished {
    /// Under which task.
    pub task: TaskId,
    /// In a contribution to which collective.
    pub collective: CollectiveId,
    /// The call in whose answer it stands.
    pub invocation: InvocationId,
    /// Who would hand over.
    pub from: AgentId,
    /// In which version.
    pub from_version: u32,
    /// To whom.
    pub to: Slug,
    /// What, in canonical form.
    pub scope: Key,
    /// Bytes of the scope in words, by which its call is estimated.
    pub scope_bytes: u32,
    /// The most it may spend; none means the hub's usual.
    pub tokens: Option<Tokens>,
    /// Whether its output may be cut to what the budget holds.
    pub trim: bool,
}
