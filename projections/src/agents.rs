//! The agents of every hub, each with the versions it had.

use std::collections::BTreeMap;

use convoke_events::{
    AgentId, AgentProfile, Capability, Event, HubId, Keyword, ModelFamily, ModelName, Position,
    ProviderName, Rate, Recorded, RegistryEvent, Slug, TextName, Tier, Timestamp, TrustLevel,
};
use serde::{Deserialize, Serialize};

use crate::Projection;
use crate::names::{text, who};

/// Every agent that was ever registered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agents {
    by_id: BTreeMap<AgentId, Agent>,
}

/// An agent as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// The hub it belongs to.
    pub hub: HubId,
    /// Its short name, unique in the hub.
    pub slug: Slug,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who serves its model.
    pub provider: ProviderName,
    /// Its model.
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
    /// What it asks for a task.
    pub rate: Rate,
    /// Whether it takes work.
    pub active: bool,
    /// Which version of it this is, from 1.
    pub version: u32,
    /// Every version it had, this one included, oldest first.
    pub history: Vec<AgentVersion>,
}

/// An agent as it was registered or revised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentVersion {
    /// Which version, from 1.
    pub version: u32,
    /// The event that made it.
    pub position: Position,
    /// When that was decided.
    pub at: Timestamp,
    /// Who decided it, by name where it is a person.
    pub by: String,
    /// What it was.
    pub profile: AgentProfile,
    /// What it was called.
    pub name: String,
    /// What it was for.
    pub description: String,
    /// What its model was told before anything else.
    pub system_prompt: String,
    /// Where its model was served, if not at the provider's own address.
    pub base_url: Option<String>,
    /// The provider's own settings for it, as JSON.
    pub settings: Option<String>,
}

impl AgentVersion {
    fn of(event: &Recorded, version: u32, profile: &AgentProfile) -> Self {
        Self {
            version,
            position: event.envelope.position,
            at: event.envelope.decided_at,
            by: who(event),
            profile: profile.clone(),
            name: text(event, &TextName::NAME).unwrap_or_default(),
            description: text(event, &TextName::DESCRIPTION).unwrap_or_default(),
            system_prompt: text(event, &TextName::SYSTEM_PROMPT).unwrap_or_default(),
            base_url: text(event, &TextName::BASE_URL),
            settings: text(event, &TextName::SETTINGS),
        }
    }
}

impl Agent {
    fn of(
        id: AgentId,
        hub: HubId,
        active: bool,
        mut history: Vec<AgentVersion>,
        newest: AgentVersion,
    ) -> Self {
        let profile = newest.profile.clone();
        let agent = Self {
            id,
            hub,
            slug: profile.slug,
            name: newest.name.clone(),
            description: newest.description.clone(),
            provider: profile.provider,
            model: profile.model,
            family: profile.family,
            trust: profile.trust,
            tier: profile.tier,
            capabilities: profile.capabilities,
            keywords: profile.keywords,
            rate: profile.rate,
            active,
            version: newest.version,
            history: Vec::new(),
        };
        history.push(newest);
        Self { history, ..agent }
    }
}

impl Agents {
    /// The agent with this id.
    pub fn get(&self, id: AgentId) -> Option<&Agent> {
        self.by_id.get(&id)
    }

    /// The agent with this short name in the hub.
    pub fn find(&self, hub: &HubId, slug: &Slug) -> Option<&Agent> {
        self.of_hub(hub).find(|agent| agent.slug == *slug)
    }

    /// The hub's agents, in order of their ids.
    pub fn of_hub(&self, hub: &HubId) -> impl Iterator<Item = &Agent> {
        self.iter().filter(move |agent| agent.hub == *hub)
    }

    /// Every agent of every hub, in order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Agent> {
        self.by_id.values()
    }

    fn take_version(&mut self, id: AgentId, hub: &HubId, newest: AgentVersion) {
        let (active, history) =
            self.by_id.remove(&id).map_or((true, Vec::new()), |old| (old.active, old.history));
        self.by_id.insert(id, Agent::of(id, hub.clone(), active, history, newest));
    }

    fn set_active(&mut self, id: AgentId, active: bool) {
        if let Some(agent) = self.by_id.get_mut(&id) {
            agent.active = active;
        }
    }
}

impl Projection for Agents {
    const NAME: &'static str = "agents";
    const VERSION: u32 = 1;

    fn quotes(event: &Event) -> bool {
        matches!(event, Event::Registry(_))
    }

    fn fold(&mut self, event: &Recorded) {
        let Event::Registry(registry) = &event.event else {
            return;
        };
        let hub = &event.envelope.hub;
        match registry {
            RegistryEvent::AgentRegistered(facts) => {
                self.take_version(facts.agent, hub, AgentVersion::of(event, 1, &facts.profile));
            }
            RegistryEvent::AgentRevised(facts) => {
                let newest = AgentVersion::of(event, facts.version, &facts.profile);
                self.take_version(facts.agent, hub, newest);
            }
            RegistryEvent::AgentDeactivated(facts) => self.set_active(facts.agent, false),
            RegistryEvent::AgentReactivated(facts) => self.set_active(facts.agent, true),
            RegistryEvent::TaskTypeRegistered(_) => {}
        }
    }
}
