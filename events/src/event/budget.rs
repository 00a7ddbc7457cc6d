//! What may be spent and what was.

use serde::{Deserialize, Serialize};

use super::{ProviderName, enumeration};
use crate::{
    AccountId, DelegationId, InvocationId, MicroUsd, ModelName, ReservationId, Timestamp, Tokens,
};

/// What a call costs: tokens and money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Tokens, input and output together.
    pub tokens: Tokens,
    /// Money; zero where no price is known and no limit asks for one.
    pub money: MicroUsd,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self { tokens: Tokens::ZERO, money: MicroUsd::ZERO };

    /// The sum.
    pub const fn plus(self, other: Self) -> Self {
        Self { tokens: self.tokens.plus(other.tokens), money: self.money.plus(other.money) }
    }

    /// The sum, if there is such an amount.
    pub fn checked_plus(self, other: Self) -> Option<Self> {
        let tokens = self.tokens.get().checked_add(other.tokens.get())?;
        let money = self.money.get().checked_add(other.money.get())?;
        Some(Self { tokens: Tokens::new(tokens), money: MicroUsd::new(money) })
    }

    /// What is left after taking `other`, or nothing.
    pub const fn less(self, other: Self) -> Self {
        Self { tokens: self.tokens.less(other.tokens), money: self.money.less(other.money) }
    }

    /// Whether this is nothing.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }
}

enumeration! {
    /// Over which time a limit holds. What is set aside counts in the period in which it was,
    /// whenever it is settled.
    Period "period" {
        /// For good.
        Total = "total",
        /// Every day anew, UTC.
        Day = "day",
        /// Every month anew, UTC.
        Month = "month",
    }
}

/// The most an account may spend in a period; `None` is no limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// In tokens.
    pub tokens: Option<Tokens>,
    /// In money.
    pub money: Option<MicroUsd>,
    /// Over which time.
    pub period: Period,
}

impl Default for Limits {
    /// No limits.
    fn default() -> Self {
        Self { tokens: None, money: None, period: Period::Total }
    }
}

/// What a model costs, from a moment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceSet {
    /// Whose model.
    pub provider: ProviderName,
    /// Which model.
    pub model: ModelName,
    /// Per million input tokens.
    pub input: MicroUsd,
    /// Per million input tokens that came from a cache.
    pub cached: MicroUsd,
    /// Per million output tokens.
    pub output: MicroUsd,
    /// From when on.
    pub from: Timestamp,
}

/// An account was opened under its parent; the hub's own account has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountOpened {
    /// Which account.
    pub account: AccountId,
    /// Whose limits hold too.
    pub parent: Option<AccountId>,
    /// Its own limits.
    pub limits: Limits,
    /// The reservation on its parent that pays for it: what it spends is counted there when that
    /// reservation is settled. Without one it counts on every ancestor at once.
    pub funded_by: Option<ReservationId>,
}

/// An account's limits were changed; a limit below use stops new reservations only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLimitsSet {
    /// Which account.
    pub account: AccountId,
    /// Its limits from now on.
    pub limits: Limits,
}

/// An overrun pushed an account past its limit; it takes no reservation until a person reopens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountClosed {
    /// Which account.
    pub account: AccountId,
}

/// A person opened a closed account to reservations again. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountReopened {
    /// Which account.
    pub account: AccountId,
}

/// What an amount is set aside for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldFor {
    /// One call.
    Call(InvocationId),
    /// The budget of a delegation.
    Delegation(DelegationId),
}

impl HeldFor {
    /// The call, if it is for one.
    pub const fn call(self) -> Option<InvocationId> {
        match self {
            Self::Call(invocation) => Some(invocation),
            Self::Delegation(_) => None,
        }
    }
}

/// The worst case of a call, or the budget of a delegation, was set aside, on an account and on every ancestor of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// Which reservation.
    pub reservation: ReservationId,
    /// What for.
    pub held_for: HeldFor,
    /// On which account.
    pub account: AccountId,
    /// How much.
    pub amount: Amount,
}

enumeration! {
    /// How a reservation ended.
    Settlement "settlement" {
        /// The true usage was charged, the rest went back.
        Confirmed = "confirmed",
        /// No usage came back: all of it was charged.
        Unknown = "unknown",
        /// More was used than set aside: all of it was charged, the excess as overrun.
        Exceeded = "exceeded",
        /// Nothing was sent: all of it went back.
        Released = "released",
    }
}

/// A reservation ended, once and for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Which reservation.
    pub reservation: ReservationId,
    /// What for.
    pub held_for: HeldFor,
    /// On which account.
    pub account: AccountId,
    /// How.
    pub settlement: Settlement,
    /// What stays charged, at most what was set aside.
    pub charged: Amount,
    /// Of that, the worst cases of calls whose usage never came.
    pub uncertain: Amount,
    /// What was used beyond it.
    pub overrun: Amount,
}

/// An outcome that came after its settlement had used more than was charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrunCharged {
    /// Which reservation.
    pub reservation: ReservationId,
    /// What for.
    pub held_for: HeldFor,
    /// On which account.
    pub account: AccountId,
    /// When it was set aside: the excess counts in that period.
    pub since: Timestamp,
    /// The excess.
    pub overrun: Amount,
}
