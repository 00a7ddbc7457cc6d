//! Agents by themselves: a file of those that are to be registered, or revised.

use std::collections::BTreeSet;
use std::path::Path;

use convoke_actors::command::AgentRegistration;
use convoke_events::Slug;
use toml::de::DeTable;

use super::agents::agent;
use super::fields::{Fields, Sheet};
use super::mistake::{ConfigError, quoted};
use super::scenario::{every, slugs};

/// Reads agents: `[[agents]]` as a scenario has them, at least one. What their rules hand over may
/// go to one another or to agents of these slugs.
///
/// # Errors
/// [`ConfigError`] if the file cannot be read, or with every mistake in it.
pub fn load_agents(
    file: &Path,
    known: &BTreeSet<Slug>,
) -> Result<Vec<AgentRegistration>, ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
    let sheet = Sheet::new(file, &text);
    let read = match DeTable::parse(&text) {
        Ok(table) => {
            let fields = Fields::new(&sheet, String::new(), table.span(), table.get_ref());
            agents(fields, known)
        }
        Err(error) => {
            let found = quoted(error.message());
            sheet.mistake(&error.span().unwrap_or(0..0), "", found, "TOML");
            None
        }
    };
    let mistakes = sheet.into_mistakes();
    match read {
        Some(agents) if mistakes.is_empty() => Ok(agents),
        _ => Err(ConfigError::Mistaken { mistakes }),
    }
}

fn agents(mut fields: Fields<'_>, known: &BTreeSet<Slug>) -> Option<Vec<AgentRegistration>> {
    let agents = fields.need("agents").and_then(|agents| agents.list(1..=1_000));
    fields.finish();
    let agents = agents?;
    let mut named = slugs(&agents);
    named.extend(known.iter().map(Slug::to_string));
    every(agents.iter().map(|one| agent(one, &named)))
}
