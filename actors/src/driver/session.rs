//! The session: one hub between its pure core and the log, for every driver the same.
//!
//! It decides on the newest, tentative state and hands appends on in order. Answers, calls and
//! news go out only when the newest append they could have seen is durable; nothing outside ever
//! sees tentative state. A failed append ends the session for good: the log has stopped.

mod due;
mod silence;
mod turn;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use convoke_events::{
    Append, AppendError, Digest, Event, EventId, FailureClass, HubId, Idempotency, InvocationEvent,
    Pending, Principal, Query, ReadError, Reader, Receipt, Recourse, Recovery, TaskEvent, TaskId,
    TextName, Timestamp, encode,
};

use self::silence::Silence;
use self::turn::Waiting;
pub use self::turn::{Ticket, Turn};
use crate::authority::Authority;
use crate::command::{Answer, Caller, CommandError, Order};
use crate::decision::{Decision, Draft};
use crate::hub::{self, Input, State, Step, decide};
use crate::invocation::{Call, Outcome};
use crate::provider::ProviderFailure;
use crate::refusal::Refusal;

/// One hub between its pure core and the log.
pub struct Session<R, W> {
    hub: HubId,
    state: State,
    reader: Reader,
    authority: Arc<dyn Authority>,
    seed: u64,
    drawn: u64,
    tickets: u64,
    waiting: VecDeque<Waiting<R, W>>,
    watchers: BTreeMap<TaskId, Vec<W>>,
    silence: Silence,
    at_rest: bool,
    stopped: Option<String>,
}

impl<R, W> Session<R, W> {
    /// Rebuilds a hub from its events. `seed` is what it draws chance and event ids from.
    ///
    /// # Errors
    /// [`ReadError`] if the log cannot be read.
    pub fn replay(
        hub: HubId,
        reader: Reader,
        authority: Arc<dyn Authority>,
        seed: u64,
    ) -> Result<Self, ReadError> {
        let mut state = State::empty(hub.clone());
        for recorded in reader.read(Query::hub(hub.clone()).without_bodies()) {
            let recorded = recorded?;
            state.evolve(recorded.envelope.id, recorded.envelope.decided_at, &recorded.event);
        }
        Ok(Self {
            hub,
            state,
            reader,
            authority,
            seed,
            drawn: 0,
            tickets: 0,
            waiting: VecDeque::new(),
            watchers: BTreeMap::new(),
            silence: Silence::default(),
            at_rest: false,
            stopped: None,
        })
    }

    /// The same at rest: it takes commands and records what they decide. Everything else that is
    /// owed, calls in flight at a crash included, is left as it is to a session that takes it up.
    pub fn at_rest(mut self) -> Self {
        self.at_rest = true;
        self
    }

