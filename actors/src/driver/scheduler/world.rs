//! The world of a scheduled run: everything that outlives a crash, and everything that does not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use convoke_events::testkit::{ManualClock, NOON};
use convoke_events::{
    AppendError, Clock, CommitStore, Engine, Event, HubId, InvocationEvent, InvocationId,
    MemoryStore, Prepared, Query, Receipt, Recorded, Recovery,
};

use super::super::session::{Session, Ticket, Turn};
use super::Dice;
use crate::authority::LocalOwner;
use crate::command::{Answer, CommandError, Order};
use crate::hub::State;
use crate::invocation::{Call, Outcome};
use crate::prompt;
use crate::provider::{Cancel, Deltas, Provider, Safety};

/// What may go wrong in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// How often at most everything in memory is lost, between any two steps.
    pub crashes: usize,
    /// How far the clock may move in one step.
    pub clock_step: Duration,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every event, in order.
    pub events: Vec<Recorded>,
    /// The answer to each order, in the order they were given.
    pub answers: Vec<Result<Answer, CommandError>>,
    /// How often each call was made.
    pub calls: BTreeMap<InvocationId, usize>,
    /// How often everything in memory was lost.
    pub crashes: usize,
    /// What the hub had in memory at the end.
    pub state: State,
}

/// What is lost in a crash.
struct Memory {
    engine: Engine,
    session: Session<usize, usize>,
    /// Appends on their way to the writer.
    queue: Vec<(Ticket, Prepared)>,
    /// Fates on their way back.
    fates: Vec<(Ticket, Result<Receipt, AppendError>)>,
    calls: Vec<Call>,
}

/// One hub, its log and its agents, driven by dice.
pub struct World {
    hub: HubId,
    provider: Arc<dyn Provider>,
    orders: Vec<Order>,
    faults: Faults,
    dice: Dice,
    clock: Arc<ManualClock>,
    store: Arc<dyn CommitStore>,
    memory: Option<Memory>,
    /// The next order to give, and what was answered to those before.
    next: usize,
    answers: Vec<Option<Result<Answer, CommandError>>>,
    made: BTreeMap<InvocationId, usize>,
    /// The calls whose intent, and whose answer, is durable.
    started: BTreeSet<InvocationId>,
    answered: BTreeSet<InvocationId>,
    crashes: usize,
    /// How many events are on record, and with how many everything in memory is lost.
    recorded: u64,
    kill_at: Option<u64>,
}

/// A step that can be taken.
#[derive(Clone, Copy, Debug)]
enum Move {
    Give,
    Commit,
    Tell,
    Return,
    Pass,
    Crash,
}

impl World {
    /// A world in which these orders are given to a hub, one after the other. Each must carry an
    /// idempotency key: who gives them gives them again after a crash that left them unanswered.
    pub fn new(
        seed: u64,
        hub: HubId,
        provider: Arc<dyn Provider>,
        orders: Vec<Order>,
        faults: Faults,
    ) -> Self {
        let answers = orders.iter().map(|_| None).collect();
        Self {
            hub,
            provider,
            orders,
            faults,
            dice: Dice::new(seed),
            clock: Arc::new(ManualClock::at(NOON)),
            store: Arc::new(MemoryStore::new()),
            memory: None,
            next: 0,
            answers,
            made: BTreeMap::new(),
            started: BTreeSet::new(),
            answered: BTreeSet::new(),
            crashes: 0,
            recorded: 0,
            kill_at: None,
        }
    }

    /// The same world, in which everything in memory is lost once more: right after the append with
    /// which so many events are on record, before anybody is told. Appends are committed one by one.
    pub fn killed_at(self, events: u64) -> Self {
        Self { kill_at: Some(events), ..self }
    }

