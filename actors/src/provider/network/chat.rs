//! Chat completions: the request and the answer that `OpenAI` and everything like it share.

use convoke_events::{FailureClass, FinishReason, ModelName, UpstreamName, Usage};
use serde_json::{Map, Value, json};

use super::{Failed, Reply, micro_usd, tokens};
use crate::provider::settings::{AnswerMode, ModelSettings};
use crate::provider::{
    Message, MessageRole, ModelRequest, ModelResponse, Part, ProviderFailure, words,
};

/// The body of a request; `bound` is the name its bound on output goes by.
pub(in crate::provider) fn body(
    request: &ModelRequest,
    settings: &ModelSettings,
    bound: &'static str,
) -> Map<String, Value> {
    let mut messages = Vec::new();
    let system = words::system(request, settings.answer);
    if !system.is_empty() {
        messages.push(json!({ "role": "system", "content": system }));
    }
    messages.extend(words::said(request).map(message));
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("model", request.model.as_str().into());
    set("messages", messages.into());
    set(bound, request.max_output.get().into());
    if let Some(temperature) = settings.temperature {
        set("temperature", temperature.into());
    }
    if let Some(top_p) = settings.top_p {
        set("top_p", top_p.into());
    }
    if let Some(format) = format(request, settings.answer) {
        set("response_format", format);
    }
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            let (name, description, parameters) = (&tool.name, &tool.description, &tool.parameters);
            let function =
                json!({ "name": name, "description": description, "parameters": parameters });
            json!({ "type": "function", "function": function })
        });
        set("tools", tools.collect());
    }
    body
}

fn message(message: &Message) -> Value {
    let role = match message.role {
        MessageRole::Assistant => "assistant",
        MessageRole::System | MessageRole::User => "user",
    };
    let calls = message.parts.iter().filter_map(|part| match part {
        Part::ToolCall { id, name, arguments } => {
            let function = json!({ "name": name, "arguments": arguments });
            Some(json!({ "id": id, "type": "function", "function": function }))
        }
        Part::Text(_) | Part::Document { .. } => None,
    });
    let calls: Vec<Value> = calls.collect();
    let content = words::of(message);
    if calls.is_empty() {
        json!({ "role": role, "content": content })
    } else {
        json!({ "role": role, "content": content, "tool_calls": calls })
    }
}

fn format(request: &ModelRequest, mode: AnswerMode) -> Option<Value> {
    let schema = request.schema.as_ref()?;
    match mode {
        AnswerMode::Schema => {
            let (name, strict, json) = (schema.name, is_strict(&schema.json), &*schema.json);
            let schema = json!({ "name": name, "strict": strict, "schema": json });
            Some(json!({ "type": "json_schema", "json_schema": schema }))
        }
        AnswerMode::Json => Some(json!({ "type": "json_object" })),
        AnswerMode::Text => None,
    }
}

/// Whether a schema may be asked for strictly: every object of it is closed, and needs all it has.
fn is_strict(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => {
            let closed = match fields.get("properties").and_then(Value::as_object) {
                None => true,
                Some(properties) => {
                    let required = fields.get("required").and_then(Value::as_array);
                    let needs = |name: &String| {
                        required.is_some_and(|all| all.iter().any(|one| one == name.as_str()))
                    };
                    fields.get("additionalProperties") == Some(&Value::Bool(false))
                        && properties.keys().all(needs)
                }
            };
            closed && fields.values().all(is_strict)
        }
        Value::Array(all) => all.iter().all(is_strict),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// What a completion says; its errors have been looked for before.
pub(in crate::provider) fn read(
    request: &ModelRequest,
    reply: &Reply,
) -> Result<ModelResponse, Failed> {
    let host = &reply.host;
    let Some(body) = &reply.body else {
        let message = format!("the answer of {host} is not JSON");
        return Err(Box::new(ProviderFailure::new(FailureClass::Malformed, message)));
    };
    let usage = usage(body.get("usage"));
    let failed =
        |class, message: String| Box::new(ProviderFailure::new(class, message).with_usage(usage));
    let choice = body.get("choices").and_then(|choices| choices.get(0));
    let Some((choice, message)) = choice.and_then(|it| Some((it, it.get("message")?))) else {
        let message = format!("the answer of {host} holds no choice");
        return Err(failed(FailureClass::Malformed, message));
    };
    if let Some(refusal) = message.get("refusal").and_then(Value::as_str) {
        let message = format!("the model refused: {}", words::brief(refusal));
        return Err(failed(FailureClass::Refused, message));
    }
    let finish = match choice.get("finish_reason").and_then(Value::as_str) {
        Some("stop") => FinishReason::Stop,
        Some("length") => FinishReason::Length,
        Some("tool_calls" | "function_call") => FinishReason::ToolCalls,
        Some("content_filter") => {
            let message = format!("{host} withheld the answer");
            return Err(failed(FailureClass::Refused, message));
        }
        Some(_) | None => FinishReason::Other,
    };
    let parts = parts(request, message);
    if parts.is_empty() {
        return Err(match finish {
            FinishReason::Length => {
                let message = "the bound on output was reached before the first word".to_owned();
                failed(FailureClass::Truncated, message)
            }
            FinishReason::Stop
            | FinishReason::ToolCalls
            | FinishReason::ContentFilter
            | FinishReason::Other => {
                failed(FailureClass::Malformed, format!("the answer of {host} holds no words"))
            }
        });
    }
    let named = |name: &str| body.get(name).and_then(Value::as_str);
    Ok(ModelResponse {
        provider: request.provider.clone(),
        model: named("model")
            .and_then(|model| ModelName::new(model).ok())
            .unwrap_or_else(|| request.model.clone()),
        upstream: named("provider").and_then(|upstream| UpstreamName::new(upstream).ok()),
        parts,
        finish,
        usage,
    })
}

fn parts(request: &ModelRequest, message: &Value) -> Vec<Part> {
    let mut parts = Vec::new();
    let text = match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        // Some servers answer in pieces.
        Some(Value::Array(pieces)) => {
            pieces.iter().filter_map(|piece| piece.get("text")?.as_str()).collect()
        }
        _ => String::new(),
    };
    if !text.trim().is_empty() {
        parts.push(Part::Text(words::unfenced(request, &text).to_owned()));
    }
    let calls = message.get("tool_calls").and_then(Value::as_array);
    parts.extend(calls.into_iter().flatten().filter_map(|call| {
        let (id, function) = (call.get("id")?.as_str()?, call.get("function")?);
        let (name, arguments) = (function.get("name")?.as_str()?, function.get("arguments")?);
        let arguments = arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned);
        Some(Part::ToolCall { id: id.to_owned(), name: name.to_owned(), arguments })
    }));
    parts
}

/// Its counts include what came from a cache and what was reasoned.
pub(in crate::provider) fn usage(usage: Option<&Value>) -> Usage {
    let Some(usage) = usage else { return Usage::default() };
    let of = |group: &str, name: &str| tokens(usage.get(group).and_then(|group| group.get(name)));
    Usage {
        input: tokens(usage.get("prompt_tokens")),
        cached: of("prompt_tokens_details", "cached_tokens"),
        cache_write: of("prompt_tokens_details", "cache_write_tokens"),
        output: tokens(usage.get("completion_tokens")),
        reasoning: of("completion_tokens_details", "reasoning_tokens"),
        cost: micro_usd(usage.get("cost")),
    }
}
