//! Ending: how a task ends.

use convoke_events::{Conclusion, TaskConcluded, TaskId, TaskOutcome, TextName, Texts};

use crate::decision::{Draft, Story, cut};
use crate::provider::ProviderFailure;
use crate::refusal::Refusal;
use crate::state::State;

/// Ends a task.
pub(crate) fn concluded(
    story: Story,
    outcome: TaskOutcome,
    because: Conclusion,
    reason: &str,
) -> Draft {
    let facts = TaskConcluded { task: story.task, outcome, because };
    story.on_task(facts, Texts::none().with(TextName::REASON, reason))
}

/// Ends a task that agents work on in sessions, at the word of somebody with the right to.
pub(crate) fn conclude(
    state: &State,
    id: TaskId,
    outcome: TaskOutcome,
    reason: &str,
) -> Result<Vec<Draft>, Refusal> {
    let Some(task) = state.tasks.get(id) else {
        return match state.tasks.conclusion(id) {
            Some(end) if end.outcome == outcome => Ok(Vec::new()),
            Some(_) => Err(Refusal::TaskEnded { task: id }),
            None => Err(Refusal::TaskUnknown { task: id, hub: state.hub.clone() }),
        };
    };
    let known = matches!(outcome, TaskOutcome::Completed | TaskOutcome::Failed);
    if task.in_sessions().is_none() || !known {
        return Err(Refusal::NotToConclude { task: id, outcome });
    }
    let held = state.lifecycle.is_locked(id);
    if held || state.is_busy(id) {
        return Err(Refusal::TaskBusy { task: id });
    }
    let story = Story { task: id, cause: None };
    Ok(vec![concluded(story, outcome, Conclusion::Declared, reason)])
}

/// Ends a task whose call failed.
pub(crate) fn failed(story: Story, what: &str, failure: &ProviderFailure) -> Draft {
    let reason = format!("{what} failed: {failure}");
    concluded(story, TaskOutcome::Failed, Conclusion::CallFailed, cut(&reason, 2048))
}
