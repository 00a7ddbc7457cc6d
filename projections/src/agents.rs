//! The agents of every hub, each with the versions it had.

use convoke_events::{
    AgentId, AgentProfile, Capability, Event, HubId, Keyword, ModelFamily, ModelName, Position,
    ProviderName, Rate, Recorded, RegistryEvent, Slug, TextName, Tier, Timestamp, TrustLevel,
};
use serde::{Deserialize, Serialize};

use crate::names::{text, who};
use crate::{Entries, Listed, Page, Paging, Projection};

/// Every agent that was ever registered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agents {
    all: Entries<Agent>,
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
    /// The event that registered it.
    pub position: Position,
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
    fn of(id: AgentId, hub: HubId, position: Position, newest: AgentVersion) -> Self {
        let profile = newest.profile.clone();
        Self {
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
            active: true,
            version: newest.version,
            position,
            history: vec![newest],
        }
    }

    /// Takes its next version.
    fn revised(&mut self, newest: AgentVersion) {
        let (active, mut history) = (self.active, std::mem::take(&mut self.history));
        let revised = Self::of(self.id, self.hub.clone(), self.position, newest);
        history.extend(revised.history);
        *self = Self { active, history, ..revised };
    }
}

/// Which agents are asked for; whatever is none passes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentFilter {
    /// Of this hub.
    pub hub: Option<HubId>,
    /// That take work, or that do not.
    pub active: Option<bool>,
    /// Of this tier.
    pub tier: Option<Tier>,
    /// Of this trust level.
    pub trust: Option<TrustLevel>,
    /// Whose model this provider serves.
    pub provider: Option<ProviderName>,
}

impl AgentFilter {
    /// Whether the agent is among those asked for.
    pub fn takes(&self, agent: &Agent) -> bool {
        self.hub.as_ref().is_none_or(|hub| *hub == agent.hub)
            && self.active.is_none_or(|active| active == agent.active)
            && self.tier.is_none_or(|tier| tier == agent.tier)
            && self.trust.is_none_or(|trust| trust == agent.trust)
            && self.provider.as_ref().is_none_or(|known| *known == agent.provider)
    }
}

impl Listed for Agent {
    type Id = AgentId;

    fn id(&self) -> AgentId {
        self.id
    }

    fn position(&self) -> Position {
        self.position
    }
}

impl Agents {
    /// A page of the agents that pass, as they are now, in the order in which they were registered.
    pub fn page(&self, filter: &AgentFilter, paging: Paging) -> Page<'_, Agent> {
        self.all.page(|one| filter.takes(one), paging)
    }

    /// The agent with this id.
    pub fn get(&self, id: AgentId) -> Option<&Agent> {
        self.all.get(id)
    }

    /// The agent with this short name in the hub.
    pub fn find(&self, hub: &HubId, slug: &Slug) -> Option<&Agent> {
        self.of_hub(hub).find(|agent| agent.slug == *slug)
    }

    /// The hub's agents, in the order in which they were registered.
    pub fn of_hub(&self, hub: &HubId) -> impl Iterator<Item = &Agent> {
        self.iter().filter(move |agent| agent.hub == *hub)
    }

    /// Every agent of every hub, in the order in which they were registered.
    pub fn iter(&self) -> impl Iterator<Item = &Agent> {
        self.all.iter()
    }

    fn take_version(&mut self, id: AgentId, hub: &HubId, newest: AgentVersion) {
        match self.all.get_mut(id) {
            Some(agent) => agent.revised(newest),
            None => self.all.add(Agent::of(id, hub.clone(), newest.position, newest)),
        }
    }

    fn set_active(&mut self, id: AgentId, active: bool) {
        if let Some(agent) = self.all.get_mut(id) {
            agent.active = active;
        }
    }
}

impl Projection for Agents {
    const NAME: &'static str = "agents";
    const VERSION: u32 = 2;

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
