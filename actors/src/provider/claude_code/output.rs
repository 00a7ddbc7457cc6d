//! What Claude Code says: the result among the noise, and what it means whatever the exit code.

use convoke_events::{FailureClass, FinishReason, ModelName, Tokens, Usage};
use serde_json::{Deserializer, Value};

use super::super::network::{Failed, micro_usd, status, tokens};
use super::super::{Billed, ModelRequest, ModelResponse, Part, ProviderFailure, words};
use super::process::Ended;

/// How many places of the output are tried as the beginning of JSON.
const MAX_PLACES: usize = 4096;

/// What its words mean where it names no status; the first that is found counts.
const MEANINGS: &[(&str, FailureClass)] = &[
    ("credit balance", FailureClass::Billing),
    ("usage limit", FailureClass::Quota),
    ("hit your limit", FailureClass::Quota),
    ("invalid api key", FailureClass::Auth),
    ("/login", FailureClass::Auth),
    ("oauth token", FailureClass::Auth),
    ("authentication", FailureClass::Auth),
    ("usage policy", FailureClass::Refused),
    ("prompt is too long", FailureClass::InvalidRequest),
    ("rate limit", FailureClass::RateLimited),
    ("overloaded", FailureClass::Overloaded),
];

/// What its own kinds of failure mean.
const KINDS: &[(&str, FailureClass)] = &[
    ("error_max_turns", FailureClass::Truncated),
    ("error_max_budget_usd", FailureClass::Truncated),
    ("error_max_structured_output_retries", FailureClass::Malformed),
];

/// The answer, which stands in the output even where the exit code says otherwise.
pub(super) fn read(request: &ModelRequest, ended: &Ended) -> Result<ModelResponse, Failed> {
    let output = String::from_utf8_lossy(&ended.output);
    let Some(result) = result(&output) else { return Err(silent(ended)) };
    let usage = usage(&result);
    let failed =
        |class, message: &str| Box::new(ProviderFailure::new(class, message).with_usage(usage));
    let word = |name: &str| result.get(name).and_then(Value::as_str);
    let kind = word("subtype").unwrap_or("");
    let said = word("result").unwrap_or("");
    if result.get("is_error") == Some(&Value::Bool(true)) || kind.starts_with("error") {
        return Err(Box::new(failure(&result, kind, said).with_usage(usage)));
    }
    let denied = result.get("permission_denials").and_then(Value::as_array);
    if let Some(denial) = denied.and_then(|denials| denials.first()) {
        let tool = denial.get("tool_name").and_then(Value::as_str).unwrap_or("a tool");
        let message = format!("it was denied {}, and answered without", words::brief(tool));
        return Err(failed(FailureClass::Refused, &message));
    }
    let structured = result.get("structured_output").filter(|output| !output.is_null());
    let text =
        structured.map_or_else(|| words::unfenced(request, said).to_owned(), Value::to_string);
    let finish = match word("stop_reason") {
        Some("max_tokens") => FinishReason::Length,
        Some("refusal") => {
            return Err(failed(FailureClass::Refused, "the model refused"));
        }
        Some("end_turn" | "stop_sequence") | None => FinishReason::Stop,
        Some(_) => FinishReason::Other,
    };
    if text.trim().is_empty() {
        return Err(match finish {
            FinishReason::Length => {
                failed(FailureClass::Truncated, "the bound on output was reached before a word")
            }
            FinishReason::Stop
            | FinishReason::ToolCalls
            | FinishReason::ContentFilter
            | FinishReason::Other => failed(FailureClass::Malformed, "its result is empty"),
        });
    }
    Ok(ModelResponse {
        provider: request.provider.clone(),
        model: model(request, &result),
        upstream: None,
        parts: vec![Part::Text(text)],
        finish,
        usage,
    })
}

/// The last result in the output: the output itself, an element of an array, or after noise.
fn result(output: &str) -> Option<Value> {
    let mut found = None;
    let mut from = 0;
    for _ in 0..MAX_PLACES {
        let Some((at, rest)) = place(output, from) else { break };
        let mut values = Deserializer::from_str(rest).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                from = at.saturating_add(values.byte_offset().max(1));
                found = last_result(value).or(found);
            }
            Some(Err(_)) | None => from = at.saturating_add(1),
        }
    }
    found
}

