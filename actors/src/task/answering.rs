//! Answering: one agent's answer to a task is a proposal.

use convoke_events::{
    Conclusion, InvocationStarted, ProposalBasis, Purpose, TaskPlan, TaskType, Timestamp, Verb,
};

use super::asking::{Ask, ask};
use super::{Task, failed};
use crate::answer::Answer;
use crate::decision::{Draft, Story};
use crate::proposal;
use crate::provider::ProviderFailure;
use crate::refusal::Refusal;
use crate::state::State;

/// Asks one agent for the answer.
pub(crate) fn ask_alone(
    state: &State,
    task: &Task,
    story: Story,
    task_type: &TaskType,
    drawn: (Timestamp, u64),
) -> Result<Vec<Draft>, Refusal> {
    let what = Ask { story, task_type, purpose: Purpose::Answer, verb: Verb::Propose };
    ask(state, task, what, drawn)
}

/// What follows from the answer: a proposal that waits for people, or the end.
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
