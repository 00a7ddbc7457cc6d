//! What is done when calls fail: the hub's rules for it, and the breakers in front of endpoints.

use serde::{Deserialize, Serialize};

use super::{ProviderName, enumeration};
use crate::{EndpointId, InvocationId, ModelName, Timestamp};

enumeration! {
    /// Whether a provider may ask money for a call that failed.
    Billed "billing" {
        /// It is known that it does not: nothing was sent, or it was turned away at the door.
        No = "no",
        /// Nobody knows; where no usage was said either, the whole reservation stays charged.
        Unknown = "unknown",
    }
}

enumeration! {
    /// What became of a call that was in flight when the process ended.
    Recovery "recovery" {
        /// Nothing that counts: it was not sent, or its provider is repeatable.
        DidNotHappen = "did_not_happen",
        /// It may have been sent and answered, and cannot be asked for.
        InDoubt = "in_doubt",
        /// It was sent, and what it used is gone; only a person can know that.
        Landed = "landed",
    }
}

enumeration! {
    /// What is done about a call that was in flight when the process ended.
    Recourse "recourse" {
        /// It is made again, under its reservation.
        Repeat = "repeat",
        /// It has failed, and what was set aside for it stays charged.
        Fail = "fail",
        /// It waits until a person says what became of it.
        Person = "person",
    }
}

/// What a hub does when calls fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryRules {
    /// The most tries of one call, its first included.
    pub max_attempts: u32,
    /// How long to wait before the second try, in milliseconds; twice as long before each further
    /// one. A quarter to all of it is waited, as the decision's seed says.
    pub base_ms: u64,
    /// The longest wait, in milliseconds, unless the provider asks for a longer one.
    pub cap_ms: u64,
    /// How many failures of an endpoint in a row open the breaker in front of it.
    pub breaker_failures: u32,
    /// How long a breaker stays open before one call tries its endpoint again, in milliseconds.
    pub breaker_open_ms: u64,
    /// How many calls of one agent may be under way at once.
    pub per_agent: u32,
    /// How many calls of one provider may be under way at once.
    pub per_provider: u32,
    /// What is done about a call that was in flight when the process ended and whose provider is
    /// not repeatable.
    pub in_doubt: Recourse,
}

impl Default for RetryRules {
    /// Three tries, half a second to half a minute apart; breakers open for half a minute after
    /// five failures; 16 calls of an agent and 64 of a provider at once; what is in doubt fails.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_ms: 500,
            cap_ms: 30_000,
            breaker_failures: 5,
            breaker_open_ms: 30_000,
            per_agent: 16,
            per_provider: 64,
            in_doubt: Recourse::Fail,
        }
    }
}

/// The hub chose what it does when calls fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryRulesSet {
    /// What it does.
    pub rules: RetryRules,
}

/// Calls of an endpoint failed too often: none is sent until a moment. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerOpened {
    /// In front of which endpoint.
    pub endpoint: EndpointId,
    /// Whose it is.
    pub provider: ProviderName,
    /// Which model it serves.
    pub model: ModelName,
    /// How often it failed in a row.
    pub failures: u32,
    /// When one call may try it again.
    pub until: Timestamp,
}

/// One call tries an endpoint whose breaker was open; no other is sent until it has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerHalfOpened {
    /// In front of which endpoint.
    pub endpoint: EndpointId,
    /// The call that tries it.
    pub probe: InvocationId,
}

/// An endpoint serves again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerClosed {
    /// In front of which endpoint.
    pub endpoint: EndpointId,
}
