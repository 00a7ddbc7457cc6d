//! One account and its columns.

use convoke_events::{
    AccountId, Amount, DelegationId, HubId, Limits, Position, Recorded, ReservationId, TaskId,
};
use serde::{Deserialize, Serialize};

use crate::Listed;

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

/// Which accounts are asked for; whatever is none passes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountFilter {
    /// Of this hub.
    pub hub: Option<HubId>,
    /// Directly under this account.
    pub parent: Option<AccountId>,
    /// That an overrun closed, or that are open.
    pub closed: Option<bool>,
}

impl AccountFilter {
    /// Whether the account is among those asked for.
    pub fn takes(&self, account: &Account) -> bool {
        self.hub.as_ref().is_none_or(|hub| *hub == account.hub)
            && self.parent.is_none_or(|parent| account.parent == Some(parent))
            && self.closed.is_none_or(|closed| closed == account.closed)
    }
}

/// An account with what its periods are counted from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) account: Account,
    /// What counts against its limits, by the day it was set aside.
    pub(super) days: Vec<(i64, Amount)>,
}

impl Kept {
    /// Changes its totals on account of what was set aside on this day.
    pub(super) fn change(&mut self, day: i64, change: impl Fn(&mut Totals)) {
        let before = self.account.totals.counted();
        change(&mut self.account.totals);
        // Mostly the newest.
        let place = self.days.iter().rposition(|(known, _)| *known == day);
        let place = place.unwrap_or_else(|| {
            self.days.push((day, Amount::ZERO));
            self.days.len().saturating_sub(1)
        });
        if let Some((_, amount)) = self.days.get_mut(place) {
            *amount = amount.plus(self.account.totals.counted()).less(before);
        }
    }

    pub(super) fn unlabelled(id: AccountId, event: &Recorded) -> Self {
        Self { account: Account::unlabelled(id, event), days: Vec::new() }
    }
}

impl Listed for Kept {
    type Id = AccountId;

    fn id(&self) -> AccountId {
        self.account.id
    }

    fn position(&self) -> Position {
        self.account.opened
    }
}

impl Account {
    fn unlabelled(id: AccountId, event: &Recorded) -> Self {
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
