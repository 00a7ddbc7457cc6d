//! Accounts: a tree of limits, and what counts against each of them.

use std::collections::BTreeMap;

use convoke_events::{AccountId, AccountOpened, Amount, Limits, Period, ReservationId, Timestamp};

/// One account: what it may spend, and what is set aside, charged or overrun on it and below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) parent: Option<AccountId>,
    pub(super) funded_by: Option<ReservationId>,
    pub(super) limits: Limits,
    pub(super) closed: bool,
    total: Amount,
    /// The same by month and day, for limits that hold for less than good.
    days: BTreeMap<(i64, i64), Amount>,
    /// Of the total, the worst cases of calls whose usage never came.
    pub(super) uncertain: Amount,
}

impl Account {
    /// An account of which nothing was spent yet.
    pub(super) fn opened(opened: &AccountOpened) -> Self {
        let AccountOpened { parent, limits, funded_by, .. } = *opened;
        Self { parent, funded_by, limits, ..Self::default() }
    }

    /// What counts against its limits at this moment.
    pub(super) fn used(&self, at: Timestamp) -> Amount {
        match self.limits.period {
            Period::Total => self.total,
            Period::Day => self.days.get(&place(at)).copied().unwrap_or_default(),
            Period::Month => {
                let month = at.month();
                let days = self.days.range((month, i64::MIN)..=(month, i64::MAX));
                days.fold(Amount::ZERO, |sum, (_, day)| sum.plus(*day))
            }
        }
    }

    /// Whether what is set aside at these two moments counts in the same period.
    pub(super) fn counts_together(&self, one: Timestamp, other: Timestamp) -> bool {
        match self.limits.period {
            Period::Total => true,
            Period::Day => place(one) == place(other),
            Period::Month => one.month() == other.month(),
        }
    }

    /// All that was ever counted on it.
    pub(super) const fn total(&self) -> Amount {
        self.total
    }

    /// Takes `less` off and puts `more` on, in the period of a moment.
    pub(super) fn count(&mut self, at: Timestamp, less: Amount, more: Amount) {
        self.total = self.total.less(less).plus(more);
        let day = self.days.entry(place(at)).or_default();
        *day = day.less(less).plus(more);
    }

    /// Whether its limits allow this much in a period.
    pub(super) fn fits(&self, used: Amount) -> bool {
        self.limits.tokens.is_none_or(|limit| used.tokens <= limit)
            && self.limits.money.is_none_or(|limit| used.money <= limit)
    }
}

fn place(at: Timestamp) -> (i64, i64) {
    (at.month(), at.day())
}

/// The accounts of a hub.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Accounts(BTreeMap<AccountId, Account>);

impl Accounts {
    pub(super) fn open(&mut self, id: AccountId, account: Account) {
        self.0.insert(id, account);
    }

    pub(super) fn get(&self, id: AccountId) -> Option<&Account> {
        self.0.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: AccountId) -> Option<&mut Account> {
        self.0.get_mut(&id)
    }

    pub(super) fn forget(&mut self, id: AccountId) {
        self.0.remove(&id);
    }

    /// The account and those above it on which the same amount counts, itself first: up to the
    /// first one that a reservation pays for.
    pub(super) fn chain(&self, id: AccountId) -> impl Iterator<Item = (AccountId, &Account)> {
        let first = self.get(id).map(|found| (id, found));
        std::iter::successors(first, |(_, account)| {
            let parent = account.parent.filter(|_| account.funded_by.is_none())?;
            self.get(parent).map(|found| (parent, found))
        })
    }

    /// Counts on an account and all of its chain.
    pub(super) fn count(&mut self, id: AccountId, at: Timestamp, less: Amount, more: Amount) {
        let mut next = Some(id);
        while let Some(account) = next.and_then(|id| self.0.get_mut(&id)) {
            account.count(at, less, more);
            next = account.parent.filter(|_| account.funded_by.is_none());
        }
    }
}
