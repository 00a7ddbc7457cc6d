//! The agent's actor: one per registration; owns its calls in flight and how many there may be.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, Addr, AsyncContext, Context, Handler, Recipient, Supervised};
use convoke_events::{FailureClass, HubId, InvocationId, Reader};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::lane::Lane;
use super::message::{CallOff, Ended, Invoke, Returned, pass};
use super::restart::start_anew;
use super::setup::Setup;
use crate::invocation::{Call, Outcome};
use crate::prompt;
use crate::provider::{
    Cancel, CancelSwitch, Deltas, ModelResponse, Provider, ProviderFailure, Retry,
};

/// How long a provider may take to end a call that was called off, before it is dropped.
const GRACE: Duration = Duration::from_secs(1);

/// The actor of one agent registration.
pub(super) struct Agent {
    hub: HubId,
    reader: Reader,
    setup: Arc<Setup>,
    models: Handle,
    lane: Lane,
    under_way: BTreeMap<(InvocationId, u32), CancelSwitch>,
    /// What it is about to take up: should it panic over it, this is what is told.
    taking_up: Option<(InvocationId, u32, Recipient<Returned>)>,
}

impl Agent {
    fn new(hub: HubId, reader: Reader, setup: Arc<Setup>, models: Handle) -> Self {
        let (lane, under_way, taking_up) = (Lane::new(), BTreeMap::new(), None);
        Self { hub, reader, setup, models, lane, under_way, taking_up }
    }

    /// Starts the actor, and hands out the way to it.
    pub(super) fn start(hub: HubId, reader: Reader, setup: Arc<Setup>, models: Handle) -> Intake {
        let limit = setup.intake;
        let room = Arc::new(Semaphore::new(limit));
        Intake { agent: start_anew(Self::new(hub, reader, setup, models)), room, limit }
    }
}

/// The way to an agent: bounded for new work, free for everything else.
#[derive(Clone)]
pub(super) struct Intake {
    agent: Addr<Agent>,
    room: Arc<Semaphore>,
    limit: usize,
}

/// Too many calls of an agent wait for their turn, or it has ended: the call comes back.
pub(super) struct Overloaded {
    pub(super) call: Call,
    pub(super) returns: Recipient<Returned>,
    pub(super) why: String,
}

impl Intake {
    /// Hands a call over, unless too many wait.
    pub(super) fn give(
        &self,
        call: Call,
        returns: Recipient<Returned>,
        provider: Lane,
    ) -> Result<(), Box<Overloaded>> {
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else {
            let why = format!("{} calls of its agent wait for their turn", self.limit);
            return Err(Box::new(Overloaded { call, returns, why }));
        };
        let invoke = Invoke { call, returns, provider, place };
        self.agent.try_send(invoke).map_err(|error| {
            let Invoke { call, returns, .. } = error.into_inner();
            let why = "its agent's actor panicked too often, and has ended".to_owned();
            Box::new(Overloaded { call, returns, why })
        })
    }

    /// Calls a call off; that is never turned away.
    pub(super) fn call_off(&self, call: Call) {
        pass(&self.agent, CallOff(call));
    }
}

impl Overloaded {
    /// Tells the hub, which decides what is done about it: nothing was sent.
    pub(super) fn give_back(self: Box<Self>) {
        let Self { call, returns, why } = *self;
        let failure = ProviderFailure::new(FailureClass::Withheld, why)
            .with_retry(Retry::After(Duration::ZERO));
        tell(returns, (call.invocation, call.attempt), Err(failure));
    }
}

/// Tells what came of a call that was not sent.
fn tell(
    returns: Recipient<Returned>,
    (invocation, attempt): (InvocationId, u32),
    result: Result<ModelResponse, ProviderFailure>,
) {
    let outcome = Outcome { invocation, attempt, result, latency: Duration::ZERO };
    actix::spawn(async move {
        // Who is gone has ended with the runtime, which will owe the call again.
        let _ = returns.send(Returned(outcome)).await;
    });
}

impl Actor for Agent {
    type Context = Context<Self>;
}

impl Supervised for Agent {
    /// Its calls under way go on; what it panicked over has failed, and was not sent.
    fn restarting(&mut self, _: &mut Self::Context) {
        if let Some((invocation, attempt, returns)) = self.taking_up.take() {
            let message = "its agent's actor panicked over it";
            let failure = ProviderFailure::new(FailureClass::Withheld, message)
                .with_retry(Retry::After(Duration::ZERO));
            tell(returns, (invocation, attempt), Err(failure));
        }
    }
}

