//! Flight: the calls of a hub that have not ended, and those that were given up and may come back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use convoke_events::{
    AccountId, AfterFailure, AgentId, Amount, EventId, FailureClass, InvocationEvent,
    InvocationFailed, InvocationId, InvocationStarted, Recourse, ReservationId, RetryRules,
    Settled, TaskId, Timestamp,
};

use super::{AtOnce, Call};
use crate::budget::Held;

/// How long word of a call that was given up may take. Its provider is dropped a second after it
/// was called off; what nobody heard of after this is not remembered any more.
const MAY_COME_BACK: Duration = Duration::from_hours(1);

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// With its provider, or on its way there.
    InFlight,
    /// A try failed; the next one waits for its time.
    Waiting { failed: u32, at: Timestamp, reservation: ReservationId, mend: bool },
    /// Nobody knows what became of it: a person has to say.
    InDoubt,
}

/// A call that has not ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Open {
    /// The newest event of its story.
    pub(super) intent: EventId,
    pub(super) started: InvocationStarted,
    pub(super) phase: Phase,
    /// How long it had at first.
    span: Duration,
    /// Whether its time begins when it goes out: a person had it made again, nobody knows when.
    begins_late: bool,
}

impl Open {
    /// When it has to be looked at, unless it waits for a person.
    const fn due(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::InFlight => Some(self.started.deadline),
            Phase::Waiting { at, .. } => Some(at),
            Phase::InDoubt => None,
        }
    }

    /// The same at this moment: with its whole time before it, if that begins when it goes out.
    pub(super) fn as_of(&self, now: Timestamp) -> Self {
        let mut open = self.clone();
        if self.begins_late {
            open.started.deadline = now.plus(self.span);
        }
        open
    }

    /// The try that is under way, or that waits.
    pub(super) fn current(&self) -> InvocationStarted {
        let mut started = self.started.clone();
        if let Phase::Waiting { failed, reservation, mend, .. } = self.phase {
            started.attempt = failed.saturating_add(1);
            started.reservation = reservation;
            started.mends = if mend { Some(failed) } else { started.mends };
        }
        started
    }
}

/// A call that was given up, and may still come back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct GivenUp {
    pub(super) open: Open,
    pub(super) held: Option<Held>,
    pub(super) charged: Amount,
}

/// The calls of a hub that have not ended, or were given up of late.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Invocations {
    pub(super) open: BTreeMap<InvocationId, Open>,
    /// When calls have to be looked at: at their deadline, or for their next try.
    due: BTreeSet<(Timestamp, InvocationId)>,
    of_agent: BTreeMap<AgentId, BTreeSet<InvocationId>>,
    of_task: BTreeMap<TaskId, BTreeSet<InvocationId>>,
    /// Those whose agent takes no work any more.
    to_call_off: BTreeSet<InvocationId>,
    /// Those that wait for a person.
    doubtful: BTreeSet<InvocationId>,
    pub(super) given_up: BTreeMap<InvocationId, GivenUp>,
    given_up_since: BTreeSet<(Timestamp, TaskId, InvocationId)>,
    /// How many of a task's calls were given up of late, and the accounts kept for them.
    given_up_of: BTreeMap<TaskId, (usize, Vec<AccountId>)>,
}

