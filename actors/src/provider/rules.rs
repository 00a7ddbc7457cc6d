//! The provider `rules`: local agents that answer by the words they find, the same way every time.

mod answer;
mod compare;
mod delegate;
mod settings;
mod synthesis;
mod words;

use convoke_events::{FailureClass, FinishReason, Key, Tokens, Usage};

use self::answer::Answer;
use self::settings::Settings;
use self::synthesis::{PutTogetherError, put_together};
use super::{
    CallFuture, Cancel, Deltas, Message, MessageRole, ModelRequest, ModelResponse, Part, Provider,
    ProviderFailure, Safety,
};

pub use self::settings::{SettingsError, validate};

/// Answers by configured rules, in this process: no network, no key, no chance.
///
/// An agent's settings are JSON: `{"rules": [{"any": ["crash", "data loss"], "recommend": "fix",
/// "confidence": 0.9, "reason": "…"}, …], "otherwise": {"recommend": …, "confidence": …,
/// "reason": …}}`. A rule may hand something over beside answering, `"delegate": {"to": "scout",
/// "scope": "look for duplicates", "tokens": 600, "trim": true}`: it stands in the answer's `actions`
/// where the answer may hold any. What the shape of a task asks for beside the usual answer is in a
/// rule's `"fields": {"steps": ["…"], …}`; a list that is not there is empty, a text the body. With `"compare": {"at_least": 0.5, "recommend": "duplicate",
/// "otherwise": "unique"}` an agent that was handed something, or looks for duplicates, compares the request's title with every
/// document, by the share of the words of 3 letters and more that they have in common.
///
/// The first rule one of whose words stands in the user's text answers, as a whole
/// word in any case; where none does, `otherwise` does. Asked for a `synthesis`, an agent counts
/// what the documents recommend instead. Usage is ⌈bytes / 4⌉ each way, and an answer is shortened
/// until it keeps to the request's bound.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules;

impl Provider for Rules {
    fn safety(&self) -> Safety {
        Safety::Repeatable
    }

    fn call(&self, request: ModelRequest, deltas: Deltas, _cancel: Cancel) -> CallFuture {
        Box::pin(async move {
            let content = content(&request)?;
            deltas.send(&content);
            Ok(ModelResponse {
                usage: usage(input_bytes(&request), content.len()),
                provider: request.provider,
                model: request.model,
                upstream: None,
                parts: vec![Part::Text(content)],
                finish: FinishReason::Stop,
            })
        })
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Documents(#[from] PutTogetherError),
    #[error("the shortest answer does not fit into {0} tokens of output")]
    NoRoom(Tokens),
}

impl From<Unanswered> for ProviderFailure {
    fn from(unanswered: Unanswered) -> Self {
        let class = match unanswered {
            Unanswered::Settings(_) | Unanswered::Documents(_) => FailureClass::Refused,
            Unanswered::NoRoom(_) => FailureClass::Malformed,
        };
        // Nothing was used, and that is known: the reservation is given back whole.
        Self::new(class, unanswered.to_string()).with_usage(usage(0, 0)).unbilled()
    }
}

fn content(request: &ModelRequest) -> Result<String, Unanswered> {
    let schema = request.schema.as_ref().map(|schema| schema.name);
    let answer = if let Some("synthesis" | "arbitration") = schema {
        put_together(documents(request), &choices(request))?
    } else {
        let settings = Settings::parse(request.settings.as_deref().unwrap_or("{}"))?;
        let question = question(request);
        let compares = matches!(schema, Some("delegation" | "detect-duplicates"));
        match settings.compare().filter(|_| compares) {
            Some(compare) => compare.answer(title(&question), documents(request)),
            None => settings.answer(&question),
        }
    };
    let acts = matches!(schema, Some("contribution" | "delegation" | "mediation"));
    let answer = if acts { answer } else { Answer { actions: Vec::new(), ..answer } };
    // What a synthesis says beside the usual is its own, and no field of a shape.
    let asked = request.schema.as_ref().filter(|_| answer.sides.is_none());
    let answer = match asked.map(|schema| &schema.json) {
        Some(schema) => answer.with_fields_of(schema),
        None => answer,
    };
    let room = usize::try_from(request.max_output.get()).unwrap_or(usize::MAX);
    answer.within(room.saturating_mul(4)).ok_or(Unanswered::NoRoom(request.max_output))
}

/// The recommendations that the answer may choose from, where its shape says so.
fn choices(request: &ModelRequest) -> Vec<Key> {
    let shape = request.schema.as_ref().map(|schema| &schema.json);
    let words = shape.and_then(|shape| shape.pointer("/properties/recommendation/enum"));
    let words = words.and_then(serde_json::Value::as_array).into_iter().flatten();
    words.filter_map(|word| Key::canonical(word.as_str()?)).collect()
}

/// A request's title: what stands before its first empty line.
fn title(question: &str) -> &str {
    question.split("\n\n").next().unwrap_or(question)
}

/// What the user says, without the documents.
fn question(request: &ModelRequest) -> String {
    let by_user = |message: &&Message| message.role == MessageRole::User;
    let said = request.messages.iter().filter(by_user).flat_map(|message| &message.parts);
    let texts = said.filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        Part::Document { .. } | Part::ToolCall { .. } => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn parts(request: &ModelRequest) -> impl Iterator<Item = &Part> {
    request.messages.iter().flat_map(|message| &message.parts)
}

fn documents(request: &ModelRequest) -> impl Iterator<Item = (&str, &str)> {
    parts(request).filter_map(|part| match part {
        Part::Document { id, content } => Some((id.as_str(), content.as_str())),
        Part::Text(_) | Part::ToolCall { .. } => None,
    })
}

fn input_bytes(request: &ModelRequest) -> usize {
    let bytes = parts(request).map(|part| match part {
        Part::Text(text) => text.len(),
        Part::Document { id, content } => id.len() + content.len(),
        Part::ToolCall { id, name, arguments } => id.len() + name.len() + arguments.len(),
    });
    bytes.sum()
}

/// A token is four bytes, the last one whatever is left.
fn tokens(bytes: usize) -> Option<Tokens> {
    u64::try_from(bytes.div_ceil(4)).ok().map(Tokens::new)
}

fn usage(input: usize, output: usize) -> Usage {
    Usage {
        input: tokens(input),
        cached: tokens(0),
        cache_write: tokens(0),
        output: tokens(output),
        reasoning: tokens(0),
        cost: None,
    }
}

#[cfg(test)]
mod tests;
