//! Who may act in which role, hub by hub.

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{Event, HubEvent, HubId, Principal, Recorded, Role, TextName};
use serde::{Deserialize, Serialize};

use crate::Projection;
use crate::names::text;

/// The roles that every hub granted and did not withdraw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    by_hub: BTreeMap<HubId, BTreeMap<String, Holder>>,
}

/// Somebody with roles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Who: the name of a person where it is known.
    pub name: String,
    /// As the events call them.
    pub principal: String,
    /// As what.
    pub roles: BTreeSet<Role>,
}

impl Roles {
    /// Everybody who has a role in the hub, in order of what events call them.
    pub fn of_hub(&self, hub: &HubId) -> impl Iterator<Item = &Holder> {
        self.by_hub.get(hub).into_iter().flat_map(BTreeMap::values)
    }

    /// Every hub in which somebody has a role.
    pub fn hubs(&self) -> impl Iterator<Item = &HubId> {
        self.by_hub.keys()
    }

    fn holder(&mut self, event: &Recorded, principal: &Principal) -> &mut Holder {
        let called = principal.to_string();
        let known = self.by_hub.entry(event.envelope.hub.clone()).or_default();
        known.entry(called.clone()).or_insert_with(|| Holder {
            name: called.clone(),
            principal: called,
            roles: BTreeSet::new(),
        })
    }
}

impl Projection for Roles {
    const NAME: &'static str = "roles";
    const VERSION: u32 = 1;

    fn fold(&mut self, event: &Recorded) {
        let Event::Hub(hub) = &event.event else {
            return;
        };
        match hub {
            HubEvent::HubOpened(_) => {}
            HubEvent::RoleGranted(facts) => {
                // Who opens a hub owns it, and is named as its principal.
                let own = (facts.principal == event.envelope.principal)
                    .then(|| text(event, &TextName::PRINCIPAL))
                    .flatten();
                let name = text(event, &TextName::NAME).or(own);
                let holder = self.holder(event, &facts.principal);
                holder.roles.insert(facts.role);
                if let Some(name) = name {
                    holder.name = name;
                }
            }
            HubEvent::RoleWithdrawn(facts) => {
                self.holder(event, &facts.principal).roles.remove(&facts.role);
            }
        }
    }
}
