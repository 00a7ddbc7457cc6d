//! The tables `[[task_types]]`: the work that only this hub knows, and what it makes.

use std::collections::BTreeSet;

use convoke_actors::BUILT_IN;
use convoke_actors::shape::Shape;
use convoke_events::{ArtifactType, TaskType};

use super::fields::{Field, Fields, every};
use super::mistake::quoted;

/// A task type of the hub's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnTaskType {
    /// Which.
    pub task_type: TaskType,
    /// What such work makes, as governance names it.
    pub artifact: ArtifactType,
}

/// The task types that the file gives the hub.
pub(super) fn own(fields: &mut Fields<'_>) -> Option<Vec<OwnTaskType>> {
    let list = fields.list("task_types")?;
    let mut seen = BTreeSet::new();
    every(list.iter().map(|field| {
        let mut fields = field.table()?;
        let task_type = fields.need("task_type").and_then(|field| new(&field, &mut seen));
        let artifact = fields.need("artifact").and_then(|artifact| artifact.word());
        fields.finish();
        Some(OwnTaskType { task_type: task_type?, artifact: artifact? })
    }))
}

/// A task type that neither every hub nor a ready shape has, and that was not read before.
fn new(field: &Field<'_>, seen: &mut BTreeSet<TaskType>) -> Option<TaskType> {
    let task_type = field.word::<TaskType>()?;
    let taken = BUILT_IN.iter().any(|(known, _)| *known == task_type.as_str())
        || Shape::all().any(|shape| shape.task_type() == task_type);
    if taken {
        field.unlike("a task type that neither every hub nor a ready shape has");
    } else if !seen.insert(task_type.clone()) {
        field.mistake(format!("{} again", quoted(task_type.as_str())), "one entry per type");
    } else {
        return Some(task_type);
    }
    None
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::{ConfigError, Scenario, parse_scenario};

    const EXAMPLE: &str = include_str!("../../examples/intake.toml");

    fn with(more: &str) -> Result<Scenario, ConfigError> {
        parse_scenario(Path::new("s.toml"), &format!("{EXAMPLE}\n{more}\n"))
    }

    #[test]
    fn a_task_type_of_the_hubs_own_is_routed_and_governed_as_any_other() {
        let scenario = with(
            "[[task_types]]\ntask_type = \"release_notes\"\nartifact = \"document\"\n\
             [[routing]]\ntask_type = \"release_notes\"\nagents = [\"mason\"]\n\
             [[policies]]\nagent = \"mason\"\nartifact = \"document\"\nverbs = [\"propose\"]\n\
             [routing_rules.ways.release_notes]\nby = \"bid\"\n",
        )
        .unwrap();
        let own: Vec<_> = scenario
            .task_types
            .iter()
            .map(|one| (one.task_type.as_str(), one.artifact.as_str()))
            .collect();
        assert_eq!(own, [("release_notes", "document")]);
        assert_eq!(scenario.routing.last().unwrap().task_type.as_str(), "release_notes");
        assert_eq!(scenario.policies.last().unwrap().artifact.as_str(), "document");
    }

    #[test]
    fn a_mistake_in_task_types_is_named_with_its_table() {
        let own = |task_type: &str| {
            format!("[[task_types]]\ntask_type = \"{task_type}\"\nartifact = \"a\"")
        };
        for (more, words) in [
            (own("triage"), "task_types[0].task_type: found `triage`, expected a task type that"),
            (own("feedback_summary"), "task_types[0].task_type: found `feedback_summary`"),
            (own("A type"), "task_types[0].task_type: found `A type`, expected a task type of 1"),
            (
                format!("{}\n{}", own("poems"), own("poems")),
                "task_types[1].task_type: found `poems` again, expected one entry per type",
            ),
            (
                "[[task_types]]\ntask_type = \"poems\"".to_owned(),
                "task_types[0].artifact: found nothing, expected this field",
            ),
            (
                "[[routing]]\ntask_type = \"poems\"\nagents = [\"mason\"]".to_owned(),
                "task_type: found `poems`, expected a task type: requirement_draft, triage",
            ),
        ] {
            let error = with(&more).unwrap_err().to_string();
            assert!(error.contains(words), "{words} is not in {error}");
        }
    }
}
