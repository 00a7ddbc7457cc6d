//! Claude Code, played by scripts that do what the command has been seen to do.

mod ends;
mod says;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use convoke_events::{Clock, SystemClock, Tokens};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::ClaudeCode;
use crate::provider::{
    AnswerSchema, Cancel, Deltas, Keys, Message, MessageRole, ModelRequest, ModelResponse, Part,
    Provider, ProviderFailure,
};

type Result = std::result::Result<ModelResponse, Box<ProviderFailure>>;

/// The key of the test's own variable.
const KEY: &str = "sk-ant-canary-0123456789";

/// A command of the test's own, and the directory it may leave traces in.
struct Fake {
    place: TempDir,
}

impl Fake {
    /// A command that does this, `$here` being a directory of the test's own.
    fn new(script: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let here = place.path().display();
        let script = format!("#!/bin/sh\nhere={here}\n{script}\n");
        let [written, command] = ["script", "claude"].map(|name| place.path().join(name));
        fs::write(&written, script).unwrap();
        fs::set_permissions(&written, fs::Permissions::from_mode(0o700)).unwrap();
        // A file that this process had open could not be started while another test's child is
        // between its start and its program.
        let copied = std::process::Command::new("cp").args([&written, &command]).status().unwrap();
        assert!(copied.success());
        Self { place }
    }

    /// A command that says this and ends with this code.
    fn says(output: &str, code: u8) -> Self {
        let fake = Self::new(&format!("cat > /dev/null\ncat $here/output\nexit {code}"));
        fs::write(fake.place.path().join("output"), output).unwrap();
        fake
    }

    fn command(&self) -> PathBuf {
        self.place.path().join("claude")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// What it wrote down.
    fn left(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn provider(&self) -> ClaudeCode {
        provider(&self.command())
    }

    fn asked(&self) -> Result {
        self.asked_with("{}")
    }

    fn asked_with(&self, settings: &str) -> Result {
        let mut request = request();
        request.settings = Some(settings.to_owned());
        let (_switch, cancel) = Cancel::pair();
        block_on(self.provider().call(request, Deltas::none(), cancel)).map_err(Box::new)
    }
}

fn provider(command: &Path) -> ClaudeCode {
    let variable = |name: &str| match name {
        "PATH" => std::env::var(name).ok(),
        "HOME" => Some("/home/of-the-test".to_owned()),
        "TEST_KEY" => Some(KEY.to_owned()),
        "CLAUDECODE" => Some("1".to_owned()),
        "ANTHROPIC_API_KEY" | "AWS_SECRET_ACCESS_KEY" => Some("sk-not-for-the-child".to_owned()),
        _ => None,
    };
    let keys = Keys::new(variable, "/nowhere");
    ClaudeCode::new(keys, Arc::new(SystemClock::start())).with_command(command)
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn request() -> ModelRequest {
    let text = |role, text: &str| Message { role, parts: vec![Part::Text(text.to_owned())] };
    ModelRequest {
        provider: "claude-code".parse().unwrap(),
        model: "claude-small".parse().unwrap(),
        base_url: None,
        settings: None,
        messages: vec![
            text(MessageRole::System, "You are brief."),
            text(MessageRole::User, "What now?"),
        ],
        tools: Vec::new(),
        schema: Some(AnswerSchema { name: "triage", json: json!({"type": "object"}).into() }),
        max_output: Tokens::new(200),
        deadline: SystemClock::start().now().plus(Duration::from_mins(1)),
    }
}

/// A whole result with these words.
fn result(words: &str) -> Value {
    json!({
        "type": "result", "subtype": "success", "is_error": false, "duration_ms": 2100,
        "num_turns": 1, "result": words, "session_id": "s", "stop_reason": "end_turn",
        "total_cost_usd": 0.0123,
        "usage": {"input_tokens": 3, "output_tokens": 40, "cache_creation_input_tokens": 900,
            "cache_read_input_tokens": 12_000},
        "modelUsage": {
            "claude-small-2026": {"inputTokens": 3, "outputTokens": 40,
                "cacheReadInputTokens": 12_000, "cacheCreationInputTokens": 900, "costUSD": 0.01},
            "claude-tiny": {"inputTokens": 5, "outputTokens": 100,
                "cacheReadInputTokens": 0, "cacheCreationInputTokens": 0, "costUSD": 0.0023},
        },
        "permission_denials": [], "structured_output": null, "errors": [], "uuid": "u",
    })
}
