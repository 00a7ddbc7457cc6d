//! The provider `gemini`: Google's `generateContent`.

use std::sync::Arc;
use std::time::Duration;

use convoke_events::{FailureClass, FinishReason, ModelName, ProviderName, Tokens, Usage};
use serde_json::{Map, Value, json};

use super::network::{Ask, Failed, Network, Reply, Served, Wire, status, tokens, unsent};
use super::settings::{AnswerMode, ModelSettings};
use super::{
    Billed, Message, MessageRole, ModelRequest, ModelResponse, Part, Provider, ProviderFailure,
    words,
};

/// Gemini over this network, at `https://generativelanguage.googleapis.com/v1beta`.
///
/// The key is that of `GOOGLE_API_KEY`, else of `GEMINI_API_KEY`, or of the key file `gemini`. What
/// the model thinks counts against the bound on output: an answer may end before its first word.
/// Settings: [`ModelSettings`].
pub fn gemini(network: &Network) -> Arc<dyn Provider> {
    Arc::new(Served { network: network.clone(), wire: &Gemini })
}

struct Gemini;

/// What the status in an error means, where its HTTP status does not say it.
const MEANINGS: &[(&str, FailureClass, Billed)] = &[
    ("INVALID_ARGUMENT", FailureClass::InvalidRequest, Billed::No),
    ("FAILED_PRECONDITION", FailureClass::Billing, Billed::No),
    ("UNAUTHENTICATED", FailureClass::Auth, Billed::No),
    ("PERMISSION_DENIED", FailureClass::Auth, Billed::No),
    ("NOT_FOUND", FailureClass::NoModel, Billed::No),
    ("RESOURCE_EXHAUSTED", FailureClass::RateLimited, Billed::No),
    ("UNAVAILABLE", FailureClass::Overloaded, Billed::No),
    ("INTERNAL", FailureClass::Unavailable, Billed::Unknown),
    ("DEADLINE_EXCEEDED", FailureClass::Unavailable, Billed::Unknown),
];

impl Wire for Gemini {
    fn name(&self) -> ProviderName {
        ProviderName::Gemini
    }

    fn base(&self) -> &'static str {
        "https://generativelanguage.googleapis.com/v1beta"
    }

    fn variables(&self) -> &'static [&'static str] {
        &["GOOGLE_API_KEY", "GEMINI_API_KEY"]
    }

    fn key_header(&self) -> (&'static str, &'static str) {
        ("x-goog-api-key", "")
    }

    fn ask(&self, request: &ModelRequest, settings: &ModelSettings) -> Result<Ask, Failed> {
        let model = request.model.as_str();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if !model.bytes().all(plain) || model.starts_with('.') {
            let message = format!("`{model}` is no model of gemini: a-z, 0-9, `-`, `.` and `_`");
            return Err(unsent(FailureClass::NoModel, &message));
        }
        let path = format!("/models/{model}:generateContent");
        Ok(Ask { path, body: body(request, settings) })
    }

    fn read(&self, request: &ModelRequest, reply: &Reply) -> Result<ModelResponse, Failed> {
        // Errors come wrapped in an array now and then.
        let body = reply.body.as_ref().map(|body| body.get(0).unwrap_or(body));
        let error = body.and_then(|body| body.get("error")).filter(|error| !error.is_null());
        match (error, body) {
            (Some(error), _) => Err(failure(reply, error)),
            (None, _) if reply.status >= 300 => Err(failure(reply, &Value::Null)),
            (None, Some(body)) => answer(request, body, &reply.host),
            (None, None) => {
                let message = format!("the answer of {} is not JSON", reply.host);
                Err(Box::new(ProviderFailure::new(FailureClass::Malformed, message)))
            }
        }
    }
}

