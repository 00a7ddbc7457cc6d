//! State: all that a hub decides on, composed of what each decider knows.

use std::time::Duration;

use convoke_events::evidence::{Records, Tiers};
use convoke_events::{
    AccountId, Amount, ArtifactType, BudgetEvent, CollectiveEvent, CollectiveId, DelegationEvent,
    DelegationId, Event, EventId, HubId, InvocationEvent, InvocationId, LeaseId, LifecycleEvent,
    ProposalEvent, Purpose, RegistryEvent, TaskConcluded, TaskEvent, TaskId, TaskType, Timestamp,
    Trigger,
};

use crate::authority::Roles;
use crate::budget::Ledger;
use crate::collective::{Collectives, UnderWay};
use crate::coordination::Coordination;
use crate::delegation::Delegations;
use crate::governance::Governance;
use crate::invocation::{Call, Invocations};
use crate::lifecycle::Lifecycle;
use crate::proposal::Proposals;
use crate::registry::Registry;
use crate::resilience::{Health, Resilience};
use crate::routing::Routing;
use crate::task::Tasks;

/// All decision state of one hub, folded from its events.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub(crate) hub: HubId,
    pub(crate) opened: bool,
    pub(crate) roles: Roles,
    pub(crate) registry: Registry,
    pub(crate) governance: Governance,
    pub(crate) routing: Routing,
    /// Whose work was found right and wrong.
    pub(crate) records: Records,
    /// At which tier the agents stand, and what speaks for and against them.
    pub(crate) tiers: Tiers,
    pub(crate) ledger: Ledger,
    pub(crate) resilience: Resilience,
    pub(crate) tasks: Tasks,
    pub(crate) invocations: Invocations,
    pub(crate) collectives: Collectives,
    pub(crate) coordination: Coordination,
    pub(crate) delegations: Delegations,
    pub(crate) proposals: Proposals,
    pub(crate) lifecycle: Lifecycle,
}

/// The next step of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Of a task: its triage, or its collective.
    Task(TaskId),
    /// Of a call whose agent takes no work any more: it is called off.
    CallOff(InvocationId),
    /// Of a delegation: it ends, or its call is called off.
    Delegation(DelegationId),
    /// Of a collective that waits for nobody: its judge, its verdict, or what follows from it.
    Collective(CollectiveId),
    /// Of a task whose agents need help: a mediator is called in, or nobody is.
    Mediation(TaskId, Trigger),
}

/// What is being worked on, as long as agents can add to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    /// What it is, as governance names it.
    pub(crate) artifact: ArtifactType,
    pub(crate) task_type: TaskType,
}

/// What the runtime has to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owed {
    /// A step to take, at once; taking it may make another one owed.
    pub step: Option<Step>,
    /// Calls to make, unless they are under way.
    pub calls: Vec<Call>,
    /// When to look at a call, and at which: at its deadline, or for its next try.
    pub deadline: Option<(Timestamp, InvocationId)>,
    /// When bids on a task are no longer taken, and on which.
    pub bidding: Option<(Timestamp, TaskId)>,
    /// When a lease's time is over, and which it is.
    pub expiry: Option<(Timestamp, LeaseId)>,
}

impl State {
    /// A hub of which nothing is recorded yet.
    pub fn empty(hub: HubId) -> Self {
        Self {
            hub,
            opened: false,
            roles: Roles::default(),
            registry: Registry::default(),
            governance: Governance::default(),
            routing: Routing::default(),
            records: Records::default(),
            tiers: Tiers::default(),
            ledger: Ledger::default(),
            resilience: Resilience::default(),
            tasks: Tasks::default(),
            invocations: Invocations::default(),
            collectives: Collectives::default(),
            coordination: Coordination::default(),
            delegations: Delegations::default(),
            proposals: Proposals::default(),
            lifecycle: Lifecycle::default(),
        }
    }

    /// The account at the root of the hub's budgets.
    pub(crate) fn account(&self) -> AccountId {
        AccountId::derive(&[self.hub.as_str()])
    }

    /// How a task ended, if it has.
    pub fn conclusion(&self, task: TaskId) -> Option<&TaskConcluded> {
        self.tasks.conclusion(task)
    }

    /// Whether a task of this id was ever handed in.
    pub fn knows_task(&self, task: TaskId) -> bool {
        self.tasks.knows(task)
    }

    /// All that counts on an account: set aside, charged and overrun, of it and of what it pays for.
    /// Nothing once it has ended.
    pub fn counted(&self, account: AccountId) -> Option<Amount> {
        self.ledger.limits(account).map(|_| self.ledger.spent(account))
    }

    /// Whether a call or a delegation of a task is under way.
    pub(crate) fn is_busy(&self, task: TaskId) -> bool {
        self.coordination.is_called(task) || self.delegations.any_open(task)
    }

