//! A TOML file, read once: what it says, or every mistake in it.

use std::path::Path;

use toml::de::DeTable;

use super::fields::{Fields, Sheet};
use super::mistake::{ConfigError, quoted};

/// Takes a file for what its fields say.
pub(super) fn load<T>(
    file: &Path,
    take: impl FnOnce(Fields<'_>) -> Option<T>,
) -> Result<T, ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
    parse(file, &text, take)
}

/// Takes a text for what its fields say; `file` is what mistakes are reported under.
pub(super) fn parse<T>(
    file: &Path,
    text: &str,
    take: impl FnOnce(Fields<'_>) -> Option<T>,
) -> Result<T, ConfigError> {
    let sheet = Sheet::new(file, text);
    let taken = match DeTable::parse(text) {
        Ok(table) => take(Fields::new(&sheet, String::new(), table.span(), table.get_ref())),
        Err(error) => {
            let at = error.span().unwrap_or(0..0);
            let line = text.get(at.start..).unwrap_or("").lines().next().unwrap_or("");
            let found = format!("{} ({})", quoted(line), error.message().replace('\n', ", "));
            sheet.mistake(&at, "", found, "TOML");
            None
        }
    };
    let mistakes = sheet.into_mistakes();
    match taken {
        Some(taken) if mistakes.is_empty() => Ok(taken),
        _ => Err(ConfigError::Mistaken { mistakes }),
    }
}
