//! The catalogue: every event there is, one file per family.
//!
//! **Invariant.** An event's name, its version and the order of its fields and variants are bytes on
//! somebody's disk. They are never changed: a new shape is a new version with an upcaster, and
//! `tests/fixtures/golden` pins every one of them.

mod action;
mod budget;
mod collective;
mod coordination;
mod delegation;
mod governance;
mod host;
mod hub;
mod invocation;
mod lifecycle;
mod proposal;
mod registry;
mod resilience;
mod routing;
mod task;

pub use action::*;
pub use budget::*;
pub use collective::*;
pub use coordination::*;
pub use delegation::*;
pub use governance::*;
pub use host::*;
pub use hub::*;
pub use invocation::*;
pub use lifecycle::*;
pub use proposal::*;
pub use registry::*;
pub use resilience::*;
pub use routing::*;
pub use task::*;

use crate::codec::{self, CodecError};
use crate::upcast;

/// An enumeration with one word per variant; an unknown word is refused with the known ones.
macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident $kind:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// Every variant, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word for it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::event::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|known| known.as_str() == text).ok_or_else(|| {
                    crate::event::UnknownWord {
                        kind: $kind,
                        found: text.chars().take(60).collect(),
                        known: &[$($word,)*],
                    }
                })
            }
        }
    };
}
pub(crate) use enumeration;

/// A word that an enumeration does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a {kind}: expected {}", .known.join(", "))]
pub struct UnknownWord {
    /// What kind of word was expected.
    pub kind: &'static str,
    /// What was found, cut after 60 characters.
    pub found: String,
    /// Every word that is known.
    pub known: &'static [&'static str],
}

macro_rules! catalogue {
    ($($(#[$doc:meta])* $family:ident($inner:ident) {
        $($event:ident = $version:literal $(<- $($old:literal: $older:ty),+)?,)*
    })*) => {
        /// The facts of one event: what `evolve` and every projection read. Texts come beside them.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Event {
            $($(#[$doc])* $family($inner),)*
        }

        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq)]
            pub enum $inner {
                $(#[doc = concat!("See [`", stringify!($event), "`].")] $event($event),)*
            }

            $(
                impl From<$event> for Event {
                    fn from(facts: $event) -> Self {
                        Self::$family($inner::$event(facts))
                    }
                }
            )*
        )*

        impl Event {
            /// Every event type with its newest payload version.
            pub const TYPES: &[(&'static str, u16)] =
                &[$($((stringify!($event), $version),)*)*];

            /// Every version of every event type that can be read, the oldest of a type first.
            pub const VERSIONS: &[(&'static str, u16)] = &[
                $($($($((stringify!($event), $old),)+)? (stringify!($event), $version),)*)*
            ];

            /// The event's type, which is its name.
            pub const fn event_type(&self) -> &'static str {
                match self {
                    $($(Self::$family($inner::$event(_)) => stringify!($event),)*)*
                }
            }

            /// The payload version it is written in.
            pub const fn version(&self) -> u16 {
                match self {
                    $($(Self::$family($inner::$event(_)) => $version,)*)*
                }
            }

            /// Writes the bytes of its facts behind `out`.
            pub(crate) fn encode_facts(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
                match self {
                    $($(Self::$family($inner::$event(facts)) => {
                        codec::encode_behind(facts, out)
                    })*)*
                }
            }

            /// What reads the facts of a stored event of this type and version.
            pub(crate) fn decoder(event_type: &str, version: u16) -> Option<Decoder> {
                match (event_type, version) {
                    $($((stringify!($event), $version) => Some(|facts| {
                        codec::decode::<$event>(facts).map(Self::from).map_err(|source| {
                            FactsError::Malformed { event_type: stringify!($event), source }
                        })
                    }),
                    $($((stringify!($event), $old) => Some(|facts| {
                        let facts: Result<$event, _> = upcast::decode::<$older, _>(facts);
                        facts.map(Self::from).map_err(|source| {
                            FactsError::Malformed { event_type: stringify!($event), source }
                        })
                    }),)+)?)*)*
                    _ => None,
                }
            }

            /// The facts as a JSON object, for people; the bytes in the record are the authority.
            pub fn to_json(&self) -> serde_json::Value {
                let json = match self {
                    $($(Self::$family($inner::$event(facts)) => serde_json::to_value(facts),)*)*
                };
                json.unwrap_or(serde_json::Value::Null)
            }
        }
    };
}

/// An event's facts cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// The type or version is not in this build's catalogue.
    #[error(
        "event type `{event_type}` version {version} is unknown to this version of Convoke: \
         it was written by a newer one"
    )]
    Unknown {
        /// The type found.
        event_type: String,
        /// The version found.
        version: u16,
    },
    /// The bytes do not have the shape of the type.
    #[error("the facts of a `{event_type}` cannot be read")]
    Malformed {
        /// The type expected.
        event_type: &'static str,
        /// Why.
        source: CodecError,
    },
}

