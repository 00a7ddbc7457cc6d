//! Alternatives: policies that a log is made again under.

use std::collections::BTreeSet;
use std::path::Path;

use convoke_actors::routing::what_if::Alternative;

use super::fields::Fields;
use super::file;
use super::known::Known;
use super::mistake::ConfigError;
use super::policies::{GovernanceRule, Route, governance, routing};
use super::task_types::OwnTaskType;

/// Reads policies: `[[routing]]` and `[[policies]]` as a scenario has them, for the agents of these
/// slugs, in a hub with these task types of its own. A task type, or an agent with an artifact type,
/// that is not named keeps what it has.
///
/// # Errors
/// [`ConfigError`] if the file cannot be read, or with every mistake in it.
pub fn load_alternative(
    from: &Path,
    slugs: BTreeSet<String>,
    own: &[OwnTaskType],
) -> Result<Alternative, ConfigError> {
    file::load(from, |fields| policies(fields, &Known::new(slugs, own)))
}

fn policies(mut fields: Fields<'_>, known: &Known) -> Option<Alternative> {
    let routes = fields.list("routing").and_then(|list| routing(&list, known));
    let policies = fields.list("policies").and_then(|list| governance(&list, known));
    fields.finish();
    let routes = routes?.into_iter().map(|Route { task_type, agents }| (task_type, agents));
    let permissions = policies?
        .into_iter()
        .map(|GovernanceRule { agent, artifact, verbs, .. }| ((agent, artifact), verbs));
    Some(Alternative {
        routes: routes.collect(),
        permissions: permissions.collect(),
        ..Alternative::default()
    })
}
