//! Identifiers: one type per thing that can be named, so that none is taken for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use crate::{Digest, Timestamp};

/// The text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not an id: expected a UUID such as 0190a2f4-7c1e-7f00-8000-000000000000")]
pub struct IdParseError {
    /// What was found instead.
    pub found: String,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id that follows from `parts`: the same parts always give the same id
            /// (a version 8 UUID, the first 128 bits of their SHA-256).
            pub fn derive(parts: &[&str]) -> Self {
                let kind: &[u8] = stringify!($name).as_bytes();
                let parts = parts.iter().map(|part| part.as_bytes());
                let digest = Digest::of_parts(std::iter::once(kind).chain(parts));
                let mut bytes = [0_u8; 16];
                bytes.copy_from_slice(digest.as_bytes().split_at(16).0);
                Self(Builder::from_custom_bytes(bytes).into_uuid())
            }

            /// Takes the 16 bytes of a UUID.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes of the UUID.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = IdParseError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text)
                    .map(Self)
                    .map_err(|_| IdParseError { found: text.to_owned() })
            }
        }
    )*};
}

ids! {
    /// One log, from its first record on; drawn at random when the log is made.
    LogId;
    /// One event, a version 7 UUID.
    EventId;
    /// All events of one story, usually one task, share it.
    CorrelationId;
    /// One agent registration.
    AgentId;
    /// One person, by a pseudonym that follows from hub and name.
    PersonId;
    /// One piece of work submitted to a hub.
    TaskId;
    /// One recorded routing decision.
    DecisionId;
    /// Names where a model of a provider is served; follows from all three.
    EndpointId;
    /// One policy, of routing or of governance.
    PolicyId;
    /// One budget account.
    AccountId;
    /// One reservation on an account and all its ancestors.
    ReservationId;
    /// One call of one agent's model.
    InvocationId;
    /// One bounded sub-task that an agent hands to another.
    DelegationId;
    /// One question put to several agents.
    CollectiveId;
    /// One result that waits for a person's review.
    ProposalId;
    /// One question that agents of a task vote on.
    VoteId;
    /// What one agent is told to do on one task, and within what bounds.
    PacketId;
    /// One span of time in which one agent may work on one task.
    LeaseId;
    /// What one agent leaves to the next.
    HandoffId;
}

impl LogId {
    /// A fresh log id, at random.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl EventId {
    /// A version 7 UUID of this time; `entropy` fills the bits that time does not.
    pub fn mint(at: Timestamp, entropy: u128) -> Self {
        let millis = u64::try_from(at.as_micros().div_euclid(1_000)).unwrap_or(0);
        let mut tail = [0_u8; 10];
        tail.copy_from_slice(entropy.to_le_bytes().split_at(10).0);
        Self(Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
    }
}

impl CorrelationId {
    /// The story of one task.
    pub const fn of_task(task: TaskId) -> Self {
        Self(task.0)
    }

    /// The story of one agent registration.
    pub const fn of_agent(agent: AgentId) -> Self {
        Self(agent.0)
    }
}
