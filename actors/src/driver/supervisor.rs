//! The supervisor: fans calls out to the actors of their agents, all at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::{Actor, Context, Handler, Recipient, Supervised};
use convoke_events::{AgentId, HubId, ProviderName, Reader};
use tokio::runtime::Handle;

use super::agent::{Agent, Intake};
use super::delegation::Delegation;
use super::lane::Lane;
use super::message::{CallOff, FanOut, Returned};
use super::setup::Setup;

/// Owns the addresses of a hub's agents, each started when it is first called.
pub(super) struct Supervisor {
    hub: HubId,
    reader: Reader,
    setup: Arc<Setup>,
    models: Handle,
    returns: Recipient<Returned>,
    agents: BTreeMap<AgentId, Intake>,
    /// How many calls of a provider may be under way, whichever agents they are of.
    providers: BTreeMap<ProviderName, Lane>,
}

impl Supervisor {
    pub(super) fn new(
        hub: HubId,
        reader: Reader,
        setup: Arc<Setup>,
        models: Handle,
        returns: Recipient<Returned>,
    ) -> Self {
        let (agents, providers) = (BTreeMap::new(), BTreeMap::new());
        Self { hub, reader, setup, models, returns, agents, providers }
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;
}

/// It knows addresses and lanes only, which hold whatever it panicked over.
impl Supervised for Supervisor {}

impl Handler<FanOut> for Supervisor {
    type Result = ();

    fn handle(&mut self, FanOut(calls): FanOut, _: &mut Self::Context) {
        for call in calls {
            let agent = self.agents.entry(call.agent).or_insert_with(|| {
                let (hub, reader) = (self.hub.clone(), self.reader.clone());
                Agent::start(hub, reader, Arc::clone(&self.setup), self.models.clone())
            });
            let lane = self.providers.entry(call.provider.clone()).or_insert_with(Lane::new);
            let (lane, returns) = (lane.clone(), self.returns.clone());
            if call.delegation.is_some() {
                Delegation::start(call, agent.clone(), lane, returns);
            } else if let Err(overloaded) = agent.give(call, returns, lane) {
                overloaded.give_back();
            }
        }
    }
}

impl Handler<CallOff> for Supervisor {
    type Result = ();

    fn handle(&mut self, CallOff(call): CallOff, _: &mut Self::Context) {
        if let Some(agent) = self.agents.get(&call.agent) {
            agent.call_off(call);
        }
    }
}

#[cfg(test)]
mod tests;
