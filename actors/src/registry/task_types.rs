//! Task types: the work a hub knows, and what artifacts it makes.

use std::collections::BTreeMap;

use convoke_events::{ArtifactType, CorrelationId, StreamId, TaskType, TaskTypeRegistered, Texts};

use super::Registry;
use crate::decision::Draft;
use crate::refusal::Refusal;

/// The task types every hub knows, and the artifact type each answers with.
pub const BUILT_IN: [(&str, &str); 5] = [
    ("requirement_draft", "requirement"),
    ("triage", "request"),
    ("synthesis", "synthesis"),
    ("policy_check", "policy"),
    ("implementation", "implementation"),
];

fn built_in(task_type: &TaskType) -> Option<&'static str> {
    let known = BUILT_IN.iter().find(|(name, _)| *name == task_type.as_str());
    known.map(|(_, artifact)| *artifact)
}

/// The task types that every hub knows.
pub(super) fn of_every_hub() -> BTreeMap<TaskType, ArtifactType> {
    let all = BUILT_IN.iter();
    all.filter_map(|(name, artifact)| Some((name.parse().ok()?, artifact.parse().ok()?))).collect()
}

impl Registry {
    /// The artifact type that a task type answers with: one of every hub's, or of this hub's own.
    pub(crate) fn artifact_of(&self, task_type: &TaskType) -> Result<ArtifactType, Refusal> {
        self.task_types.get(task_type).cloned().ok_or_else(|| {
            let known = self.task_types.keys().map(ToString::to_string).collect();
            Refusal::TaskTypeUnknown { task_type: task_type.clone(), known }
        })
    }
}

/// Gives the hub a task type of its own, or does nothing where it has it.
pub(crate) fn register_task_type(
    registry: &Registry,
    task_type: &TaskType,
    artifact: &ArtifactType,
) -> Result<Vec<Draft>, Refusal> {
    if let Some(makes) = built_in(task_type) {
        if makes == artifact.as_str() {
            return Ok(Vec::new());
        }
        return Err(Refusal::TaskTypeBuiltIn { task_type: task_type.clone(), artifact: makes });
    }
    if registry.task_types.get(task_type) == Some(artifact) {
        return Ok(Vec::new());
    }
    let facts = TaskTypeRegistered { task_type: task_type.clone(), artifact: artifact.clone() };
    let correlation = CorrelationId::derive(&["task type", task_type.as_str()]);
    let (stream, cause, texts) = (StreamId::hub(), None, Texts::none());
    Ok(vec![Draft { stream, correlation, cause, event: facts.into(), texts }])
}
