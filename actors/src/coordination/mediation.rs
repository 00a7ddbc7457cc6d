//! Mediation: somebody is called in where the agents of a task need help, once for each trigger.

use convoke_events::{
    AgentStuck, Amount, HeldFor, InvocationId, Measured, Mediation, MediatorRules, Purpose, TaskId,
    TaskRules, TextName, Texts, ThresholdReached, Timestamp, Trigger, Verb,
};

use crate::budget::{self, DOCUMENT_OVERHEAD, Held};
use crate::decision::{Decision, Draft, Story};
use crate::governance::Grant;
use crate::governance::{Attempt, enforce};
use crate::invocation::{Errand, dispatch};
use crate::lifecycle::Lease;
use crate::registry::Agent;
use crate::routing::{self, Question};
use crate::state::State;
use crate::task::request_bytes;

/// How many of the newest things said on its task a mediator is shown.
pub(crate) const SHOWN: usize = 16;

/// The most bytes it is shown of each.
pub(crate) const SHOWN_BYTES: usize = 1_024;

/// The most bytes in which it is told why it was called in.
pub(crate) const INTRODUCTION: usize = 512;

/// Calls for a mediator of a task of which nothing was heard since this moment, if that is too long.
pub(crate) fn silence(state: &State, task: TaskId, since: Timestamp, now: Timestamp) -> Decision {
    let Some(silent) = state.coordination.silent_since(task) else {
        return Decision::nothing();
    };
    let limit = state.coordination.rules.stuck_after_ms;
    let found = u64::try_from(now.since(since.max(silent)).as_millis()).unwrap_or(u64::MAX);
    if found < limit {
        return Decision::nothing();
    }
    let mut drafts = help(state, task, Trigger::Stuck, Measured::Idle { found, limit }, now);
    drafts.extend(state.lifecycle.lease_on(task).map(|lease| stuck(lease, found)));
    Decision::of(drafts)
}

/// Records of the agent whose task it is that nothing was heard of it.
fn stuck(lease: &Lease, silent_ms: u64) -> Draft {
    let Lease { id, task, agent, .. } = *lease;
    let facts = AgentStuck { lease: id, task, agent, silent_ms };
    Story { task, cause: None }.on_task(facts, Texts::none())
}

/// Calls for a mediator of a task whose agents need help, whatever the time.
pub(crate) fn intervene(
    state: &State,
    task: TaskId,
    trigger: Trigger,
    now: Timestamp,
) -> Vec<Draft> {
    let joint = state.coordination.tasks.get(&task);
    let measured = joint.and_then(|joint| joint.measure(trigger, &state.coordination.rules));
    measured.map_or_else(Vec::new, |measured| help(state, task, trigger, measured, now))
}

/// Records what calls for a mediator, and calls one in where the hub wants it.
fn help(
    state: &State,
    task: TaskId,
    trigger: Trigger,
    measured: Measured,
    now: Timestamp,
) -> Vec<Draft> {
    let cause = state.coordination.tasks.get(&task).and_then(|joint| joint.cause);
    let story = Story { task, cause };
    let mediator = state.coordination.rules.mediator.as_ref();
    let called = mediator.filter(|mediator| mediator.on.contains(&trigger));
    let called = called
        .map_or(Err(Mediation::Nobody), |mediator| call(state, story, mediator, trigger, now));
    let (mediation, drafts) = match called {
        Ok((mediation, drafts)) => (mediation, drafts),
        Err(mediation) => (mediation, Vec::new()),
    };
    let reason = in_words(&measured);
    let facts = ThresholdReached { task, trigger, measured, mediation };
    let mut all = vec![story.on_task(facts, Texts::none().with(TextName::REASON, reason))];
    all.extend(drafts);
    all
}

