//! The hub's actor: a session with a mailbox, the log's writer in front of it and the supervisor
//! behind it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use actix::fut::wrap_future;
use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, SpawnHandle, Supervised};
use convoke_events::{HubId, InvocationId, Landing, Log, LogId, Recovery, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::message::{
    Alive, CallOff, Drain, FanOut, Give, Landed, Reply, Returned, Watch, Watcher, pass,
};
use super::restart::start_anew;
use super::session::{Session, Ticket, Turn};
use super::setup::Setup;
use super::supervisor::Supervisor;
use crate::command::CommandError;
use crate::invocation::Call;
use crate::provider::Safety;

/// The actor of one hub.
pub(super) struct Hub {
    id: HubId,
    log: Log,
    setup: Arc<Setup>,
    models: Handle,
    served: Result<Served, String>,
    /// It outlives what this actor panics over, and with it the calls under way.
    supervisor: Option<Addr<Supervisor>>,
    /// The tries that are out with agents.
    out: BTreeSet<(InvocationId, u32)>,
    /// How often it began anew: an append's fate counts for the incarnation that handed it on.
    incarnation: u64,
    draining: Vec<oneshot::Sender<()>>,
}

/// What a hub has once its log was replayed.
struct Served {
    session: Session<Reply, Watcher>,
    supervisor: Addr<Supervisor>,
    landings: mpsc::UnboundedSender<(Ticket, Landing)>,
    wake: Option<(Timestamp, SpawnHandle)>,
}

impl Hub {
    pub(super) fn new(id: HubId, log: Log, setup: Arc<Setup>, models: Handle) -> Self {
        let served = Err("it has not started yet".to_owned());
        let (supervisor, out, draining) = (None, BTreeSet::new(), Vec::new());
        Self { id, log, setup, models, served, supervisor, out, incarnation: 0, draining }
    }

    fn take(
        &mut self,
        context: &mut Context<Self>,
        take: impl FnOnce(&mut Session<Reply, Watcher>, Timestamp) -> Turn<Reply, Watcher>,
    ) {
        let now = self.setup.clock.now();
        if let Ok(served) = &mut self.served {
            let turn = take(&mut served.session, now);
            self.perform(turn, now, context);
        }
    }

    /// Does what the session asks for.
    fn perform(&mut self, turn: Turn<Reply, Watcher>, now: Timestamp, context: &mut Context<Self>) {
        let Ok(served) = &self.served else {
            return;
        };
        for (ticket, append) in turn.appends {
            // Whoever tells of landings lives as long as this actor.
            let _ = served.landings.send((ticket, self.log.append_prepared(append)));
        }
        for (reply, answer) in turn.answers {
            // Whoever asked may have gone; the answer stands all the same.
            let _ = reply.send(answer);
        }
        for (watcher, end) in turn.concluded {
            let _ = watcher.send(end);
        }
        if !turn.calls.is_empty() {
            self.out.extend(turn.calls.iter().map(|call| (call.invocation, call.attempt)));
            pass(&served.supervisor, FanOut(turn.calls));
        }
        for call in turn.cancelled {
            pass(&served.supervisor, CallOff(call));
        }
        self.set_alarm(now, context);
        if self.served.as_ref().is_ok_and(|served| served.session.is_quiet()) {
            for waiter in self.draining.drain(..) {
                let _ = waiter.send(());
            }
        }
    }

    /// Wakes the session at its next deadline.
    fn set_alarm(&mut self, now: Timestamp, context: &mut Context<Self>) {
        let Ok(served) = &mut self.served else {
            return;
        };
        let next = served.session.wake_at();
        if served.wake.as_ref().map(|(at, _)| *at) == next {
            return;
        }
        if let Some((_, alarm)) = served.wake.take() {
            context.cancel_future(alarm);
        }
        served.wake = next.map(|at| {
            // A timer may fire a little early; a millisecond more saves a second look.
            let after = at.since(now).saturating_add(Duration::from_millis(1));
            let alarm = context.run_later(after, |hub, context| {
                if let Ok(served) = &mut hub.served {
                    served.wake = None;
                }
                hub.take(context, Session::tick);
            });
            (at, alarm)
        });
    }

    fn replay(&mut self, context: &mut Context<Self>) {
        let reader = self.log.reader().clone();
        let authority = Arc::clone(&self.setup.authority);
        // Chance enters here and only here; what came of it is in the events.
        let mut seed = [0; 8];
        seed.copy_from_slice(LogId::random().as_bytes().split_at(8).0);
        let seed = u64::from_le_bytes(seed);
        match Session::replay(self.id.clone(), reader, authority, seed) {
            Ok(session) => {
                let session = if self.setup.at_rest { session.at_rest() } else { session };
                let supervisor = self.supervisor(context);
                let (landings, landed) = mpsc::unbounded_channel();
                actix::spawn(tell(landed, context.address(), self.incarnation));
                self.served = Ok(Served { session, supervisor, landings, wake: None });
                let (providers, out) = (self.setup.providers.clone(), self.out.clone());
                self.take(context, move |session, now| {
                    let found = |call: &Call| {
                        if out.contains(&(call.invocation, call.attempt)) {
                            return None;
                        }
                        let provider = providers.get(&call.provider);
                        let repeatable =
                            provider.is_some_and(|it| it.safety() == Safety::Repeatable);
                        Some(if repeatable { Recovery::DidNotHappen } else { Recovery::InDoubt })
                    };
                    session.resume(found, now)
                });
            }
            Err(error) => self.cannot_serve(&error),
        }
    }

    fn supervisor(&mut self, context: &Context<Self>) -> Addr<Supervisor> {
        let started = self.supervisor.get_or_insert_with(|| {
            start_anew(Supervisor::new(
                self.id.clone(),
                self.log.reader().clone(),
                Arc::clone(&self.setup),
                self.models.clone(),
                context.address().recipient(),
            ))
        });
        started.clone()
    }

    fn cannot_serve(&mut self, error: &dyn std::error::Error) {
        tracing::error!(hub = %self.id, %error, "the hub cannot be replayed");
        self.served = Err(format!("the hub cannot be replayed: {error}"));
    }

    fn refusal(&self) -> CommandError {
        let why = self.served.as_ref().err().cloned().unwrap_or_default();
        CommandError::Stopped { why }
    }
}

impl Actor for Hub {
    type Context = Context<Self>;

    /// Waits until everything that was handed to the log before is on disk or refused, also by a
    /// hub that drove it before this one, and replays behind it.
    fn started(&mut self, context: &mut Self::Context) {
        let fence = wrap_future::<_, Self>(self.log.fence());
        context.wait(fence.map(|fence, hub, context| match fence {
            Ok(_) => hub.replay(context),
            Err(error) => hub.cannot_serve(&error),
        }));
    }
}

impl Supervised for Hub {
    /// Nothing in memory outlives a panic but what is out with agents. Who waits for an answer is
    /// told that it is unknown.
    fn restarting(&mut self, _: &mut Self::Context) {
        self.served = Err("it begins anew".to_owned());
        self.incarnation = self.incarnation.saturating_add(1);
    }
}

impl Handler<Give> for Hub {
    type Result = ();

    fn handle(&mut self, give: Give, context: &mut Self::Context) {
        if self.served.is_err() {
            let _ = give.reply.send(Err(self.refusal()));
            return;
        }
        self.take(context, |session, now| session.order(give.order, give.reply, now));
    }
}

impl Handler<Watch> for Hub {
    type Result = ();

    fn handle(&mut self, watch: Watch, context: &mut Self::Context) {
        if self.served.is_err() {
            let _ = watch.reply.send(Err(self.refusal()));
            return;
        }
        self.take(context, |session, _| session.watch(watch.task, watch.reply));
    }
}

impl Handler<Alive> for Hub {
    type Result = ();

    fn handle(&mut self, alive: Alive, context: &mut Self::Context) {
        self.take(context, |session, now| session.heard(alive.task, now));
    }
}

impl Handler<Returned> for Hub {
    type Result = ();

    fn handle(&mut self, Returned(outcome): Returned, context: &mut Self::Context) {
        self.out.remove(&(outcome.invocation, outcome.attempt));
        self.take(context, |session, now| session.outcome(outcome, now));
    }
}

impl Handler<Landed> for Hub {
    type Result = ();

    fn handle(&mut self, Landed(incarnation, ticket, fate): Landed, context: &mut Self::Context) {
        if incarnation == self.incarnation {
            self.take(context, |session, _| session.landed(ticket, fate));
        }
    }
}

/// Tells a hub what became of its appends, in their order.
async fn tell(
    mut landings: mpsc::UnboundedReceiver<(Ticket, Landing)>,
    hub: Addr<Hub>,
    incarnation: u64,
) {
    while let Some((ticket, landing)) = landings.recv().await {
        pass(&hub, Landed(incarnation, ticket, landing.await));
    }
}

impl Handler<Drain> for Hub {
    type Result = ();

    fn handle(&mut self, drain: Drain, _: &mut Self::Context) {
        match &self.served {
            Ok(served) if !served.session.is_quiet() => self.draining.push(drain.reply),
            Ok(_) | Err(_) => {
                let _ = drain.reply.send(());
            }
        }
    }
}

#[cfg(test)]
mod tests;