/// The next place at the beginning of a line where JSON may begin.
fn place(output: &str, from: usize) -> Option<(usize, &str)> {
    let rest = output.get(from..)?;
    let mut at = from;
    for line in rest.split_inclusive('\n') {
        let indent = line.len().saturating_sub(line.trim_start().len());
        let begins = at == 0 || output.get(..at).is_some_and(|before| before.ends_with('\n'));
        if begins && line.trim_start().starts_with(['{', '[']) {
            let place = at.saturating_add(indent);
            return Some((place, output.get(place..)?));
        }
        at = at.saturating_add(line.len());
    }
    None
}

fn last_result(value: Value) -> Option<Value> {
    match value {
        Value::Array(all) => all.into_iter().rev().find_map(last_result),
        Value::Object(_) if value.get("type").and_then(Value::as_str) == Some("result") => {
            Some(value)
        }
        Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            None
        }
    }
}

/// It ended without a result.
fn silent(ended: &Ended) -> Failed {
    let (how, success) = &ended.how;
    let class = if *success { FailureClass::Malformed } else { FailureClass::Unavailable };
    let complaint = String::from_utf8_lossy(&ended.complaint);
    let message = match words::brief(&complaint) {
        complaint if complaint.is_empty() => format!("it ended without a result ({how})"),
        complaint => format!("it ended without a result ({how}): {complaint}"),
    };
    Box::new(ProviderFailure::new(class, message))
}

fn failure(result: &Value, kind: &str, said: &str) -> ProviderFailure {
    let errors = result.get("errors").and_then(Value::as_array);
    let errors = errors.into_iter().flatten().filter_map(Value::as_str);
    let said = [kind, said].into_iter().chain(errors).collect::<Vec<_>>().join(" ");
    let status = result.get("api_error_status").and_then(Value::as_u64).or_else(|| code(&said));
    let low = said.to_lowercase();
    let find = |meanings: &[(&str, FailureClass)]| {
        meanings.iter().find(|(word, _)| low.contains(word)).map(|(_, class)| *class)
    };
    let class = find(KINDS)
        // `Billing` comes under a status of 400, a plan's limit under one of 429.
        .or_else(|| find(MEANINGS.get(..3).unwrap_or(&[])))
        .or_else(|| status.map(|status| status::meaning(status).0))
        .or_else(|| find(MEANINGS))
        .unwrap_or(FailureClass::Unavailable);
    *status::told((class, Billed::Unknown), None, "claude", &said)
}

/// The status in words such as `API Error: 529 {…}`.
fn code(said: &str) -> Option<u64> {
    let (_, rest) = said.split_once("API Error: ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|status| (400..600).contains(status))
}

/// All models together, sub-agents' too; what was read from or written to a cache is counted
/// beside the input on this wire. Where no model is named, the first agent's own figures.
fn usage(result: &Value) -> Usage {
    let cost = micro_usd(result.get("total_cost_usd"));
    let models = result.get("modelUsage").and_then(Value::as_object);
    if let Some(models) = models.filter(|models| !models.is_empty()) {
        let sum = |name: &str| {
            let figures = models.values().map(|model| tokens(model.get(name)));
            figures.reduce(|sum, figure| Some(sum?.plus(figure?))).flatten()
        };
        let names = ["inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens"];
        return counted(names.map(sum), sum("outputTokens"), cost);
    }
    let of = |name: &str| tokens(result.get("usage").and_then(|usage| usage.get(name)));
    let names = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"];
    counted(names.map(of), of("output_tokens"), cost)
}

fn counted(
    [fresh, cached, cache_write]: [Option<Tokens>; 3],
    output: Option<Tokens>,
    cost: Option<convoke_events::MicroUsd>,
) -> Usage {
    // Without the caches' figures the whole input is not known.
    let input = fresh.and_then(|fresh| Some(fresh.plus(cached?).plus(cache_write?)));
    Usage { input, cached, cache_write, output, reasoning: None, cost }
}

/// The model that was asked for where it is among those that answered, else the one that said most.
fn model(request: &ModelRequest, result: &Value) -> ModelName {
    let models = result.get("modelUsage").and_then(Value::as_object);
    let models = || models.into_iter().flatten();
    let asked = models().find(|(name, _)| name.starts_with(request.model.as_str()));
    let said_most =
        || models().max_by_key(|(_, model)| model.get("outputTokens").and_then(Value::as_u64));
    let name = asked.or_else(said_most).map(|(name, _)| name);
    name.and_then(|name| ModelName::new(name).ok()).unwrap_or_else(|| request.model.clone())
}
