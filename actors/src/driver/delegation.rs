//! The delegation's actor: one per delegation under way. It hands the sub-task to the receiver, takes
//! what comes of it and has the hub debit the shared budget with that, and ends.

use actix::fut::wrap_future;
use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, Recipient,
    Supervised,
};

use super::agent::Intake;
use super::lane::Lane;
use super::message::Returned;
use super::restart::start_anew;
use crate::invocation::{Call, Outcome};

/// The actor of one delegation.
pub(super) struct Delegation {
    call: Call,
    receiver: Intake,
    provider: Lane,
    hub: Recipient<Returned>,
    progress: Progress,
    /// Held until it ends: one that nobody holds would not be begun anew.
    myself: Option<Addr<Self>>,
}

/// How far it has come; it goes on from there when it begins anew.
enum Progress {
    /// Nothing was handed over yet.
    Begun,
    /// The receiver has it, and tells this actor what comes of it.
    HandedOver,
    /// This came of it, and the hub may not know yet: told twice, it takes it once.
    Came(Box<Outcome>),
}

impl Delegation {
    /// Carries a delegation out.
    pub(super) fn start(call: Call, receiver: Intake, provider: Lane, hub: Recipient<Returned>) {
        let progress = Progress::Begun;
        start_anew(Self { call, receiver, provider, hub, progress, myself: None });
    }

    fn tell(&self, outcome: Outcome, context: &mut Context<Self>) {
        // A hub that is gone has ended with the runtime, which will owe the call again.
        let told = wrap_future::<_, Self>(self.hub.send(Returned(outcome)));
        context.wait(told.map(|_, _, context| context.stop()));
    }
}

impl Actor for Delegation {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let myself = self.myself.get_or_insert_with(|| context.address());
        match &self.progress {
            Progress::Begun => {
                let (call, returns) = (self.call.clone(), myself.clone().recipient());
                let given = self.receiver.give(call, returns, self.provider.clone());
                self.progress = Progress::HandedOver;
                if let Err(overloaded) = given {
                    overloaded.give_back();
                }
            }
            Progress::HandedOver => {}
            Progress::Came(outcome) => self.tell(outcome.as_ref().clone(), context),
        }
    }
}

impl Supervised for Delegation {}

impl Handler<Returned> for Delegation {
    type Result = ();

    fn handle(&mut self, Returned(outcome): Returned, context: &mut Self::Context) {
        self.progress = Progress::Came(Box::new(outcome.clone()));
        self.tell(outcome, context);
    }
}

#[cfg(test)]
mod tests;
