//! Triage: one agent says what a task is, and whether it goes further.

use convoke_events::{Conclusion, Purpose, TaskOutcome, TaskType, Timestamp, Verb};

use super::asking::{Ask, ask};
use super::{Task, concluded, failed};
use crate::answer::Answer;
use crate::decision::{Draft, Story};
use crate::provider::ProviderFailure;
use crate::refusal::Refusal;
use crate::state::State;

/// Asks one agent what a task is.
pub(crate) fn triage(
    state: &State,
    task: &Task,
    story: Story,
    task_type: &TaskType,
    drawn: (Timestamp, u64),
) -> Result<Vec<Draft>, Refusal> {
    let what = Ask { story, task_type, purpose: Purpose::Triage, verb: Verb::Read };
    ask(state, task, what, drawn)
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
