//! The provider `openrouter`: chat completions that are passed on to whoever serves the model.

use std::sync::Arc;

use convoke_events::{FailureClass, ProviderName};
use serde_json::{Value, json};

use super::network::{Ask, Failed, Network, Reply, Served, Wire, chat, status};
use super::settings::{AnswerMode, ModelSettings};
use super::{Billed, ModelRequest, ModelResponse, Provider};

/// `OpenRouter` over this network, at `https://openrouter.ai/api/v1`.
///
/// The key is that of `OPENROUTER_API_KEY`, or of the key file `openrouter`. The cost is what
/// `OpenRouter` says it is; the model that answered and the company that served it are recorded.
/// Where a JSON Schema is asked for, only who can keep to it is asked. Settings: [`ModelSettings`].
pub fn open_router(network: &Network) -> Arc<dyn Provider> {
    Arc::new(Served { network: network.clone(), wire: &OpenRouter })
}

struct OpenRouter;

impl Wire for OpenRouter {
    fn name(&self) -> ProviderName {
        ProviderName::OpenRouter
    }

    fn base(&self) -> &'static str {
        "https://openrouter.ai/api/v1"
    }

    fn variables(&self) -> &'static [&'static str] {
        &["OPENROUTER_API_KEY"]
    }

    fn key_header(&self) -> (&'static str, &'static str) {
        ("authorization", "Bearer ")
    }

    fn ask(&self, request: &ModelRequest, settings: &ModelSettings) -> Result<Ask, Failed> {
        let mut body = chat::body(request, settings, "max_tokens");
        let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
        if !settings.fallbacks.is_empty() {
            let first = [request.model.as_str()].into_iter();
            let all = first.chain(settings.fallbacks.iter().map(String::as_str));
            set("models", all.collect());
        }
        let mut routing = settings.routing.clone().unwrap_or_else(|| json!({}));
        if request.schema.is_some()
            && settings.answer == AnswerMode::Schema
            && let Some(routing) = routing.as_object_mut()
        {
            routing.insert("require_parameters".to_owned(), true.into());
        }
        if routing.as_object().is_some_and(|routing| !routing.is_empty()) {
            set("provider", routing);
        }
        if let Some(effort) = &settings.reasoning_effort {
            set("reasoning", json!({ "effort": effort }));
        }
        Ok(Ask { path: "/chat/completions".to_owned(), body: body.into() })
    }

    fn read(&self, request: &ModelRequest, reply: &Reply) -> Result<ModelResponse, Failed> {
        let body = reply.body.as_ref();
        // Once a model has begun, the status is a success whatever happens then.
        let choice = body.and_then(|body| body.get("choices")?.get(0)?.get("error"));
        let error = body.and_then(|body| body.get("error")).or(choice);
        match error.filter(|error| !error.is_null()) {
            Some(error) => {
                let usage = chat::usage(body.and_then(|body| body.get("usage")));
                Err(Box::new(failure(reply, error).with_usage(usage)))
            }
            None if reply.status < 300 => chat::read(request, reply),
            None => Err(failure(reply, &Value::Null)),
        }
    }
}

fn failure(reply: &Reply, error: &Value) -> Failed {
    let code = error.get("code").and_then(Value::as_u64).unwrap_or_else(|| reply.status.into());
    let (class, billed) = status::meaning(code);
    let about = |name: &str| error.get("metadata").and_then(|metadata| metadata.get(name));
    let class = match code {
        402 if about("limit_source").and_then(Value::as_str)
            == Some("openrouter_in_flight_budget") =>
        {
            FailureClass::RateLimited
        }
        // A guardrail's or a key's own budget, which comes back at its time.
        403 if about("resets_at").is_some() => FailureClass::Quota,
        403 if about("reasons").is_some() || about("flagged_input").is_some() => {
            FailureClass::Refused
        }
        _ => class,
    };
    let billed = if reply.status < 300 { Billed::Unknown } else { billed };
    let said = error.get("message").and_then(Value::as_str).unwrap_or("");
    status::told((class, billed), reply.retry_after, &reply.host, &format!("{code} {said}"))
}
