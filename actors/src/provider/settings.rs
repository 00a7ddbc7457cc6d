//! Settings of agents that real models answer for: read, checked, and never repeated in an error.

mod reading;

use convoke_events::ProviderName;
use serde_json::Value;

use self::reading::Reading;
pub use self::reading::SettingsError;
use super::address::{BaseUrl, BaseUrlError};
use super::rules;

/// An agent's provider would not take its settings or its base URL.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// Its settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Its rules.
    #[error(transparent)]
    Rules(#[from] rules::SettingsError),
    /// It has none, and `rules` answers by nothing else.
    #[error("it has no rules")]
    NoRules,
    /// Its base URL.
    #[error(transparent)]
    BaseUrl(#[from] BaseUrlError),
    /// Somebody else's server, and it is not said which key it gets.
    #[error(
        "its base URL is not on this machine: say which key goes there with `key_env` or \
         `key_file`, or `keyless = true`"
    )]
    KeyNotNamed,
    /// A key would be sent unencrypted.
    #[error("a key does not go to another machine over `http`: use `https`, or `keyless = true`")]
    Unencrypted,
    /// A variable that is meant for a provider's own address.
    #[error(
        "`{variable}` is meant for {owner} alone: keep the key for this base URL in another variable"
    )]
    MeantForAnother {
        /// The variable.
        variable: &'static str,
        /// Where its key may go.
        owner: &'static str,
    },
}

/// Environment variables that hold a key by custom, and where such a key may go.
const CUSTOMARY: [(&str, &str); 6] = [
    ("OPENAI_API_KEY", "https://api.openai.com"),
    ("OPENROUTER_API_KEY", "https://openrouter.ai"),
    ("GEMINI_API_KEY", "https://generativelanguage.googleapis.com"),
    ("GOOGLE_API_KEY", "https://generativelanguage.googleapis.com"),
    ("ANTHROPIC_API_KEY", "https://api.anthropic.com"),
    ("CLAUDE_CODE_OAUTH_TOKEN", "https://api.anthropic.com"),
];

/// Checks what a registration says beside its model, before it is recorded.
///
/// # Errors
/// [`Unfit`] names the setting and what is allowed, and repeats no value.
pub fn check(
    provider: &ProviderName,
    base_url: Option<&str>,
    settings: Option<&str>,
) -> Result<(), Unfit> {
    let base_url = base_url.map(BaseUrl::new).transpose()?;
    match provider {
        ProviderName::Rules => Ok(rules::validate(settings.ok_or(Unfit::NoRules)?)?),
        // What a host's own provider takes is the host's to say.
        ProviderName::Host(_) => Ok(()),
        ProviderName::OpenAi | ProviderName::OpenRouter | ProviderName::Gemini => {
            let settings = ModelSettings::read(provider, settings)?;
            check_key(&settings.key, base_url.as_ref(), provider)
        }
        ProviderName::ClaudeCode => {
            let settings = ClaudeCodeSettings::read(settings)?;
            check_key(&settings.key, base_url.as_ref(), provider)
        }
    }
}

fn check_key(
    key: &KeySettings,
    base_url: Option<&BaseUrl>,
    provider: &ProviderName,
) -> Result<(), Unfit> {
    let variable = key.env.as_deref();
    let customary = CUSTOMARY.iter().find(|(name, _)| Some(*name) == variable);
    let own = own_address(provider);
    if let Some((variable, owner)) = customary
        && (base_url.is_some() || own != Some(*owner))
    {
        return Err(Unfit::MeantForAnother { variable, owner });
    }
    let Some(base_url) = base_url.filter(|url| !url.is_loopback()) else { return Ok(()) };
    match (key.is_named(), key.keyless) {
        (true, _) if !base_url.is_encrypted() => Err(Unfit::Unencrypted),
        (false, false) => Err(Unfit::KeyNotNamed),
        (true | false, _) => Ok(()),
    }
}

/// Where a provider is found without a base URL.
pub(crate) const fn own_address(provider: &ProviderName) -> Option<&'static str> {
    match provider {
        ProviderName::OpenAi => Some("https://api.openai.com"),
        ProviderName::OpenRouter => Some("https://openrouter.ai"),
        ProviderName::Gemini => Some("https://generativelanguage.googleapis.com"),
        ProviderName::ClaudeCode => Some("https://api.anthropic.com"),
        ProviderName::Rules | ProviderName::Host(_) => None,
    }
}

/// Where an agent's key is kept; never the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySettings {
    /// In which environment variable.
    pub env: Option<String>,
    /// In which file.
    pub file: Option<String>,
    /// The server wants none.
    pub keyless: bool,
}

impl KeySettings {
    const NAMES: [&str; 3] = ["key_env", "key_file", "keyless"];

    fn read(reading: &Reading) -> Result<Self, SettingsError> {
        let env = reading.text(
            "key_env",
            "the name of an environment variable: A-Z, 0-9 and `_`",
            |name| {
                let plain =
                    |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
                (1..=128).contains(&name.len()) && name.bytes().all(plain)
            },
        )?;
        let file = reading.text("key_file", "an absolute path of at most 512 bytes", |path| {
            path.len() <= 512 && std::path::Path::new(path).is_absolute()
        })?;
        let keyless = reading.truth("keyless")?.unwrap_or(false);
        if keyless && (env.is_some() || file.is_some()) {
            let expected = "false where `key_env` or `key_file` names a key";
            return Err(SettingsError::Unfit { setting: "keyless", expected });
        }
        Ok(Self { env, file, keyless })
    }