impl Invocations {
    /// Takes in an event, and names the accounts that are no longer needed.
    pub(crate) fn evolve(
        &mut self,
        id: EventId,
        at: Timestamp,
        event: &InvocationEvent,
    ) -> Vec<AccountId> {
        match event {
            InvocationEvent::InvocationStarted(started) => self.started_anew(id, at, started),
            InvocationEvent::InvocationAnswered(answered) => {
                self.close(answered.invocation);
            }
            InvocationEvent::InvocationFailed(failed) => self.failed(id, at, failed),
            InvocationEvent::OutcomeArrivedLate(late) => {
                self.given_up.remove(&late.invocation);
            }
            InvocationEvent::InvocationRecovered(recovered) => {
                self.moved(recovered.invocation, |open| {
                    open.intent = id;
                    match recovered.then {
                        // Nobody has it under way: it goes out as a try of its own, at once.
                        Recourse::Repeat if open.phase == Phase::InDoubt => {
                            let (failed, reservation) =
                                (open.started.attempt, open.started.reservation);
                            open.phase = Phase::Waiting { failed, at, reservation, mend: false };
                            open.begins_late = true;
                        }
                        Recourse::Person => open.phase = Phase::InDoubt,
                        Recourse::Repeat | Recourse::Fail => {}
                    }
                });
            }
        }
        self.forget_before(at)
    }

    fn started_anew(&mut self, id: EventId, at: Timestamp, started: &InvocationStarted) {
        let invocation = started.invocation;
        let known = self.close(invocation).map(|open| open.span);
        let span = known.unwrap_or_else(|| started.deadline.since(at));
        let open = Open {
            intent: id,
            started: started.clone(),
            phase: Phase::InFlight,
            span,
            begins_late: false,
        };
        self.due.extend(open.due().map(|due| (due, invocation)));
        self.of_agent.entry(started.agent).or_default().insert(invocation);
        self.of_task.entry(started.task).or_default().insert(invocation);
        self.open.insert(invocation, open);
    }

    fn failed(&mut self, id: EventId, at: Timestamp, failed: &InvocationFailed) {
        let InvocationFailed { invocation, attempt, class, then, .. } = *failed;
        if let AfterFailure::Again { at, reservation, mend } = then {
            self.moved(invocation, |open| {
                open.intent = id;
                // One more try of an answer that was to be mended is told the same again.
                open.started.mends =
                    open.started.mends.filter(|_| !mend).or(mend.then_some(attempt));
                open.phase = Phase::Waiting { failed: attempt, at, reservation, mend };
            });
        } else if let Some(open) = self.close(invocation)
            && may_come_back(class)
            && open.phase == Phase::InFlight
        {
            let task = open.started.task;
            let (count, _) = self.given_up_of.entry(task).or_default();
            *count = count.saturating_add(1);
            self.given_up_since.insert((at, task, invocation));
            let given_up = GivenUp { open, held: None, charged: Amount::ZERO };
            self.given_up.insert(invocation, given_up);
        }
    }

    /// Changes a call, and when it has to be looked at with it.
    fn moved(&mut self, invocation: InvocationId, change: impl FnOnce(&mut Open)) {
        if let Some(open) = self.open.get_mut(&invocation) {
            if let Some(due) = open.due() {
                self.due.remove(&(due, invocation));
            }
            change(open);
            self.due.extend(open.due().map(|due| (due, invocation)));
            if open.phase == Phase::InDoubt {
                self.doubtful.insert(invocation);
            } else {
                self.doubtful.remove(&invocation);
            }
        }
    }

    fn close(&mut self, invocation: InvocationId) -> Option<Open> {
        let open = self.open.remove(&invocation)?;
        if let Some(due) = open.due() {
            self.due.remove(&(due, invocation));
        }
        self.to_call_off.remove(&invocation);
        self.doubtful.remove(&invocation);
        remove(&mut self.of_agent, &open.started.agent, invocation);
        remove(&mut self.of_task, &open.started.task, invocation);
        Some(open)
    }

