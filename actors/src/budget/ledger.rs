//! The ledger: accounts in a tree, what is set aside on them and what was charged.
//!
//! **Invariant.** An amount counts on its account and on every ancestor. Nothing is set aside that
//! would take one of them past its limit, and every reservation is settled once or still open.

use std::collections::BTreeMap;

use convoke_events::{
    AccountClosed, AccountId, Amount, BudgetEvent, Event, InvocationId, Limits, MicroUsd,
    ModelName, OverrunCharged, ProviderName, ReservationId, Reserved, Settled, Settlement, Tokens,
    Usage,
};

use crate::command::Price;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Account {
    parent: Option<AccountId>,
    limits: Limits,
    closed: bool,
    /// Set aside, charged and overrun, of this account and everything below it.
    used: Amount,
}

/// What is set aside for one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) reservation: ReservationId,
    pub(crate) invocation: InvocationId,
    pub(crate) account: AccountId,
    pub(crate) amount: Amount,
}

impl Held {
    pub(crate) fn event(self) -> Reserved {
        let Self { reservation, invocation, account, amount } = self;
        Reserved { reservation, invocation, account, amount }
    }
}

/// The accounts of a hub.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    accounts: BTreeMap<AccountId, Account>,
    held: BTreeMap<ReservationId, Held>,
    prices: BTreeMap<(ProviderName, ModelName), Price>,
}

impl Ledger {
    pub(crate) fn price(&self, provider: &ProviderName, model: &ModelName) -> Option<Price> {
        self.prices.get(&(provider.clone(), model.clone())).copied()
    }

    pub(crate) fn limits(&self, account: AccountId) -> Option<Limits> {
        self.accounts.get(&account).map(|account| account.limits)
    }

    pub(crate) fn held(&self, reservation: ReservationId) -> Option<Held> {
        self.held.get(&reservation).copied()
    }

    /// The account and its ancestors, itself first.
    fn chain(&self, account: AccountId) -> impl Iterator<Item = (AccountId, &Account)> {
        let first = self.accounts.get(&account).map(|found| (account, found));
        std::iter::successors(first, |(_, account)| {
            let parent = account.parent?;
            self.accounts.get(&parent).map(|found| (parent, found))
        })
    }

    fn charge(&mut self, account: AccountId, change: impl Fn(Amount) -> Amount) {
        let mut next = Some(account);
        while let Some(account) = next.and_then(|id| self.accounts.get_mut(&id)) {
            account.used = change(account.used);
            next = account.parent;
        }
    }

    pub(crate) fn evolve(&mut self, event: &BudgetEvent) {
        match event {
            BudgetEvent::PriceSet(set) => {
                let price = Price { input: set.input, cached: set.cached, output: set.output };
                self.prices.insert((set.provider.clone(), set.model.clone()), price);
            }
            BudgetEvent::AccountOpened(opened) => {
                let (parent, limits) = (opened.parent, opened.limits);
                let account = Account { parent, limits, ..Account::default() };
                self.accounts.insert(opened.account, account);
            }
            BudgetEvent::AccountLimitsSet(set) => {
                if let Some(account) = self.accounts.get_mut(&set.account) {
                    account.limits = set.limits;
                }
            }
            BudgetEvent::AccountClosed(closed) => {
                if let Some(account) = self.accounts.get_mut(&closed.account) {
                    account.closed = true;
                }
            }
            BudgetEvent::AccountReopened(reopened) => {
                if let Some(account) = self.accounts.get_mut(&reopened.account) {
                    account.closed = false;
                }
            }
            BudgetEvent::Reserved(reserved) => {
                let Reserved { reservation, invocation, account, amount } = *reserved;
                self.held.insert(reservation, Held { reservation, invocation, account, amount });
                self.charge(account, |used| used.plus(amount));
            }
            BudgetEvent::Settled(settled) => {
                if let Some(held) = self.held.remove(&settled.reservation) {
                    let charged = settled.charged.plus(settled.overrun);
                    self.charge(settled.account, |used| used.less(held.amount).plus(charged));
                }
            }
            BudgetEvent::OverrunCharged(charged) => {
                self.charge(charged.account, |used| used.plus(charged.overrun));
            }
        }
    }

    /// Forgets a finished task's account; what it used stays counted on its ancestors.
    pub(crate) fn forget(&mut self, account: AccountId) {
        self.accounts.remove(&account);
    }

    /// What a call used in money: what its provider says, else tokens at the price, rounded up once.
    fn cost(&self, provider: &ProviderName, model: &ModelName, usage: &Usage) -> Option<MicroUsd> {
        if usage.cost.is_some() {
            return usage.cost;
        }
        let Some(price) = self.price(provider, model) else {
            return Some(MicroUsd::ZERO);
        };
        let (input, output) = (usage.input?, usage.output?);
        let cached = usage.cached.unwrap_or_default().min(input);
        let parts =
            [(input.less(cached), price.input), (cached, price.cached), (output, price.output)];
        Some(at_price(&parts))
    }