    /// What is being worked on in a task: by a collective without a verdict, or in sessions.
    pub(crate) fn work(&self, task: TaskId) -> Option<Work> {
        if let Some(UnderWay { artifact, task_type }) = self.collectives.under_way(task) {
            return Some(Work { artifact: artifact.clone(), task_type: task_type.clone() });
        }
        let task_type = self.tasks.get(task)?.in_sessions()?.clone();
        Some(Work { artifact: self.registry.artifact_of(&task_type).ok()?, task_type })
    }

    /// The call that an invocation in flight owes.
    pub(crate) fn call(&self, invocation: InvocationId) -> Option<Call> {
        self.invocations.call(invocation, self.resilience.rules())
    }

    /// The state after an event that was decided at this moment.
    pub fn evolve(&mut self, id: EventId, at: Timestamp, event: &Event) {
        self.routing.happened(id);
        self.tiers.fold(event);
        match event {
            Event::Hub(event) => {
                self.opened = true;
                self.roles.evolve(event);
            }
            Event::Registry(event) => {
                self.routing.agent_changed(id, event, &self.registry);
                if let RegistryEvent::AgentDeactivated(left) = event {
                    self.invocations.agent_left(left.agent);
                }
                self.registry.evolve(event);
            }
            Event::Governance(event) => self.governance.evolve(event),
            Event::Routing(event) => {
                self.routing.evolve(id, event);
                self.tasks.bidding(event);
            }
            Event::Budget(event) => {
                if let BudgetEvent::Settled(settled) = event {
                    self.invocations.settled(settled, self.ledger.held(settled.reservation));
                    self.delegations.settled(settled);
                }
                self.ledger.evolve(at, event);
            }
            Event::Task(event) => {
                match event {
                    TaskEvent::TaskSubmitted(submitted) => {
                        self.coordination.submitted(id, at, submitted);
                    }
                    TaskEvent::TaskConcluded(concluded) => self.forget(concluded.task),
                }
                self.tasks.evolve(id, event);
            }
            Event::Invocation(event) => self.evolve_invocation(id, at, event),
            Event::Resilience(event) => self.resilience.evolve(event),
            Event::Collective(event) => {
                if let CollectiveEvent::CollectiveConvened(convened) = event {
                    self.tasks.collective_convened(id, convened.task);
                }
                if let Some(task) = collective_of(event).and_then(|id| self.collectives.task(id)) {
                    self.coordination.collective(id, task, event);
                }
                self.collectives.evolve(id, event);
            }
            Event::Delegation(event) => {
                if let Some(task) = asked_on(event) {
                    self.collectives.delegation(task, id, event);
                }
                self.delegations.evolve(id, event);
            }
            Event::Proposal(event) => self.evolve_proposal(id, at, event),
            Event::Coordination(event) => self.coordination.evolve(id, at, event),
            Event::Lifecycle(event) => {
                if let LifecycleEvent::AgentRevoked(left) = event {
                    self.invocations.agent_left(left.agent);
                }
                self.registry.fence(event);
                self.lifecycle.evolve(id, event);
                if let Some(task) = self.lifecycle.worked_on(event) {
                    self.coordination.worked_on(id, at, task);
                }
            }
            Event::Action(_) | Event::Host(_) => {}
        }
    }

    fn evolve_proposal(&mut self, id: EventId, at: Timestamp, event: &ProposalEvent) {
        self.routing.judged(id, event);
        if let ProposalEvent::ProposalReviewed(reviewed) = event {
            self.records.review(reviewed);
        }
        let contributions = match event {
            ProposalEvent::ProposalMade(made) => {
                self.lifecycle.reported(made.task);
                made.collective.map(|collective| self.collectives.contributions(collective))
            }
            ProposalEvent::ProposalReviewed(reviewed) => {
                self.coordination.reviewed(reviewed.proposal);
                None
            }
            ProposalEvent::ReviewRulesSet(_)
            | ProposalEvent::ProposalApplied(_)
            | ProposalEvent::ReviewGiven(_)
            | ProposalEvent::ReviewRefused(_) => None,
        };
        self.proposals.evolve(id, at, event, contributions.unwrap_or_default());
    }

    fn evolve_invocation(&mut self, id: EventId, at: Timestamp, event: &InvocationEvent) {
        self.routing.heard(event);
        match event {
            InvocationEvent::InvocationStarted(started) => {
                self.collectives.call_started(id, started);
                if matches!(started.purpose, Purpose::Triage | Purpose::Answer) {
                    self.tasks.asked(id, started.task);
                }
                self.coordination.call_started(id, at, started);
            }
            InvocationEvent::InvocationAnswered(answered) => {
                if let Some(started) = self.invocations.started(answered.invocation) {
                    if started.purpose == Purpose::Triage {
                        self.tasks.triage_answered(id, started, &answered.key);
                    }
                    self.resilience.breakers.ended(started.endpoint, Health::Serves);
                    self.collectives.call_ended(id, started);
                    self.delegations.call_ended(id, started, event);
                    self.coordination.call_ended(id, at, started);
                }
            }
            InvocationEvent::InvocationFailed(failed) => {
                if let Some(started) = self.invocations.started(failed.invocation) {
                    let health = Health::after(failed.class, failed.billed);
                    self.resilience.breakers.ended(started.endpoint, health);
                    if failed.then.ends_call() {
                        self.collectives.call_ended(id, started);
                        self.coordination.call_ended(id, at, started);
                    }
                    self.delegations.call_ended(id, started, event);
                }
            }
            InvocationEvent::OutcomeArrivedLate(_) | InvocationEvent::InvocationRecovered(_) => {}
        }
        for account in self.invocations.evolve(id, at, event) {
            self.ledger.forget(account);
        }
    }

