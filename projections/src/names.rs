//! What agents and people are called.

use std::collections::BTreeMap;

use convoke_events::{AgentId, Event, Principal, Recorded, RegistryEvent, Slug, TextName};
use serde::{Deserialize, Serialize};

/// The slug of every agent, as its newest version has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Slugs(BTreeMap<AgentId, Slug>);

impl Slugs {
    /// Takes in the next event.
    pub(crate) fn fold(&mut self, event: &Event) {
        let Event::Registry(event) = event else {
            return;
        };
        match event {
            RegistryEvent::AgentRegistered(facts) => {
                self.0.insert(facts.agent, facts.profile.slug.clone());
            }
            RegistryEvent::AgentRevised(facts) => {
                self.0.insert(facts.agent, facts.profile.slug.clone());
            }
            RegistryEvent::AgentDeactivated(_)
            | RegistryEvent::AgentReactivated(_)
            | RegistryEvent::TaskTypeRegistered(_) => {}
        }
    }

    /// The agent's slug, or its id where no registration is known.
    pub(crate) fn of(&self, agent: AgentId) -> String {
        self.0.get(&agent).map_or_else(|| agent.to_string(), ToString::to_string)
    }
}

/// The text of this name, or nothing where it is not in the record.
pub(crate) fn text(event: &Recorded, name: &TextName) -> Option<String> {
    event.texts.get(name).map(ToOwned::to_owned)
}

/// Who caused the event: a person by name where the event tells it, everybody else as a principal
/// is spelled.
pub(crate) fn who(event: &Recorded) -> String {
    match &event.envelope.principal {
        principal @ Principal::Person(_) => {
            text(event, &TextName::PRINCIPAL).unwrap_or_else(|| principal.to_string())
        }
        principal @ (Principal::Service(_) | Principal::Agent(_) | Principal::Runtime) => {
            principal.to_string()
        }
    }
}
