//! Words: short names that may stand in an event's facts, each with its alphabet and its bound.

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest word, in bytes.
pub const MAX_WORD: usize = 128;

/// The text cannot be a word of this kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a {kind}: expected {allowed}")]
pub struct WordError {
    /// What kind of word was expected.
    pub kind: &'static str,
    /// What such a word is made of.
    pub allowed: &'static str,
    /// What was found, cut after 60 characters.
    pub found: String,
}

const SLUG: &str =
    "1 to 64 of the characters a-z, 0-9, `-`, `_` and `.`, the first a letter or digit";
const FREE: &str = "1 to 128 bytes of text on one line, without white space at its ends";

fn is_slug(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
}

fn is_free(text: &str) -> bool {
    (1..=MAX_WORD).contains(&text.len())
        && text.trim() == text
        && !text.chars().any(char::is_control)
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident $kind:literal $check:ident $allowed:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text if it is such a word.
            ///
            /// # Errors
            /// [`WordError`] names the kind of word, what it may hold and what was found.
            pub fn new(text: &str) -> Result<Self, WordError> {
                if $check(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(WordError {
                        kind: $kind,
                        allowed: $allowed,
                        found: text.chars().take(60).collect(),
                    })
                }
            }

            /// The word.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = WordError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                spelled(deserializer)
            }
        }
    )*};
}

words! {
    /// The tenant's name, which is also its identity.
    HubId "hub" is_slug SLUG;
    /// An agent's short name, unique in its hub.
    Slug "slug" is_slug SLUG;
    /// What kind of work a task is.
    TaskType "task type" is_slug SLUG;
    /// What kind of thing a task's answer is, as governance names it.
    ArtifactType "artifact type" is_slug SLUG;
    /// A recommendation in its canonical form: what an answer, boiled down, says.
    Key "recommendation key" is_slug SLUG;
    /// A named rule that decides.
    RuleName "rule name" is_slug SLUG;
    /// A model, as its provider names it.
    ModelName "model name" is_free FREE;
    /// Who really served a call that its provider passed on, as the provider names it.
    UpstreamName "upstream name" is_free FREE;
    /// A line of models that err alike.
    ModelFamily "model family" is_free FREE;
    /// Something an agent can do.
    Capability "capability" is_free FREE;
    /// A word that marks an agent's field.
    Keyword "keyword" is_free FREE;
    /// Something a tier lets an agent touch.
    Permission "permission" is_slug SLUG;
    /// Something an instruction packet asks to be done.
    StepName "step" is_slug SLUG;
    /// Something an instruction packet asks to be handed in.
    ArtifactName "artifact name" is_slug SLUG;
    /// The name of a host's own provider.
    HostName "host provider name" is_slug SLUG;
    /// A service that gives commands.
    ServiceName "service name" is_free FREE;
    /// The host's own name for a command, by which it is told from its repetition.
    IdempotencyKey "idempotency key" is_free FREE;
}

impl Borrow<str> for Keyword {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Reads what is written as its spelling, which is not copied to be read.
pub(crate) fn spelled<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    struct Spelling<T>(PhantomData<T>);

    impl<T: FromStr<Err: fmt::Display>> de::Visitor<'_> for Spelling<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Spelling(PhantomData))
}

impl Key {
    /// The canonical form of a recommendation: lower case, every run of other characters one `-`.
    /// Nothing if no letter or digit is left.
    ///
    /// ```
    /// # use convoke_events::Key;
    /// assert_eq!(Key::canonical(" Fix it, now! ").unwrap().as_str(), "fix-it-now");
    /// assert!(Key::canonical("…").is_none());
    /// ```
    pub fn canonical(text: &str) -> Option<Self> {
        let mut key = String::new();
        for c in text.chars().flat_map(char::to_lowercase) {
            if c.is_ascii_alphanumeric() || ((c == '_' || c == '.') && !key.is_empty()) {
                key.push(c);
            } else if !key.is_empty() && !key.ends_with('-') {
                key.push('-');
            }
            if key.len() == 64 {
                break;
            }
        }
        Self::new(key.trim_end_matches('-')).ok()
    }
}
