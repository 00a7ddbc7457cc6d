//! The hub's own events and the host's records, in words.

use convoke_events::{HostEvent, HubEvent, Recorded, TextName};

use super::told::Told;
use crate::wording::first_lines;

pub(super) fn tell_hub(recorded: &Recorded, event: &HubEvent, told: &Told) -> String {
    match event {
        HubEvent::HubOpened(_) => {
            let name = recorded.texts.get(&TextName::NAME);
            let name = name.map(|name| format!(", \"{name}\"")).unwrap_or_default();
            format!("hub `{}` was opened{name}", recorded.envelope.hub)
        }
        HubEvent::RoleGranted(facts) => {
            format!("{} may act as {} from now on", told.principal(&facts.principal), facts.role)
        }
        HubEvent::RoleWithdrawn(facts) => {
            format!("{} may no longer act as {}", told.principal(&facts.principal), facts.role)
        }
    }
}

pub(super) fn tell_record(recorded: &Recorded, event: &HostEvent) -> String {
    let what = match event {
        HostEvent::InteractionRecorded(_) => "an interaction",
        HostEvent::OutcomeRecorded(_) => "an outcome",
    };
    let body = recorded.texts.get(&TextName::BODY).map(first_lines);
    let body = body.map(|body| format!(": \"{body}\"")).unwrap_or_default();
    format!("the host recorded {what} on `{}`{body}", recorded.envelope.stream)
}
