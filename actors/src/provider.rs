//! What answers for an agent: the contract of a model provider, and the room of each one there is.

pub mod address;
#[cfg(all(feature = "providers", unix))]
mod claude_code;
#[cfg(feature = "providers")]
mod gemini;
#[cfg(feature = "providers")]
mod keys;
#[cfg(feature = "providers")]
mod network;
#[cfg(feature = "providers")]
mod openai;
#[cfg(feature = "providers")]
mod openrouter;
pub mod rules;
pub mod settings;
#[cfg(feature = "providers")]
mod words;

#[cfg(feature = "providers")]
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub use convoke_events::Billed;
#[cfg(feature = "providers")]
use convoke_events::Clock;
use convoke_events::{
    FailureClass, FinishReason, ModelName, ProviderName, Timestamp, Tokens, UpstreamName, Usage,
};
use tokio::sync::{mpsc, watch};

#[cfg(all(feature = "providers", unix))]
pub use self::claude_code::ClaudeCode;
#[cfg(feature = "providers")]
pub use self::gemini::gemini;
#[cfg(feature = "providers")]
pub use self::keys::{KeyError, Keys};
#[cfg(feature = "providers")]
pub use self::network::Network;
#[cfg(feature = "providers")]
pub use self::openai::open_ai;
#[cfg(feature = "providers")]
pub use self::openrouter::open_router;

/// Every provider of real models there is, by its name, with keys from here and under this clock.
#[cfg(feature = "providers")]
pub fn real_models(keys: Keys, clock: Arc<dyn Clock>) -> BTreeMap<ProviderName, Arc<dyn Provider>> {
    let mut providers: BTreeMap<ProviderName, Arc<dyn Provider>> = BTreeMap::new();
    #[cfg(unix)]
    {
        let claude_code = ClaudeCode::new(keys.clone(), Arc::clone(&clock));
        providers.insert(ProviderName::ClaudeCode, Arc::new(claude_code));
    }
    let network = Network::new(keys, clock);
    providers.insert(ProviderName::OpenAi, open_ai(&network));
    providers.insert(ProviderName::OpenRouter, open_router(&network));
    providers.insert(ProviderName::Gemini, gemini(&network));
    providers
}

/// One request to a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelRequest {
    /// Who is to serve it.
    pub provider: ProviderName,
    /// Which model.
    pub model: ModelName,
    /// Where, if not at the provider's own address.
    pub base_url: Option<String>,
    /// The provider's own settings of the agent, as JSON.
    pub settings: Option<String>,
    /// What is said, in order.
    pub messages: Vec<Message>,
    /// What the model may call.
    pub tools: Vec<ToolSpecification>,
    /// The shape the answer must have.
    pub schema: Option<AnswerSchema>,
    /// The most it may put out.
    pub max_output: Tokens,
    /// When the call is given up.
    pub deadline: Timestamp,
}

/// One message of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Whose words these are.
    pub role: MessageRole,
    /// The words.
    pub parts: Vec<Part>,
}

/// Whose words a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageRole {
    /// The agent's registration.
    System,
    /// Who asks.
    User,
    /// The model.
    Assistant,
}

/// A piece of a message or of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Words.
    Text(String),
    /// Words of others, given as data and never as instructions.
    Document {
        /// By which the answer may cite it.
        id: String,
        /// The words.
        content: String,
    },
    /// The model asks for a tool.
    ToolCall {
        /// The provider's id of the call.
        id: String,
        /// Which tool.
        name: String,
        /// Its arguments, as JSON text.
        arguments: String,
    },
}

/// A tool the model may ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolSpecification {
    /// Its name.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: serde_json::Value,
}

/// The shape an answer must have.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerSchema {
    /// What it is called: `triage`, `contribution` or `synthesis`.
    pub name: &'static str,
    /// JSON Schema; all calls of a kind share one.
    pub json: Arc<serde_json::Value>,
}

/// What a model answered.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelResponse {
    /// Who really answered.
    pub provider: ProviderName,
    /// Which model really answered.
    pub model: ModelName,
    /// To whom the provider passed the call on, where it says so.
    pub upstream: Option<UpstreamName>,
    /// The answer.
    pub parts: Vec<Part>,
    /// Why it stopped.
    pub finish: FinishReason,
    /// What it used.
    pub usage: Usage,
}

impl ModelResponse {
    /// The words of the answer, in order.
    pub fn text(&self) -> String {
        let words = self.parts.iter().filter_map(|part| match part {
            Part::Text(words) => Some(words.as_str()),
            Part::Document { .. } | Part::ToolCall { .. } => None,
        });
        words.collect()
    }
}