    /// Lets go of what only an unfinished task needs.
    fn forget(&mut self, task: TaskId) {
        self.routing.forget(task);
        self.collectives.forget(task);
        self.coordination.forget(task);
        self.lifecycle.forget(task);
        let account = self.tasks.get(task).map(|task| task.account);
        let accounts = account.into_iter().chain(self.delegations.forget(task)).collect();
        for account in self.invocations.keep(task, accounts) {
            self.ledger.forget(account);
        }
    }

    /// What the runtime has to do now, whatever it did before.
    pub fn owed(&self) -> Owed {
        Owed {
            step: self.next_step(),
            calls: self.invocations.calls(self.resilience.rules()).collect(),
            deadline: self.invocations.next_deadline(),
            bidding: self.next_bidding_end(),
            expiry: self.next_expiry(),
        }
    }

    /// The tasks of which no call goes on before a person has spoken, each with such a call.
    pub(crate) fn in_doubt(&self) -> impl Iterator<Item = (TaskId, InvocationId)> {
        self.invocations.in_doubt()
    }

    /// The step that is owed, if any.
    pub(crate) fn next_step(&self) -> Option<Step> {
        let call_off = self.invocations.next_to_call_off().map(Step::CallOff);
        let delegation = || self.delegations.next_ready().map(Step::Delegation);
        let verdict = || {
            let mut ready = self.collectives.ready();
            let done =
                |task| !self.delegations.any_open(task) && !self.coordination.is_mediated(task);
            let ready = ready.find(|(id, task)| self.collectives.goes_ahead(*id) || done(*task));
            ready.map(|(collective, _)| Step::Collective(collective))
        };
        let task = || self.tasks.next_ready().map(Step::Task);
        let mediation = || {
            let due = self.coordination.next_due();
            due.map(|(task, trigger)| Step::Mediation(task, trigger))
        };
        // What calls for a mediator is recorded before a verdict resolves it, or whether it is would
        // depend on which answer came last.
        let next = call_off.or_else(delegation);
        next.or_else(mediation).or_else(verdict).or_else(task)
    }

    /// The tasks that nobody works on at the moment, and since when: in order of that.
    pub(crate) fn silent(&self) -> impl Iterator<Item = (Timestamp, TaskId)> {
        self.coordination.silent()
    }

    /// Since when nobody works on a task, if nobody does and that is watched.
    pub(crate) fn silent_since(&self, task: TaskId) -> Option<Timestamp> {
        self.coordination.silent_since(task)
    }

    /// How long a task may be silent before it is stuck.
    pub(crate) const fn patience(&self) -> Duration {
        self.coordination.patience()
    }

    /// When the next bidding ends, and on which task.
    pub(crate) fn next_bidding_end(&self) -> Option<(Timestamp, TaskId)> {
        self.routing.next_bidding_end()
    }

    /// When the next lease's time is over, and which it is.
    pub(crate) fn next_expiry(&self) -> Option<(Timestamp, LeaseId)> {
        self.lifecycle.next_expiry()
    }

    /// The next deadline, and whose it is.
    pub(crate) fn next_deadline(&self) -> Option<(Timestamp, InvocationId)> {
        self.invocations.next_deadline()
    }
}

/// The collective that an event is about, if about one.
const fn collective_of(event: &CollectiveEvent) -> Option<CollectiveId> {
    Some(match event {
        CollectiveEvent::CollectiveConvened(facts) => facts.collective,
        CollectiveEvent::ContributionRecorded(facts) => facts.collective,
        CollectiveEvent::VerdictReached(facts) => facts.collective,
        CollectiveEvent::KeysGrouped(facts) => facts.collective,
        CollectiveEvent::CollectiveRulesSet(_) => return None,
    })
}

/// The task on which a sub-task is asked for, or on which that is decided.
const fn asked_on(event: &DelegationEvent) -> Option<TaskId> {
    match event {
        DelegationEvent::DelegationWished(facts) => Some(facts.task),
        DelegationEvent::DelegationRequested(facts) => Some(facts.task),
        DelegationEvent::DelegationRefused(facts) => Some(facts.task),
        DelegationEvent::DelegationCompleted(_)
        | DelegationEvent::DelegationFailed(_)
        | DelegationEvent::DelegationCancelled(_) => None,
    }
}
