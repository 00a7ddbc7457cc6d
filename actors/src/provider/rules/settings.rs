//! The rules an agent answers by, read from its settings and checked.

use convoke_events::{Confidence, Key};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::compare::Compare;
use super::delegate::{Action, Delegate};
use super::words::{Phrase, plain};

/// Why settings hold no rules. Every variant names the field, such as `rules[0].confidence`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// It is not what JSON or this provider reads there.
    #[error("`{field}`: {why}")]
    Shape {
        /// Where.
        field: String,
        /// What was expected, and what was found.
        why: String,
    },
    /// There are no rules, so that `otherwise` would answer everything.
    #[error("`rules` is empty: expected at least one rule")]
    NoRules,
    /// A rule has no words, so that it would never answer.
    #[error("`{field}` is empty: expected at least one word")]
    NoWords {
        /// Where.
        field: String,
    },
    /// Something among a rule's words cannot be found in any text.
    #[error("`{field}` is {found:?}: expected a word with a letter or a digit")]
    NotAWord {
        /// Where.
        field: String,
        /// What was found.
        found: String,
    },
    /// The confidence is no share.
    #[error("`{field}` is {found}: expected a number from 0 to 1")]
    Confidence {
        /// Where.
        field: String,
        /// What was found.
        found: f64,
    },
    /// The recommendation has no canonical form.
    #[error("`{field}` is {found:?}: expected a recommendation with one of a-z or 0-9 in it")]
    Recommendation {
        /// Where.
        field: String,
        /// What was found.
        found: String,
    },
    /// Who is to be handed something cannot be an agent.
    #[error("`{field}` is {found:?}: expected the slug of an agent")]
    Receiver {
        /// Where.
        field: String,
        /// What was found.
        found: String,
    },
    /// What is handed over has no canonical form.
    #[error("`{field}` is {found:?}: expected a scope with one of a-z or 0-9 in it")]
    Scope {
        /// Where.
        field: String,
        /// What was found.
        found: String,
    },
    /// What is handed over may spend nothing.
    #[error("`{field}` is 0: expected at least 1 token")]
    NoTokens {
        /// Where.
        field: String,
    },
}

impl SettingsError {
    /// The field that is wrong, as a path into the settings.
    pub fn field(&self) -> &str {
        match self {
            Self::NoRules => "rules",
            Self::Shape { field, .. }
            | Self::NoWords { field }
            | Self::NotAWord { field, .. }
            | Self::Confidence { field, .. }
            | Self::Recommendation { field, .. }
            | Self::Receiver { field, .. }
            | Self::Scope { field, .. }
            | Self::NoTokens { field } => field,
        }
    }
}

/// Checks that a `rules` agent can answer by these settings.
///
/// # Errors
/// [`SettingsError`] for the first thing that is wrong, by the name of its field.
pub fn validate(settings: &str) -> Result<(), SettingsError> {
    Settings::parse(settings).map(drop)
}

/// Rules in their order, what holds where none of them does, and how titles are compared.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    rules: Vec<Rule>,
    otherwise: Advice,
    compare: Option<Compare>,
}

#[derive(Clone, Debug, PartialEq)]
struct Rule {
    any: Vec<Phrase>,
    advice: Advice,
    delegate: Option<Delegate>,
    fields: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq)]
struct Advice {
    key: Key,
    confidence: Confidence,
    reason: String,
}

// What was written, before it is checked. A rule is read on its own, so that an error can say
// which one is wrong.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSettings {
    rules: Vec<Value>,
    otherwise: Value,
    compare: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    any: Vec<String>,
    recommend: String,
    confidence: f64,
    reason: String,
    delegate: Option<Value>,
    #[serde(default)]
    fields: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAdvice {
    recommend: String,
    confidence: f64,
    reason: String,
}

