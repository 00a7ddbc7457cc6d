//! A mistake in a file: where it is, what was found, what is allowed.

use std::fmt;
use std::io;
use std::path::PathBuf;

use convoke_events::{NumberParseError, UnknownWord, WordError};

/// One mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file, as it was named.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The field, such as `agents[2].slug`; empty where the line as a whole is wrong.
    pub field: String,
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file.display(), self.line)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        write!(f, "found {}, expected {}", self.found, self.allowed)
    }
}

/// Why a file could not be taken; nothing was done with any part of it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{} cannot be read", .file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds mistakes; every one of them is listed, in the order of the lines.
    #[error("{}", lines(.mistakes))]
    Mistaken {
        /// The mistakes, at least one.
        mistakes: Vec<Mistake>,
    },
}

fn lines(mistakes: &[Mistake]) -> String {
    let lines: Vec<String> = mistakes.iter().map(Mistake::to_string).collect();
    lines.join("\n")
}

/// An error of a parser that knows what it would have taken.
pub(super) trait Allowed {
    fn allowed(&self) -> String;
}

impl Allowed for WordError {
    fn allowed(&self) -> String {
        format!("a {} of {}", self.kind, self.allowed)
    }
}

impl Allowed for UnknownWord {
    fn allowed(&self) -> String {
        format!("a {}: {}", self.kind, self.known.join(", "))
    }
}

impl Allowed for NumberParseError {
    fn allowed(&self) -> String {
        format!("a {} from {}", self.kind, self.least)
    }
}

/// A text in quotes, on one line, cut after 60 characters.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("`");
    for c in text.chars().take(60) {
        if c.is_control() { quoted.extend(c.escape_default()) } else { quoted.push(c) }
    }
    quoted.push_str(if text.chars().nth(60).is_some() { "…`" } else { "`" });
    quoted
}