/// Reads the bytes of facts.
pub(crate) type Decoder = fn(&[u8]) -> Result<Event, FactsError>;

impl Event {
    /// Reads the facts of a stored event, whichever of its versions they were written in.
    pub(crate) fn decode_facts(
        event_type: &str,
        version: u16,
        facts: &[u8],
    ) -> Result<Self, FactsError> {
        let unknown = || FactsError::Unknown { event_type: event_type.to_owned(), version };
        Self::decoder(event_type, version).ok_or_else(unknown)?(facts)
    }
}

catalogue! {
    /// The hub itself and who may do what in it.
    Hub(HubEvent) {
        HubOpened = 1,
        RoleGranted = 1,
        RoleWithdrawn = 1,
    }
    /// Agents coming, changing and going.
    Registry(RegistryEvent) {
        AgentRegistered = 1,
        AgentRevised = 1,
        AgentDeactivated = 1,
        AgentReactivated = 1,
        TaskTypeRegistered = 1,
    }
    /// What agents may do, and what was denied.
    Governance(GovernanceEvent) {
        GovernanceDefaultSet = 1,
        GovernancePolicySet = 1,
        AttemptBlocked = 1,
    }
    /// Who is asked, and why.
    Routing(RoutingEvent) {
        RoutingPolicySet = 1,
        RoutingDecided = 1,
        CandidatesListed = 1,
        RoutingRulesSet = 1,
        TaskWordsFound = 1,
        BiddingOpened = 1,
        BidPlaced = 1,
        BidRefused = 1,
        BiddingClosed = 1,
    }
    /// What may be spent and what was.
    Budget(BudgetEvent) {
        PriceSet = 1,
        AccountOpened = 1,
        AccountLimitsSet = 1,
        AccountClosed = 1,
        AccountReopened = 1,
        Reserved = 1,
        Settled = 1,
        OverrunCharged = 1,
    }
    /// Pieces of work, from submission to conclusion.
    Task(TaskEvent) {
        TaskSubmitted = 1,
        TaskConcluded = 1,
    }
    /// Calls of agents' models.
    Invocation(InvocationEvent) {
        InvocationStarted = 1,
        InvocationAnswered = 1,
        InvocationFailed = 2 <- 1: invocation::InvocationFailedV1,
        OutcomeArrivedLate = 1,
        InvocationRecovered = 1,
    }
    /// What is done when calls fail.
    Resilience(ResilienceEvent) {
        RetryRulesSet = 1,
        BreakerOpened = 1,
        BreakerHalfOpened = 1,
        BreakerClosed = 1,
    }
    /// Sub-tasks handed from one agent to another.
    Delegation(DelegationEvent) {
        DelegationRequested = 1,
        DelegationRefused = 1,
        DelegationCompleted = 1,
        DelegationFailed = 1,
        DelegationCancelled = 1,
        DelegationWished = 1,
    }
    /// Questions put to several agents.
    Collective(CollectiveEvent) {
        CollectiveConvened = 1,
        ContributionRecorded = 1,
        VerdictReached = 1,
        KeysGrouped = 1,
        CollectiveRulesSet = 1,
    }
    /// Results that wait for people.
    Proposal(ProposalEvent) {
        ReviewRulesSet = 1,
        ProposalMade = 1,
        ProposalApplied = 1,
        ReviewGiven = 1,
        ReviewRefused = 1,
        ProposalReviewed = 1,
    }
    /// What agents asked for beside answering, and did not get.
    Action(ActionEvent) {
        ActionRefused = 1,
    }
    /// What agents of one task do together: board, messages, votes, and who is called in to help.
    Coordination(CoordinationEvent) {
        CoordinationRulesSet = 1,
        BoardPosted = 1,
        MessageSent = 1,
        VoteOpened = 1,
        VoteCast = 1,
        VoteDecided = 1,
        ComplexityDeclared = 1,
        CompletionDeclared = 1,
        ThresholdReached = 1,
    }
    /// The governed life of an agent on a task.
    Lifecycle(LifecycleEvent) {
        LifecycleRulesSet = 1,
        PacketIssued = 1,
        LeaseIssued = 1,
        LeaseRenewed = 1,
        LeaseEnded = 1,
        PhaseEntered = 1,
        StepTaken = 1,
        PlanHandedIn = 1,
        PlanDecided = 1,
        ArtifactHandedIn = 1,
        UseApproved = 1,
        PermissionUsed = 1,
        ErrorReported = 1,
        ProcedureViolated = 1,
        AgentStuck = 1,
        AgentRevoked = 1,
        AgentReinstated = 1,
        HandoffOpened = 1,
        PromotionDue = 1,
        TierChanged = 1,
    }
    /// The host's own records.
    Host(HostEvent) {
        InteractionRecorded = 1,
        OutcomeRecorded = 1,
    }
}
