//! The table: what a provider says, what class that is, what is recorded of it, what is charged.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;

use convoke::actors::provider::ClaudeCode;
use convoke::actors::testkit::{Loopback, Say};
use convoke::events::{
    BudgetEvent, Event, FailureClass, HubId, InvocationEvent, Limits, Log, MicroUsd, ProviderName,
    Query, Rate, RetryRules, SystemClock, TaskId, TaskPlan, TaskRules, Tier, Tokens, TrustLevel,
    Verb,
};
use convoke::{AgentRegistration, Command, Hub, Keys, Price, Runtime, TaskSubmission};
use serde_json::{Value, json};

use FailureClass::{
    Auth, Billing, InvalidRequest, Malformed, NoModel, Overloaded, Quota, RateLimited, Refused,
    Timeout, Truncated, Unavailable,
};

/// What is charged for all tries of a call together.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Charge {
    Nothing,
    /// So many tokens, as was said.
    Used(u64),
    /// Everything that was set aside, since nobody said.
    Whole,
}

use Charge::{Nothing, Used, Whole};

/// Whether it may be tried again, and after how many milliseconds at least.
type Retry = Option<u64>;

const NEVER: Retry = None;
const SOON: Retry = Some(0);

/// A row: what is said to whom, and what comes of it. A call has two tries, and a minute.
struct Row {
    name: &'static str,
    provider: &'static str,
    says: Says,
    /// The class of every try, in order; none for one that was answered.
    classes: &'static [FailureClass],
    retry: Retry,
    charge: Charge,
    deadline_ms: u64,
}

enum Says {
    Over(Say),
    /// Nobody listens.
    Nowhere,
    /// A script plays the command `claude`.
    Script(String),
}

fn row(
    provider: &'static str,
    name: &'static str,
    says: impl Into<Says>,
    (classes, retry, charge): (&'static [FailureClass], Retry, Charge),
) -> Row {
    Row { name, provider, says: says.into(), classes, retry, charge, deadline_ms: 60_000 }
}

impl Row {
    /// The same with less time.
    fn in_a_moment(self) -> Self {
        Self { deadline_ms: 1_500, ..self }
    }
}

impl From<Say> for Says {
    fn from(say: Say) -> Self {
        Self::Over(say)
    }
}

impl From<Value> for Says {
    fn from(body: Value) -> Self {
        Self::Over(Say::new(200, &body.to_string()))
    }
}

fn error(status: u16, headers: &[(&str, &str)], error: &Value) -> Says {
    Says::Over(Say::with(status, headers, &json!({ "error": error }).to_string()))
}

fn answer() -> String {
    json!({"recommendation": "bug", "body": "b", "confidence": 1, "assumptions": []}).to_string()
}

/// A chat completion with these words that ended so; it used 46 tokens.
fn completion(content: &str, finish: &str) -> Value {
    json!({
        "model": "small-1",
        "choices": [{"finish_reason": finish, "message": {"content": content}}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 34},
    })
}

fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    *body.pointer_mut(pointer).unwrap() = value;
    body
}

