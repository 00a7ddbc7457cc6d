//! Registry: the agents of a hub, as they were registered and revised.

mod task_types;

use std::collections::BTreeMap;

use convoke_events::{
    AgentDeactivated, AgentId, AgentProfile, AgentReactivated, AgentRegistered, AgentRevised,
    ArtifactType, CorrelationId, Digest, EndpointId, HubId, LifecycleEvent, MediaType,
    RegistryEvent, Slug, StreamId, TaskType, TaskTypeRegistered, TextName, Texts,
};

pub use self::task_types::BUILT_IN;
pub(crate) use self::task_types::register_task_type;
use crate::command::AgentRegistration;
use crate::decision::Draft;
use crate::provider::settings;
use crate::refusal::Refusal;

/// One agent as the hub knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Agent {
    pub(crate) profile: AgentProfile,
    pub(crate) version: u32,
    pub(crate) active: bool,
    /// Whether it was revoked and not reinstated.
    pub(crate) revoked: bool,
    /// The epoch it works in, from 1; a revocation ends one.
    pub(crate) epoch: u32,
}

impl Agent {
    /// Whether it may be given work.
    pub(crate) const fn works(&self) -> bool {
        self.active && !self.revoked
    }
}

/// The agents of a hub, and the task types it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registry {
    agents: BTreeMap<AgentId, Agent>,
    slugs: BTreeMap<Slug, AgentId>,
    task_types: BTreeMap<TaskType, ArtifactType>,
}

impl Default for Registry {
    fn default() -> Self {
        let (agents, slugs) = (BTreeMap::new(), BTreeMap::new());
        Self { agents, slugs, task_types: task_types::of_every_hub() }
    }
}

impl Registry {
    pub(crate) fn get(&self, agent: AgentId) -> Option<&Agent> {
        self.agents.get(&agent)
    }

    /// Every agent, in the order of slugs.
    pub(crate) fn by_slugs(&self) -> impl Iterator<Item = (AgentId, &Agent)> {
        self.slugs.values().filter_map(|id| Some((*id, self.get(*id)?)))
    }

    /// The agent's slug, for words; its id where it is not known.
    pub(crate) fn slug(&self, agent: AgentId) -> String {
        self.get(agent).map_or_else(|| agent.to_string(), |known| known.profile.slug.to_string())
    }

    pub(crate) fn by_slug(&self, hub: &HubId, slug: &Slug) -> Result<AgentId, Refusal> {
        let unknown = || Refusal::AgentUnknown { slug: slug.clone(), hub: hub.clone() };
        self.slugs.get(slug).copied().ok_or_else(unknown)
    }

    /// Takes a revoked agent out of work, and a reinstated one back into it.
    pub(crate) fn fence(&mut self, event: &LifecycleEvent) {
        if let LifecycleEvent::AgentRevoked(facts) = event
            && let Some(known) = self.agents.get_mut(&facts.agent)
        {
            known.revoked = true;
        } else if let LifecycleEvent::AgentReinstated(facts) = event
            && let Some(known) = self.agents.get_mut(&facts.agent)
        {
            known.revoked = false;
            known.epoch = facts.epoch;
        }
    }

    pub(crate) fn evolve(&mut self, event: &RegistryEvent) {
        match event {
            RegistryEvent::AgentRegistered(AgentRegistered { agent, profile }) => {
                self.slugs.insert(profile.slug.clone(), *agent);
                let (profile, version, epoch) = (profile.clone(), 1, 1);
                let (active, revoked) = (true, false);
                self.agents.insert(*agent, Agent { profile, version, active, revoked, epoch });
            }
            RegistryEvent::AgentRevised(AgentRevised { agent, version, profile }) => {
                if let Some(known) = self.agents.get_mut(agent) {
                    known.profile = profile.clone();
                    known.version = *version;
                }
            }
            RegistryEvent::AgentDeactivated(AgentDeactivated { agent }) => {
                if let Some(known) = self.agents.get_mut(agent) {
                    known.active = false;
                }
            }
            RegistryEvent::AgentReactivated(AgentReactivated { agent }) => {
                if let Some(known) = self.agents.get_mut(agent) {
                    known.active = true;
                }
            }
            RegistryEvent::TaskTypeRegistered(TaskTypeRegistered { task_type, artifact }) => {
                self.task_types.insert(task_type.clone(), artifact.clone());
            }
        }
    }
}

