//! Providers over the network, against a server of the test's own that says what they really say.

mod bounds;
mod failures;
mod requests;
mod responses;
mod secrets;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use convoke_events::{Clock, SystemClock, Tokens};
use serde_json::{Value, json};

use super::Network;
use crate::provider::{
    AnswerSchema, Cancel, Deltas, Keys, Message, MessageRole, ModelRequest, ModelResponse, Part,
    Provider, ProviderFailure, gemini, open_ai, open_router,
};
use crate::testkit::{Heard, Loopback, Say};

type Result = std::result::Result<ModelResponse, Box<ProviderFailure>>;

/// The key of every test's own variable.
const KEY: &str = "sk-canary-0123456789abcdef";

/// Set up once: every answer here ends its connection, so that no test meets another's.
static NETWORK: LazyLock<Network> = LazyLock::new(|| {
    let keys = Keys::new(|name| (name == "TEST_KEY").then(|| KEY.to_owned()), "/nowhere");
    Network::new(keys, Arc::new(SystemClock::start()))
});

fn provider(name: &str) -> Arc<dyn Provider> {
    match name {
        "openai" => open_ai(&NETWORK),
        "openrouter" => open_router(&NETWORK),
        _ => gemini(&NETWORK),
    }
}

/// A question to this provider, served at a base URL.
fn request(name: &str, base_url: &str) -> ModelRequest {
    let text = |role, text: &str| Message { role, parts: vec![Part::Text(text.to_owned())] };
    let schema = json!({
        "type": "object",
        "properties": {"recommendation": {"type": "string"}},
        "required": ["recommendation"],
        "additionalProperties": false,
    });
    ModelRequest {
        provider: name.parse().unwrap(),
        model: "small-1".parse().unwrap(),
        base_url: Some(base_url.to_owned()),
        settings: Some(r#"{"key_env":"TEST_KEY"}"#.to_owned()),
        messages: vec![
            text(MessageRole::System, "You are brief."),
            text(MessageRole::User, "What now?"),
        ],
        tools: Vec::new(),
        schema: Some(AnswerSchema { name: "triage", json: schema.into() }),
        max_output: Tokens::new(200),
        deadline: SystemClock::start().now().plus(Duration::from_mins(1)),
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn call(request: ModelRequest) -> Result {
    let (_switch, cancel) = Cancel::pair();
    let provider = provider(&request.provider.to_string());
    block_on(provider.call(request, Deltas::none(), cancel)).map_err(Box::new)
}

/// What comes of a question to which the server says this, and what the server heard.
fn asked(name: &str, say: Say) -> (Result, Vec<Heard>) {
    let server = Loopback::start(move |_| say.clone());
    let result = call(request(name, &server.url()));
    (result, server.heard())
}

/// A whole chat completion with these words.
fn completion(content: &str) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_760_000_000,
        "model": "small-1-2026", "service_tier": "default",
        "choices": [{
            "index": 0, "logprobs": null, "finish_reason": "stop",
            "message": {"role": "assistant", "content": content, "refusal": null},
        }],
        "usage": {
            "prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46,
            "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 2, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 8, "rejected_prediction_tokens": 0},
        },
    })
}

/// A whole `generateContent` answer with these words.
fn generated(content: &str) -> Value {
    json!({
        "candidates": [{
            "content": {"role": "model", "parts": [{"text": content}]},
            "finishReason": "STOP", "index": 0, "safetyRatings": [],
        }],
        "usageMetadata": {
            "promptTokenCount": 10, "cachedContentTokenCount": 4, "candidatesTokenCount": 20,
            "thoughtsTokenCount": 30, "totalTokenCount": 60,
        },
        "modelVersion": "small-1-002", "responseId": "r",
    })
}
