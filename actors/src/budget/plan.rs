//! Plans: several reservations that go into one append, each granted on top of those before it.

use convoke_events::{
    AccountId, Amount, HeldFor, InvocationId, Limits, ModelName, ProviderName, ReservationId,
    Timestamp, Tokens,
};

use super::account::Account;
use super::ledger::{Held, Ledger};
use crate::command::Price;

/// Sets aside on one account and its chain.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    ledger: &'a Ledger,
    account: AccountId,
    at: Timestamp,
    planned: Amount,
    /// What is settled in the same append, and what stays of it.
    settled: Option<(Held, Amount)>,
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

    /// The tokens that are left, as far as they are limited.
    pub(crate) const fn left(&self) -> Option<Tokens> {
        match self {
            Self::Exhausted { left, .. } => left.tokens,
            Self::Closed { .. } | Self::PriceUnknown { .. } => None,
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

impl<'a> Plan<'a> {
    pub(super) const fn new(ledger: &'a Ledger, account: AccountId, at: Timestamp) -> Self {
        Self { ledger, account, at, planned: Amount::ZERO, settled: None }
    }

    /// The same, on top of what counts from the same append on.
    pub(crate) const fn on_top_of(self, more: Amount) -> Self {
        Self { planned: self.planned.plus(more), ..self }
    }

    /// The same, after a reservation of the same account is settled in the same append, of which so
    /// much stays charged.
    pub(crate) const fn after(self, settled: Held, charged: Amount) -> Self {
        Self { settled: Some((settled, charged)), ..self }
    }

    /// Sets the worst case of a further try of a call aside.
    pub(crate) fn reserve_try(
        &mut self,
        call: InvocationId,
        attempt: u32,
        model: (&ProviderName, &ModelName),
        (input, output): (Tokens, Tokens),
    ) -> Result<Held, Short> {
        let price = self.price(model)?;
        let (tokens, money) = (input.plus(output), price.worst(input, output));
        let held = self.set_aside(HeldFor::Call(call), Amount { tokens, money })?;
        let reservation = ReservationId::derive(&[&call.to_string(), &attempt.to_string()]);
        Ok(Held { reservation, ..held })
    }

    /// Sets the worst case of a call aside, at the price of its model.
    pub(crate) fn reserve(
        &mut self,
        held_for: HeldFor,
        model: (&ProviderName, &ModelName),
        (input, output): (Tokens, Tokens),
    ) -> Result<Held, Short> {
        let price = self.price(model)?;
        let (tokens, money) = (input.plus(output), price.worst(input, output));
        self.set_aside(held_for, Amount { tokens, money })
    }

    /// Whether the worst case of a call could be set aside, at the price of its model.
    pub(crate) fn could_reserve(
        &self,
        model: (&ProviderName, &ModelName),
        (input, output): (Tokens, Tokens),
    ) -> bool {
        let needed = self
            .price(model)
            .map(|price| Amount { tokens: input.plus(output), money: price.worst(input, output) });
        needed.is_ok_and(|needed| self.fits(needed).is_ok())
    }

    /// Sets a number of tokens aside for whatever this model does with them.
    pub(crate) fn reserve_budget(
        &mut self,
        held_for: HeldFor,
        model: (&ProviderName, &ModelName),
        tokens: Tokens,
    ) -> Result<Held, Short> {
        let price = self.price(model)?;
        self.set_aside(held_for, Amount { tokens, money: price.dearest(tokens) })
    }

    /// The tokens that are left on the account of the chain that has least, if any is limited.
    pub(crate) fn tokens_left(&self) -> Option<Tokens> {
        let left = self.ledger.chain(self.account).filter_map(|(_, found)| {
            let used = self.used(found).plus(self.planned);
            found.limits.tokens.map(|limit| limit.less(used.tokens))
        });
        left.min()
    }

    /// Whether an account of the chain has a limit in money.
    pub(crate) fn money_is_limited(&self) -> bool {
        self.ledger.chain(self.account).any(|(_, one)| one.limits.money.is_some())
    }

    /// The price of a model; nothing where none is known and money is not limited.
    fn price(&self, (provider, model): (&ProviderName, &ModelName)) -> Result<Price, Short> {
        match self.ledger.price(provider, model) {
            Some(price) => Ok(price),
            None if self.money_is_limited() => {
                let (provider, model) = (provider.clone(), model.clone());
                Err(Short::PriceUnknown { provider, model })
            }
            None => Ok(Price::default()),
        }
    }

    /// What counts against an account's limits, once what is settled in the same append is.
    fn used(&self, found: &Account) -> Amount {
        let used = found.used(self.at);
        match self.settled {
            Some((held, charged)) if found.counts_together(self.at, held.at) => {
                used.less(held.amount).plus(charged)
            }
            Some(_) | None => used,
        }
    }

    /// Whether this much could be set aside.
    fn fits(&self, needed: Amount) -> Result<(), Short> {
        let Self { ledger, account, at: _, planned, .. } = *self;
        if ledger.limits(account).is_none() {
            return Err(Short::Closed { account });
        }
        for (account, found) in ledger.chain(account) {
            if found.closed {
                return Err(Short::Closed { account });
            }
            let used = self.used(found).plus(planned);
            let counts = found.total().plus(planned).checked_plus(needed).is_some();
            if !counts || !found.fits(used.plus(needed)) {
                let tokens = found.limits.tokens.map(|limit| limit.less(used.tokens));
                let money = found.limits.money.map(|limit| limit.less(used.money));
                let left = Limits { tokens, money, ..found.limits };
                return Err(Short::Exhausted { account, needed, left });
            }
        }
        Ok(())
    }

    fn set_aside(&mut self, held_for: HeldFor, needed: Amount) -> Result<Held, Short> {
        self.fits(needed)?;
        let Self { account, at, .. } = *self;
        self.planned = self.planned.plus(needed);
        let name = match held_for {
            HeldFor::Call(invocation) => invocation.to_string(),
            HeldFor::Delegation(delegation) => delegation.to_string(),
        };
        let reservation = ReservationId::derive(&[&name]);
        Ok(Held { reservation, held_for, account, amount: needed, at })
    }
}
