//! What may be spent and what was.

use serde::{Deserialize, Serialize};

use super::{ProviderName, enumeration};
use crate::{AccountId, InvocationId, MicroUsd, ModelName, ReservationId, Timestamp, Tokens};

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

    /// What is left after taking `other`, or nothing.
    pub const fn less(self, other: Self) -> Self {
        Self { tokens: self.tokens.less(other.tokens), money: self.money.less(other.money) }
    }

    /// Whether this is nothing.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }
}

/// The most an account may spend in all; `None` is no limit of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// In tokens.
    pub tokens: Option<Tokens>,
    /// In money.
    pub money: Option<MicroUsd>,
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

/// The worst case of a call was set aside, on an account and on every ancestor of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// Which reservation.
    pub reservation: ReservationId,
    /// For which call.
    pub invocation: InvocationId,
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
    /// For which call.
    pub invocation: InvocationId,
    /// On which account.
    pub account: AccountId,
    /// How.
    pub settlement: Settlement,
    /// What stays charged, at most what was set aside.
    pub charged: Amount,
    /// What was used beyond it.
    pub overrun: Amount,
}

/// An outcome that came after its settlement had used more than was charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrunCharged {
    /// Which reservation.
    pub reservation: ReservationId,
    /// For which call.
    pub invocation: InvocationId,
    /// On which account.
    pub account: AccountId,
    /// The excess.
    pub overrun: Amount,
}