    /// Runs until every order is answered and nothing is owed.
    ///
    /// # Panics
    /// If the log cannot be opened, a call is made that was not recorded before or was recorded as
    /// answered, or the run does not end.
    #[allow(clippy::panic, reason = "a broken promise ends the test that found it")]
    pub fn run(mut self) -> Report {
        for _ in 0..1_000_000 {
            let moves = self.moves();
            if moves.is_empty() {
                return self.report();
            }
            let drawn = self.dice.below(moves.len());
            if let Some(drawn) = moves.get(drawn) {
                self.take(*drawn);
            }
        }
        panic!("the run does not end");
    }

    fn moves(&mut self) -> Vec<Move> {
        self.memory();
        let Some(memory) = &self.memory else {
            return Vec::new();
        };
        let mut moves = Vec::new();
        let can = [
            (self.next < self.orders.len(), Move::Give),
            (!memory.queue.is_empty(), Move::Commit),
            (!memory.fates.is_empty(), Move::Tell),
            (!memory.calls.is_empty(), Move::Return),
        ];
        moves.extend(can.into_iter().filter(|(can, _)| *can).map(|(_, step)| step));
        // A call whose next try waits for its time is not done.
        let waits = memory.session.state().next_deadline().is_some();
        if moves.is_empty() && !waits && self.answers.iter().all(Option::is_some) {
            return moves;
        }
        moves.push(Move::Pass);
        // Rare beside the others, so that there is something to lose.
        if self.crashes < self.faults.crashes && self.dice.below(8) == 0 {
            moves.push(Move::Crash);
        }
        moves
    }

    fn take(&mut self, step: Move) {
        match step {
            Move::Give => self.give(),
            Move::Commit => self.commit(),
            Move::Tell => self.tell(),
            Move::Return => self.come_back(),
            Move::Pass => self.pass_time(),
            Move::Crash => self.crash(),
        }
    }

