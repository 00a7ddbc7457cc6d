//! Submission: a task is taken in, or found to be there.

use std::collections::BTreeSet;

use convoke_events::{
    AccountId, CorrelationId, Slug, TaskOutcome, TaskPlan, TaskSubmitted, TaskType, TextName,
    Texts, record::TooLarge,
};

use super::MAX_TASK_BYTES;
use crate::budget;
use crate::command::TaskSubmission;
use crate::decision::{Draft, Story};
use crate::refusal::Refusal;
use crate::routing;
use crate::shape::Shape;
use crate::state::State;

/// Takes a task in, opens its account, or finds that it is there.
pub(crate) fn submit(state: &State, submission: &TaskSubmission) -> Result<Vec<Draft>, Refusal> {
    let TaskSubmission { request, attempt, title, body, source, plan, limits } = submission;
    check(state, submission)?;
    let task = submission.task(&state.hub);
    let content = submission.content();
    let differs = |task| Refusal::TaskDiffers { request: request.clone(), task };
    match state.tasks.content(task) {
        Some(known) if known == content => return Ok(Vec::new()),
        Some(_) => return Err(differs(task)),
        None => {}
    }
    if let Some(before) = attempt.checked_sub(1) {
        let before = TaskSubmission::attempt_id(&state.hub, request, before);
        if state.tasks.content(before).is_some_and(|known| known != content) {
            return Err(differs(before));
        }
        let ended = state.tasks.conclusion(before);
        if ended.is_none_or(|ended| ended.outcome != TaskOutcome::Failed) {
            return Err(Refusal::NothingToRetry { request: request.clone(), attempt: *attempt });
        }
    }
    let account = AccountId::derive(&[&task.to_string()]);
    let size = title.len().saturating_add(body.len());
    let too_large = TooLarge { what: "a task's title and body", size, limit: MAX_TASK_BYTES };
    let content_bytes = match u32::try_from(size) {
        Ok(bytes) if size <= MAX_TASK_BYTES => bytes,
        _ => return Err(too_large.into()),
    };
    let plan = plan.clone();
    let submitted = TaskSubmitted { task, account, plan, content, content_bytes };
    let texts = Texts::none()
        .with(TextName::NAME, request)
        .with(TextName::TITLE, title)
        .with(TextName::BODY, body)
        .with_some(TextName::SOURCE, source.as_deref());
    let story = Story { task, cause: None };
    let correlation = CorrelationId::of_task(task);
    let account = budget::open(account, Some(state.account()), *limits, Some(correlation));
    let mut drafts = vec![story.on_task(submitted, texts), account];
    drafts.extend(routing::found_words(state, story, submission));
    Ok(drafts)
}

fn check(state: &State, submission: &TaskSubmission) -> Result<(), Refusal> {
    let rules = submission.plan.rules();
    let choices = rules.allowed.iter().collect::<BTreeSet<_>>().len();
    let named = match &submission.plan {
        TaskPlan::Collective { participants, .. } if !participants.is_empty() => {
            let named: BTreeSet<&Slug> = participants.iter().collect();
            Some(u32::try_from(named.len()).unwrap_or(u32::MAX))
        }
        TaskPlan::Collective { .. }
        | TaskPlan::Triage { .. }
        | TaskPlan::Answer { .. }
        | TaskPlan::Sessions { .. } => None,
    };
    let too_little = [
        (submission.request.is_empty(), "a request's id", "one character long"),
        (submission.title.trim().is_empty(), "a request's title", "one word long"),
        (rules.deadline_ms == 0, "a deadline", "1 millisecond"),
        (rules.max_output.get() == 0, "the bound on output", "1 token"),
        (rules.min_contributions == 0, "the least number of contributions", "1"),
        (
            rules.quorum.is_some_and(|quorum| quorum < rules.min_contributions),
            "the quorum of a collective",
            "the least number of contributions",
        ),
        (choices == 1, "the number of allowed recommendations", "2, or none at all"),
        (
            named.is_some_and(|named| named < rules.min_contributions),
            "the number of participants",
            "the least number of contributions",
        ),
    ];
    if let Some((_, what, least)) = too_little.into_iter().find(|(wrong, ..)| *wrong) {
        return Err(Refusal::TooLittle { what, least });
    }
    if rules.quorum.is_some() && rules.one_failure_fails_all {
        return Err(Refusal::QuorumOfAll);
    }
    let known = |task_type: &TaskType| state.registry.artifact_of(task_type);
    match &submission.plan {
        TaskPlan::Triage { task_type, escalate, .. } => {
            known(task_type)?;
            escalate.iter().try_for_each(|one| known(&one.to).map(|_| ()))
        }
        TaskPlan::Answer { task_type, shape, .. } => {
            known(task_type)?;
            shape.as_ref().map_or(Ok(()), |shape| Shape::named(shape).map(|_| ()))
        }
        TaskPlan::Sessions { task_type, .. } => known(task_type).map(|_| ()),
        TaskPlan::Collective { task_type, participants, .. } => {
            known(task_type)?;
            participants
                .iter()
                .try_for_each(|slug| state.registry.by_slug(&state.hub, slug).map(|_| ()))
        }
    }
}
