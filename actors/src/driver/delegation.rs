//! The delegation's actor: one per delegation under way. It hands the sub-task to the receiver, takes
//! what comes of it and has the hub debit the shared budget with that, and ends.

use actix::fut::wrap_future;
use actix::{Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, Recipient};

use super::agent::Agent;
use super::message::{Invoke, Returned, pass};
use crate::invocation::Call;

/// The actor of one delegation.
pub(super) struct Delegation {
    call: Call,
    receiver: Addr<Agent>,
    hub: Recipient<Returned>,
}

impl Delegation {
    pub(super) const fn new(call: Call, receiver: Addr<Agent>, hub: Recipient<Returned>) -> Self {
        Self { call, receiver, hub }
    }
}

impl Actor for Delegation {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let (call, returns) = (self.call.clone(), context.address().recipient());
        pass(&self.receiver, Invoke { call, returns });
    }
}

impl Handler<Returned> for Delegation {
    type Result = ();

    fn handle(&mut self, returned: Returned, context: &mut Self::Context) {
        // A hub that is gone has ended with the runtime, which will owe the call again.
        let told = wrap_future::<_, Self>(self.hub.send(returned));
        context.wait(told.map(|_, _, context| context.stop()));
    }
}
