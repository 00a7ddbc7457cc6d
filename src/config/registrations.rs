//! Agents by themselves: a file of those that are to be registered, or revised.

use std::collections::BTreeSet;
use std::path::Path;

use convoke_actors::command::AgentRegistration;
use convoke_events::Slug;

use super::agents::agent;
use super::fields::{Fields, every};
use super::file;
use super::known::slugs;
use super::mistake::ConfigError;

/// Reads agents: `[[agents]]` as a scenario has them, at least one. What their rules hand over may
/// go to one another or to agents of these slugs.
///
/// # Errors
/// [`ConfigError`] if the file cannot be read, or with every mistake in it.
pub fn load_agents(
    from: &Path,
    known: &BTreeSet<Slug>,
) -> Result<Vec<AgentRegistration>, ConfigError> {
    file::load(from, |fields| agents(fields, known))
}

fn agents(mut fields: Fields<'_>, known: &BTreeSet<Slug>) -> Option<Vec<AgentRegistration>> {
    let agents = fields.need("agents").and_then(|agents| agents.list(1..=1_000));
    fields.finish();
    let agents = agents?;
    let mut named = slugs(&agents);
    named.extend(known.iter().map(Slug::to_string));
    every(agents.iter().map(|one| agent(one, &named)))
}
