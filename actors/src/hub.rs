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
    Conclusion, CorrelationId, Event, EventId, HubOpened, InvocationId, LeaseId, Limits, Principal,
    Purpose, Recovery, Role, RoleGranted, RoleWithdrawn, StreamId, TaskId, TaskOutcome, TextName,
    Texts, Timestamp,
};

use crate::action;
use crate::authority;
use crate::budget;
use crate::collective;
use crate::command::{Caller, Command};
use crate::coordination;
use crate::decision::{Decision, Draft, Story};
use crate::delegation;
use crate::governance;
use crate::invocation::{self, Outcome};
use crate::lifecycle;
use crate::proposal;
use crate::refusal::Refusal;
use crate::registry;
use crate::resilience;
use crate::routing::{self, Question};
pub use crate::state::{Owed, State, Step};
use crate::task::{self, Next, concluded};

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
    /// A call has to be looked at: its deadline has passed, or its next try is due.
    Deadline(InvocationId),
    /// The deadline for bids on a task has passed.
    BiddingEnds(TaskId),
    /// The time of a lease is over.
    LeaseExpires(LeaseId),
    /// Nothing was heard of a task for too long.
    Silence {
        /// Which task.
        task: TaskId,
        /// Since when.
        since: Timestamp,
    },
    /// What became of a call that was in flight when the process ended.
    Recovered(InvocationId, Recovery),
}

/// Decides what an input leaves, on this state and at this moment. `seed` is the only chance there
/// is.
pub fn decide(state: &State, input: &Input, now: Timestamp, seed: u64) -> Decision {
    match input {
        Input::Command { principal, roles, command } => {
            match admit(state, principal, roles.as_ref(), command) {
                Ok(()) => obey(state, principal, command, now, seed),
                Err(refusal) => Err(refusal).into(),
            }
        }
        Input::Step(Step::CallOff(invocation)) => {
            let why = "its agent takes no work any more";
            Decision::of(invocation::call_off(state, *invocation, why, now, seed))
        }
        Input::Step(Step::Delegation(id)) => delegation::step(state, *id, now, seed),
        Input::Step(Step::Mediation(task, trigger)) => {
            Decision::of(coordination::intervene(state, *task, *trigger, now))
        }
        Input::Step(Step::Task(task)) => Decision::of(step(state, *task, (now, seed))),
        Input::Step(Step::Collective(collective)) => {
            Decision::of(collective::conclude(state, *collective, (now, seed)))
        }
        Input::Outcome(outcome) => invocation::record(state, outcome, now, seed),
        Input::Deadline(invocation) => invocation::due(state, *invocation, now, seed),
        Input::Recovered(invocation, found) => {
            invocation::recover(state, *invocation, *found, now, seed)
        }
        Input::BiddingEnds(task) => Decision::of(routing::close_bidding(state, *task, now)),
        Input::LeaseExpires(lease) => Decision::of(lifecycle::expire(state, *lease, now)),
        Input::Silence { task, since } => coordination::silence(state, *task, *since, now),
    }
}

/// Takes a task's next step.
fn step(state: &State, id: TaskId, drawn: (Timestamp, u64)) -> Vec<Draft> {
    let Some((task, next)) = state.tasks.get(id).and_then(|task| Some((task, task.next()?))) else {
        return Vec::new();
    };
    let story = Story { task: id, cause: Some(task.cause) };
    let (purpose, task_type) = match next {
        Next::Triage(task_type) => (Purpose::Triage, task_type),
        Next::Answer(task_type) => (Purpose::Answer, task_type),
        Next::Collective(task_type) => (Purpose::Contribution, task_type),
    };
    let question = Question { story, purpose, task_type };
    if let Some(bidding) = routing::open_bidding(state, question, drawn.0) {
        return bidding;
    }
    let drafts = match next {
        Next::Triage(_) | Next::Answer(_) => task::ask(state, task, question, drawn),
        Next::Collective(task_type) => collective::convene(state, task, story, task_type, drawn),
    };
    drafts.unwrap_or_else(|refusal| {
        vec![concluded(story, TaskOutcome::Refused, Conclusion::NoRoute, &refusal.to_string())]
    })
}

/// Ends the task of a step that cannot be recorded as it should: everything of it that is still
/// open is called off and settled first, played through on a copy of the state.
pub(crate) fn give_up(state: &State, step: Step, why: &str, now: Timestamp) -> Decision {
    let (task, abandoned) = match step {
        Step::Task(task) | Step::Mediation(task, _) => (Some(task), Vec::new()),
        Step::Collective(id) => (state.collectives.task(id), collective::abandon(state, id)),
        Step::Delegation(id) => (state.delegations.task(id), Vec::new()),
        Step::CallOff(id) => (state.invocations.started(id).map(|call| call.task), Vec::new()),
    };
    let Some(task) = task else {
        return Decision::nothing();
    };
    let reason = format!("the next step cannot be taken: {why}");
    let mut played = Played { state: state.clone(), drafts: Vec::new(), now };
    played.take(abandoned);
    for call in state.invocations.of_task(task) {
        let drafts = invocation::call_off(&played.state, call, &reason, now, 0);
        played.take(drafts);
    }
    while let Some(id) = played.state.delegations.next_ready_of(task) {
        let ended = delegation::step(&played.state, id, now, 0).events;
        if ended.is_empty() {
            break;
        }
        played.take(ended);
    }
    if played.state.tasks.get(task).is_some() {
        let story = Story { task, cause: None };
        let (outcome, because) = (TaskOutcome::Failed, Conclusion::CallFailed);
        played.drafts.push(concluded(story, outcome, because, &reason));
    }
    Decision::of(played.drafts)
}

