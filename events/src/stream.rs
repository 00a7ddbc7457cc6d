//! Streams: the entity an event belongs to.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{
    AccountId, AgentId, CollectiveId, DelegationId, EndpointId, PolicyId, ProposalId, Revision,
    TaskId,
};

/// The entity an event belongs to: `hub`, `agent/ID`, `task/ID`, …, or `host/NAME` for the host's
/// own records. At most 128 bytes, scoped to a hub.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(Arc<str>);

/// The text cannot name a stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a stream: expected 1 to 128 bytes of printable text without white space")]
pub struct StreamParseError {
    /// What was found, cut after 60 characters.
    pub found: String,
}

impl StreamId {
    const MAX: usize = 128;
    const HOST: &'static str = "host/";

    /// The hub's own stream: its settings, prices and roles.
    pub fn hub() -> Self {
        Self("hub".into())
    }

    /// One agent registration.
    pub fn agent(id: AgentId) -> Self {
        Self(format!("agent/{id}").into())
    }

    /// One policy.
    pub fn policy(id: PolicyId) -> Self {
        Self(format!("policy/{id}").into())
    }

    /// One budget account.
    pub fn account(id: AccountId) -> Self {
        Self(format!("account/{id}").into())
    }

    /// One endpoint of a provider, with its breaker.
    pub fn endpoint(id: EndpointId) -> Self {
        Self(format!("endpoint/{id}").into())
    }

    /// One task, with its decisions and invocations.
    pub fn task(id: TaskId) -> Self {
        Self(format!("task/{id}").into())
    }

    /// One delegation.
    pub fn delegation(id: DelegationId) -> Self {
        Self(format!("delegation/{id}").into())
    }

    /// One collective proposal.
    pub fn collective(id: CollectiveId) -> Self {
        Self(format!("collective/{id}").into())
    }

    /// One proposal.
    pub fn proposal(id: ProposalId) -> Self {
        Self(format!("proposal/{id}").into())
    }

    /// A stream of the host's own records, under `host/` (put in front where it is missing).
    ///
    /// # Errors
    /// [`StreamParseError`] if the whole is no stream name.
    pub fn host(name: &str) -> Result<Self, StreamParseError> {
        let name = name.strip_prefix(Self::HOST).unwrap_or(name);
        if name.is_empty() {
            return Err(StreamParseError { found: String::new() });
        }
        format!("{}{name}", Self::HOST).parse()
    }

    /// Whether this stream holds the host's own records.
    pub fn is_host(&self) -> bool {
        self.0.starts_with(Self::HOST)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl FromStr for StreamId {
    type Err = StreamParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let printable = !text.chars().any(|c| c.is_control() || c.is_whitespace());
        if (1..=Self::MAX).contains(&text.len()) && printable {
            Ok(Self(text.into()))
        } else {
            Err(StreamParseError { found: text.chars().take(60).collect() })
        }
    }
}

/// What an append asks of a stream before it lands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing.
    Any,
    /// That it holds no event yet.
    Empty,
    /// That this is its newest revision.
    Exactly(Revision),
}

impl Expected {
    /// Whether a stream whose newest revision is `actual` meets the expectation.
    pub fn is_met_by(self, actual: Option<Revision>) -> bool {
        match self {
            Self::Any => true,
            Self::Empty => actual.is_none(),
            Self::Exactly(revision) => actual == Some(revision),
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any revision"),
            Self::Empty => f.write_str("an empty stream"),
            Self::Exactly(revision) => write!(f, "revision {revision}"),
        }
    }
}