/// Registers the agent, or revises it where it differs, or does nothing.
pub(crate) fn register(
    hub: &HubId,
    registry: &Registry,
    registration: &AgentRegistration,
) -> Result<Vec<Draft>, Refusal> {
    let AgentRegistration { slug, .. } = registration;
    check_settings(registration)?;
    let (profile, texts) = split(registration)?;
    let agent = AgentRegistration::id(hub, slug);
    let event = match registry.get(agent) {
        None => AgentRegistered { agent, profile }.into(),
        Some(known) if known.profile == profile => return Ok(Vec::new()),
        Some(known) => {
            AgentRevised { agent, version: known.version.saturating_add(1), profile }.into()
        }
    };
    Ok(vec![on_agent(agent, event, texts)])
}

fn check_settings(registration: &AgentRegistration) -> Result<(), Refusal> {
    let unfit = |why: String| Refusal::SettingsUnfit { slug: registration.slug.clone(), why };
    let AgentRegistration { provider, base_url, settings, .. } = registration;
    settings::check(provider, base_url.as_deref(), settings.as_deref())
        .map_err(|error| unfit(error.to_string()))
}

/// A registration's facts and its texts.
fn split(registration: &AgentRegistration) -> Result<(AgentProfile, Texts), Refusal> {
    let AgentRegistration {
        slug,
        name,
        description,
        provider,
        model,
        family,
        base_url,
        trust,
        tier,
        capabilities,
        keywords,
        rate,
        system_prompt,
        settings,
    } = registration;
    let too_long = |_| {
        let size = system_prompt.len();
        Refusal::TooLarge(convoke_events::record::TooLarge {
            what: "a system prompt",
            size,
            limit: convoke_events::MAX_TEXT,
        })
    };
    let prompt_bytes = u32::try_from(system_prompt.len()).map_err(too_long)?;
    let mut texts = Texts::none()
        .with(TextName::NAME, name)
        .with(TextName::DESCRIPTION, description)
        .with(TextName::SYSTEM_PROMPT, system_prompt)
        .with_some(TextName::BASE_URL, base_url.as_deref());
    if let Some(settings) = settings {
        texts = texts.with_media(TextName::SETTINGS, MediaType::Json, settings);
    }
    let words = [name, description, system_prompt];
    let optional = [base_url, settings].map(|text| text.as_deref().unwrap_or(""));
    let all = words.into_iter().map(String::as_bytes).chain(optional.map(str::as_bytes));
    let profile = AgentProfile {
        slug: slug.clone(),
        provider: provider.clone(),
        model: model.clone(),
        family: family.clone(),
        trust: *trust,
        tier: *tier,
        capabilities: capabilities.clone(),
        keywords: keywords.clone(),
        rate: *rate,
        endpoint: EndpointId::derive(&[
            &provider.to_string(),
            base_url.as_deref().unwrap_or(""),
            model.as_str(),
        ]),
        prompt_bytes,
        texts: Digest::of_parts(all),
    };
    Ok((profile, texts))
}

/// Takes an agent out of work, or back into it.
pub(crate) fn set_active(
    hub: &HubId,
    registry: &Registry,
    slug: &Slug,
    active: bool,
    reason: &str,
) -> Result<Vec<Draft>, Refusal> {
    let agent = registry.by_slug(hub, slug)?;
    if registry.get(agent).is_some_and(|known| known.active == active) {
        return Ok(Vec::new());
    }
    let event =
        if active { AgentReactivated { agent }.into() } else { AgentDeactivated { agent }.into() };
    Ok(vec![on_agent(agent, event, Texts::none().with(TextName::REASON, reason))])
}

fn on_agent(agent: AgentId, event: convoke_events::Event, texts: Texts) -> Draft {
    let correlation = CorrelationId::of_agent(agent);
    Draft { stream: StreamId::agent(agent), correlation, cause: None, event, texts }
}