impl Handler<Invoke> for Agent {
    type Result = ();

    fn handle(&mut self, invoke: Invoke, context: &mut Self::Context) {
        let Invoke { call, returns, provider: provider_lane, place } = invoke;
        let (invocation, attempt) = (call.invocation, call.attempt);
        self.taking_up = Some((invocation, attempt, returns.clone()));
        let (switch, cancel) = Cancel::pair();
        self.under_way.insert((invocation, attempt), switch);
        self.lane.widen_to(call.at_once.agent);
        provider_lane.widen_to(call.at_once.provider);
        let provider = self.setup.providers.get(&call.provider).cloned();
        let (hub, reader) = (self.hub.clone(), self.reader.clone());
        let (lane, myself) = (self.lane.clone(), context.address());
        let left = call.deadline.since(self.setup.clock.now());
        let models = self.models.clone();
        self.models.spawn(async move {
            let mut called_off = cancel.clone();
            let turn = async { (lane.turn().await, provider_lane.turn().await) };
            let turn = tokio::select! {
                biased;
                () = called_off.cancelled() => Err(called_off_unsent()),
                () = tokio::time::sleep(left) => Err(overdue()),
                turn = turn => Ok(turn),
            };
            drop(place);
            let since = Instant::now();
            let result = match turn {
                Ok(turn) => {
                    // In a task of its own: a provider that panics fails this call alone.
                    let made = models
                        .spawn(async move { make(&hub, &reader, &call, provider, cancel).await });
                    let made = made.await.unwrap_or_else(|error| {
                        let failure = format!("the provider's code ended abnormally: {error}");
                        Err(Box::new(ProviderFailure::new(FailureClass::Panicked, failure)))
                    });
                    drop(turn);
                    made
                }
                Err(failure) => Err(failure),
            };
            let (result, latency) = (result.map_err(|failure| *failure), since.elapsed());
            let outcome = Outcome { invocation, attempt, result, latency };
            // `send` waits where there is no room: an outcome is never turned away. An actor that
            // is gone has ended with the runtime, which will owe the call again.
            let _ = returns.send(Returned(outcome)).await;
            let _ = myself.send(Ended(invocation, attempt)).await;
        });
        self.taking_up = None;
    }
}

/// A call was called off while it waited for its turn.
fn called_off_unsent() -> Box<ProviderFailure> {
    let message = "the call was called off before it was sent";
    Box::new(ProviderFailure::new(FailureClass::Cancelled, message).unbilled())
}

/// A call's deadline passed while it waited for its turn.
fn overdue() -> Box<ProviderFailure> {
    let message = "its turn did not come before its deadline";
    Box::new(ProviderFailure::new(FailureClass::Timeout, message).unbilled())
}

impl Handler<Ended> for Agent {
    type Result = ();

    fn handle(&mut self, Ended(invocation, attempt): Ended, _: &mut Self::Context) {
        self.under_way.remove(&(invocation, attempt));
    }
}

impl Handler<CallOff> for Agent {
    type Result = ();

    fn handle(&mut self, CallOff(call): CallOff, _: &mut Self::Context) {
        if let Some(switch) = self.under_way.remove(&(call.invocation, call.attempt)) {
            switch.cancel();
        }
    }
}

async fn make(
    hub: &HubId,
    reader: &Reader,
    call: &Call,
    provider: Option<Arc<dyn Provider>>,
    cancel: Cancel,
) -> Result<ModelResponse, Box<ProviderFailure>> {
    let Some(provider) = provider else {
        let message = format!("no provider `{}` is configured here", call.provider);
        return Err(Box::new(ProviderFailure::new(FailureClass::NoProvider, message)));
    };
    let request = prompt::build(reader, hub, call).map_err(|error| {
        Box::new(ProviderFailure::new(FailureClass::NoProvider, error.to_string()))
    })?;
    let mut called_off = cancel.clone();
    let given_up = || {
        let message = "the call was called off";
        Err(Box::new(ProviderFailure::new(FailureClass::Cancelled, message)))
    };
    if called_off.is_cancelled() {
        return Err(called_off_unsent());
    }
    let overdue = async {
        called_off.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        biased;
        result = provider.call(request, Deltas::none(), cancel) => result.map_err(Box::new),
        () = overdue => given_up(),
    }
}

#[cfg(test)]
mod tests;