    /// What is in memory, put there again if it was lost.
    #[allow(clippy::expect_used, reason = "a log that does not open ends the test that found it")]
    fn memory(&mut self) {
        if self.memory.is_some() {
            return;
        }
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&self.clock);
        let engine =
            Engine::open(Arc::clone(&self.store), clock).expect("the log opens after a crash");
        let reader = engine.reader().clone();
        let seed = u64::try_from(self.dice.below(usize::MAX)).unwrap_or(0);
        let session = Session::replay(self.hub.clone(), reader, Arc::new(LocalOwner), seed)
            .expect("the hub is replayed after a crash");
        let (queue, fates, calls) = (Vec::new(), Vec::new(), Vec::new());
        let mut memory = Memory { engine, session, queue, fates, calls };
        let repeatable = self.provider.safety() == Safety::Repeatable;
        let found = if repeatable { Recovery::DidNotHappen } else { Recovery::InDoubt };
        let turn = memory.session.resume(|_| Some(found), self.clock.now());
        self.memory = Some(memory);
        self.perform(turn);
    }

    fn perform(&mut self, turn: Turn<usize, usize>) {
        if let Some(memory) = &mut self.memory {
            memory.queue.extend(turn.appends);
            memory.calls.extend(turn.calls);
            for call in turn.cancelled {
                // Some calls are answered before word of their calling off reaches them.
                let too_late = self.dice.below(2) == 0;
                memory.calls.retain(|one| too_late || *one != call);
            }
        }
        for (order, answer) in turn.answers {
            if let Some(answered) = self.answers.get_mut(order) {
                *answered = Some(answer);
            }
        }
    }

    fn turn(
        &mut self,
        take: impl FnOnce(&mut Session<usize, usize>, convoke_events::Timestamp) -> Turn<usize, usize>,
    ) {
        let now = self.clock.now();
        let Some(memory) = &mut self.memory else {
            return;
        };
        let turn = take(&mut memory.session, now);
        self.perform(turn);
    }

    fn give(&mut self) {
        let (next, order) = (self.next, self.orders.get(self.next).cloned());
        self.next = self.next.saturating_add(1);
        if let Some(order) = order {
            self.turn(|session, now| session.order(order, next, now));
        }
    }

    /// The writer takes some of what waits, makes it durable, and sends word.
    fn commit(&mut self) {
        let Some(memory) = &mut self.memory else {
            return;
        };
        let alone = self.kill_at.is_some();
        let most = if alone { 1 } else { self.dice.below(memory.queue.len()).saturating_add(1) };
        let taken: Vec<_> = memory.queue.drain(..most.min(memory.queue.len())).collect();
        let (tickets, appends): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
        let fates = memory.engine.commit(&appends);
        for (append, fate) in appends.iter().zip(&fates) {
            for pending in append.append().events.iter().filter(|_| fate.is_ok()) {
                self.recorded = self.recorded.saturating_add(1);
                if let Event::Invocation(InvocationEvent::InvocationStarted(one)) = &pending.event {
                    self.started.insert(one.invocation);
                }
                if let Event::Invocation(InvocationEvent::InvocationAnswered(one)) = &pending.event
                {
                    self.answered.insert(one.invocation);
                }
            }
        }
        memory.fates.extend(tickets.into_iter().zip(fates));
        if self.kill_at.is_some_and(|events| self.recorded >= events) {
            self.kill_at = None;
            self.crash();
        }
    }

    fn tell(&mut self) {
        let Some(memory) = &mut self.memory else {
            return;
        };
        let which = self.dice.below(memory.fates.len());
        let (ticket, fate) = memory.fates.swap_remove(which);
        self.turn(|session, _| session.landed(ticket, fate));
    }

    /// A call comes back, whichever.
    #[allow(clippy::panic, clippy::expect_used, reason = "a broken promise ends its test")]
    fn come_back(&mut self) {
        let Some(memory) = &mut self.memory else {
            return;
        };
        let which = self.dice.below(memory.calls.len());
        let call = memory.calls.swap_remove(which);
        let reader = memory.engine.reader();
        let invocation = call.invocation;
        assert!(self.started.contains(&invocation), "call {invocation} is made, but not recorded");
        assert!(!self.answered.contains(&invocation), "call {invocation} is made again");
        let made = self.made.entry(invocation).or_default();
        *made = made.saturating_add(1);
        let request = prompt::build(reader, &self.hub, &call).expect("a request from the log");
        let (_switch, cancel) = Cancel::pair();
        let mut under_way = self.provider.call(request, Deltas::none(), cancel);
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(result) = under_way.as_mut().poll(&mut context) else {
            panic!("a provider of the scheduler answers at once");
        };
        let (attempt, latency) = (call.attempt, Duration::ZERO);
        let outcome = Outcome { invocation, attempt, result, latency };
        self.turn(|session, now| session.outcome(outcome, now));
    }

    fn pass_time(&mut self) {
        let most = usize::try_from(self.faults.clock_step.as_micros()).unwrap_or(usize::MAX);
        let micros = u64::try_from(self.dice.below(most)).unwrap_or(0);
        self.clock.advance(Duration::from_micros(micros));
        self.turn(Session::tick);
    }

    /// Everything in memory is lost. Whoever waits for an answer asks again, in the same order.
    fn crash(&mut self) {
        self.crashes = self.crashes.saturating_add(1);
        self.memory = None;
        let unanswered = self.answers.iter().position(Option::is_none);
        self.next = unanswered.unwrap_or(self.orders.len()).min(self.next);
    }

    #[allow(clippy::expect_used, reason = "a log that cannot be read ends its test")]
    fn report(self) -> Report {
        let memory = self.memory.expect("the run has just looked at it");
        let events = memory.engine.reader().read(Query::all());
        let events = events.collect::<Result<_, _>>().expect("the log can be read at the end");
        let answers = self.answers.into_iter().flatten().collect();
        let state = memory.session.state().clone();
        Report { events, answers, calls: self.made, crashes: self.crashes, state }
    }
}
