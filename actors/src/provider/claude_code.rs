//! The provider `claude-code`: Claude Code, through its command.

mod output;
mod process;

use std::path::PathBuf;
use std::sync::Arc;

use convoke_events::{Clock, FailureClass, ProviderName};

use self::process::Child;
use super::keys::{Key, Keys};
use super::network::{Failed, scrubbed, unsent, without};
use super::settings::{self, AnswerMode, ClaudeCodeSettings, Login};
use super::{CallFuture, Cancel, Deltas, MessageRole, ModelRequest, Part, Provider, Safety, words};

/// The longest system prompt and schema that fit into a command line, in bytes.
const MAX_ARGUMENT: usize = 96 * 1024;

/// Variables of ours that the child is given; everything else of ours stays here.
const PASSED: [&str; 8] =
    ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE"];

/// Claude Code, run as `claude --print --output-format json`, one process per call.
///
/// The prompt goes to its standard input. It is given an environment of a few named variables, an
/// empty directory to work in that is removed afterwards, no tools unless the agent's settings name
/// some, no settings and no servers of the user's, and no session that is kept. It runs in a process
/// group of its own, which is ended as a whole when the call is called off, is overdue, says more
/// than 4 MiB or is over: by `SIGTERM`, and by `SIGKILL` half a second later. What it does with tools
/// happens out of sight, and is not recorded.
///
/// It is let in by the login of the user whose home directory it is; with `login = "api_key"` by
/// `ANTHROPIC_API_KEY`, with `login = "token"` by `CLAUDE_CODE_OAUTH_TOKEN`, from where the agent's
/// settings say, or from that variable or the key file `claude-code`. Settings:
/// [`ClaudeCodeSettings`].
pub struct ClaudeCode {
    command: PathBuf,
    keys: Keys,
    clock: Arc<dyn Clock>,
}

impl ClaudeCode {
    /// The command `claude`, wherever `PATH` finds it.
    pub fn new(keys: Keys, clock: Arc<dyn Clock>) -> Self {
        Self { command: PathBuf::from("claude"), keys, clock }
    }

    /// The same with another command.
    pub fn with_command(self, command: impl Into<PathBuf>) -> Self {
        Self { command: command.into(), ..self }
    }
}

impl Provider for ClaudeCode {
    fn safety(&self) -> Safety {
        Safety::AtMostOnce
    }

    fn call(&self, request: ModelRequest, deltas: Deltas, cancel: Cancel) -> CallFuture {
        let prepared = self.prepare(&request);
        let left = request.deadline.since(self.clock.now());
        Box::pin(async move {
            let (child, key) = prepared.map_err(|failure| *failure)?;
            let ended = child.run(left, cancel).await;
            let response = ended.and_then(|ended| output::read(&request, &ended));
            let response = match &key {
                Some(key) => response
                    .map(|response| without(response, key))
                    .map_err(|failure| scrubbed(failure, key)),
                None => response,
            };
            let response = response.map_err(|failure| *failure)?;
            deltas.send(&response.text());
            Ok(response)
        })
    }
}

impl ClaudeCode {
    fn prepare(&self, request: &ModelRequest) -> Result<(Child, Option<Key>), Failed> {
        let name = ProviderName::ClaudeCode;
        let (base_url, settings) = (request.base_url.as_deref(), request.settings.as_deref());
        settings::check(&name, base_url, settings)
            .map_err(|unfit| unsent(FailureClass::InvalidRequest, &unfit.to_string()))?;
        let settings = ClaudeCodeSettings::read(settings)
            .map_err(|error| unsent(FailureClass::InvalidRequest, &error.to_string()))?;
        let mut environment: Vec<(&str, String)> =
            PASSED.iter().filter_map(|name| Some((*name, self.keys.variable(name)?))).collect();
        let bound = request.max_output.get().to_string();
        environment.push(("CLAUDE_CODE_MAX_OUTPUT_TOKENS", bound));
        if let Some(base_url) = base_url {
            environment.push(("ANTHROPIC_BASE_URL", base_url.to_owned()));
        }
        let variable = match settings.login {
            Login::User => None,
            Login::ApiKey => Some("ANTHROPIC_API_KEY"),
            Login::Token => Some("CLAUDE_CODE_OAUTH_TOKEN"),
        };
        let mut key = None;
        if let Some(variable) = variable {
            let elsewhere = base_url.is_some();
            let found = self.keys.look_up(&name, elsewhere, &settings.key, &[variable]);
            key = found.map_err(|error| unsent(FailureClass::Auth, &error.to_string()))?;
            environment.extend(key.iter().map(|key| (variable, key.expose().to_owned())));
        }
        let (arguments, input) = (arguments(request, &settings)?, input(request));
        let command = self.command.clone();
        Ok((Child { command, arguments, environment, input }, key))
    }
}

fn arguments(request: &ModelRequest, settings: &ClaudeCodeSettings) -> Result<Vec<String>, Failed> {
    let turns = settings.max_turns.unwrap_or(1).to_string();
    let tools = settings.tools.join(",");
    let system = words::system(request, AnswerMode::Schema);
    let mut arguments: Vec<&str> = vec!["--print", "--output-format", "json"];
    arguments.extend(["--model", request.model.as_str(), "--max-turns", &turns]);
    arguments.extend(["--tools", &tools, "--setting-sources", "", "--strict-mcp-config"]);
    arguments.extend(["--no-session-persistence", "--permission-mode", "dontAsk"]);
    if !tools.is_empty() {
        arguments.extend(["--allowedTools", &tools]);
    }
    if !system.is_empty() {
        arguments.extend(["--system-prompt", &system]);
    }
    let schema = request.schema.as_ref().map(|schema| schema.json.to_string());
    if let Some(schema) = &schema {
        arguments.extend(["--json-schema", schema]);
    }
    if arguments.iter().any(|argument| argument.len() > MAX_ARGUMENT) {
        let message = format!("the system prompt or the schema has more than {MAX_ARGUMENT} bytes");
        return Err(unsent(FailureClass::InvalidRequest, &message));
    }
    Ok(arguments.into_iter().map(str::to_owned).collect())
}

/// What is said, on the way to standard input: it has no bound there, and shows in no process list.
fn input(request: &ModelRequest) -> String {
    let turns = words::said(request).map(|message| {
        let words = words::of(message);
        let calls = message.parts.iter().any(|part| matches!(part, Part::ToolCall { .. }));
        match message.role {
            MessageRole::Assistant if calls => format!("You asked for a tool. {words}"),
            MessageRole::Assistant => format!("You said: {words}"),
            MessageRole::System | MessageRole::User => words,
        }
    });
    turns.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests;
