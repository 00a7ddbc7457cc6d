//! The tables `[[routing]]` and `[[policies]]`: whom to ask, and who may do what.

use std::collections::BTreeSet;

use convoke_events::{ArtifactType, Slug, TaskType, Verb};

use super::fields::{Field, every};
use super::known::Known;
use super::mistake::quoted;

/// Whom to ask for a task type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// For which tasks.
    pub task_type: TaskType,
    /// Whom, in order of priority.
    pub agents: Vec<Slug>,
}

/// What an agent may do with an artifact type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GovernanceRule {
    /// Which agent.
    pub agent: Slug,
    /// Which artifacts.
    pub artifact: ArtifactType,
    /// What it may do.
    pub verbs: BTreeSet<Verb>,
    /// How many people have to agree to what it proposes: 1 or 2.
    pub reviewers: u32,
}

/// Whom to ask, by the `[[routing]]` of a file.
pub(super) fn routing(list: &[Field<'_>], known: &Known) -> Option<Vec<Route>> {
    let mut seen = BTreeSet::new();
    every(list.iter().map(|field| {
        let mut fields = field.table()?;
        let task_type = fields.need("task_type").and_then(|field| {
            let task_type = known.task_type(&field)?;
            if !seen.insert(task_type.clone()) {
                field
                    .mistake(format!("{} again", quoted(task_type.as_str())), "one entry per type");
                return None;
            }
            Some(task_type)
        });
        let agents = fields.need("agents").and_then(|agents| {
            let mut seen = BTreeSet::new();
            every(agents.list(1..=64)?.iter().map(|agent| {
                let slug = known.agent(agent)?;
                if !seen.insert(slug.clone()) {
                    agent.mistake(format!("{} again", quoted(slug.as_str())), "each agent once");
                    return None;
                }
                Some(slug)
            }))
        });
        fields.finish();
        Some(Route { task_type: task_type?, agents: agents? })
    }))
}

/// Who may do what, by the `[[policies]]` of a file.
pub(super) fn governance(list: &[Field<'_>], known: &Known) -> Option<Vec<GovernanceRule>> {
    let mut seen = BTreeSet::new();
    every(list.iter().map(|field| {
        let mut fields = field.table()?;
        let agent = fields.need("agent").and_then(|agent| known.agent(&agent));
        let artifact = fields.need("artifact").and_then(|field| known.artifact(&field));
        let verbs = fields.need("verbs").and_then(|verbs| verbs.words::<Verb>(0..=Verb::ALL.len()));
        let reviewers = fields.get("reviewers").map_or(Some(1), |people| people.number(1..=2));
        fields.finish();
        let reviewers = u32::try_from(reviewers?).ok()?;
        let (agent, artifact) = (agent?, artifact?);
        if !seen.insert((agent.clone(), artifact.clone())) {
            let found = format!("another policy for {agent} on {artifact}");
            field.mistake(found, "one for each agent and artifact type");
            return None;
        }
        Some(GovernanceRule { agent, artifact, verbs: verbs?.into_iter().collect(), reviewers })
    }))
}
