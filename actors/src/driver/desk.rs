//! The desk: finds the actor of a hub, or starts it.

use std::collections::BTreeMap;

use actix::{Actor, Addr, Context, Handler, Message, WrapFuture};
use convoke_events::{HubId, Log, TaskConcluded, TaskId};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::federation::Setup;
use super::hub::Hub;
use crate::command::{Answer, CommandError, Order};

/// Who waits for an answer.
pub(super) type Reply = oneshot::Sender<Result<Answer, CommandError>>;

/// Who waits for a task to end.
pub(super) type Watcher = oneshot::Sender<Result<TaskConcluded, CommandError>>;

/// Starts the actors of hubs when they are first asked for, and passes messages on.
pub(super) struct Desk {
    log: Log,
    setup: Setup,
    models: Handle,
    hubs: BTreeMap<HubId, Addr<Hub>>,
}

impl Desk {
    pub(super) const fn new(log: Log, setup: Setup, models: Handle) -> Self {
        Self { log, setup, models, hubs: BTreeMap::new() }
    }

    fn hub(&mut self, id: &HubId) -> Addr<Hub> {
        if let Some(hub) = self.hubs.get(id) {
            return hub.clone();
        }
        let hub = Hub::new(id.clone(), self.log.clone(), self.setup.clone(), self.models.clone());
        let hub = hub.start();
        self.hubs.insert(id.clone(), hub.clone());
        hub
    }
}

impl Actor for Desk {
    type Context = Context<Self>;
}

/// Gives a hub a command.
pub(super) struct Give {
    pub(super) hub: HubId,
    pub(super) order: Order,
    pub(super) reply: Reply,
}

/// Asks a hub to tell when a task has ended.
pub(super) struct Watch {
    pub(super) hub: HubId,
    pub(super) task: TaskId,
    pub(super) reply: Watcher,
}

/// Asks all hubs to say when everything they took is durable.
pub(super) struct Drain {
    pub(super) reply: oneshot::Sender<()>,
}

macro_rules! messages {
    ($($message:ty),*) => {$(
        impl actix::Message for $message {
            type Result = ();
        }
    )*};
}
pub(super) use messages;

messages!(Give, Watch, Drain);

impl Handler<Give> for Desk {
    type Result = ();

    fn handle(&mut self, give: Give, context: &mut Self::Context) {
        pass(context, &self.hub(&give.hub), give);
    }
}

impl Handler<Watch> for Desk {
    type Result = ();

    fn handle(&mut self, watch: Watch, context: &mut Self::Context) {
        pass(context, &self.hub(&watch.hub), watch);
    }
}

impl Handler<Drain> for Desk {
    type Result = ();

    fn handle(&mut self, drain: Drain, context: &mut Self::Context) {
        let mut drained = Vec::new();
        for hub in self.hubs.values() {
            let (reply, done) = oneshot::channel();
            pass(context, hub, Drain { reply });
            drained.push(done);
        }
        let all = async move {
            for done in drained {
                // A hub that is gone holds nothing back.
                let _ = done.await;
            }
            let _ = drain.reply.send(());
        };
        actix::AsyncContext::spawn(context, all.into_actor(self));
    }
}

/// Passes a message on in order; an actor that is gone drops it, and with it whoever waits for it.
pub(super) fn pass<A, M, T>(context: &mut Context<A>, to: &Addr<T>, message: M)
where
    A: Actor<Context = Context<A>>,
    T: Actor<Context = Context<T>> + Handler<M>,
    M: Message<Result = ()> + Send + 'static,
{
    let sent = to.send(message);
    let sent = async {
        if sent.await.is_err() {
            tracing::debug!("an actor that is gone was sent a message");
        }
    };
    actix::AsyncContext::spawn(context, actix::fut::wrap_future::<_, A>(sent));
}
