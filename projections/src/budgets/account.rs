//! One account and its columns.

use convoke_events::{
    AccountId, Amount, DelegationId, HubId, Limits, Position, Recorded, ReservationId, TaskId,
};
use serde::{Deserialize, Serialize};

/// A budget account. What stands on its descendants counts on it too, up to one that a reservation
/// pays for: that reservation counts instead, whole until it is settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The hub it belongs to.
    pub hub: HubId,
    /// Whose limits hold too.
    pub parent: Option<AccountId>,
    /// The reservation on its parent that pays for it, if one does.
    pub funded_by: Option<ReservationId>,
    /// What it is for: the hub's name, the task's title, who handed what to whom, or its own id.
    pub label: String,
    /// The task that spends from it.
    pub task: Option<TaskId>,
    /// The delegation that spends from it.
    pub delegation: Option<DelegationId>,
    /// Its own limits.
    pub limits: Limits,
    /// What is held on it and what was spent from it.
    pub totals: Totals,
    /// Whether an overrun closed it to new reservations.
    pub closed: bool,
    /// The event that speaks of it first.
    pub opened: Position,
}

impl Account {
    pub(super) fn unlabelled(id: AccountId, event: &Recorded) -> Self {
        Self {
            id,
            hub: event.envelope.hub.clone(),
            parent: None,
            funded_by: None,
            label: id.to_string(),
            task: None,
            delegation: None,
            limits: Limits::default(),
            totals: Totals::default(),
            closed: false,
            opened: event.envelope.position,
        }
    }
}

/// The columns of an account, in tokens and in money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Still set aside for calls and delegations under way.
    pub reserved: Amount,
    /// Charged for usage that is known.
    pub settled: Amount,
    /// Charged for calls whose usage never came.
    pub unknown: Amount,
    /// Used beyond what had been set aside.
    pub overrun: Amount,
}

impl Totals {
    /// Everything that was spent: settled, unknown and overrun.
    pub const fn spent(self) -> Amount {
        self.settled.plus(self.unknown).plus(self.overrun)
    }

    /// Everything that counts against a limit: what is reserved, and what was spent.
    pub const fn counted(self) -> Amount {
        self.reserved.plus(self.spent())
    }
}

impl std::iter::Sum for Totals {
    fn sum<I: Iterator<Item = Self>>(totals: I) -> Self {
        totals.fold(Self::default(), |sum, next| Self {
            reserved: sum.reserved.plus(next.reserved),
            settled: sum.settled.plus(next.settled),
            unknown: sum.unknown.plus(next.unknown),
            overrun: sum.overrun.plus(next.overrun),
        })
    }
}
