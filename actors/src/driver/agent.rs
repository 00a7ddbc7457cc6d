//! The agent's actor: one per registration; owns its calls in flight and how many there may be.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, AsyncContext, Context, Handler};
use convoke_events::{FailureClass, HubId, InvocationId, Reader};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::message::{CallOff, Ended, Invoke, Returned};
use super::setup::Setup;
use crate::invocation::{Call, Outcome};
use crate::prompt;
use crate::provider::{Cancel, CancelSwitch, Deltas, ModelResponse, Provider, ProviderFailure};

/// How many calls of one agent may be under way; more wait their turn.
const AT_ONCE: usize = 64;

/// How long a provider may take to end a call that was called off, before it is dropped.
const GRACE: Duration = Duration::from_secs(1);

/// The actor of one agent registration.
pub(super) struct Agent {
    hub: HubId,
    reader: Reader,
    setup: Setup,
    models: Handle,
    permits: Arc<Semaphore>,
    under_way: BTreeMap<InvocationId, CancelSwitch>,
}

impl Agent {
    pub(super) fn new(hub: HubId, reader: Reader, setup: Setup, models: Handle) -> Self {
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        Self { hub, reader, setup, models, permits, under_way: BTreeMap::new() }
    }
}

impl Actor for Agent {
    type Context = Context<Self>;
}

impl Handler<Invoke> for Agent {
    type Result = ();

    fn handle(&mut self, Invoke { call, returns }: Invoke, context: &mut Self::Context) {
        let (switch, cancel) = Cancel::pair();
        self.under_way.insert(call.invocation, switch);
        let provider = self.setup.providers.get(&call.provider).cloned();
        let (hub, reader) = (self.hub.clone(), self.reader.clone());
        let (permits, myself) = (Arc::clone(&self.permits), context.address());
        let models = self.models.clone();
        self.models.spawn(async move {
            let permit = permits.acquire_owned().await;
            let since = Instant::now();
            let (invocation, attempt) = (call.invocation, call.attempt);
            // In a task of its own: a provider that panics fails this call alone.
            let made =
                models.spawn(async move { make(&hub, &reader, &call, provider, cancel).await });
            let result = made.await.unwrap_or_else(|error| {
                let failure = format!("the provider's code ended abnormally: {error}");
                Err(Box::new(ProviderFailure::new(FailureClass::Panicked, failure)))
            });
            drop(permit);
            let (result, latency) = (result.map_err(|failure| *failure), since.elapsed());
            let outcome = Outcome { invocation, attempt, result, latency };
            // `send` waits where there is no room: an outcome is never turned away. An actor that
            // is gone has ended with the runtime, which will owe the call again.
            let _ = returns.send(Returned(outcome)).await;
            let _ = myself.send(Ended(invocation)).await;
        });
    }
}

impl Handler<Ended> for Agent {
    type Result = ();

    fn handle(&mut self, Ended(invocation): Ended, _: &mut Self::Context) {
        self.under_way.remove(&invocation);
    }
}

impl Handler<CallOff> for Agent {
    type Result = ();

    fn handle(&mut self, CallOff(call): CallOff, _: &mut Self::Context) {
        if let Some(switch) = self.under_way.remove(&call.invocation) {
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
        // It was called off while it waited for its turn: it is not sent.
        return given_up();
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