impl Settings {
    pub(super) fn parse(settings: &str) -> Result<Self, SettingsError> {
        let written: WrittenSettings =
            serde_json::from_str(settings).map_err(|error| shape("settings", &error))?;
        if written.rules.is_empty() {
            return Err(SettingsError::NoRules);
        }
        let rules = written.rules.into_iter().enumerate();
        let rules = rules.map(|(at, rule)| Rule::check(&format!("rules[{at}]"), rule));
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
            otherwise: Advice::read("otherwise", written.otherwise)?,
            compare: written.compare.map(|it| Compare::read("compare", it)).transpose()?,
        })
    }

    /// How titles are compared, if they are.
    pub(super) const fn compare(&self) -> Option<&Compare> {
        self.compare.as_ref()
    }

    /// What the first rule that applies to the text says.
    pub(super) fn answer(&self, text: &str) -> Answer {
        let text = plain(text);
        for rule in &self.rules {
            let found: Vec<String> = rule.found_in(&text).map(|word| format!("`{word}`")).collect();
            if !found.is_empty() {
                let body = format!("{}; found {}", rule.advice.reason, found.join(", "));
                let assumption = "the words found mean what they usually mean";
                let actions = rule.delegate.clone().map(Action::Delegate).into_iter().collect();
                let fields = rule.fields.clone();
                return Answer { actions, fields, ..rule.advice.answer(body, assumption) };
            }
        }
        let body = format!("{}; found no word of any rule", self.otherwise.reason);
        self.otherwise.answer(body, "what no rule names does not matter")
    }
}

impl Rule {
    fn check(field: &str, written: Value) -> Result<Self, SettingsError> {
        let written: WrittenRule =
            serde_json::from_value(written).map_err(|error| shape(field, &error))?;
        if written.any.is_empty() {
            return Err(SettingsError::NoWords { field: format!("{field}.any") });
        }
        let words = written.any.into_iter().enumerate().map(|(at, word)| {
            Phrase::new(&word).ok_or_else(|| SettingsError::NotAWord {
                field: format!("{field}.any[{at}]"),
                found: word,
            })
        });
        let any = words.collect::<Result<_, _>>()?;
        let WrittenRule { recommend, confidence, reason, delegate, fields, .. } = written;
        let delegate = delegate.map(|it| Delegate::read(&format!("{field}.delegate"), it));
        Ok(Self {
            any,
            delegate: delegate.transpose()?,
            fields,
            advice: Advice::check(field, WrittenAdvice { recommend, confidence, reason })?,
        })
    }

    fn found_in(&self, plain: &str) -> impl Iterator<Item = &str> {
        self.any.iter().filter(|phrase| phrase.stands_in(plain)).map(Phrase::as_written)
    }
}

impl Advice {
    fn read(field: &str, written: Value) -> Result<Self, SettingsError> {
        let written = serde_json::from_value(written).map_err(|error| shape(field, &error))?;
        Self::check(field, written)
    }

    fn check(field: &str, written: WrittenAdvice) -> Result<Self, SettingsError> {
        let key = key(format!("{field}.recommend"), written.recommend)?;
        let confidence = share(format!("{field}.confidence"), written.confidence)?;
        Ok(Self { key, confidence, reason: written.reason })
    }

    fn answer(&self, body: String, assumption: &str) -> Answer {
        Answer {
            recommendation: self.key.clone(),
            body,
            confidence: Some(self.confidence.share()),
            assumptions: vec![assumption.to_owned()],
            sides: None,
            actions: Vec::new(),
            fields: Map::new(),
        }
    }
}

/// A recommendation in its canonical form.
pub(super) fn key(field: String, found: String) -> Result<Key, SettingsError> {
    Key::canonical(&found).ok_or(SettingsError::Recommendation { field, found })
}

/// A share from 0 to 1.
pub(super) fn share(field: String, found: f64) -> Result<Confidence, SettingsError> {
    Confidence::new(found).ok_or(SettingsError::Confidence { field, found })
}

pub(super) fn shape(field: &str, error: &serde_json::Error) -> SettingsError {
    SettingsError::Shape { field: field.to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests;