/// Why a provider has no answer. Its message must hold no secret: it is recorded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{class}: {message}")]
pub struct ProviderFailure {
    /// What kind of failure it is.
    pub class: FailureClass,
    /// What happened, in words.
    pub message: String,
    /// What was used all the same.
    pub usage: Usage,
    /// Whether the same call may succeed later.
    pub retry: Retry,
    /// Whether the provider may ask money for it.
    pub billed: Billed,
}

/// Whether the same call may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It would fail again: somebody has to change something first.
    Never,
    /// It may, and not before this long from now: what the provider asked for, zero if nothing.
    After(Duration),
}

impl Retry {
    /// What holds for failures of this class where the provider says nothing else.
    pub const fn of(class: FailureClass) -> Self {
        match class {
            FailureClass::Unavailable
            | FailureClass::RateLimited
            | FailureClass::Overloaded
            | FailureClass::BreakerOpen => Self::After(Duration::ZERO),
            FailureClass::Auth
            | FailureClass::Billing
            | FailureClass::Refused
            | FailureClass::Malformed
            | FailureClass::Timeout
            | FailureClass::Cancelled
            | FailureClass::InDoubt
            | FailureClass::NoProvider
            | FailureClass::Panicked
            | FailureClass::Quota
            | FailureClass::InvalidRequest
            | FailureClass::NoModel
            | FailureClass::Truncated
            | FailureClass::Withheld => Self::Never,
        }
    }
}

impl ProviderFailure {
    /// A failure of which no usage is known, to be tried again as its class says ([`Retry::of`]).
    /// It may have been billed, unless it was not sent.
    pub fn new(class: FailureClass, message: impl Into<String>) -> Self {
        let unasked = matches!(
            class,
            FailureClass::NoProvider | FailureClass::Withheld | FailureClass::BreakerOpen
        );
        let billed = if unasked { Billed::No } else { Billed::Unknown };
        let (usage, retry) = (Usage::default(), Retry::of(class));
        Self { class, message: message.into(), usage, retry, billed }
    }

    /// The same, known not to be billed.
    pub fn unbilled(self) -> Self {
        Self { billed: Billed::No, ..self }
    }

    /// The same with what was used.
    pub fn with_usage(self, usage: Usage) -> Self {
        Self { usage, ..self }
    }

    /// The same, to be tried again as said here.
    pub fn with_retry(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }
}

/// Whether a call may be made again when nobody knows what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// The same call has the same answer and does nothing else.
    Repeatable,
    /// A second call may cost or do something a second time.
    AtMostOnce,
}

/// Where a provider may send an answer's pieces as they come: best effort, never events.
#[derive(Clone, Debug, Default)]
pub struct Deltas(Option<mpsc::UnboundedSender<String>>);

impl Deltas {
    /// Nobody listens.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Passes a piece on.
    pub fn send(&self, piece: &str) {
        if let Some(listener) = &self.0 {
            // A listener that is gone has heard enough.
            let _ = listener.send(piece.to_owned());
        }
    }
}

/// Whether a call has been called off.
#[derive(Clone, Debug)]
pub struct Cancel(watch::Receiver<bool>);

/// The other end of a [`Cancel`]; dropping it calls nothing off.
#[derive(Debug)]
pub struct CancelSwitch(watch::Sender<bool>);

impl Cancel {
    /// A call that is on, and the switch that calls it off.
    pub fn pair() -> (CancelSwitch, Self) {
        let (sender, receiver) = watch::channel(false);
        (CancelSwitch(sender), Self(receiver))
    }

    /// Whether it is called off.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the call is called off; for ever if it never is.
    pub async fn cancelled(&mut self) {
        if self.0.wait_for(|cancelled| *cancelled).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl CancelSwitch {
    /// Calls the call off.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

/// A call under way.
pub type CallFuture =
    Pin<Box<dyn Future<Output = Result<ModelResponse, ProviderFailure>> + Send + 'static>>;

/// A model provider. Its calls run on Convoke's own threads, outside every actor.
pub trait Provider: Send + Sync + 'static {
    /// Whether a call whose fate is unknown may be made again.
    fn safety(&self) -> Safety;

    /// Calls the model once. The future must end within a second after `cancel` says so, with what
    /// was used if it knows; after that it is dropped. A panic in it fails this call alone.
    fn call(&self, request: ModelRequest, deltas: Deltas, cancel: Cancel) -> CallFuture;
}

impl fmt::Debug for dyn Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({:?})", self.safety())
    }
}
