//! Delegation: a bounded sub-task that one agent hands to another, under the same budget.
//!
//! **Invariant.** A delegation's budget is set aside on its parent's account before anything of it
//! is sent, and given back but for what was spent once its call and everything under it has ended.

mod ending;
mod request;

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    AccountId, AgentId, DelegationEvent, DelegationId, DelegationRequested, EventId, FailureClass,
    HeldFor, InvocationEvent, InvocationId, InvocationStarted, Key, Settled, TaskId,
};

pub(crate) use self::ending::{cancel, step};
pub(crate) use self::request::{Handing, Scope, Sender, Wish, handed_over};

/// How deep delegations may go.
pub(crate) const DEPTH_LIMIT: u32 = 5;

#[derive(Clone, Debug, PartialEq, Eq)]
enum CallState {
    InFlight,
    Answered(Key),
    Failed(FailureClass),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Delegation {
    requested: DelegationRequested,
    call: CallState,
    cancelled: bool,
    /// Delegations under it that have not ended.
    children: BTreeSet<DelegationId>,
    /// The newest event of its story.
    cause: EventId,
}

impl Delegation {
    /// Whether something is owed: it can end, or its call has to be called off.
    fn is_ready(&self) -> bool {
        match self.call {
            CallState::InFlight => self.cancelled,
            CallState::Answered(_) | CallState::Failed(_) => self.children.is_empty(),
        }
    }
}

/// The delegations of a hub that have not ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delegations {
    open: BTreeMap<DelegationId, Delegation>,
    ready: BTreeSet<DelegationId>,
    /// Every delegation of a task that has not ended, and how many of them have not.
    of_task: BTreeMap<TaskId, (BTreeSet<DelegationId>, usize)>,
}

impl Delegations {
    /// A delegation of which something is owed.
    pub(crate) fn next_ready(&self) -> Option<DelegationId> {
        self.ready.first().copied()
    }

    /// The task of a delegation that has not ended.
    pub(crate) fn task(&self, delegation: DelegationId) -> Option<TaskId> {
        self.open.get(&delegation).map(|open| open.requested.task)
    }

    /// A delegation of this task of which something is owed.
    pub(crate) fn next_ready_of(&self, task: TaskId) -> Option<DelegationId> {
        let mut ready = self.ready.iter().copied();
        ready.find(|id| self.task(*id) == Some(task))
    }

    /// Whether a delegation under this task has not ended.
    pub(crate) fn any_open(&self, task: TaskId) -> bool {
        self.of_task.get(&task).is_some_and(|(_, open)| *open > 0)
    }

    /// Forgets the delegations of a task that has ended, and says which accounts they had.
    pub(crate) fn forget(&mut self, task: TaskId) -> Vec<AccountId> {
        let (known, _) = self.of_task.remove(&task).unwrap_or_default();
        for delegation in &known {
            self.open.remove(delegation);
            self.ready.remove(delegation);
        }
        known.into_iter().map(account_of).collect()
    }

    pub(crate) fn evolve(&mut self, id: EventId, event: &DelegationEvent) {
        match event {
            DelegationEvent::DelegationRequested(requested) => self.requested(id, requested),
            DelegationEvent::DelegationCancelled(cancelled) => {
                self.cancel_all(id, cancelled.delegation);
            }
            // What ends it is its settlement, which comes with either of them.
            DelegationEvent::DelegationRefused(_)
            | DelegationEvent::DelegationWished(_)
            | DelegationEvent::DelegationCompleted(_)
            | DelegationEvent::DelegationFailed(_) => {}
        }
    }

    fn requested(&mut self, id: EventId, requested: &DelegationRequested) {
        let delegation = Delegation {
            requested: requested.clone(),
            call: CallState::InFlight,
            cancelled: false,
            children: BTreeSet::new(),
            cause: id,
        };
        if let Some(parent) = requested.parent.and_then(|parent| self.open.get_mut(&parent)) {
            parent.children.insert(requested.delegation);
        }
        self.open.insert(requested.delegation, delegation);
        let (known, open) = self.of_task.entry(requested.task).or_default();
        known.insert(requested.delegation);
        *open = open.saturating_add(1);
        self.look_at(requested.parent);
    }

    /// Marks a delegation and everything under it as called off.
    fn cancel_all(&mut self, id: EventId, delegation: DelegationId) {
        let mut next = vec![delegation];
        while let Some(delegation) = next.pop() {
            if let Some(open) = self.open.get_mut(&delegation) {
                open.cancelled = true;
                open.cause = id;
                next.extend(open.children.iter().copied());
            }
            self.look_at(Some(delegation));
        }
    }

    /// Notes what came of a delegation's call.
    pub(crate) fn call_ended(
        &mut self,
        id: EventId,
        started: &InvocationStarted,
        event: &InvocationEvent,
    ) {
        let Some(open) = started.delegation.and_then(|id| self.open.get_mut(&id)) else {
            return;
        };
        open.cause = id;
        open.call = match event {
            InvocationEvent::InvocationAnswered(answered) => {
                CallState::Answered(answered.key.clone())
            }
            InvocationEvent::InvocationFailed(failed) if failed.then.ends_call() => {
                CallState::Failed(failed.class)
            }
            InvocationEvent::InvocationFailed(_) => return,
            InvocationEvent::InvocationStarted(_)
            | InvocationEvent::OutcomeArrivedLate(_)
            | InvocationEvent::InvocationRecovered(_) => {
                return;
            }
        };
        self.look_at(started.delegation);
    }

    /// Takes note that what was set aside for a delegation was settled: it has ended.
    pub(crate) fn settled(&mut self, settled: &Settled) {
        let HeldFor::Delegation(delegation) = settled.held_for else {
            return;
        };
        let Some(ended) = self.open.remove(&delegation) else {
            return;
        };
        self.ready.remove(&delegation);
        if let Some((_, open)) = self.of_task.get_mut(&ended.requested.task) {
            *open = open.saturating_sub(1);
        }
        let parent = ended.requested.parent;
        if let Some(open) = parent.and_then(|parent| self.open.get_mut(&parent)) {
            open.children.remove(&delegation);
        }
        self.look_at(parent);
    }

    /// Whether something is owed of a delegation now.
    fn look_at(&mut self, delegation: Option<DelegationId>) {
        let Some(id) = delegation else { return };
        if self.open.get(&id).is_some_and(Delegation::is_ready) {
            self.ready.insert(id);
        } else {
            self.ready.remove(&id);
        }
    }

    /// Whether this was handed over under this task before.
    fn was_seen(&self, task: TaskId, delegation: DelegationId) -> bool {
        self.of_task.get(&task).is_some_and(|(known, _)| known.contains(&delegation))
    }

    /// Whether the receiver has handed this scope over, or been handed it, further up.
    fn goes_round(&self, parent: Option<DelegationId>, to: AgentId, scope: &Key) -> bool {
        let first = parent.and_then(|id| self.open.get(&id));
        std::iter::successors(first, |open| {
            open.requested.parent.and_then(|parent| self.open.get(&parent))
        })
        .map(|open| &open.requested)
        .any(|above| above.scope == *scope && (above.from == to || above.to == to))
    }
}

/// The id of a delegation's account.
fn account_of(delegation: DelegationId) -> AccountId {
    AccountId::derive(&[&delegation.to_string()])
}

/// The id of a delegation's call.
fn call_of(delegation: DelegationId) -> InvocationId {
    InvocationId::derive(&[&delegation.to_string()])
}
