//! Triage: one agent says what a task is, and whether it goes further.

use convoke_events::{Conclusion, HeldFor, Purpose, TaskOutcome, TaskType, Timestamp, Verb};

use super::{Attempt, Task, artifact_of, blocked, concluded, failed, request_bytes};
use crate::answer::Answer;
use crate::budget;
use crate::decision::{Draft, Story};
use crate::invocation::{self, Errand, dispatch};
use crate::provider::ProviderFailure;
use crate::refusal::Refusal;
use crate::routing::{self, Choice, Question};
use crate::state::State;

/// Asks one agent what a task is: the recorded decision, the grant, the reservation, the call.
pub(crate) fn triage(
    state: &State,
    task: &Task,
    story: Story,
    task_type: &TaskType,
    (now, seed): (Timestamp, u64),
) -> Result<Vec<Draft>, Refusal> {
    let purpose = Purpose::Triage;
    let artifact = artifact_of(task_type)?;
    let question = Question { story, purpose, task_type };
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
    let grant = match state.governance.permit(&state.registry, id, Verb::Read, &artifact) {
        Ok(grant) => grant,
        Err(because) => {
            let attempt = Attempt { story, purpose, verb: Verb::Read, artifact: &artifact };
            drafts.push(blocked(state, attempt, id, because));
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
            drafts.push(dispatch(errand, agent, authorised, &grant, held));
        }
        Err(short) => {
            let reason = format!("the triage cannot be paid: {short}");
            drafts.push(concluded(story, TaskOutcome::Refused, Conclusion::Budget, &reason));
        }
    }
    Ok(drafts)
}

/// What follows from a triage's outcome.
pub(crate) fn triaged(
    state: &State,
    story: Story,
    answer: Result<&Answer, &ProviderFailure>,
) -> Vec<Draft> {
    let task = state.tasks.get(story.task);
    match answer {
        Err(failure) => vec![failed(story, "the triage", failure)],
        Ok(answer) if task.is_some_and(|task| task.escalation(&answer.key).is_some()) => Vec::new(),
        Ok(answer) => {
            let reason = format!("triage says `{}`, which goes no further", answer.key);
            vec![concluded(story, TaskOutcome::Answered, Conclusion::Triaged, &reason)]
        }
    }
}
