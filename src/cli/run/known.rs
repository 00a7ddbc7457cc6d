//! Which requests the log knows already, and whether they are the same.

use std::collections::BTreeMap;

use convoke_actors::command::TaskSubmission;
use convoke_events::{Digest, Event, HubId, Log, Query, TaskEvent, TaskId};

use crate::cli::failure::Failure;

/// Refuses requests that the log knows by the same id with another content.
pub(super) fn refuse_changed(
    log: &Log,
    hub: &HubId,
    submissions: &[TaskSubmission],
) -> Result<(), Failure> {
    let mut known: BTreeMap<TaskId, Digest> = BTreeMap::new();
    for event in log.read(Query::event_type("TaskSubmitted")) {
        if let Event::Task(TaskEvent::TaskSubmitted(submitted)) = event?.event {
            known.insert(submitted.task, submitted.content);
        }
    }
    let changed = submissions.iter().filter(|submission| {
        let task = TaskSubmission::id(hub, &submission.request);
        known.get(&task).is_some_and(|content| *content != submission.content())
    });
    let requests: Vec<String> = changed.map(|submission| submission.request.clone()).collect();
    if requests.is_empty() { Ok(()) } else { Err(Failure::RequestsDiffer { requests }) }
}