    /// Starts to set aside on an account: see [`Plan`].
    pub(crate) const fn plan(&self, account: AccountId) -> Plan<'_> {
        Plan { ledger: self, account, planned: Amount::ZERO }
    }

    /// The events by which a reservation ends, when this much was used.
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
        let Held { reservation, invocation, account, amount } = held;
        let settled = Settled { reservation, invocation, account, settlement, charged, overrun };
        let mut events = vec![(account, settled.into())];
        if !overrun.is_zero() {
            events.extend(
                self.closed_by(account, |used| used.less(amount).plus(charged).plus(overrun)),
            );
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
        let Held { reservation, invocation, account, .. } = held;
        let charged = OverrunCharged { reservation, invocation, account, overrun };
        let mut events = vec![(account, charged.into())];
        events.extend(self.closed_by(account, |used| used.plus(overrun)));
        events
    }

    /// The accounts that such a change pushes over their limit, and that are still open.
    fn closed_by(
        &self,
        account: AccountId,
        change: impl Fn(Amount) -> Amount,
    ) -> Vec<(AccountId, Event)> {
        let over = self
            .chain(account)
            .filter(|(_, account)| !account.closed && !fits(account.limits, change(account.used)));
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

/// Several reservations that go into one append: each is granted on top of those before it.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    ledger: &'a Ledger,
    account: AccountId,
    planned: Amount,
}

/// Why nothing could be set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Short {
    /// An account of the chain has less left than is needed.
    Exhausted { account: AccountId, needed: Amount, left: Limits },
    /// An account of the chain was closed by an overrun, or was never opened.
    Closed { account: AccountId },
    /// The model has no price, and an account of the chain has a limit in money.
    PriceUnknown { provider: ProviderName, model: ModelName },
}

impl Short {
    /// What would have been needed, as far as it is known.
    pub(crate) const fn needed(&self) -> Amount {
        match self {
            Self::Exhausted { needed, .. } => *needed,
            Self::Closed { .. } | Self::PriceUnknown { .. } => Amount::ZERO,
        }
    }
}

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exhausted { account, needed, left } => {
                write!(f, "it needs {} tokens", needed.tokens)?;
                write!(f, " and {} micro-dollars, and account {account} has ", needed.money)?;
                match (left.tokens, left.money) {
                    (Some(tokens), Some(money)) => {
                        write!(f, "{tokens} tokens and {money} micro-dollars left")
                    }
                    (Some(tokens), None) => write!(f, "{tokens} tokens left"),
                    (None, Some(money)) => write!(f, "{money} micro-dollars left"),
                    (None, None) => write!(f, "no limit"),
                }
            }
            Self::Closed { account } => {
                write!(f, "account {account} is closed")
            }
            Self::PriceUnknown { provider, model } => {
                write!(f, "model {model} of {provider} has no price, and money is limited")
            }
        }
    }
}

impl Plan<'_> {
    /// Sets the worst case of a call aside, at the price of its model.
    pub(crate) fn reserve(
        &mut self,
        invocation: InvocationId,
        (provider, model): (&ProviderName, &ModelName),
        (input, output): (Tokens, Tokens),
    ) -> Result<Held, Short> {
        let price = self.ledger.price(provider, model);
        let limited = self.ledger.chain(self.account).any(|(_, one)| one.limits.money.is_some());
        let money = match price {
            Some(price) => {
                at_price(&[(input, price.input.max(price.cached)), (output, price.output)])
            }
            None if limited => {
                let (provider, model) = (provider.clone(), model.clone());
                return Err(Short::PriceUnknown { provider, model });
            }
            None => MicroUsd::ZERO,
        };
        let needed = Amount { tokens: input.plus(output), money };
        if !self.ledger.accounts.contains_key(&self.account) {
            return Err(Short::Closed { account: self.account });
        }
        for (account, found) in self.ledger.chain(self.account) {
            if found.closed {
                return Err(Short::Closed { account });
            }
            let used = found.used.plus(self.planned);
            if !fits(found.limits, used.plus(needed)) {
                let tokens = found.limits.tokens.map(|limit| limit.less(used.tokens));
                let money = found.limits.money.map(|limit| limit.less(used.money));
                return Err(Short::Exhausted { account, needed, left: Limits { tokens, money } });
            }
        }
        self.planned = self.planned.plus(needed);
        let reservation = ReservationId::derive(&[&invocation.to_string()]);
        Ok(Held { reservation, invocation, account: self.account, amount: needed })
    }
}

fn fits(limits: Limits, used: Amount) -> bool {
    limits.tokens.is_none_or(|limit| used.tokens <= limit)
        && limits.money.is_none_or(|limit| used.money <= limit)
}

/// Tokens at prices per million, the sum rounded up once.
fn at_price(parts: &[(Tokens, MicroUsd)]) -> MicroUsd {
    let sum: u128 = parts
        .iter()
        .map(|(tokens, price)| u128::from(tokens.get()).saturating_mul(price.get().into()))
        .fold(0, u128::saturating_add);
    MicroUsd::new(u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX))
}
