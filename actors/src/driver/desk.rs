//! The desk: finds the actor of a hub, or starts it.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::{Actor, Addr, AsyncContext, Context, Handler, WrapFuture};
use convoke_events::{HubId, Log};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::hub::Hub;
use super::message::{Alive, Drain, Give, Watch, pass};
use super::restart::start_anew;
use super::setup::Setup;

/// Starts the actors of hubs when they are first asked for, and passes messages on.
pub(super) struct Desk {
    log: Log,
    setup: Arc<Setup>,
    models: Handle,
    hubs: BTreeMap<HubId, Addr<Hub>>,
}

impl Desk {
    pub(super) const fn new(log: Log, setup: Arc<Setup>, models: Handle) -> Self {
        Self { log, setup, models, hubs: BTreeMap::new() }
    }

    fn hub(&mut self, id: &HubId) -> Addr<Hub> {
        if let Some(hub) = self.hubs.get(id) {
            return hub.clone();
        }
        let hub =
            Hub::new(id.clone(), self.log.clone(), Arc::clone(&self.setup), self.models.clone());
        let hub = start_anew(hub);
        self.hubs.insert(id.clone(), hub.clone());
        hub
    }
}

impl Actor for Desk {
    type Context = Context<Self>;
}

impl Handler<Give> for Desk {
    type Result = ();

    fn handle(&mut self, give: Give, _: &mut Self::Context) {
        pass(&self.hub(&give.hub), give);
    }
}

impl Handler<Watch> for Desk {
    type Result = ();

    fn handle(&mut self, watch: Watch, _: &mut Self::Context) {
        pass(&self.hub(&watch.hub), watch);
    }
}

impl Handler<Alive> for Desk {
    type Result = ();

    fn handle(&mut self, alive: Alive, _: &mut Self::Context) {
        // A hub that is not at work waits for nobody.
        if let Some(hub) = self.hubs.get(&alive.hub) {
            pass(hub, alive);
        }
    }
}

impl Handler<Drain> for Desk {
    type Result = ();

    fn handle(&mut self, drain: Drain, context: &mut Self::Context) {
        let mut drained = Vec::new();
        for hub in self.hubs.values() {
            let (reply, done) = oneshot::channel();
            pass(hub, Drain { reply });
            drained.push(done);
        }
        let all = async move {
            for done in drained {
                // A hub that is gone holds nothing back.
                let _ = done.await;
            }
            let _ = drain.reply.send(());
        };
        context.spawn(all.into_actor(self));
    }
}
