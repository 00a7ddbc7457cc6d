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
    Conclusion, CorrelationId, Event, HubOpened, InvocationId, Limits, Principal, Purpose, Role,
    RoleGranted, RoleWithdrawn, StreamId, TaskId, TaskOutcome, TextName, Texts, Timestamp,
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
    /// A call's deadline has passed.
    Deadline(InvocationId),
    /// The deadline for bids on a task has passed.
    BiddingEnds(TaskId),
    /// Nothing was heard of a task for too long.
    Silence {
        /// Which task.
        task: TaskId,
        /// Since when.
        since: Timestamp,
    },
}

/// Decides what an input leaves, on this state and at this moment. `seed` is the only chance there
/// is.
pub fn decide(state: &State, input: &Input, now: Timestamp, seed: u64) -> Decision {
    match input {
        Input::Command { principal, roles, command } => {
            match admit(state, principal, roles.as_ref(), command) {
                Ok(()) => obey(state, principal, command, now),
                Err(refusal) => Err(refusal).into(),
            }
        }
        Input::Step(Step::Delegation(id)) => delegation::step(state, *id, now),
        Input::Step(Step::Mediation(task, trigger)) => {
            Decision::of(coordination::intervene(state, *task, *trigger, now))
        }
        Input::Step(Step::Task(task)) => Decision::of(step(state, *task, (now, seed))),
        Input::Step(Step::Verdict(collective)) => {
            Decision::of(collective::conclude(state, *collective, now))
        }
        Input::Outcome(outcome) => invocation::record(state, outcome, now),
        Input::Deadline(invocation) => invocation::expire(state, *invocation, now),
        Input::BiddingEnds(task) => Decision::of(routing::close_bidding(state, *task, now)),
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
        Next::Triage(task_type) => task::triage(state, task, story, task_type, drawn),
        Next::Answer(task_type) => task::ask_alone(state, task, story, task_type, drawn),
        Next::Collective(task_type) => collective::convene(state, task, story, task_type, drawn),
    };
    drafts.unwrap_or_else(|refusal| {
        vec![concluded(story, TaskOutcome::Refused, Conclusion::NoRoute, &refusal.to_string())]
    })
}

/// Ends the task of a step that cannot be recorded as it should.
pub(crate) fn give_up(state: &State, step: Step, why: &str) -> Decision {
    let (task, mut drafts) = match step {
        Step::Task(task) | Step::Mediation(task, _) => (Some(task), Vec::new()),
        Step::Verdict(id) => (state.collectives.task(id), collective::abandon(state, id)),
        Step::Delegation(id) => (state.delegations.task(id), Vec::new()),
    };
    let reason = format!("the next step cannot be taken: {why}");
    let (outcome, because) = (TaskOutcome::Failed, Conclusion::CallFailed);
    let end = |task| concluded(Story { task, cause: None }, outcome, because, &reason);
    drafts.extend(task.map(end));
    Decision::of(drafts)
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

fn obey(state: &State, principal: &Principal, command: &Command, now: Timestamp) -> Decision {
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
            lifecycle::approve_use(state, principal, *task, permission, reason)
        }
        Command::RevokeAgent { slug, reason } => lifecycle::revoke(state, principal, slug, reason),
        Command::ReinstateAgent { slug, reason } => {
            lifecycle::reinstate(state, principal, slug, reason)
        }
        Command::PromoteAgent { slug, task_type, reason } => {
            lifecycle::promote(state, principal, slug, task_type, reason)
        }
        Command::SubmitTask(submission) => task::submit(state, submission),
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
