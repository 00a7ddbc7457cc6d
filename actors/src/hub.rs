//! The hub: the whole of a federation's behaviour as three pure functions.
//!
//! - [`decide`]: what events a command, a step or an outcome leaves, and what is answered;
//! - [`State::evolve`]: what the state is after an event;
//! - [`State::owed`]: what the runtime has to do now.
//!
//! **Invariants.**
//! 1. Nothing here reads a clock, rolls a die, waits or does anything: time and seed come in.
//! 2. `evolve` reads facts only, is total and never fails; the same events give the same state.
//! 3. Obligations follow from the state, so a crash forgets none of them.
//! 4. A call is drafted in one place ([`crate::invocation`]), which takes a recorded decision's
//!    leave, governance's grant and a reservation.

use std::collections::BTreeSet;

use convoke_events::{
    AccountId, CollectiveId, Conclusion, CorrelationId, Event, EventId, HubId, HubOpened,
    InvocationEvent, InvocationId, Limits, Principal, Role, RoleGranted, RoleWithdrawn, StreamId,
    TaskConcluded, TaskEvent, TaskId, TaskOutcome, TextName, Texts, Timestamp,
};

use crate::authority::{self, Roles};
use crate::budget::{self, Ledger};
use crate::collective::{self, Collectives};
use crate::command::{Caller, Command};
use crate::decision::{Decision, Draft, Story};
use crate::governance::{self, Governance};
use crate::invocation::{self, Call, Invocations, Outcome};
use crate::proposal::{self, Proposals};
use crate::refusal::Refusal;
use crate::registry::{self, Registry};
use crate::routing::{self, Routing};
use crate::task::{self, Tasks};

/// All decision state of one hub, folded from its events.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub(crate) hub: HubId,
    opened: bool,
    pub(crate) roles: Roles,
    pub(crate) registry: Registry,
    pub(crate) governance: Governance,
    pub(crate) routing: Routing,
    pub(crate) ledger: Ledger,
    pub(crate) tasks: Tasks,
    pub(crate) invocations: Invocations,
    pub(crate) collectives: Collectives,
    pub(crate) proposals: Proposals,
}

/// What reaches a hub.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A command from outside.
    Command {
        /// Who gives it.
        principal: Principal,
        /// In which roles, where the host says so; else those the hub granted.
        roles: Option<BTreeSet<Role>>,
        /// The command.
        command: Box<Command>,
    },
    /// The next step of a protocol, which the state says is owed.
    Step(Step),
    /// What came of a call.
    Outcome(Outcome),
    /// A call's deadline has passed.
    Deadline(InvocationId),
}

/// The next step of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Of a task: its triage, or its collective.
    Task(TaskId),
    /// Of a collective whose calls have all ended: its verdict.
    Verdict(CollectiveId),
}

