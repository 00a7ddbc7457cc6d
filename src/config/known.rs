//! What the fields of a file may name: agents, task types, artifact types.

use std::collections::BTreeSet;
use std::str::FromStr;

use convoke_actors::BUILT_IN;
use convoke_actors::shape::Shape;
use convoke_events::{ArtifactType, Slug, TaskType};

use super::fields::Field;
use super::mistake::{Allowed, quoted};
use super::task_types::OwnTaskType;

/// Every name that is known where a file is read; of agents, by slug.
pub(super) struct Known {
    agents: BTreeSet<String>,
    /// Every hub's, those of the ready shapes, the hub's own: in this order.
    task_types: Vec<String>,
    artifacts: Vec<String>,
}

impl Known {
    /// These agents, and a hub that gave itself these task types.
    pub(super) fn new(agents: BTreeSet<String>, own: &[OwnTaskType]) -> Self {
        let (mut task_types, mut artifacts) = (Vec::new(), Vec::new());
        let mut add = |task_type: &str, artifact: &str| {
            for (names, name) in [(&mut task_types, task_type), (&mut artifacts, artifact)] {
                if !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        };
        for (task_type, artifact) in BUILT_IN {
            add(task_type, artifact);
        }
        for shape in Shape::all() {
            add(shape.task_type().as_str(), shape.artifact().as_str());
        }
        for one in own {
            add(one.task_type.as_str(), one.artifact.as_str());
        }
        Self { agents, task_types, artifacts }
    }

    /// The slug of an agent.
    pub(super) fn agent(&self, field: &Field<'_>) -> Option<Slug> {
        named(field, &self.agents)
    }

    /// A task type.
    pub(super) fn task_type(&self, field: &Field<'_>) -> Option<TaskType> {
        among(field, "a task type", &self.task_types)
    }

    /// A task type that is the name of a field.
    pub(super) fn task_type_of(&self, name: &str, field: &Field<'_>) -> Option<TaskType> {
        let known = self.task_types.iter().any(|known| known == name);
        let task_type = TaskType::new(name).ok().filter(|_| known);
        if task_type.is_none() {
            field.mistake(format!("the task type {}", quoted(name)), "one that the hub knows");
        }
        task_type
    }

    /// An artifact type.
    pub(super) fn artifact(&self, field: &Field<'_>) -> Option<ArtifactType> {
        among(field, "an artifact type", &self.artifacts)
    }
}

/// The slug of one of these agents.
pub(super) fn named(field: &Field<'_>, slugs: &BTreeSet<String>) -> Option<Slug> {
    let slug = field.word::<Slug>()?;
    if slugs.contains(slug.as_str()) {
        return Some(slug);
    }
    let known: Vec<&str> = slugs.iter().map(String::as_str).collect();
    field.unlike(format!("the slug of an agent in this file: {}", known.join(", ")));
    None
}

/// The slugs that can be named elsewhere; one that stands twice is a mistake.
pub(super) fn slugs(agents: &[Field<'_>]) -> BTreeSet<String> {
    let mut slugs = BTreeSet::new();
    for agent in agents {
        let slug = agent.peek("slug");
        let text = slug.as_ref().and_then(Field::as_str);
        if let (Some(slug), Some(text)) = (&slug, text)
            && !slugs.insert(text.to_owned())
        {
            slug.mistake(format!("{} again", quoted(text)), "a slug of its own for every agent");
        }
    }
    slugs
}

/// A word that is one of these.
fn among<T: FromStr<Err: Allowed>>(field: &Field<'_>, kind: &str, known: &[String]) -> Option<T> {
    if field.as_str().is_some_and(|word| known.iter().any(|one| one == word)) {
        return field.word();
    }
    field.unlike(format!("{kind}: {}", known.join(", ")));
    None
}
