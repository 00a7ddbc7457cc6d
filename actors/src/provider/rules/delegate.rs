//! What a rule hands to another agent.

use convoke_events::{Key, Slug};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::settings::{SettingsError, shape};

/// What an agent does beside answering.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    /// It hands a sub-task over.
    Delegate(Delegate),
}

/// A sub-task for another agent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Delegate {
    to: Slug,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<u64>,
    trim: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDelegate {
    to: String,
    scope: String,
    tokens: Option<u64>,
    #[serde(default)]
    trim: bool,
}

impl Delegate {
    pub(super) fn read(field: &str, written: Value) -> Result<Self, SettingsError> {
        let WrittenDelegate { to, scope, tokens, trim } =
            serde_json::from_value(written).map_err(|error| shape(field, &error))?;
        let to = to.parse().map_err(|_| SettingsError::Receiver {
            field: format!("{field}.to"),
            found: to.clone(),
        })?;
        if Key::canonical(&scope).is_none() {
            return Err(SettingsError::Scope { field: format!("{field}.scope"), found: scope });
        }
        if tokens == Some(0) {
            return Err(SettingsError::NoTokens { field: format!("{field}.tokens") });
        }
        Ok(Self { to, scope, tokens, trim })
    }
}