/// What the runtime has to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owed {
    /// A step to take, at once; taking it may make another one owed.
    pub step: Option<Step>,
    /// Calls to make, unless they are under way.
    pub calls: Vec<Call>,
    /// When to look at a deadline, and whose.
    pub deadline: Option<(Timestamp, InvocationId)>,
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
            ledger: Ledger::default(),
            tasks: Tasks::default(),
            invocations: Invocations::default(),
            collectives: Collectives::default(),
            proposals: Proposals::default(),
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

    /// The call that an invocation in flight owes.
    pub(crate) fn call(&self, invocation: InvocationId) -> Option<Call> {
        self.invocations.call(invocation)
    }

    /// The state after an event.
    pub fn evolve(&mut self, id: EventId, event: &Event) {
        match event {
            Event::Hub(event) => {
                self.opened = true;
                self.roles.evolve(event);
            }
            Event::Registry(event) => self.registry.evolve(id, event),
            Event::Governance(event) => self.governance.evolve(event),
            Event::Routing(event) => self.routing.evolve(id, event),
            Event::Budget(event) => {
                if let convoke_events::BudgetEvent::Settled(settled) = event {
                    self.invocations.settled(settled, self.ledger.held(settled.reservation));
                }
                self.ledger.evolve(event);
            }
            Event::Task(event) => {
                if let TaskEvent::TaskConcluded(concluded) = event {
                    self.forget(concluded.task);
                }
                self.tasks.evolve(id, event);
            }
            Event::Invocation(event) => self.evolve_invocation(id, event),
            Event::Collective(event) => {
                if let convoke_events::CollectiveEvent::CollectiveConvened(convened) = event {
                    self.tasks.collective_convened(id, convened.task);
                }
                self.collectives.evolve(id, event);
            }
            Event::Proposal(event) => self.proposals.evolve(id, event),
            Event::Host(_) => {}
        }
    }

    fn evolve_invocation(&mut self, id: EventId, event: &InvocationEvent) {
        match event {
            InvocationEvent::InvocationStarted(started) => {
                if started.purpose == convoke_events::Purpose::Triage {
                    self.tasks.triage_started(id, started.task);
                }
            }
            InvocationEvent::InvocationAnswered(answered) => {
                if let Some(started) = self.invocations.started(answered.invocation) {
                    if started.purpose == convoke_events::Purpose::Triage {
                        self.tasks.triage_answered(id, started, &answered.key);
                    }
                    self.collectives.call_ended(id, started);
                }
            }
            InvocationEvent::InvocationFailed(failed) => {
                if let Some(started) = self.invocations.started(failed.invocation) {
                    self.collectives.call_ended(id, started);
                }
            }
            InvocationEvent::OutcomeArrivedLate(_) => {}
        }
        self.invocations.evolve(id, event);
    }

    /// Lets go of what only an unfinished task needs.
    fn forget(&mut self, task: TaskId) {
        self.routing.forget(task);
        self.collectives.forget(task);
        let account = self.tasks.get(task).map(|task| task.account);
        if let Some(account) = account.filter(|_| !self.invocations.may_come_back(task)) {
            self.ledger.forget(account);
        }
    }

    /// What the runtime has to do now, whatever it did before.
    pub fn owed(&self) -> Owed {
        Owed {
            step: self.next_step(),
            calls: self.invocations.calls().collect(),
            deadline: self.invocations.next_deadline(),
        }
    }

    /// The step that is owed, if any.
    pub(crate) fn next_step(&self) -> Option<Step> {
        let verdict = self.collectives.next_ready().map(Step::Verdict);
        verdict.or_else(|| self.tasks.next_ready().map(Step::Task))
    }

    /// The next deadline, and whose it is.
    pub(crate) fn next_deadline(&self) -> Option<(Timestamp, InvocationId)> {
        self.invocations.next_deadline()
    }
}

/// Decides what an input leaves, on this state and at this moment. `seed` is the only chance there
/// is; no rule of this version draws on it.
pub fn decide(state: &State, input: &Input, now: Timestamp, _seed: u64) -> Decision {
    match input {
        Input::Command { principal, roles, command } => {
            obey(state, principal, roles.as_ref(), command, now).into()
        }
        Input::Step(Step::Task(task)) => Decision::of(task::step(state, *task, now)),
        Input::Step(Step::Verdict(collective)) => {
            Decision::of(collective::conclude(state, *collective, now))
        }
        Input::Outcome(outcome) => invocation::record(state, outcome),
        Input::Deadline(invocation) => invocation::expire(state, *invocation, now),
    }
}

/// Ends the task of a step that cannot be recorded as it should.
pub(crate) fn give_up(state: &State, step: Step, why: &str) -> Decision {
    let task = match step {
        Step::Task(task) => Some(task),
        Step::Verdict(collective) => state.collectives.task(collective),
    };
    let reason = format!("the next step cannot be taken: {why}");
    let (outcome, because) = (TaskOutcome::Failed, Conclusion::CallFailed);
    let end = |task| task::concluded(Story { task, cause: None }, outcome, because, &reason);
    Decision::of(task.map(end).into_iter().collect())
}

