//! Agents coming, changing and going.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{UnknownWord, enumeration};
use crate::word::spelled;
use crate::{
    AgentId, ArtifactType, Capability, Digest, EndpointId, HostName, Keyword, ModelFamily,
    ModelName, Rate, Slug, TaskType,
};

/// Who serves an agent's model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProviderName {
    /// `OpenRouter`.
    OpenRouter,
    /// Google's Gemini.
    Gemini,
    /// `OpenAI` chat completions, and every server that speaks them.
    OpenAi,
    /// Claude Code, through its command.
    ClaudeCode,
    /// Convoke's own deterministic local agents.
    Rules,
    /// A provider of the host's.
    Host(HostName),
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenRouter => f.pad("openrouter"),
            Self::Gemini => f.pad("gemini"),
            Self::OpenAi => f.pad("openai"),
            Self::ClaudeCode => f.pad("claude-code"),
            Self::Rules => f.pad("rules"),
            Self::Host(name) => write!(f, "host:{name}"),
        }
    }
}

impl FromStr for ProviderName {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownWord {
            kind: "provider",
            found: text.chars().take(60).collect(),
            known: &["openrouter", "gemini", "openai", "claude-code", "rules", "host:NAME"],
        };
        match text {
            "openrouter" => Ok(Self::OpenRouter),
            "gemini" => Ok(Self::Gemini),
            "openai" => Ok(Self::OpenAi),
            "claude-code" => Ok(Self::ClaudeCode),
            "rules" => Ok(Self::Rules),
            _ => {
                let name = text.strip_prefix("host:").ok_or_else(unknown)?;
                HostName::new(name).map(Self::Host).map_err(|_| unknown())
            }
        }
    }
}

impl Serialize for ProviderName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ProviderName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        spelled(deserializer)
    }
}

enumeration! {
    /// The most that any policy can grant an agent.
    TrustLevel "trust level" {
        /// Read and propose.
        Advisory = "advisory",
        /// Also delegate.
        Elevated = "elevated",
        /// Also have its results applied without waiting.
        Autonomous = "autonomous",
    }
}

enumeration! {
    /// What an agent's lease lets it touch.
    Tier "tier" {
        /// Observer.
        T0 = "T0",
        /// Operator.
        T1 = "T1",
        /// Builder.
        T2 = "T2",
        /// Executor.
        T3 = "T3",
        /// Architect.
        T4 = "T4",
    }
}

/// What an agent is, apart from its texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentProfile {
    /// Its short name, unique in the hub.
    pub slug: Slug,
    /// Who serves its model.
    pub provider: ProviderName,
    /// Its model, as the provider names it.
    pub model: ModelName,
    /// The line of models it errs with.
    pub family: ModelFamily,
    /// The most any policy can grant it.
    pub trust: TrustLevel,
    /// What its leases let it touch.
    pub tier: Tier,
    /// What it can do.
    pub capabilities: Vec<Capability>,
    /// Words that mark its field.
    pub keywords: Vec<Keyword>,
    /// What it asks for a task, in the hub's own unit of bids.
    pub rate: Rate,
    /// Where its model is served: what a breaker stands in front of.
    pub endpoint: EndpointId,
    /// Length of its system prompt in bytes, by which calls are estimated.
    pub prompt_bytes: u32,
    /// Digest of all its texts, by which a registration that changes nothing is told.
    pub texts: Digest,
}

/// An agent was registered, as version 1, active.
/// Texts: `name`, `description`, `system_prompt`, `base_url`, `settings`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentRegistered {
    /// Which agent.
    pub agent: AgentId,
    /// What it is.
    pub profile: AgentProfile,
}

/// An agent was changed; the old version stays readable. Texts as of [`AgentRegistered`], all anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentRevised {
    /// Which agent.
    pub agent: AgentId,
    /// The version this makes.
    pub version: u32,
    /// What it is from now on.
    pub profile: AgentProfile,
}

/// An agent takes no work from now on. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentDeactivated {
    /// Which agent.
    pub agent: AgentId,
}

/// An agent takes work again. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentReactivated {
    /// Which agent.
    pub agent: AgentId,
}

/// The hub has a task type of its own from now on, or what such work makes is another artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskTypeRegistered {
    /// Which type.
    pub task_type: TaskType,
    /// What such work makes, as governance names it.
    pub artifact: ArtifactType,
}
