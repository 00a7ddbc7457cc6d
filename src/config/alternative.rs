//! Alternatives: policies that a log is made again under.

use std::collections::BTreeSet;
use std::path::Path;

use convoke_actors::routing::what_if::Alternative;
use toml::de::DeTable;

use super::fields::{Fields, Sheet};
use super::mistake::{ConfigError, quoted};
use super::scenario::{GovernanceRule, Route, list, policies_of, routing_of};

/// Reads policies: `[[routing]]` and `[[policies]]` as a scenario has them, for the agents of these
/// slugs. A task type, or an agent with an artifact type, that is not named keeps what it has.
///
/// # Errors
/// [`ConfigError`] if the file cannot be read, or with every mistake in it.
pub fn load_alternative(file: &Path, slugs: &BTreeSet<String>) -> Result<Alternative, ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
    let sheet = Sheet::new(file, &text);
    let read = match DeTable::parse(&text) {
        Ok(table) => {
            let fields = Fields::new(&sheet, String::new(), table.span(), table.get_ref());
            policies(fields, slugs)
        }
        Err(error) => {
            let found = quoted(error.message());
            sheet.mistake(&error.span().unwrap_or(0..0), "", found, "TOML");
            None
        }
    };
    let mistakes = sheet.into_mistakes();
    match read {
        Some(alternative) if mistakes.is_empty() => Ok(alternative),
        _ => Err(ConfigError::Mistaken { mistakes }),
    }
}

fn policies(mut fields: Fields<'_>, slugs: &BTreeSet<String>) -> Option<Alternative> {
    let routing = list(&mut fields, "routing").and_then(|list| routing_of(&list, slugs));
    let policies = list(&mut fields, "policies").and_then(|list| policies_of(&list, slugs));
    fields.finish();
    let routes = routing?.into_iter().map(|Route { task_type, agents }| (task_type, agents));
    let permissions = policies?
        .into_iter()
        .map(|GovernanceRule { agent, artifact, verbs, .. }| ((agent, artifact), verbs));
    Some(Alternative {
        routes: routes.collect(),
        permissions: permissions.collect(),
        ..Alternative::default()
    })
}
