//! The delegation's actor: one per delegation under way. It hands the sub-task to the receiver, takes
//! what comes of it and has the hub debit the shared budget with that, and ends.

use actix::fut::wrap_future;
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Recipient};

use super::agent::Intake;
use super::lane::Lane;
use super::message::Returned;
use crate::invocation::Call;

/// The actor of one delegation.
pub(super) struct Delegation {
    call: Call,
    receiver: Intake,
    provider: Lane,
    hub: Recipient<Returned>,
}

impl Delegation {
    pub(super) const fn new(
        call: Call,
        receiver: Intake,
        provider: Lane,
        hub: Recipient<Returned>,
    ) -> Self {
        Self { call, receiver, provider, hub }
    }
}

impl Actor for Delegation {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let (call, returns) = (self.call.clone(), context.address().recipient());
        if let Err(overloaded) = self.receiver.give(call, returns, self.provider.clone()) {
            overloaded.give_back();
        }
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
