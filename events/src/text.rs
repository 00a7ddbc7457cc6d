//! Texts: everything people and models wrote, kept apart from an event's facts.

use std::borrow::Cow;
use std::fmt;

use crate::Digest;

/// Which of an event's texts this is: 1 to 32 of the characters a-z and `_`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextName(Cow<'static, str>);

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        impl TextName {
            $($(#[$doc])* pub const $name: Self = Self(Cow::Borrowed($word));)*

            /// A name that has a constant, so that it need not be copied.
            fn known(text: &str) -> Option<Self> {
                match text {
                    $($word => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

names! {
    /// The name of the person who gave the command.
    PRINCIPAL = "principal";
    /// What something is called.
    NAME = "name";
    /// What something is for.
    DESCRIPTION = "description";
    /// An agent's system prompt.
    SYSTEM_PROMPT = "system_prompt";
    /// Where an agent's model is served.
    BASE_URL = "base_url";
    /// A provider's own settings for an agent, as JSON.
    SETTINGS = "settings";
    /// A task's title.
    TITLE = "title";
    /// A task's description, or the host's record.
    BODY = "body";
    /// Where a task came from.
    SOURCE = "source";
    /// What a model or a person answered.
    CONTENT = "content";
    /// Why, in words.
    REASON = "reason";
    /// What a reviewer noted.
    NOTE = "note";
    /// What a delegation or an instruction packet is about.
    SCOPE = "scope";
    /// What an agent is to reach.
    OBJECTIVE = "objective";
    /// What it is to hand in, in words.
    DELIVERABLES = "deliverables";
    /// By what its success is told.
    CRITERIA = "criteria";
    /// When it is to ask a person.
    ESCALATION = "escalation";
    /// For whom it works.
    CREATED_FOR = "created_for";
    /// What shows that something happened.
    EVIDENCE = "evidence";
    /// What was tried.
    TRIED = "tried";
    /// What stands in the way.
    BLOCKING = "blocking";
    /// What comes next.
    NEXT = "next";
}

impl TextName {
    /// Takes the text if it can name one.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        fits.then(|| Self::known(text).unwrap_or_else(|| Self(Cow::Owned(text.to_owned()))))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TextName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for TextName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `text/plain`, UTF-8.
    Plain,
    /// `application/json`.
    Json,
}

impl MediaType {
    /// The registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "text/plain",
            Self::Json => "application/json",
        }
    }

    /// The media type of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Plain, Self::Json].into_iter().find(|media| media.as_str() == name)
    }
}

/// Where a text's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextBody {
    /// In the record.
    Inline(String),
    /// In the body store beside the log, under its digest.
    Stored {
        /// SHA-256 of the text.
        digest: Digest,
        /// Its length in bytes.
        length: u32,
    },
    /// In the body store, and read from there.
    Fetched {
        /// SHA-256 of the text.
        digest: Digest,
        /// The text.
        content: String,
    },
}

impl TextBody {
    /// The text, unless it was left in the body store.
    pub fn content(&self) -> Option<&str> {
        match self {
            Self::Inline(content) | Self::Fetched { content, .. } => Some(content),
            Self::Stored { .. } => None,
        }
    }
}

/// One text of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Which of the event's texts this is.
    pub name: TextName,
    /// What it is written in.
    pub media: MediaType,
    /// Whom it is about, where that is known; at most 128 bytes.
    pub subject: Option<String>,
    /// The key that makes it readable, where it is encrypted; at most 128 bytes.
    pub key_id: Option<String>,
    /// Its bytes, or where they are.
    pub body: TextBody,
}

/// The texts of one event, each under its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(Vec<Text>);

impl Texts {
    /// No texts.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// These texts and a plain one.
    pub fn with(self, name: TextName, content: impl Into<String>) -> Self {
        self.with_media(name, MediaType::Plain, content)
    }

    /// These texts and, if there is content, a plain one.
    pub fn with_some(self, name: TextName, content: Option<impl Into<String>>) -> Self {
        match content {
            Some(content) => self.with(name, content),
            None => self,
        }
    }

    /// These texts and one of this media type.
    pub fn with_media(
        mut self,
        name: TextName,
        media: MediaType,
        content: impl Into<String>,
    ) -> Self {
        self.0.retain(|text| text.name != name);
        let body = TextBody::Inline(content.into());
        self.0.push(Text { name, media, subject: None, key_id: None, body });
        self
    }

    /// The content of the text of this name; none where it was left in the body store, because
    /// the query said so.
    pub fn get(&self, name: &TextName) -> Option<&str> {
        self.0.iter().find(|text| text.name == *name).and_then(|text| text.body.content())
    }

    /// Every text, in the order of the record.
    pub fn iter(&self) -> impl Iterator<Item = &Text> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Text> {
        self.0.iter_mut()
    }
}

impl From<Vec<Text>> for Texts {
    fn from(texts: Vec<Text>) -> Self {
        Self(texts)
    }
}

impl FromIterator<Text> for Texts {
    fn from_iter<I: IntoIterator<Item = Text>>(texts: I) -> Self {
        Self(texts.into_iter().collect())
    }
}