fn body(request: &ModelRequest, settings: &ModelSettings) -> Value {
    let mut generation = Map::new();
    let mut set = |name: &str, value: Value| generation.insert(name.to_owned(), value);
    set("maxOutputTokens", request.max_output.get().into());
    if let Some(temperature) = settings.temperature {
        set("temperature", temperature.into());
    }
    if let Some(top_p) = settings.top_p {
        set("topP", top_p.into());
    }
    if let Some(budget) = settings.thinking_budget {
        set("thinkingConfig", json!({ "thinkingBudget": budget }));
    }
    if let Some(schema) = &request.schema
        && settings.answer != AnswerMode::Text
    {
        set("responseMimeType", "application/json".into());
        if settings.answer == AnswerMode::Schema {
            set("responseJsonSchema", Value::clone(&schema.json));
        }
    }
    let contents: Vec<Value> = words::said(request).map(content).collect();
    let mut body = Map::new();
    let system = words::system(request, settings.answer);
    if !system.is_empty() {
        let parts = json!({ "parts": [{ "text": system }] });
        body.insert("systemInstruction".to_owned(), parts);
    }
    body.insert("contents".to_owned(), contents.into());
    body.insert("generationConfig".to_owned(), generation.into());
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            let (name, description, parameters) = (&tool.name, &tool.description, &tool.parameters);
            json!({ "name": name, "description": description, "parametersJsonSchema": parameters })
        });
        let tools: Vec<Value> = tools.collect();
        body.insert("tools".to_owned(), json!([{ "functionDeclarations": tools }]));
    }
    body.into()
}

fn content(message: &Message) -> Value {
    let role = match message.role {
        MessageRole::Assistant => "model",
        MessageRole::System | MessageRole::User => "user",
    };
    let text = words::of(message);
    let mut parts = Vec::new();
    if !text.is_empty() {
        parts.push(json!({ "text": text }));
    }
    parts.extend(message.parts.iter().filter_map(|part| match part {
        Part::ToolCall { name, arguments, .. } => {
            let arguments: Value = serde_json::from_str(arguments).unwrap_or(Value::Null);
            Some(json!({ "functionCall": { "name": name, "args": arguments } }))
        }
        Part::Text(_) | Part::Document { .. } => None,
    }));
    json!({ "role": role, "parts": parts })
}

fn answer(request: &ModelRequest, body: &Value, host: &str) -> Result<ModelResponse, Failed> {
    let usage = usage(body.get("usageMetadata"));
    let failed =
        |class, message: String| Box::new(ProviderFailure::new(class, message).with_usage(usage));
    let blocked = body.get("promptFeedback").and_then(|feedback| feedback.get("blockReason"));
    if let Some(reason) = blocked.and_then(Value::as_str) {
        let message = format!("{host} blocked the prompt: {}", words::brief(reason));
        return Err(failed(FailureClass::Refused, message));
    }
    let Some(candidate) = body.get("candidates").and_then(|candidates| candidates.get(0)) else {
        let message = format!("the answer of {host} holds no candidate");
        return Err(failed(FailureClass::Malformed, message));
    };
    let parts = parts(request, candidate);
    let reason = candidate.get("finishReason").and_then(Value::as_str).unwrap_or("none");
    let finish = match reason {
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY" | "RECITATION" | "LANGUAGE" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" => {
            let message = format!("{host} withheld the answer: {reason}");
            return Err(failed(FailureClass::Refused, message));
        }
        image if image.starts_with("IMAGE_") || image == "NO_IMAGE" => {
            let message = format!("{host} withheld the answer: {}", words::brief(image));
            return Err(failed(FailureClass::Refused, message));
        }
        // What tomorrow's versions say, and what failed over a tool: the parts tell.
        _ => FinishReason::Other,
    };
    if parts.is_empty() {
        let reason = words::brief(reason);
        return Err(if finish == FinishReason::Length {
            let message = "the bound on output was reached before the first word".to_owned();
            failed(FailureClass::Truncated, message)
        } else {
            let message = format!("the answer of {host} holds no words ({reason})");
            failed(FailureClass::Malformed, message)
        });
    }
    let calls = parts.iter().any(|part| matches!(part, Part::ToolCall { .. }));
    let model = body.get("modelVersion").and_then(Value::as_str);
    Ok(ModelResponse {
        provider: request.provider.clone(),
        model: model
            .and_then(|model| ModelName::new(model).ok())
            .unwrap_or_else(|| request.model.clone()),
        upstream: None,
        parts,
        finish: if calls && finish == FinishReason::Stop {
            FinishReason::ToolCalls
        } else {
            finish
        },
        usage,
    })
}

