//! The ledger: what is set aside on a hub's accounts, and what was charged.
//!
//! **Invariant.** An amount counts on its account and on every account of its chain. Nothing is set
//! aside that would take one of them past its limit, and every reservation is settled once or still
//! open. A delegation's account is paid for by one reservation on its parent: until that is settled
//! its parent counts the whole of it, and from then on what was really spent.

use std::collections::BTreeMap;

use convoke_events::{
    AccountClosed, AccountId, Amount, BudgetEvent, Event, HeldFor, InvocationId, Limits, MicroUsd,
    ModelName, OverrunCharged, ProviderName, ReservationId, Reserved, Settled, Settlement,
    Timestamp, Usage,
};

use super::account::{Account, Accounts};
use super::plan::Plan;
use crate::command::Price;

/// What is set aside for one call, or for one delegation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_field_names, reason = "the field is called as in the event")]
pub(crate) struct Held {
    pub(crate) reservation: ReservationId,
    pub(crate) held_for: HeldFor,
    pub(crate) account: AccountId,
    pub(crate) amount: Amount,
    /// When: the period in which it counts.
    pub(super) at: Timestamp,
}

impl Held {
    /// A part of what is set aside, for a call on the account that it pays for.
    pub(super) fn part(self, account: AccountId, invocation: InvocationId, amount: Amount) -> Self {
        let reservation = ReservationId::derive(&[&invocation.to_string()]);
        Self { reservation, held_for: HeldFor::Call(invocation), account, amount, at: self.at }
    }

    pub(crate) fn event(self) -> Reserved {
        let Self { reservation, held_for, account, amount, .. } = self;
        Reserved { reservation, held_for, account, amount }
    }
}

/// The accounts of a hub, its prices, and what is set aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    accounts: Accounts,
    held: BTreeMap<ReservationId, Held>,
    prices: BTreeMap<(ProviderName, ModelName), Price>,
}

impl Ledger {
    pub(crate) fn price(&self, provider: &ProviderName, model: &ModelName) -> Option<Price> {
        self.prices.get(&(provider.clone(), model.clone())).copied()
    }

    /// The limits of an account, if it is open.
    pub(crate) fn limits(&self, account: AccountId) -> Option<Limits> {
        self.accounts.get(account).map(|account| account.limits)
    }

    pub(crate) fn is_closed(&self, account: AccountId) -> bool {
        self.accounts.get(account).is_some_and(|account| account.closed)
    }

    pub(crate) fn held(&self, reservation: ReservationId) -> Option<Held> {
        self.held.get(&reservation).copied()
    }

    /// All that was counted on an account so far.
    pub(crate) fn spent(&self, account: AccountId) -> Amount {
        self.accounts.get(account).map_or(Amount::ZERO, Account::total)
    }

    pub(super) fn chain(&self, account: AccountId) -> impl Iterator<Item = (AccountId, &Account)> {
        self.accounts.chain(account)
    }

    /// Takes in an event that was decided at this moment.
    pub(crate) fn evolve(&mut self, at: Timestamp, event: &BudgetEvent) {
        match event {
            BudgetEvent::PriceSet(set) => {
                let price = Price { input: set.input, cached: set.cached, output: set.output };
                self.prices.insert((set.provider.clone(), set.model.clone()), price);
            }
            BudgetEvent::AccountOpened(opened) => {
                self.accounts.open(opened.account, Account::opened(opened));
            }
            BudgetEvent::AccountLimitsSet(set) => {
                if let Some(account) = self.accounts.get_mut(set.account) {
                    account.limits = set.limits;
                }
            }
            BudgetEvent::AccountClosed(closed) => {
                if let Some(account) = self.accounts.get_mut(closed.account) {
                    account.closed = true;
                }
            }
            BudgetEvent::AccountReopened(reopened) => {
                if let Some(account) = self.accounts.get_mut(reopened.account) {
                    account.closed = false;
                }
            }
            BudgetEvent::Reserved(reserved) => {
                let Reserved { reservation, held_for, account, amount } = *reserved;
                let held = Held { reservation, held_for, account, amount, at };
                self.held.insert(reservation, held);
                self.accounts.count(account, at, Amount::ZERO, amount);
            }
            BudgetEvent::Settled(settled) => {
                if let Some(held) = self.held.remove(&settled.reservation) {
                    let charged = settled.charged.plus(settled.overrun);
                    self.accounts.count(settled.account, held.at, held.amount, charged);
                    if let Some(account) = self.accounts.get_mut(settled.account) {
                        account.uncertain = account.uncertain.plus(settled.uncertain);
                    }
                }
            }
            BudgetEvent::OverrunCharged(charged) => {
                self.accounts.count(charged.account, charged.since, Amount::ZERO, charged.overrun);
            }
        }
    }

    /// Forgets an account that has ended; what it used stays counted on its ancestors.
    pub(crate) fn forget(&mut self, account: AccountId) {
        self.accounts.forget(account);
    }