fn obey(
    state: &State,
    principal: &Principal,
    roles: Option<&BTreeSet<Role>>,
    command: &Command,
    now: Timestamp,
) -> Result<Vec<Draft>, Refusal> {
    let hub = &state.hub;
    if let Command::OpenHub { name, limits } = command {
        return Ok(open(state, principal, name, *limits));
    }
    if !state.opened {
        return Err(Refusal::HubNotOpened { hub: hub.clone() });
    }
    let granted = state.roles.of(principal);
    authority::check(principal, roles.unwrap_or(&granted), command)?;
    let (registry, governance) = (&state.registry, &state.governance);
    match command {
        Command::OpenHub { .. } => Ok(Vec::new()),
        Command::GrantRole { to, role } => Ok(grant(state, to, *role)),
        Command::WithdrawRole { from, role } => withdraw(state, from, *role),
        Command::RegisterAgent(registration) => registry::register(hub, registry, registration),
        Command::DeactivateAgent { slug, reason } => {
            registry::set_active(hub, registry, slug, false, reason)
        }
        Command::ReactivateAgent { slug, reason } => {
            registry::set_active(hub, registry, slug, true, reason)
        }
        Command::SetGovernanceDefault(default) => Ok(governance::set_default(governance, *default)),
        Command::SetGovernancePolicy { agent, artifact, verbs, active } => {
            governance::set_policy(hub, (governance, registry), agent, artifact, verbs, *active)
        }
        Command::SetRoutingPolicy { task_type, agent, priority, active } => routing::set_policy(
            hub,
            (&state.routing, registry),
            task_type,
            agent,
            *priority,
            *active,
        ),
        Command::SetPrice { provider, model, price } => {
            Ok(budget::set_price(&state.ledger, provider, model, *price, now))
        }
        Command::SetHubLimits(limits) => {
            Ok(budget::set_limits(&state.ledger, state.account(), *limits))
        }
        Command::SubmitTask(submission) => task::submit(state, submission),
        Command::ReviewProposal(review) => proposal::review(state, principal, review),
    }
}

fn open(state: &State, principal: &Principal, name: &str, limits: Limits) -> Vec<Draft> {
    if state.opened {
        return Vec::new();
    }
    let account = state.account();
    let opened = HubOpened { account };
    let owner = RoleGranted { principal: principal.clone(), role: Role::Owner };
    vec![
        on_hub(opened.into(), Texts::none().with(TextName::NAME, name)),
        on_hub(owner.into(), Texts::none()),
        budget::open(account, None, limits, None),
    ]
}

fn grant(state: &State, to: &Caller, role: Role) -> Vec<Draft> {
    let principal = to.principal(&state.hub);
    if state.roles.of(&principal).contains(&role) {
        return Vec::new();
    }
    vec![on_hub(RoleGranted { principal, role }.into(), named(to))]
}

fn withdraw(state: &State, from: &Caller, role: Role) -> Result<Vec<Draft>, Refusal> {
    let principal = from.principal(&state.hub);
    if !state.roles.of(&principal).contains(&role) {
        return Ok(Vec::new());
    }
    if role == Role::Owner && state.roles.is_last_owner(&principal) {
        return Err(Refusal::LastOwner);
    }
    Ok(vec![on_hub(RoleWithdrawn { principal, role }.into(), named(from))])
}

fn named(caller: &Caller) -> Texts {
    match caller {
        Caller::Person(name) => Texts::none().with(TextName::NAME, name),
        Caller::Service(_) => Texts::none(),
    }
}

fn on_hub(event: Event, texts: Texts) -> Draft {
    let correlation = CorrelationId::derive(&["hub", event.event_type()]);
    Draft { stream: StreamId::hub(), correlation, cause: None, event, texts }
}
