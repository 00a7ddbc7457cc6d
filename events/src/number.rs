//! Numbers with a meaning: places in the log and amounts on an account.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is not a number of this kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a {kind}: expected a whole number from {least}")]
pub struct NumberParseError {
    /// What kind of number was expected.
    pub kind: &'static str,
    /// The smallest one allowed.
    pub least: u64,
    /// What was found instead.
    pub found: String,
}

macro_rules! places {
    ($($(#[$doc:meta])* $name:ident $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(NonZeroU64);

        impl $name {
            /// The first place.
            pub const FIRST: Self = Self(NonZeroU64::MIN);

            /// The place with this number; none is numbered 0.
            pub const fn new(number: u64) -> Option<Self> {
                match NonZeroU64::new(number) {
                    Some(number) => Some(Self(number)),
                    None => None,
                }
            }

            /// The number, 1 or more.
            pub const fn get(self) -> u64 {
                self.0.get()
            }

            /// The place after this one.
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }

            /// The place that comes after `count` others.
            pub const fn after(count: u64) -> Self {
                Self(NonZeroU64::MIN.saturating_add(count))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = NumberParseError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self).map_err(|_| NumberParseError {
                    kind: $kind,
                    least: 1,
                    found: text.to_owned(),
                })
            }
        }
    )*};
}

places! {
    /// A place in the whole log: dense, from 1.
    Position "position";
    /// A place in one stream: dense, from 1.
    Revision "revision";
}

macro_rules! amounts {
    ($($(#[$doc:meta])* $name:ident $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// This much.
            pub const fn new(amount: u64) -> Self {
                Self(amount)
            }

            /// How much.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The sum, or the largest amount there is.
            pub const fn plus(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }

            /// What is left after taking `other`, or nothing.
            pub const fn less(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }

        impl std::iter::Sum for $name {
            fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
                amounts.fold(Self::ZERO, Self::plus)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = NumberParseError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self).map_err(|_| NumberParseError {
                    kind: $kind,
                    least: 0,
                    found: text.to_owned(),
                })
            }
        }
    )*};
}

amounts! {
    /// A number of model tokens.
    Tokens "number of tokens";
    /// Money: millionths of a US dollar.
    MicroUsd "number of micro-dollars";
    /// What an agent asks for a task, in the hub's own unit of bids.
    Rate "rate";
}

macro_rules! shares {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(u32);

        impl $name {
            const ONE: u32 = 1_000_000;

            /// Takes a share from 0 to 1, rounded to millionths; anything else is none.
            pub fn new(share: f64) -> Option<Self> {
                if !(0.0..=1.0).contains(&share) {
                    return None;
                }
                let millionths = (share * f64::from(Self::ONE)).round();
                #[allow(
                    clippy::as_conversions,
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between 0 and 1,000,000 by the check above"
                )]
                Some(Self(millionths as u32))
            }

            /// Takes millionths, at most a million.
            pub const fn from_millionths(millionths: u32) -> Option<Self> {
                if millionths <= Self::ONE { Some(Self(millionths)) } else { None }
            }

            /// The share in millionths, 1,000,000 at most.
            pub const fn millionths(self) -> u32 {
                self.0
            }

            /// The share, from 0 to 1.
            pub fn share(self) -> f64 {
                f64::from(self.0) / f64::from(Self::ONE)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.share(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

shares! {
    /// How sure an answer is of itself, from 0 to 1, kept in millionths.
    Confidence;
    /// How hard a task is said to be, from 0 to 1, kept in millionths.
    Complexity;
}
