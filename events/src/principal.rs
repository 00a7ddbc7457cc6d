//! Who causes a command.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{AgentId, HubId, PersonId, ServiceName};

/// Who causes a command; every event records it.
///
/// A person stands here by a pseudonym: the name itself is a text of the event, so that it can be
/// made unreadable later without touching the record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Principal {
    /// A person.
    Person(PersonId),
    /// A program of the host's.
    Service(ServiceName),
    /// A registered agent.
    Agent(AgentId),
    /// Convoke itself, doing what its state says is owed.
    Runtime,
}

impl Principal {
    /// The person of this name, as this hub knows them.
    pub fn person(hub: &HubId, name: &str) -> Self {
        Self::Person(PersonId::derive(&[hub.as_str(), name]))
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person:{id}"),
            Self::Service(name) => write!(f, "service:{name}"),
            Self::Agent(id) => write!(f, "agent:{id}"),
            Self::Runtime => f.write_str("runtime"),
        }
    }
}

/// The text names no principal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a principal: expected person:ID, service:NAME, agent:ID or runtime")]
pub struct PrincipalParseError {
    /// What was found instead.
    pub found: String,
}

impl FromStr for Principal {
    type Err = PrincipalParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || PrincipalParseError { found: text.to_owned() };
        match text.split_once(':') {
            Some(("person", id)) => id.parse().map(Self::Person).map_err(|_| wrong()),
            Some(("service", name)) => name.parse().map(Self::Service).map_err(|_| wrong()),
            Some(("agent", id)) => id.parse().map(Self::Agent).map_err(|_| wrong()),
            None if text == "runtime" => Ok(Self::Runtime),
            _ => Err(wrong()),
        }
    }
}