fn chat_completions() -> Vec<Row> {
    let row = |name, says: Says, expected| row("openai", name, says, expected);
    let coded = |status, code: &str| error(status, &[], &json!({"message": "m", "code": code}));
    let body = |body: Value| Says::from(body);
    let good = completion(&answer(), "stop");
    let whole = Say::new(200, &good.to_string());
    let slow = whole.clone().cut(9).held();
    let without = |name: &str| {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(name);
        Says::from(body)
    };
    let wait = [("retry-after", "70")];
    vec![
        row("answered", body(good.clone()), (&[], NEVER, Used(46))),
        row("usage missing", without("usage"), (&[], NEVER, Whole)),
        row("429", coded(429, "rate_limit_exceeded"), (&[RateLimited, RateLimited], SOON, Nothing)),
        row("429 wait", error(429, &wait, &json!({})), (&[RateLimited], Some(70_000), Nothing)),
        row("no quota", coded(429, "insufficient_quota"), (&[Billing], NEVER, Nothing)),
        row("spent", coded(429, "credit_balance_exhausted"), (&[Billing], NEVER, Nothing)),
        row("401", coded(401, "invalid_api_key"), (&[Auth], NEVER, Nothing)),
        row("403", coded(403, ""), (&[Auth], NEVER, Nothing)),
        row("404", coded(404, "model_not_found"), (&[NoModel], NEVER, Nothing)),
        row("400", coded(400, ""), (&[InvalidRequest], NEVER, Nothing)),
        row("500", coded(500, ""), (&[Unavailable, Unavailable], SOON, Whole)),
        row("503", coded(503, ""), (&[Overloaded, Overloaded], SOON, Nothing)),
        row("no JSON", Say::new(200, "<html>").into(), (&[Malformed], NEVER, Whole)),
        row("no choice", without("choices"), (&[Malformed], NEVER, Used(46))),
        row("cut", whole.cut(9).into(), (&[Unavailable, Unavailable], SOON, Whole)),
        row("slow", slow.into(), (&[Timeout], NEVER, Whole)).in_a_moment(),
        row(
            "oversized",
            Say::new(200, &" ".repeat(4 * 1024 * 1024 + 1)).into(),
            (&[Malformed], NEVER, Whole),
        ),
        row(
            "redirect",
            Say::with(307, &[("location", "https://example.com/")], "").into(),
            (&[InvalidRequest], NEVER, Nothing),
        ),
        row("nobody there", Says::Nowhere, (&[Unavailable, Unavailable], SOON, Nothing)),
        row(
            "refusal",
            body(json!({"choices": [{"finish_reason": "stop", "message": {"refusal": "no"}}],
                "usage": {"prompt_tokens": 12, "completion_tokens": 34}})),
            (&[Refused], NEVER, Used(46)),
        ),
        row("withheld", body(completion("x", "content_filter")), (&[Refused], NEVER, Used(46))),
        row("cut short", body(completion("", "length")), (&[Truncated], NEVER, Used(46))),
        // It is asked once to mend it.
        row(
            "other shape",
            body(completion("{}", "stop")),
            (&[Malformed, Malformed], NEVER, Used(92)),
        ),
    ]
}

fn openrouter() -> Vec<Row> {
    let row = |name, says: Says, expected| row("openrouter", name, says, expected);
    let inside = |code: u16| error(200, &[], &json!({"code": code, "message": "m"}));
    let broke = json!({"code": 502, "message": "upstream broke"});
    let mut half = completion("half an", "error");
    half["choices"][0]["error"] = broke;
    let in_flight =
        json!({"code": 402, "metadata": {"limit_source": "openrouter_in_flight_budget"}});
    let wait = [("retry-after", "70")];
    let resets = json!({"code": 403, "metadata": {"resets_at": "2026-12-01"}});
    vec![
        row("502 inside 200", inside(502), (&[Unavailable, Unavailable], SOON, Whole)),
        row("429 inside 200", inside(429), (&[RateLimited, RateLimited], SOON, Whole)),
        row("broke off, and says what it used", half.into(), (&[Unavailable; 2], SOON, Used(92))),
        row("402", error(402, &[], &json!({"code": 402})), (&[Billing], NEVER, Nothing)),
        row("in flight", error(402, &wait, &in_flight), (&[RateLimited], Some(70_000), Nothing)),
        row("403 budget", error(403, &[], &resets), (&[Quota], NEVER, Nothing)),
        row("no endpoint", error(404, &[], &json!({"code": 404})), (&[NoModel], NEVER, Nothing)),
    ]
}