/// Events of one append that follow from each other.
struct Played {
    state: State,
    drafts: Vec<Draft>,
    now: Timestamp,
}

impl Played {
    fn take(&mut self, drafts: Vec<Draft>) {
        for draft in drafts {
            let number = u128::try_from(self.drafts.len()).unwrap_or_default();
            self.state.evolve(EventId::mint(self.now, number), self.now, &draft.event);
            // What happened on the copy alone is nobody's cause.
            self.drafts.push(Draft { cause: None, ..draft });
        }
    }
}

/// Whether the hub is open to a command of this caller.
fn admit(
    state: &State,
    principal: &Principal,
    roles: Option<&BTreeSet<Role>>,
    command: &Command,
) -> Result<(), Refusal> {
    if matches!(command, Command::OpenHub { .. }) {
        return Ok(());
    }
    if !state.opened {
        return Err(Refusal::HubNotOpened { hub: state.hub.clone() });
    }
    let granted = state.roles.of(principal);
    authority::check(principal, roles.unwrap_or(&granted), command)
}

fn obey(
    state: &State,
    principal: &Principal,
    command: &Command,
    now: Timestamp,
    seed: u64,
) -> Decision {
    let hub = &state.hub;
    let (registry, governance) = (&state.registry, &state.governance);
    let done = match command {
        Command::OpenHub { name, limits } => Ok(open(state, principal, name, *limits)),
        Command::Delegate(request) => return delegation::handed_over(state, request, now),
        Command::CancelDelegation { delegation, reason } => {
            delegation::cancel(state, *delegation, reason)
        }
        Command::ReopenAccount { account, reason } => {
            budget::reopen(&state.ledger, principal, *account, reason)
        }
        Command::GrantRole { to, role } => Ok(grant(state, to, *role)),
        Command::WithdrawRole { from, role } => withdraw(state, from, *role),
        Command::RegisterAgent(registration) => registry::register(hub, registry, registration),
        Command::RegisterTaskType { task_type, artifact } => {
            registry::register_task_type(registry, task_type, artifact)
        }
        Command::DeactivateAgent { slug, reason } => {
            registry::set_active(hub, registry, slug, false, reason)
        }
        Command::ReactivateAgent { slug, reason } => {
            registry::set_active(hub, registry, slug, true, reason)
        }
        Command::SetGovernanceDefault(default) => Ok(governance::set_default(governance, *default)),
        Command::SetGovernancePolicy(rule) => {
            governance::set_policy(hub, (governance, registry), rule)
        }
        Command::SetReviewRules(rules) => Ok(proposal::set_rules(&state.proposals, *rules)),
        Command::SetRoutingPolicy { task_type, agent, priority, active } => routing::set_policy(
            hub,
            (&state.routing, registry),
            task_type,
            agent,
            *priority,
            *active,
        ),
        Command::PlaceBid { decision, agent, amount } => {
            return routing::place_bid(state, *decision, agent, *amount, now);
        }
        Command::SetRoutingRules(rules) => routing::set_rules((&state.routing, registry), rules),
        Command::SetPrice { provider, model, price } => {
            Ok(budget::set_price(&state.ledger, provider, model, *price, now))
        }
        Command::SetHubLimits(limits) => {
            Ok(budget::set_limits(&state.ledger, state.account(), *limits))
        }
        Command::Act(act) => return action::asked(state, principal, act, now),
        Command::SetCoordinationRules(rules) => {
            coordination::set_rules(&state.coordination, registry, rules)
        }
        Command::OpenVote(opening) => coordination::open_vote(state, opening),
        Command::DeclareComplexity { task, complexity, reason } => {
            coordination::declared(state, *task, *complexity, reason)
        }
        Command::ConcludeTask { task, outcome, reason } => {
            task::conclude(state, *task, *outcome, reason)
        }
        Command::SetLifecycleRules(rules) => lifecycle::set_rules(&state.lifecycle, rules),
        Command::IssuePacket(packet) => lifecycle::issue(state, packet, now),
        Command::DecidePlan { task, plan, decision, note } => {
            let plan = (*task, *plan);
            lifecycle::decide_plan(state, principal, plan, *decision, note.as_deref(), now)
        }
        Command::ApproveUse { task, permission, reason } => {
            lifecycle::approve_use(state, principal, *task, permission, reason, now)
        }
        Command::RevokeAgent { slug, reason } => lifecycle::revoke(state, principal, slug, reason),
        Command::ReinstateAgent { slug, reason } => {
            lifecycle::reinstate(state, principal, slug, reason)
        }
        Command::PromoteAgent { slug, task_type, reason } => {
            lifecycle::promote(state, principal, slug, task_type, reason)
        }
        Command::SetCollectiveRules(rules) => collective::set_rules(state, rules),
        Command::SubmitTask(submission) => task::submit(state, submission),
        Command::SetRetryRules(rules) => resilience::set_rules(&state.resilience, rules),
        Command::ResolveCall { invocation, found, reason } => {
            invocation::resolve(state, *invocation, *found, reason, now, seed)
        }
        Command::ReviewProposal(review) => {
            return proposal::review(state, principal, review, now);
        }
    };
    done.into()
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
        Caller::Service(_) | Caller::Agent(_) => Texts::none(),
    }
}

fn on_hub(event: Event, texts: Texts) -> Draft {
    let correlation = CorrelationId::derive(&["hub", event.event_type()]);
    Draft { stream: StreamId::hub(), correlation, cause: None, event, texts }
}
