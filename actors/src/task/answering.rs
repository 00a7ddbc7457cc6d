//! Answering: what follows from the answer of the one agent that a task asked.

use convoke_events::{Conclusion, InvocationStarted, ProposalBasis, TaskOutcome, TaskPlan};

use super::{concluded, failed};
use crate::answer::Answer;
use crate::decision::{Draft, Story};
use crate::proposal;
use crate::provider::ProviderFailure;
use crate::state::State;

/// What follows from a triage: the task goes on to a collective, or ends with what it is.
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

/// What follows from the answer itself: a proposal that waits for people, or the end.
pub(crate) fn answered(
    state: &State,
    story: Story,
    started: &InvocationStarted,
    answer: Result<&Answer, &ProviderFailure>,
    content: String,
) -> Vec<Draft> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => return vec![failed(story, "the answer", failure)],
    };
    let plan = state.tasks.get(story.task).map(|task| &task.plan);
    let Some(TaskPlan::Answer { task_type, .. }) = plan else {
        return Vec::new();
    };
    let basis = ProposalBasis::Answer {
        agent: started.agent,
        agent_version: started.agent_version,
        invocation: started.invocation,
    };
    let reason = format!("{} answers `{}`; it", state.registry.slug(started.agent), answer.key);
    let made = proposal::Made {
        collective: None,
        task_type,
        artifact: &started.artifact,
        basis,
        key: Some(answer.key.clone()),
        confidence: answer.confidence,
    };
    proposal::propose(state, story, made, content, (Conclusion::Answered, &reason))
}
