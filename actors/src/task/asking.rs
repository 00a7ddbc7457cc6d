//! Asking: one agent is called for a whole task.

use convoke_events::{Conclusion, HeldFor, Purpose, TaskOutcome, Timestamp, Verb};

use super::{Task, concluded, request_bytes};
use crate::budget;
use crate::decision::Draft;
use crate::governance::{Attempt, enforce};
use crate::invocation::{self, Errand, dispatch};
use crate::refusal::Refusal;
use crate::routing::{self, Choice, Question};
use crate::state::State;

/// Asks one agent what a task is, or for its answer: the recorded decision, the grant, the
/// reservation, the call.
pub(crate) fn ask(
    state: &State,
    task: &Task,
    question: Question<'_>,
    (now, seed): (Timestamp, u64),
) -> Result<Vec<Draft>, Refusal> {
    let Question { story, purpose, task_type } = question;
    let verb = if purpose == Purpose::Triage { Verb::Read } else { Verb::Propose };
    let artifact = state.registry.artifact_of(task_type)?;
    let (decided, mut drafts) = routing::decide(state, question, Choice::First, now, seed);
    let chosen = decided
        .selected()
        .first()
        .and_then(|agent| Some((decided.authorises(*agent)?, state.registry.get(*agent)?)));
    let Some((authorised, agent)) = chosen else {
        let reason =
            format!("no agent of hub `{}` is routed to task type `{task_type}`", state.hub);
        drafts.push(concluded(story, TaskOutcome::Refused, Conclusion::NoRoute, &reason));
        return Ok(drafts);
    };
    let id = authorised.agent();
    let attempt = Attempt { story, purpose, verb, artifact: &artifact };
    let grant = match enforce(state, attempt, id) {
        Ok(grant) => grant,
        Err(denial) => {
            drafts.push(*denial.record);
            let reason = "the agent that would have been asked was denied";
            drafts.push(concluded(story, TaskOutcome::Blocked, Conclusion::Governance, reason));
            return Ok(drafts);
        }
    };
    let invocation = invocation::id_of(story.task, purpose, id);
    let profile = &agent.profile;
    let bytes = request_bytes(task, profile.prompt_bytes);
    let input = budget::input_bound(&profile.provider, bytes);
    let rules = task.plan.rules();
    let mut plan = state.ledger.plan(task.account, now);
    let model = (&profile.provider, &profile.model);
    match plan.reserve(HeldFor::Call(invocation), model, (input, rules.max_output)) {
        Ok(held) => {
            drafts.push(budget::set_aside(story, held));
            let (collective, delegation) = (None, None);
            let errand = Errand { story, invocation, collective, delegation, purpose, rules, now };
            drafts.extend(dispatch(state, errand, agent, authorised, &grant, held));
        }
        Err(short) => {
            let reason = format!("the {purpose} cannot be paid: {short}");
            drafts.push(concluded(story, TaskOutcome::Refused, Conclusion::Budget, &reason));
        }
    }
    Ok(drafts)
}