    /// The newest state, tentative events included.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Whether every append handed on has come back.
    pub fn is_quiet(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes up what the replayed state owes. Of each call in flight `found` says what became of
    /// it, or nothing where it is under way all the same; that is recorded, and the hub's rules say
    /// what is done about it.
    pub fn resume(
        &mut self,
        found: impl Fn(&Call) -> Option<Recovery>,
        now: Timestamp,
    ) -> Turn<R, W> {
        let mut turn = Turn::default();
        if self.at_rest {
            return turn;
        }
        self.silence.listen(now);
        for call in self.state.owed().calls {
            if let Some(found) = found(&call) {
                // What the runtime brings is never refused.
                let _ = self.take(&Input::Recovered(call.invocation, found), None, now, &mut turn);
            }
        }
        self.take_due(Self::bidding, now, &mut turn);
        self.take_due(Self::expiry, now, &mut turn);
        self.take_due(Self::deadline, now, &mut turn);
        self.take_steps(now, &mut turn);
        turn
    }

    /// Takes a command; `reply` is who gave it.
    pub fn order(&mut self, order: Order, reply: R, now: Timestamp) -> Turn<R, W> {
        let mut turn = Turn::default();
        if let Some(why) = self.stopped.clone() {
            turn.answers.push((reply, Err(CommandError::Stopped { why })));
            return turn;
        }
        let principal = order.caller.principal(&self.hub);
        let idempotency = order.key.clone().map(|key| {
            let digest = encode(&order.command).map_or_else(
                |_| Digest::of(format!("{:?}", order.command).as_bytes()),
                |bytes| Digest::of(&bytes),
            );
            Idempotency { key, digest }
        });
        let Some(reply) = self.repeated(&principal, idempotency.as_ref(), reply, &mut turn) else {
            return turn;
        };
        let roles = self.authority.roles(&self.hub, &order.caller);
        let command = Box::new(order.command);
        let input = Input::Command { principal: principal.clone(), roles, command };
        let from =
            Origin { principal, caller: Some(order.caller), trace: order.trace, idempotency };
        let taken = self.take(&input, Some(from), now, &mut turn);
        match (taken, self.waiting.back_mut()) {
            (Ok(true), Some(waiting)) => waiting.receipts.push(reply),
            (Ok(_), _) => self.after_all(reply, Ok(Answer::Unchanged), &mut turn),
            (Err(refusal), _) => self.after_all(reply, Err(refusal.into()), &mut turn),
        }
        self.take_steps(now, &mut turn);
        turn
    }

    /// Takes what came of a call.
    pub fn outcome(&mut self, outcome: Outcome, now: Timestamp) -> Turn<R, W> {
        let mut turn = Turn::default();
        if self.stopped.is_some() {
            return turn;
        }
        let Outcome { invocation, attempt, latency, .. } = outcome;
        let usage = match &outcome.result {
            Ok(response) => response.usage,
            Err(failure) => failure.usage,
        };
        if let Err(refusal) = self.take(&Input::Outcome(outcome), None, now, &mut turn) {
            // What cannot be recorded as it came is recorded as a failure, and charged.
            let message = format!("what came cannot be recorded: {refusal}");
            let failure = ProviderFailure::new(FailureClass::Malformed, message).with_usage(usage);
            let result = Err(failure);
            let outcome = Outcome { invocation, attempt, result, latency };
            let _ = self.take(&Input::Outcome(outcome), None, now, &mut turn);
        }
        self.take_steps(now, &mut turn);
        turn
    }

    /// Takes note of the time: gives up the calls whose deadline has passed, ends the biddings and the
    /// leases whose time is over.
    pub fn tick(&mut self, now: Timestamp) -> Turn<R, W> {
        let mut turn = Turn::default();
        if self.at_rest {
            return turn;
        }
        self.take_due(Self::deadline, now, &mut turn);
        self.take_due(Self::silence, now, &mut turn);
        self.take_due(Self::bidding, now, &mut turn);
        self.take_due(Self::expiry, now, &mut turn);
        self.take_steps(now, &mut turn);
        turn
    }

    /// Takes a sign of life of somebody at work on a task: nothing is recorded of it.
    pub fn heard(&mut self, task: TaskId, now: Timestamp) -> Turn<R, W> {
        self.silence.heard(&self.state, task, now);
        Turn::default()
    }

    /// Takes the fate of an append. Fates may be told in any order; they count in that of tickets.
    pub fn landed(&mut self, ticket: Ticket, fate: Result<Receipt, AppendError>) -> Turn<R, W> {
        let mut turn = Turn::default();
        if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.ticket == ticket) {
            waiting.fate = Some(fate);
        }
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.fate.is_some()) {
            match waiting.fate {
                Some(Ok(receipt)) => {
                    let done = waiting.receipts.into_iter();
                    turn.answers.extend(done.map(|reply| (reply, Ok(Answer::Done(receipt)))));
                    turn.answers.extend(waiting.answers);
                    turn.calls.extend(waiting.calls);
                    turn.cancelled.extend(waiting.cancelled);
                    turn.concluded.extend(waiting.concluded);
                }
                Some(Err(error)) => {
                    let replies = waiting.answers.into_iter().map(|(reply, _)| reply);
                    let replies = waiting.receipts.into_iter().chain(replies).collect();
                    let watchers = waiting.concluded.into_iter().map(|(who, _)| who).collect();
                    self.fail(&error, replies, watchers, &mut turn);
                }
                None => {}
            }
        }
        turn
    }

    /// Tells `who` when the task has ended and that is durable, or that it cannot before a person
    /// has said what became of a call.
    pub fn watch(&mut self, task: TaskId, who: W) -> Turn<R, W> {
        let mut turn = Turn::default();
        if let Some(why) = self.stopped.clone() {
            turn.concluded.push((who, Err(CommandError::Stopped { why })));
            return turn;
        }
        match (self.state.conclusion(task).cloned(), self.waiting.back_mut()) {
            (Some(end), Some(waiting)) => waiting.concluded.push((who, Ok(end))),
            (Some(end), None) => turn.concluded.push((who, Ok(end))),
            (None, _) if self.state.knows_task(task) => {
                self.watchers.entry(task).or_default().push(who);
                self.tell_doubts(&mut turn);
            }
            (None, _) => {
                let hub = self.hub.clone();
                turn.concluded.push((who, Err(Refusal::TaskUnknown { task, hub }.into())));
            }
        }
        turn
    }

    /// Answers a command that was given before; `None` if it was.
    fn repeated(
        &mut self,
        principal: &Principal,
        idempotency: Option<&Idempotency>,
        reply: R,
        turn: &mut Turn<R, W>,
    ) -> Option<R> {
        let Some(Idempotency { key, digest }) = idempotency else {
            return Some(reply);
        };
        if let Some((known, receipt)) = self.reader.idempotent(&self.hub, principal, key) {
            let answer = if known == *digest {
                Ok(Answer::Done(receipt))
            } else {
                Err(Refusal::KeyReused.into())
            };
            turn.answers.push((reply, answer));
            return None;
        }
        let wanted = (principal.clone(), key.clone());
        let tentative = self.waiting.iter_mut().find_map(|waiting| {
            let (known, digest) = waiting.key.clone()?;
            (known == wanted).then_some((digest, waiting))
        });
        match tentative {
            None => return Some(reply),
            Some((known, waiting)) if known == *digest => waiting.receipts.push(reply),
            Some((_, waiting)) => {
                waiting.answers.push((reply, Err(Refusal::KeyReused.into())));
            }
        }
        None
    }

    /// Answers once everything that the answer could have seen is durable.
    fn after_all(&mut self, reply: R, answer: Result<Answer, CommandError>, turn: &mut Turn<R, W>) {
        match self.waiting.back_mut() {
            Some(waiting) => waiting.answers.push((reply, answer)),
            None => turn.answers.push((reply, answer)),
        }
    }

    /// Takes every step that is owed.
    fn take_steps(&mut self, now: Timestamp, turn: &mut Turn<R, W>) {
        while let Some(step) = self.state.next_step()
            && self.stopped.is_none()
            && !self.at_rest
        {
            let taken = self.take(&Input::Step(step), None, now, turn);
            if taken != Ok(true) && self.give_up(step, taken.err(), now, turn) != Ok(true) {
                break;
            }
        }
        self.tell_doubts(turn);
    }

    /// Tells who waits for a task that it does not go on before a person has spoken.
    fn tell_doubts(&mut self, turn: &mut Turn<R, W>) {
        for (task, invocation) in self.state.in_doubt() {
            let told = self.watchers.remove(&task).into_iter().flatten();
            let told = told.map(|who| (who, Err(CommandError::InDoubt { invocation })));
            match self.waiting.back_mut() {
                Some(waiting) => waiting.concluded.extend(told),
                None => turn.concluded.extend(told),
            }
        }
    }

    /// Ends a task whose step cannot be recorded, so that it is not owed for ever.
    fn give_up(
        &mut self,
        step: Step,
        why: Option<Refusal>,
        now: Timestamp,
        turn: &mut Turn<R, W>,
    ) -> Result<bool, Refusal> {
        let why = why.map_or_else(|| "it leaves no event".to_owned(), |why| why.to_string());
        let decision = hub::give_up(&self.state, step, &why, now);
        self.record(decision, Origin::runtime(), now, turn)
    }

    /// Decides, and hands on what is to be recorded; `false` if nothing is.
    fn take(
        &mut self,
        input: &Input,
        from: Option<Origin>,
        now: Timestamp,
        turn: &mut Turn<R, W>,
    ) -> Result<bool, Refusal> {
        let mut seed = [0; 8];
        seed.copy_from_slice(self.draw().as_bytes().split_at(8).0);
        let decision = decide(&self.state, input, now, u64::from_le_bytes(seed));
        self.record(decision, from.unwrap_or_else(Origin::runtime), now, turn)
    }

    fn record(
        &mut self,
        decision: Decision,
        from: Origin,
        now: Timestamp,
        turn: &mut Turn<R, W>,
    ) -> Result<bool, Refusal> {
        if decision.events.is_empty() {
            return decision.answer.map(|()| false);
        }
        let from = if decision.answer.is_ok() {
            from
        } else if matches!(from.principal, Principal::Agent(_)) {
            // What an agent was refused is the runtime's record, not its doing.
            Origin::runtime()
        } else {
            // A refusal that is on record is no receipt: given again, it is decided again.
            Origin { idempotency: None, ..from }
        };
        let append = self.append(decision.events, from, now);
        let prepared = self.reader.prepare(append).map_err(Refusal::from)?;
        let append = prepared.append();
        let key = append
            .idempotency
            .clone()
            .map(|Idempotency { key, digest }| ((append.principal.clone(), key), digest));
        let ticket = Ticket(self.tickets);
        self.tickets = self.tickets.saturating_add(1);
        let mut waiting = Waiting::for_fate_of(ticket, key);
        for pending in &append.events {
            self.evolve(pending, &mut waiting);
        }
        self.waiting.push_back(waiting);
        turn.appends.push((ticket, prepared));
        decision.answer.map(|()| true)
    }

    /// Takes an event into the state, and notes what it owes once it is durable.
    fn evolve(&mut self, pending: &Pending, waiting: &mut Waiting<R, W>) {
        let event = &pending.event;
        if let Event::Invocation(InvocationEvent::InvocationFailed(failed)) = event {
            waiting.cancelled.extend(self.state.call(failed.invocation));
        }
        self.state.evolve(pending.id, pending.decided_at, event);
        if let Event::Invocation(InvocationEvent::InvocationStarted(started)) = event {
            waiting.calls.extend(self.state.call(started.invocation));
        }
        if let Event::Invocation(InvocationEvent::InvocationRecovered(recovered)) = event
            && recovered.then == Recourse::Repeat
        {
            waiting.calls.extend(self.state.call(recovered.invocation));
        }
        if let Event::Task(TaskEvent::TaskConcluded(end)) = event {
            let watchers = self.watchers.remove(&end.task).unwrap_or_default();
            waiting.concluded.extend(watchers.into_iter().map(|who| (who, Ok(end.clone()))));
        }
    }

    fn append(&mut self, drafts: Vec<Draft>, from: Origin, now: Timestamp) -> Append {
        let name = match &from.caller {
            Some(Caller::Person(name)) => Some(name.clone()),
            Some(Caller::Service(_) | Caller::Agent(_)) | None => None,
        };
        // One draw for all of them: what tells the events of an append apart is their number.
        let mut entropy = [0; 16];
        entropy.copy_from_slice(self.draw().as_bytes().split_at(16).0);
        let first = u128::from_le_bytes(entropy);
        let events = (0_u128..).zip(drafts).map(|(number, draft)| Pending {
            id: EventId::mint(now, first.wrapping_add(number)),
            stream: draft.stream,
            correlation: draft.correlation,
            causation: draft.cause,
            decided_at: now,
            event: draft.event,
            texts: draft.texts.with_some(TextName::PRINCIPAL, name.as_deref()),
        });
        let events = events.collect();
        let Origin { principal, trace, idempotency, .. } = from;
        let (content, expected) = (None, Vec::new());
        Append { hub: self.hub.clone(), principal, trace, idempotency, content, expected, events }
    }

    fn draw(&mut self) -> Digest {
        self.drawn = self.drawn.saturating_add(1);
        Digest::of_parts([&self.seed.to_le_bytes()[..], &self.drawn.to_le_bytes()[..]])
    }

    fn fail(
        &mut self,
        error: &AppendError,
        replies: Vec<R>,
        watchers: Vec<W>,
        turn: &mut Turn<R, W>,
    ) {
        let why = error.to_string();
        if self.stopped.is_none() {
            tracing::error!(hub = %self.hub, %why, "the hub has stopped: its log took no more");
        }
        self.stopped = Some(why.clone());
        let unknown = || CommandError::Unknown { why: why.clone() };
        turn.answers.extend(replies.into_iter().map(|reply| (reply, Err(unknown()))));
        let all = std::mem::take(&mut self.watchers).into_values().flatten();
        let all = watchers.into_iter().chain(all);
        turn.concluded.extend(all.map(|who| (who, Err(unknown()))));
    }
}

/// Where an append comes from.
struct Origin {
    principal: Principal,
    caller: Option<Caller>,
    trace: Option<String>,
    idempotency: Option<Idempotency>,
}

impl Origin {
    const fn runtime() -> Self {
        Self { principal: Principal::Runtime, caller: None, trace: None, idempotency: None }
    }
}