fn parts(request: &ModelRequest, candidate: &Value) -> Vec<Part> {
    let parts = candidate.get("content").and_then(|content| content.get("parts"));
    let parts: Vec<&Value> = parts.and_then(Value::as_array).into_iter().flatten().collect();
    let thought = |part: &Value| part.get("thought") == Some(&Value::Bool(true));
    let texts = parts.iter().filter(|part| !thought(part));
    let text: String = texts.filter_map(|part| part.get("text")?.as_str()).collect();
    let mut answer = Vec::new();
    if !text.trim().is_empty() {
        answer.push(Part::Text(words::unfenced(request, &text).to_owned()));
    }
    answer.extend(parts.iter().filter_map(|part| {
        let call = part.get("functionCall")?;
        let name = call.get("name")?.as_str()?.to_owned();
        let id = call.get("id").and_then(Value::as_str).unwrap_or(&name).to_owned();
        let arguments = call.get("args").map_or_else(|| "{}".to_owned(), Value::to_string);
        Some(Part::ToolCall { id, name, arguments })
    }));
    answer
}

/// The prompt includes what came from a cache; thoughts are output beside the candidates'. A figure
/// that is zero is left out on this wire, so that the total tells what the parts do not.
fn usage(usage: Option<&Value>) -> Usage {
    let Some(usage) = usage else { return Usage::default() };
    let of = |name: &str| tokens(usage.get(name));
    let plus = |a: Option<Tokens>, b: Option<Tokens>| match (a, b) {
        (Some(a), Some(b)) => Some(a.plus(b)),
        (one, other) => one.or(other),
    };
    let input = of("promptTokenCount");
    let input = input.map(|input| input.plus(of("toolUsePromptTokenCount").unwrap_or_default()));
    let said = plus(of("candidatesTokenCount"), of("thoughtsTokenCount"));
    let rest = || Some(of("totalTokenCount")?.less(input?));
    Usage {
        input,
        cached: of("cachedContentTokenCount"),
        cache_write: None,
        output: said.or_else(rest),
        reasoning: of("thoughtsTokenCount"),
        cost: None,
    }
}

fn failure(reply: &Reply, error: &Value) -> Failed {
    let word = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or("");
    let details = error.get("details").and_then(Value::as_array);
    let details = || details.into_iter().flatten();
    let per_day = || {
        let violations = details().filter_map(|detail| detail.get("violations")?.as_array());
        let mut ids = violations.flatten().filter_map(|one| one.get("quotaId")?.as_str());
        ids.any(|id| id.contains("PerDay"))
    };
    let bad_key = || {
        details()
            .any(|detail| detail.get("reason").and_then(Value::as_str) == Some("API_KEY_INVALID"))
    };
    let delay = details().find_map(|detail| seconds(detail.get("retryDelay")?.as_str()?));
    let known = MEANINGS.iter().find(|(status, ..)| *status == word("status"));
    let (class, billed) = known.map_or_else(
        || status::meaning(reply.status.into()),
        |(_, class, billed)| (*class, *billed),
    );
    let class = if class == FailureClass::RateLimited && per_day() {
        FailureClass::Quota
    } else if class == FailureClass::InvalidRequest && bad_key() {
        FailureClass::Auth
    } else {
        class
    };
    let billed = if reply.status < 300 { Billed::Unknown } else { billed };
    let said = format!("{} {}", reply.status, word("message"));
    status::told((class, billed), delay.or(reply.retry_after), &reply.host, &said)
}

/// A span such as `37s` or `1.5s`, rounded up to milliseconds.
fn seconds(text: &str) -> Option<Duration> {
    let text = text.strip_suffix('s')?;
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    let millis = whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(part.parse().ok()?)?;
    Some(Duration::from_millis(millis))
}
