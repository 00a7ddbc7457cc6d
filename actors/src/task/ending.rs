//! Ending: how a task ends, and what is recorded of an attempt that governance denied.

use convoke_events::{
    AgentId, ArtifactType, AttemptBlocked, BlockReason, Conclusion, Purpose, TaskConcluded, TaskId,
    TaskOutcome, TextName, Texts, Verb,
};

use crate::decision::{Draft, Story, cut};
use crate::governance;
use crate::provider::ProviderFailure;
use crate::refusal::Refusal;
use crate::state::State;

/// What an agent would have done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) story: Story,
    pub(crate) purpose: Purpose,
    pub(crate) verb: Verb,
    pub(crate) artifact: &'a ArtifactType,
}

/// Records that governance denied an attempt.
pub(crate) fn blocked(
    state: &State,
    attempt: Attempt<'_>,
    agent: AgentId,
    because: BlockReason,
) -> Draft {
    let Attempt { story, purpose, verb, artifact } = attempt;
    let (slug, why) = (state.registry.slug(agent), governance::in_words(&because));
    let reason = format!("{slug} may not {verb} `{artifact}`: {why}");
    let facts = AttemptBlocked {
        agent,
        agent_version: state.registry.get(agent).map_or(0, |known| known.version),
        task: story.task,
        purpose,
        verb,
        artifact: artifact.clone(),
        because,
    };
    story.on_task(facts, Texts::none().with(TextName::REASON, reason))
}

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
    if held || state.coordination.is_called(id) || state.delegations.any_open(id) {
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
