//! The provider `openai`: chat completions of `OpenAI`, and of Ollama, vLLM and llama.cpp.

use std::sync::Arc;

use convoke_events::{FailureClass, ProviderName};
use serde_json::Value;

use super::network::{Ask, Failed, Network, Reply, Served, Wire, chat, status};
use super::settings::{ModelSettings, OutputBound};
use super::{Billed, ModelRequest, ModelResponse, Provider};

/// Chat completions over this network.
///
/// Without a base URL the model is served by `OpenAI` itself (`https://api.openai.com/v1`) and the
/// key is that of `OPENAI_API_KEY`, or of the key file `openai`. With one (`http://127.0.0.1:11434/v1`
/// for Ollama, `:8000/v1` for vLLM, `:8080/v1` for llama.cpp) the key is the one the agent's settings
/// name, and on this machine none is needed. Settings: [`ModelSettings`].
pub fn open_ai(network: &Network) -> Arc<dyn Provider> {
    Arc::new(Served { network: network.clone(), wire: &OpenAi })
}

struct OpenAi;

/// What `OpenAI` means by the type or the code of an error, where its status does not say it.
const MEANINGS: &[(&str, FailureClass)] = &[
    ("insufficient_quota", FailureClass::Billing),
    ("credit_balance_exhausted", FailureClass::Billing),
    ("organization_spend_limit_exceeded", FailureClass::Billing),
    ("project_spend_limit_exceeded", FailureClass::Billing),
    ("organization_usage_limit_exceeded", FailureClass::Billing),
    ("billing_hard_limit_reached", FailureClass::Billing),
    ("billing_not_active", FailureClass::Billing),
    ("invalid_api_key", FailureClass::Auth),
    ("model_not_found", FailureClass::NoModel),
    ("content_filter", FailureClass::Refused),
    ("content_policy_violation", FailureClass::Refused),
    ("rate_limit_exceeded", FailureClass::RateLimited),
    ("slow_down", FailureClass::RateLimited),
    ("server_is_overloaded", FailureClass::Overloaded),
];

impl Wire for OpenAi {
    fn name(&self) -> ProviderName {
        ProviderName::OpenAi
    }

    fn base(&self) -> &'static str {
        "https://api.openai.com/v1"
    }

    fn variables(&self) -> &'static [&'static str] {
        &["OPENAI_API_KEY"]
    }

    fn key_header(&self) -> (&'static str, &'static str) {
        ("authorization", "Bearer ")
    }

    fn ask(&self, request: &ModelRequest, settings: &ModelSettings) -> Result<Ask, Failed> {
        // Ollama knows no other name for it; `OpenAI` itself wants the new one.
        let usual = match request.base_url {
            Some(_) => OutputBound::MaxTokens,
            None => OutputBound::MaxCompletionTokens,
        };
        let bound = match settings.output_bound.unwrap_or(usual) {
            OutputBound::MaxTokens => "max_tokens",
            OutputBound::MaxCompletionTokens => "max_completion_tokens",
        };
        let mut body = chat::body(request, settings, bound);
        if let Some(effort) = &settings.reasoning_effort {
            body.insert("reasoning_effort".to_owned(), effort.as_str().into());
        }
        Ok(Ask { path: "/chat/completions".to_owned(), body: body.into() })
    }

    fn read(&self, request: &ModelRequest, reply: &Reply) -> Result<ModelResponse, Failed> {
        let error = reply.body.as_ref().and_then(|body| body.get("error"));
        match error.filter(|error| !error.is_null()) {
            Some(error) => Err(failure(reply, error)),
            None if reply.status < 300 => chat::read(request, reply),
            None => Err(failure(reply, &Value::Null)),
        }
    }
}

fn failure(reply: &Reply, error: &Value) -> Failed {
    let word = |name: &str| error.get(name).and_then(Value::as_str);
    let usual = status::meaning(reply.status.into());
    let known = [word("code"), word("type")].into_iter().flatten().find_map(|word| {
        MEANINGS.iter().find(|(known, _)| *known == word).map(|(_, class)| *class)
    });
    // Under a status of success something may have been made, and billed.
    let billed = if reply.status < 300 { Billed::Unknown } else { usual.1 };
    let meaning = (known.unwrap_or(usual.0), billed);
    // Ollama's own errors are a text and nothing more.
    let said = word("message").or_else(|| error.as_str()).unwrap_or("");
    status::told(meaning, reply.retry_after, &reply.host, &format!("{} {said}", reply.status))
}