    /// Forgets what was given up long before this moment, and names the accounts kept for it.
    fn forget_before(&mut self, now: Timestamp) -> Vec<AccountId> {
        let mut accounts = Vec::new();
        while let Some((at, task, invocation)) = self.given_up_since.first().copied()
            && now.since(at) > MAY_COME_BACK
        {
            self.given_up_since.pop_first();
            self.given_up.remove(&invocation);
            if let Some((count, kept)) = self.given_up_of.get_mut(&task) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    accounts.append(kept);
                    self.given_up_of.remove(&task);
                }
            }
        }
        accounts
    }

    /// Notes that an agent takes no work any more: what is open of it is to be called off.
    pub(crate) fn agent_left(&mut self, agent: AgentId) {
        self.to_call_off.extend(self.of_agent.get(&agent).into_iter().flatten());
    }

    /// A call that is to be called off.
    pub(crate) fn next_to_call_off(&self) -> Option<InvocationId> {
        self.to_call_off.first().copied()
    }

    /// Notes what a call was charged that may still come back.
    pub(crate) fn settled(&mut self, settled: &Settled, held: Option<Held>) {
        let given_up = settled.held_for.call().and_then(|call| self.given_up.get_mut(&call));
        if let Some(given_up) = given_up {
            given_up.held = held;
            given_up.charged = settled.charged.plus(settled.overrun);
        }
    }

    /// What a call that has not ended was started for.
    pub(crate) fn started(&self, invocation: InvocationId) -> Option<&InvocationStarted> {
        self.open.get(&invocation).map(|open| &open.started)
    }

    /// The calls of a task that have not ended.
    pub(crate) fn of_task(&self, task: TaskId) -> Vec<InvocationId> {
        self.of_task.get(&task).into_iter().flatten().copied().collect()
    }

    /// The tasks of which no call goes on before a person has spoken, each with such a call.
    pub(crate) fn in_doubt(&self) -> impl Iterator<Item = (TaskId, InvocationId)> {
        self.doubtful.iter().filter_map(|call| {
            let task = self.open.get(call)?.started.task;
            let waits = self.of_task.get(&task)?.is_subset(&self.doubtful);
            waits.then_some((task, *call))
        })
    }

    /// Keeps the accounts of a task that has ended as long as a call of it may still come back;
    /// hands them back where none can.
    pub(crate) fn keep(&mut self, task: TaskId, accounts: Vec<AccountId>) -> Vec<AccountId> {
        match self.given_up_of.get_mut(&task) {
            Some((_, kept)) => {
                kept.extend(accounts);
                Vec::new()
            }
            None => accounts,
        }
    }

    /// The call that is with its provider, or on its way there.
    pub(crate) fn call(&self, invocation: InvocationId, rules: &RetryRules) -> Option<Call> {
        self.open.get(&invocation).and_then(|open| open.call(rules))
    }

    /// Every call that is with its provider, or on its way there.
    pub(crate) fn calls(&self, rules: &RetryRules) -> impl Iterator<Item = Call> {
        self.open.values().filter_map(|open| open.call(rules))
    }

    /// When the next call has to be looked at, and which.
    pub(crate) fn next_deadline(&self) -> Option<(Timestamp, InvocationId)> {
        self.due.first().copied()
    }
}

fn remove<K: Ord>(
    index: &mut BTreeMap<K, BTreeSet<InvocationId>>,
    key: &K,
    invocation: InvocationId,
) {
    if let Some(calls) = index.get_mut(key) {
        calls.remove(&invocation);
        if calls.is_empty() {
            index.remove(key);
        }
    }
}

const fn may_come_back(class: FailureClass) -> bool {
    matches!(class, FailureClass::Timeout | FailureClass::Cancelled)
}

impl Open {
    fn call(&self, rules: &RetryRules) -> Option<Call> {
        let started = &self.started;
        (self.phase == Phase::InFlight).then(|| Call {
            invocation: started.invocation,
            attempt: started.attempt,
            mends: started.mends,
            cause: self.intent,
            task: started.task,
            collective: started.collective,
            delegation: started.delegation,
            purpose: started.purpose,
            agent: started.agent,
            agent_version: started.agent_version,
            provider: started.provider.clone(),
            model: started.model.clone(),
            max_output: started.max_output,
            deadline: started.deadline,
            at_once: AtOnce { agent: rules.per_agent, provider: rules.per_provider },
        })
    }
}