    /// Whether a place is named.
    pub const fn is_named(&self) -> bool {
        self.env.is_some() || self.file.is_some()
    }
}

/// In which shape an answer is asked for; it is checked on our side in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnswerMode {
    /// The provider is given the JSON Schema.
    #[default]
    Schema,
    /// The provider is asked for JSON, the model is told the schema in words.
    Json,
    /// The model is told the schema in words.
    Text,
}

/// By which name a chat completion's bound on output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputBound {
    /// `max_completion_tokens`, as `OpenAI` wants it now.
    MaxCompletionTokens,
    /// `max_tokens`, the one name that Ollama, vLLM and llama.cpp all take.
    MaxTokens,
}

/// Settings of an agent of `openai`, `openrouter` or `gemini`.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSettings {
    /// `key_env`, `key_file`, `keyless`: where its key is.
    pub key: KeySettings,
    /// `temperature`, from 0 to 2.
    pub temperature: Option<f64>,
    /// `top_p`, from 0 to 1.
    pub top_p: Option<f64>,
    /// `answer`: `schema`, `json` or `text`.
    pub answer: AnswerMode,
    /// `reasoning_effort` of chat completions.
    pub reasoning_effort: Option<String>,
    /// `output_bound` of `openai`: `max_completion_tokens` or `max_tokens`; without it the first at
    /// `OpenAI` itself, the second at any base URL.
    pub output_bound: Option<OutputBound>,
    /// `thinking_budget` of `gemini`, in tokens, out of the bound on output.
    pub thinking_budget: Option<u64>,
    /// `routing` of `openrouter`: its own `provider` object, as it is.
    pub routing: Option<Value>,
    /// `fallbacks` of `openrouter`: the models it may ask instead, in order.
    pub fallbacks: Vec<String>,
}

const EFFORTS: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/// What `OpenRouter`'s `provider` object may hold.
const ROUTING: [&str; 10] = [
    "order",
    "only",
    "ignore",
    "allow_fallbacks",
    "data_collection",
    "zdr",
    "enforce_distillable_text",
    "quantizations",
    "sort",
    "max_price",
];

impl ModelSettings {
    /// Reads an agent's settings; none are the settings that say nothing.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting and what is allowed.
    pub fn read(provider: &ProviderName, settings: Option<&str>) -> Result<Self, SettingsError> {
        let own: &[&'static str] = match provider {
            ProviderName::OpenAi => &["reasoning_effort", "output_bound"],
            ProviderName::OpenRouter => &["reasoning_effort", "routing", "fallbacks"],
            ProviderName::Gemini => &["thinking_budget"],
            ProviderName::ClaudeCode | ProviderName::Rules | ProviderName::Host(_) => &[],
        };
        let shared = ["temperature", "top_p", "answer"];
        let reading = Reading::new(settings, &[&KeySettings::NAMES, &shared, own].concat())?;
        let answer = reading.word("answer", &["schema", "json", "text"])?;
        let bound = reading.word("output_bound", &["max_completion_tokens", "max_tokens"])?;
        Ok(Self {
            key: KeySettings::read(&reading)?,
            temperature: reading.share("temperature", 2.0, "a number from 0 to 2")?,
            top_p: reading.share("top_p", 1.0, "a number from 0 to 1")?,
            answer: match answer {
                Some("json") => AnswerMode::Json,
                Some("text") => AnswerMode::Text,
                _ => AnswerMode::Schema,
            },
            reasoning_effort: reading.word("reasoning_effort", &EFFORTS)?.map(str::to_owned),
            output_bound: bound.map(|bound| match bound {
                "max_tokens" => OutputBound::MaxTokens,
                _ => OutputBound::MaxCompletionTokens,
            }),
            thinking_budget: reading.number("thinking_budget")?,
            routing: reading.object("routing", &ROUTING)?,
            fallbacks: reading.texts("fallbacks", 8)?,
        })
    }
}

/// How Claude Code is let in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Login {
    /// By the login of the user whose home directory it is.
    #[default]
    User,
    /// By an API key.
    ApiKey,
    /// By a long-lived token.
    Token,
}

/// Settings of an agent of `claude-code`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaudeCodeSettings {
    /// `key_env`, `key_file`: where its key or token is.
    pub key: KeySettings,
    /// `login`: `user`, `api_key` or `token`.
    pub login: Login,
    /// `tools`: the tools it may use by itself; none without it. What it does with them is not seen.
    pub tools: Vec<String>,
    /// `max_turns`, 1 without it.
    pub max_turns: Option<u64>,
}

impl ClaudeCodeSettings {
    /// Reads an agent's settings; none are the settings that say nothing.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting and what is allowed.
    pub fn read(settings: Option<&str>) -> Result<Self, SettingsError> {
        let own = ["login", "tools", "max_turns"];
        let reading = Reading::new(settings, &[&KeySettings::NAMES[..], &own].concat())?;
        let key = KeySettings::read(&reading)?;
        let login = match reading.word("login", &["user", "api_key", "token"])? {
            Some("api_key") => Login::ApiKey,
            Some("token") => Login::Token,
            _ => Login::User,
        };
        if login == Login::User && key.is_named() {
            let expected = "`api_key` or `token` where `key_env` or `key_file` names one";
            return Err(SettingsError::Unfit { setting: "login", expected });
        }
        let tools = reading.texts("tools", 32)?;
        Ok(Self { key, login, tools, max_turns: reading.number("max_turns")? })
    }
}

#[cfg(test)]
mod tests;
