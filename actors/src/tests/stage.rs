//! A session on a log of its own, whose appends become durable when a test says so.

use std::sync::Arc;

use convoke_events::testkit::{ManualClock, NOON};
use convoke_events::{
    AppendError, Clock, CommitStore, Engine, MemoryStore, Receipt, Recorded, Timestamp,
};

use crate::authority::Authority;
use crate::command::{Answer, Caller, Command, CommandError, Order};
use crate::driver::session::{Session, Ticket, Turn};
use crate::invocation::{Call, Outcome};
use crate::testkit::{hub, orders};

/// Who waits for what is told apart by name.
pub(super) type Seen = Turn<&'static str, &'static str>;

pub(super) type Told = Vec<(&'static str, Result<Answer, CommandError>)>;

/// A session, and the log it decides for.
pub(super) struct Stage {
    pub(super) engine: Engine,
    pub(super) session: Session<&'static str, &'static str>,
    store: Arc<dyn CommitStore>,
    authority: Arc<dyn Authority>,
}

/// A command of this person's.
pub(super) fn order(name: &str, command: Command) -> Order {
    Order::new(Caller::Person(name.to_owned()), command)
}

impl Stage {
    pub(super) fn empty(authority: impl Authority) -> Self {
        Self::on(Arc::new(MemoryStore::new()), Arc::new(authority))
    }

    pub(super) fn on(store: Arc<dyn CommitStore>, authority: Arc<dyn Authority>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOON));
        let engine = Engine::open(Arc::clone(&store), clock).unwrap();
        let reader = engine.reader().clone();
        let session = Session::replay(hub(), reader, Arc::clone(&authority), 7).unwrap();
        Self { engine, session, store, authority }
    }

    /// The small federation, set up by `ada`, all of it durable.
    pub(super) fn workshop(authority: impl Authority) -> Self {
        let mut stage = Self::empty(authority);
        for command in orders() {
            let seen = stage.give("setup", order("ada", command));
            let told = stage.land(seen).answers;
            assert!(matches!(told[..], [("setup", Ok(Answer::Done(_)))]), "{told:?}");
        }
        stage
    }

    /// Everything in memory is lost, and replayed from the log.
    pub(super) fn restarted(self) -> Self {
        Self::on(self.store, self.authority)
    }

    /// The same, at rest from now on.
    pub(super) fn at_rest(self) -> Self {
        Self { session: self.session.at_rest(), ..self }
    }

    pub(super) fn give(&mut self, who: &'static str, order: Order) -> Seen {
        self.session.order(order, who, NOON)
    }

    /// Hands in a command that is carried out, and makes all that follows durable.
    pub(super) fn done(&mut self, command: Command) -> Seen {
        let seen = self.give("done", order("ada", command));
        self.land(seen)
    }

    pub(super) fn returns(&mut self, outcome: Outcome, now: Timestamp) -> Seen {
        let seen = self.session.outcome(outcome, now);
        self.land(seen)
    }

    /// Makes appends durable, and tells nobody.
    pub(super) fn commit(
        &mut self,
        seen: &mut Seen,
    ) -> Vec<(Ticket, Result<Receipt, AppendError>)> {
        let (tickets, appends): (Vec<_>, Vec<_>) = seen.appends.drain(..).unzip();
        tickets.into_iter().zip(self.engine.commit(&appends)).collect()
    }

    /// Makes appends durable, and tells their fates in order.
    pub(super) fn land(&mut self, mut seen: Seen) -> Seen {
        for (ticket, fate) in self.commit(&mut seen) {
            let more = self.session.landed(ticket, fate);
            seen.answers.extend(more.answers);
            seen.calls.extend(more.calls);
            seen.cancelled.extend(more.cancelled);
            seen.concluded.extend(more.concluded);
        }
        seen
    }

    pub(super) fn events(&self) -> Vec<Recorded> {
        let all = self.engine.reader().read(convoke_events::Query::all());
        all.collect::<Result<_, _>>().unwrap()
    }

    /// The events' types, in order.
    pub(super) fn types(&self) -> Vec<&'static str> {
        self.events().iter().map(|recorded| recorded.event.event_type()).collect()
    }

    /// The request that a call makes of its provider.
    pub(super) fn request(&self, call: &Call) -> crate::provider::ModelRequest {
        crate::prompt::build(self.engine.reader(), &hub(), call).unwrap()
    }
}