fn gemini() -> Vec<Row> {
    let row = |name, says: Says, expected| row("gemini", name, says, expected);
    let wrapped = |code: u16, status: &str, details: Value| {
        let error = json!({"code": code, "message": "m", "status": status, "details": details});
        Says::Over(Say::new(code, &json!([{ "error": error }]).to_string()))
    };
    let good = json!({
        "candidates": [{"content": {"parts": [{"text": answer()}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 20,
            "thoughtsTokenCount": 30, "totalTokenCount": 60},
    });
    let thought = with(good.clone(), "/candidates/0", json!({"finishReason": "MAX_TOKENS"}));
    let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": {"promptTokenCount": 10, "totalTokenCount": 10}});
    let per_day = json!([{"violations": [{"quotaId": "RequestsPerDay"}]}, {"retryDelay": "3s"}]);
    let (limit, exhausted) = (json!([{"retryDelay": "370s"}]), "RESOURCE_EXHAUSTED");
    let bad_key = json!([{"reason": "API_KEY_INVALID"}]);
    vec![
        row("answered", good.clone().into(), (&[], NEVER, Used(60))),
        row("usage missing", with(good, "/usageMetadata", Value::Null).into(), (&[], NEVER, Whole)),
        row("limit", wrapped(429, exhausted, limit), (&[RateLimited], Some(370_000), Nothing)),
        row("per day", wrapped(429, exhausted, per_day), (&[Quota], NEVER, Nothing)),
        row("key", wrapped(400, "INVALID_ARGUMENT", bad_key), (&[Auth], NEVER, Nothing)),
        row(
            "internal",
            wrapped(500, "INTERNAL", json!([])),
            (&[Unavailable, Unavailable], SOON, Whole),
        ),
        row("thought until the end", thought.into(), (&[Truncated], NEVER, Used(60))),
        row("blocked", blocked.into(), (&[Refused], NEVER, Used(10))),
    ]
}

fn claude_code() -> Vec<Row> {
    let result = json!({
        "type": "result", "subtype": "success", "is_error": false, "result": answer(),
        "usage": {"input_tokens": 3, "output_tokens": 40, "cache_read_input_tokens": 7,
            "cache_creation_input_tokens": 0},
    });
    let says = |before: &str, body: &Value, code: u8| {
        Says::Script(format!("cat > /dev/null\n{before}\ncat <<'END'\n{body}\nEND\nexit {code}"))
    };
    let failed = |status: u16, said: &str| {
        let mut body = result.clone();
        body["is_error"] = json!(true);
        body["api_error_status"] = json!(status);
        body["result"] = json!(said);
        says("", &body, 0)
    };
    let row = |name, says: Says, expected| row("claude-code", name, says, expected);
    let array = json!([{"type": "system"}, result]);
    let denied = json!([{"tool_name": "Bash"}]);
    let mut with_denial = result.clone();
    with_denial["permission_denials"] = denied;
    let turns = with(result.clone(), "/subtype", json!("error_max_turns"));
    let deaf = "trap '' TERM\nwhile :; do sleep 600; done".to_owned();
    vec![
        row("answered in an array", says("", &array, 0), (&[], NEVER, Used(50))),
        row("answered after noise", says("echo '[hook] ran'", &result, 0), (&[], NEVER, Used(50))),
        row("answered under exit 1", says("", &result, 1), (&[], NEVER, Used(50))),
        row("overloaded", failed(529, "busy"), (&[Overloaded, Overloaded], SOON, Used(100))),
        row("no credit", failed(400, "Credit balance is too low"), (&[Billing], NEVER, Used(50))),
        row("plan's limit", failed(429, "You've hit your limit"), (&[Quota], NEVER, Used(50))),
        row("too many turns", says("", &turns, 1), (&[Truncated], NEVER, Used(50))),
        row("tool denied", says("", &with_denial, 0), (&[Refused], NEVER, Used(50))),
        row(
            "no result, exit 3",
            Says::Script("cat > /dev/null\necho sorry >&2\nexit 3".to_owned()),
            (&[Unavailable, Unavailable], SOON, Whole),
        ),
        row("no result, exit 0", Says::Script("true".to_owned()), (&[Malformed], NEVER, Whole)),
        row("ignores SIGTERM", Says::Script(deaf), (&[Timeout], NEVER, Whole)).in_a_moment(),
    ]
}

/// A command `claude` that plays the script in the file named like the model it is asked for.
fn plays(place: &Path) -> PathBuf {
    let (written, command) = (place.join("written"), place.join("claude"));
    fs::write(&written, format!("#!/bin/sh\nexec sh {}/$5\n", place.display())).unwrap();
    fs::set_permissions(&written, fs::Permissions::from_mode(0o700)).unwrap();
    // Not written under its name: a file that any process has open for writing cannot be started.
    assert!(Process::new("cp").args([&written, &command]).status().unwrap().success());
    command
}

/// A hub of this row's own, its one agent at this base URL, and the call that is asked of it.
async fn ask(hub: &Hub, row: &Row, base_url: Option<String>) -> TaskId {
    let ada = hub.as_person("ada");
    ada.open("Desk", Limits::default()).await.unwrap();
    let agent = AgentRegistration {
        slug: "scout".parse().unwrap(),
        name: "Scout".to_owned(),
        description: String::new(),
        provider: row.provider.parse().unwrap(),
        model: hub.id().as_str().parse().unwrap(),
        family: "asked".parse().unwrap(),
        base_url,
        trust: TrustLevel::Advisory,
        tier: Tier::T0,
        capabilities: Vec::new(),
        keywords: Vec::new(),
        rate: Rate::new(10),
        system_prompt: "Say what it is.".to_owned(),
        settings: None,
    };
    let (provider, model) = (agent.provider.clone(), agent.model.clone());
    let one = MicroUsd::new(1_000_000);
    let price = Price { input: one, cached: one, output: one };
    ada.command(Command::SetPrice { provider, model, price }).await.unwrap();
    let rules = RetryRules { max_attempts: 2, base_ms: 1, cap_ms: 1, ..RetryRules::default() };
    ada.command(Command::SetRetryRules(rules)).await.unwrap();
    ada.register(agent).await.unwrap();
    ada.route("triage".parse().unwrap(), "scout".parse().unwrap(), 1).await.unwrap();
    let read = BTreeSet::from([Verb::Read]);
    ada.allow("scout".parse().unwrap(), "request".parse().unwrap(), read).await.unwrap();
    let plan = TaskPlan::Triage {
        task_type: "triage".parse().unwrap(),
        escalate: Vec::new(),
        rules: TaskRules {
            deadline_ms: row.deadline_ms,
            max_output: Tokens::new(200),
            min_contributions: 1,
            one_failure_fails_all: false,
            quorum: None,
            allowed: Vec::new(),
        },
    };
    let (request, title, body) = ("r-1".to_owned(), "A crash".to_owned(), String::new());
    let limits = Limits::default();
    let task = TaskSubmission { request, attempt: 0, title, body, source: None, plan, limits };
    ada.submit(task).await.unwrap()
}

/// What a hub's log says came of its one call.
fn found(log: &Log, hub: &HubId, expected: Charge) -> (Vec<FailureClass>, Retry, Charge) {
    let (mut classes, mut retries) = (Vec::new(), Vec::new());
    let (mut held, mut charged, mut settled) = (0, 0, 0);
    for recorded in log.read(Query::hub(hub.clone())) {
        let event = recorded.unwrap().event;
        if let Event::Invocation(InvocationEvent::InvocationFailed(failed)) = event {
            classes.push(failed.class);
            retries.push(failed.retry_after_ms);
        } else if let Event::Budget(BudgetEvent::Reserved(reserved)) = event {
            (held, settled) = (held + reserved.amount.tokens.get(), settled + 1);
        } else if let Event::Budget(BudgetEvent::Settled(one)) = event {
            (charged, settled) = (charged + one.charged.tokens.get(), settled - 1);
        }
    }
    assert_eq!(settled, 0, "{hub}: each reservation is settled once");
    let charge = match (charged, expected) {
        (0, _) => Nothing,
        (_, Whole) if charged == held => Whole,
        _ => Used(charged),
    };
    (classes, retries.first().copied().flatten(), charge)
}

/// Holds every row to what comes of it in a runtime, each in a hub of its own, all at once.
fn check(rows: &[Row]) {
    let place = tempfile::tempdir().unwrap();
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut said = Vec::new();
    for (nth, row) in rows.iter().enumerate() {
        said.push(match &row.says {
            Says::Over(say) => Some(say.clone()),
            Says::Nowhere => None,
            Says::Script(script) => {
                fs::write(place.path().join(format!("row-{nth}")), script).unwrap();
                None
            }
        });
    }
    let server = Loopback::start(move |heard| {
        let row = heard.path.split('/').nth(1).unwrap().strip_prefix("row-").unwrap();
        said[row.parse::<usize>().unwrap()].clone().unwrap()
    });
    let keys = Keys::new(|name| std::env::var(name).ok().filter(|_| name == "PATH"), "/nowhere");
    let claude = ClaudeCode::new(keys.clone(), Arc::new(SystemClock::start()));
    let claude = claude.with_command(plays(place.path()));
    let host = tokio::runtime::Builder::new_current_thread().build().unwrap();
    host.block_on(async {
        let runtime = Runtime::builder().in_memory().real_models(keys);
        let runtime = runtime.provider(ProviderName::ClaudeCode, Arc::new(claude)).start().unwrap();
        let mut asked = Vec::new();
        for (nth, row) in rows.iter().enumerate() {
            let hub = runtime.hub(format!("row-{nth}").parse().unwrap());
            let base_url = match &row.says {
                Says::Over(_) => Some(format!("{}/{}", server.url(), hub.id())),
                Says::Nowhere => Some(format!("http://{nowhere}")),
                Says::Script(_) => None,
            };
            let task = ask(&hub, row, base_url).await;
            asked.push((hub, row, task));
        }
        for (hub, row, task) in asked {
            hub.concluded(task).await.unwrap();
            let expected = (row.classes.to_vec(), row.retry, row.charge);
            let found = found(runtime.log(), hub.id(), row.charge);
            assert_eq!(found, expected, "{} says: {}", row.provider, row.name);
        }
        runtime.shutdown().await.unwrap();
    });
}

#[test]
fn what_chat_completions_say_is_classed_recorded_and_charged() {
    check(&chat_completions());
}

#[test]
fn what_openrouter_says_is_classed_recorded_and_charged() {
    check(&openrouter());
}

#[test]
fn what_gemini_says_is_classed_recorded_and_charged() {
    check(&gemini());
}

#[test]
fn what_claude_code_says_is_classed_recorded_and_charged() {
    check(&claude_code());
}
