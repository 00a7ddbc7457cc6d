//! Agents coming, changing and going, in words.

use convoke_events::{AgentProfile, Recorded, RegistryEvent, TextName};

use super::because;
use super::told::Told;

pub(super) fn tell(recorded: &Recorded, event: &RegistryEvent, told: &Told) -> String {
    let reason = || because(recorded.texts.get(&TextName::REASON));
    match event {
        RegistryEvent::AgentRegistered(facts) => {
            format!("{} was registered: {}", told.agent(facts.agent, 1), profile(&facts.profile))
        }
        RegistryEvent::AgentRevised(facts) => {
            let agent = told.agent(facts.agent, facts.version);
            format!("{agent} took the place of its older version: {}", profile(&facts.profile))
        }
        RegistryEvent::AgentDeactivated(facts) => {
            format!("{} takes no work from now on{}", told.newest(facts.agent), reason())
        }
        RegistryEvent::AgentReactivated(facts) => {
            format!("{} takes work again{}", told.newest(facts.agent), reason())
        }
        RegistryEvent::TaskTypeRegistered(facts) => {
            format!(
                "work of the type `{}` makes a `{}` from now on",
                facts.task_type, facts.artifact
            )
        }
    }
}

fn profile(profile: &AgentProfile) -> String {
    let AgentProfile { provider, model, family, trust, tier, rate, .. } = profile;
    format!(
        "model `{model}` of {provider}, family `{family}`, trust level `{trust}`, tier {tier}, \
         rate {rate}"
    )
}