    /// What a call used in money: what its provider says, else tokens at the price, rounded up once.
    fn cost(&self, provider: &ProviderName, model: &ModelName, usage: &Usage) -> Option<MicroUsd> {
        if usage.cost.is_some() {
            return usage.cost;
        }
        let Some(price) = self.price(provider, model) else {
            // It was sent where no account of its chain limited money.
            return Some(MicroUsd::ZERO);
        };
        // Of which nobody says that it was cached is charged as if it was not.
        Some(price.cost(usage.input?, usage.cached.unwrap_or_default(), usage.output?))
    }

    /// Starts to set aside on an account, at this moment: see [`Plan`].
    pub(crate) const fn plan(&self, account: AccountId, at: Timestamp) -> Plan<'_> {
        Plan::new(self, account, at)
    }

    /// The events by which a call's reservation ends, when this much was used.
    pub(crate) fn settle(
        &self,
        held: Held,
        (provider, model): (&ProviderName, &ModelName),
        settling: Settling<'_>,
    ) -> Vec<(AccountId, Event)> {
        let used = match settling {
            Settling::NothingSent => Some(Amount::ZERO),
            Settling::Used(usage) => usage.total().and_then(|tokens| {
                Some(Amount { tokens, money: self.cost(provider, model, usage)? })
            }),
        };
        let overrun = used.map_or(Amount::ZERO, |used| used.less(held.amount));
        let settlement = match (settling, used) {
            (Settling::NothingSent, _) => Settlement::Released,
            (Settling::Used(_), None) => Settlement::Unknown,
            (Settling::Used(_), Some(_)) if overrun.is_zero() => Settlement::Confirmed,
            (Settling::Used(_), Some(_)) => Settlement::Exceeded,
        };
        let charged = used.map_or(held.amount, |used| used.less(overrun));
        let uncertain = if used.is_none() { charged } else { Amount::ZERO };
        self.end(held, settlement, charged, uncertain, overrun)
    }

    /// The events by which a delegation's reservation ends: what its account counts is charged.
    pub(crate) fn settle_delegation(
        &self,
        held: Held,
        account: AccountId,
    ) -> Vec<(AccountId, Event)> {
        let used = self.spent(account);
        let overrun = used.less(held.amount);
        let charged = used.less(overrun);
        let uncertain = self.accounts.get(account).map_or(Amount::ZERO, |one| one.uncertain);
        let settlement = if !overrun.is_zero() {
            Settlement::Exceeded
        } else if used.is_zero() {
            Settlement::Released
        } else {
            Settlement::Confirmed
        };
        self.end(held, settlement, charged, uncertain.less(uncertain.less(charged)), overrun)
    }

    fn end(
        &self,
        held: Held,
        settlement: Settlement,
        charged: Amount,
        uncertain: Amount,
        overrun: Amount,
    ) -> Vec<(AccountId, Event)> {
        let Held { reservation, held_for, account, amount, at } = held;
        let settled =
            Settled { reservation, held_for, account, settlement, charged, uncertain, overrun };
        let mut events = vec![(account, settled.into())];
        if !overrun.is_zero() {
            events.extend(self.closed_by(account, at, amount, charged.plus(overrun)));
        }
        events
    }

    /// The events that charge an outcome which came after its settlement; `None` used unknown.
    pub(crate) fn charge_late(
        &self,
        held: Held,
        charged: Amount,
        (provider, model): (&ProviderName, &ModelName),
        usage: &Usage,
    ) -> Vec<(AccountId, Event)> {
        let used = usage
            .total()
            .and_then(|tokens| Some(Amount { tokens, money: self.cost(provider, model, usage)? }));
        let overrun = used.map_or(Amount::ZERO, |used| used.less(charged));
        if overrun.is_zero() {
            return Vec::new();
        }
        let Held { reservation, held_for, at, .. } = held;
        let account = self.bearer(held.account);
        let charged = OverrunCharged { reservation, held_for, account, since: at, overrun };
        let mut events = vec![(account, charged.into())];
        events.extend(self.closed_by(account, at, Amount::ZERO, overrun));
        events
    }

    /// Who bears what comes late: a delegation's account as long as it is paid for, then its parent.
    fn bearer(&self, account: AccountId) -> AccountId {
        let mut bearer = account;
        while let Some(found) = self.accounts.get(bearer)
            && let (Some(funds), Some(parent)) = (found.funded_by, found.parent)
            && !self.held.contains_key(&funds)
        {
            bearer = parent;
        }
        bearer
    }

    /// The accounts that such a change pushes over their limit, and that are still open.
    fn closed_by(
        &self,
        account: AccountId,
        at: Timestamp,
        less: Amount,
        more: Amount,
    ) -> Vec<(AccountId, Event)> {
        let over = self.chain(account).filter(|(_, account)| {
            !account.closed && !account.fits(account.used(at).less(less).plus(more))
        });
        over.map(|(account, _)| (account, AccountClosed { account }.into())).collect()
    }
}

/// How a call ended, as far as its reservation is concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Settling<'a> {
    /// Nothing was sent.
    NothingSent,
    /// This much was used, as far as it is known.
    Used(&'a Usage),
}