fn in_words(measured: &Measured) -> String {
    match measured {
        Measured::Idle { found, limit } => {
            format!("nothing has happened for {found} ms, and {limit} are the most")
        }
        Measured::Conflicts { found, limit } => {
            format!("{found} answers stand against each other, and from {limit} on it is too many")
        }
        Measured::Complexity { found, limit } => {
            format!("the task is said to be {found} complex, more than {limit}")
        }
        Measured::Completed => "the work is said to be complete, and wants validation".to_owned(),
    }
}

/// Makes a mediator from the template: its decision, its grant, its reservation, its call.
fn call(
    state: &State,
    story: Story,
    mediator: &MediatorRules,
    trigger: Trigger,
    now: Timestamp,
) -> Result<(Mediation, Vec<Draft>), Mediation> {
    let id = mediator.template;
    let work = state.work(story.task).ok_or(Mediation::Unavailable)?;
    let agent = state.registry.get(id).filter(|agent| agent.active);
    let agent = agent.ok_or(Mediation::Unavailable)?;
    if !state.resilience.breakers.admits(agent.profile.endpoint, now) {
        return Err(Mediation::Unavailable);
    }
    let (purpose, verb, artifact) = (Purpose::Mediation, Verb::Propose, &work.artifact);
    let grant = enforce(state, Attempt { story, purpose, verb, artifact }, id);
    // What records the denial is that nobody could be called in.
    let grant = grant.map_err(|denial| Mediation::Blocked(denial.because))?;
    let invocation = InvocationId::derive(&[&story.task.to_string(), trigger.as_str()]);
    let held = set_aside(state, story, mediator, agent, invocation, now)?;
    let agent_version = agent.version;
    let drafts = send(state, story, (agent, &grant), held, &work.task_type, now);
    Ok((
        Mediation::Called { agent: id, agent_version, invocation },
        drafts.ok_or(Mediation::Unavailable)?,
    ))
}

/// Sets the worst case of its call aside on its task's account, where its share holds that.
fn set_aside(
    state: &State,
    story: Story,
    mediator: &MediatorRules,
    agent: &Agent,
    invocation: InvocationId,
    now: Timestamp,
) -> Result<Held, Mediation> {
    let task = state.tasks.get(story.task).ok_or(Mediation::Unavailable)?;
    let rules = task.plan.rules();
    let bytes = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let each = bytes(SHOWN_BYTES).saturating_add(DOCUMENT_OVERHEAD);
    let shown = bytes(SHOWN).saturating_mul(each).saturating_add(bytes(INTRODUCTION));
    let bytes = request_bytes(task, agent.profile.prompt_bytes).saturating_add(shown);
    let input = budget::input_bound(&agent.profile.provider, bytes);
    let needed = Amount { tokens: input.plus(rules.max_output), ..Amount::ZERO };
    if needed.tokens > mediator.share {
        return Err(Mediation::OverBudget { needed });
    }
    let model = (&agent.profile.provider, &agent.profile.model);
    let mut plan = state.ledger.plan(task.account, now);
    plan.reserve(HeldFor::Call(invocation), model, (input, rules.max_output))
        .map_err(|_| Mediation::OverBudget { needed })
}

fn send(
    state: &State,
    story: Story,
    (agent, grant): (&Agent, &Grant),
    held: Held,
    task_type: &convoke_events::TaskType,
    now: Timestamp,
) -> Option<Vec<Draft>> {
    let invocation = held.held_for.call()?;
    let purpose = Purpose::Mediation;
    let question = Question { story, purpose, task_type };
    let named = (grant.agent(), &*invocation.to_string());
    let (decided, mut drafts) = routing::named(state, question, named, now);
    let authorised = decided.authorises(grant.agent())?;
    let rules: &TaskRules = state.tasks.get(story.task)?.plan.rules();
    let (collective, delegation) = (None, None);
    let errand = Errand { story, invocation, collective, delegation, purpose, rules, now };
    drafts.push(budget::set_aside(story, held));
    drafts.extend(dispatch(state, errand, agent, authorised, grant, held));
    Some(drafts)
}
