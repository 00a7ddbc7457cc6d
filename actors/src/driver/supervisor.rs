//! The supervisor: fans calls out to the actors of their agents, all at once.

use std::collections::BTreeMap;

use actix::{Actor, Addr, Context, Handler, Recipient};
use convoke_events::{AgentId, HubId, Reader};
use tokio::runtime::Handle;

use super::agent::Agent;
use super::delegation::Delegation;
use super::message::{CallOff, FanOut, Invoke, Returned, pass, start};
use super::setup::Setup;

/// Owns the addresses of a hub's agents, each started when it is first called.
pub(super) struct Supervisor {
    hub: HubId,
    reader: Reader,
    setup: Setup,
    models: Handle,
    returns: Recipient<Returned>,
    agents: BTreeMap<AgentId, Addr<Agent>>,
}

impl Supervisor {
    pub(super) const fn new(
        hub: HubId,
        reader: Reader,
        setup: Setup,
        models: Handle,
        returns: Recipient<Returned>,
    ) -> Self {
        Self { hub, reader, setup, models, returns, agents: BTreeMap::new() }
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;
}

impl Handler<FanOut> for Supervisor {
    type Result = ();

    fn handle(&mut self, FanOut(calls): FanOut, _: &mut Self::Context) {
        for call in calls {
            let agent = self.agents.entry(call.agent).or_insert_with(|| {
                start(Agent::new(
                    self.hub.clone(),
                    self.reader.clone(),
                    self.setup.clone(),
                    self.models.clone(),
                ))
            });
            if call.delegation.is_some() {
                start(Delegation::new(call, agent.clone(), self.returns.clone()));
            } else {
                pass(agent, Invoke { call, returns: self.returns.clone() });
            }
        }
    }
}

impl Handler<CallOff> for Supervisor {
    type Result = ();

    fn handle(&mut self, CallOff(call): CallOff, _: &mut Self::Context) {
        if let Some(agent) = self.agents.get(&call.agent) {
            pass(agent, CallOff(call));
        }
    }
}
