//! What the log knows of a run's requests: their attempts, what each asked, and how it ended.

use std::collections::BTreeMap;

use convoke_actors::command::TaskSubmission;
use convoke_events::{Digest, Event, HubId, Log, Query, TaskEvent, TaskId, TaskOutcome};

use crate::cli::failure::Failure;

/// Every task of the log, at every attempt.
pub(super) struct Known<'a> {
    hub: &'a HubId,
    tasks: BTreeMap<TaskId, Task>,
}

struct Task {
    content: Digest,
    outcome: Option<TaskOutcome>,
}

impl<'a> Known<'a> {
    /// Reads how the log stands.
    pub(super) fn of(log: &Log, hub: &'a HubId) -> Result<Self, Failure> {
        let mut tasks: BTreeMap<TaskId, Task> = BTreeMap::new();
        // A task is submitted before it ends, and so are these read.
        for event_type in ["TaskSubmitted", "TaskConcluded"] {
            for event in log.read(Query::event_type(event_type).without_bodies()) {
                let event = event?.event;
                if let Event::Task(TaskEvent::TaskSubmitted(submitted)) = event {
                    let known = Task { content: submitted.content, outcome: None };
                    tasks.insert(submitted.task, known);
                } else if let Event::Task(TaskEvent::TaskConcluded(concluded)) = event
                    && let Some(known) = tasks.get_mut(&concluded.task)
                {
                    known.outcome = Some(concluded.outcome);
                }
            }
        }
        Ok(Self { hub, tasks })
    }

    /// Refuses requests that the log knows by the same id with another content.
    pub(super) fn refuse_changed(&self, submissions: &[TaskSubmission]) -> Result<(), Failure> {
        let changed = submissions.iter().filter(|submission| {
            let known = self.tasks.get(&submission.task(self.hub));
            known.is_some_and(|known| known.content != submission.content())
        });
        let requests: Vec<String> = changed.map(|submission| submission.request.clone()).collect();
        if requests.is_empty() { Ok(()) } else { Err(Failure::RequestsDiffer { requests }) }
    }

    /// How many of these have ended.
    pub(super) fn handled(&self, submissions: &[TaskSubmission]) -> usize {
        let known = submissions.iter().filter_map(|one| self.tasks.get(&one.task(self.hub)));
        known.filter(|known| known.outcome.is_some()).count()
    }

    /// The request at its newest attempt, or at the next one where that failed and is to be tried
    /// again.
    pub(super) fn newest(&self, submission: TaskSubmission, retry_failed: bool) -> TaskSubmission {
        let task = |attempt| {
            let id = TaskSubmission::attempt_id(self.hub, &submission.request, attempt);
            self.tasks.get(&id)
        };
        let newest =
            (1..=u32::MAX).take_while(|attempt| task(*attempt).is_some()).last().unwrap_or(0);
        let failed = task(newest).is_some_and(|task| task.outcome == Some(TaskOutcome::Failed));
        let again = u32::from(failed && retry_failed);
        TaskSubmission { attempt: newest.saturating_add(again), ..submission }
    }
}
