//! Agents that real models answer for, through the command and through the runtime.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::Path;

use convoke::actors::testkit::{Heard, Loopback, Say};
use convoke::events::{
    Amount, BudgetEvent, Event, FailureClass, InvocationEvent, Limits, Log, MicroUsd, Options,
    ProviderName, Query, Rate, TaskOutcome, TaskPlan, TaskRules, Tier, Tokens, TrustLevel,
    UpstreamName, Verb,
};
use convoke::{AgentRegistration, Command, Keys, Price, Runtime, TaskSubmission};
use serde_json::{Value, json};

use crate::binary::{command, convoke, fresh, json, json_lines};

/// The example with its agents served over chat completions, each at the base URL of its slug.
pub(crate) fn switched(base_url: impl Fn(&str) -> String) -> String {
    let text = fs::read_to_string("examples/intake.toml").unwrap();
    let mut scenario: toml::Table = text.parse().unwrap();
    for agent in scenario["agents"].as_array_mut().unwrap() {
        let agent = agent.as_table_mut().unwrap();
        for of_rules in ["rules", "otherwise", "compare"] {
            agent.remove(of_rules);
        }
        let slug = agent["slug"].as_str().unwrap().to_owned();
        agent.insert("provider".to_owned(), "openai".into());
        agent.insert("base_url".to_owned(), base_url(&slug).into());
        agent.insert("family".to_owned(), slug.into());
    }
    for price in scenario["prices"].as_array_mut().unwrap() {
        price.as_table_mut().unwrap().insert("provider".to_owned(), "openai".into());
    }
    // What the example itself tells whoever switches it.
    let (_, told) = text.split_once("With limits = ").unwrap();
    let (limits, _) = told.split_once('}').unwrap();
    let limits: toml::Table = format!("limits = {limits}}}").parse().unwrap();
    scenario["tasks"].as_table_mut().unwrap().extend(limits);
    scenario.to_string()
}

/// The same scenario, in which no call is tried again.
pub(crate) fn tried_once(scenario: &str) -> String {
    format!("{scenario}\n[retry]\nmax_attempts = 1\n")
}

/// A chat completion that answers a request in the shape it asks for.
pub(crate) fn completes(heard: &Heard) -> Say {
    let body = heard.json();
    let asked = body["response_format"]["json_schema"]["name"].as_str().unwrap().to_owned();
    let text = body["messages"][1]["content"].as_str().unwrap().to_lowercase();
    let broken = ["bug", "crash", "fail", "error"].iter().any(|word| text.contains(word));
    let recommendation = match asked.as_str() {
        "triage" if broken => "bug",
        "triage" => "question",
        _ => "proceed",
    };
    let mut answer = json!({
        "recommendation": recommendation, "body": "so it is", "confidence": 0.8, "assumptions": [],
    });
    if asked == "synthesis" {
        answer["dissent"] = json!([]);
    }
    completion(&body, &answer.to_string())
}

fn completion(body: &Value, content: &str) -> Say {
    let answer = json!({
        "model": body["model"],
        "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": content, "refusal": null}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    });
    Say::new(200, &answer.to_string())
}

pub(crate) fn write(place: &Path, scenario: &str, requests: usize) -> [String; 2] {
    let (file, input) = (place.join("scenario.toml"), place.join("requests.jsonl"));
    fs::write(&file, scenario).unwrap();
    let all = fs::read_to_string("examples/requests.jsonl").unwrap();
    let lines: Vec<&str> = all.lines().filter(|line| !line.trim().is_empty()).collect();
    fs::write(&input, lines[..requests.min(lines.len())].join("\n")).unwrap();
    [file, input].map(|path| path.to_str().unwrap().to_owned())
}

fn failures(data: &Path) -> Vec<FailureClass> {
    let log = Log::open(data, Options::default()).unwrap();
    let failed = log.read(Query::event_type("InvocationFailed")).map(|recorded| {
        let Event::Invocation(InvocationEvent::InvocationFailed(failed)) = recorded.unwrap().event
        else {
            panic!("another event");
        };
        failed.class
    });
    failed.collect()
}

#[test]
fn the_example_runs_with_its_agents_served_over_chat_completions() {
    let (place, data) = fresh();
    let server = Loopback::start(completes);
    let scenario = switched(|_| format!("{}/v1", server.url()));
    let [file, input] = write(place.path(), &scenario, usize::MAX);
    let arguments = ["run", file.as_str(), "--input", input.as_str()];
    let summary = json(&data, &arguments);
    assert_eq!(summary["handled"], summary["requests"]);
    assert!(summary["collectives"]["consensus"].as_u64().unwrap() > 0, "{summary}");
    assert!(summary["proposals"].as_u64().unwrap() > 0, "{summary}");
    assert_eq!(
        (&summary["tokens"]["unknown"], &summary["tokens"]["overrun"]),
        (&json!(0), &json!(0))
    );
    let heard = server.heard();
    let agents = heard.iter().map(|heard| heard.json()["messages"][0]["content"].to_string());
    assert!(agents.collect::<BTreeSet<_>>().len() > 4, "one agent answered for all");
    assert_eq!(summary["tokens"]["settled"], 120 * heard.len());
    assert_eq!(json(&data, &arguments), summary, "run again, it does nothing again");
    assert_eq!(server.heard().len(), heard.len());
    assert_eq!(failures(&data), []);
    assert_eq!(over_budget(&data), [""; 0]);
}

/// Why participants of collectives were not asked, where it was for want of budget.
fn over_budget(data: &Path) -> Vec<String> {
    let collectives = json_lines(data, &["collectives"]);
    let all = collectives.iter().flat_map(|one| one["participants"].as_array().unwrap());
    let missing = all.filter_map(|one| one["missing"].as_str().map(str::to_owned));
    missing.filter(|why| why.contains("budget")).collect()
}

#[test]
fn the_example_for_models_takes_every_request_to_its_end() {
    let (place, data) = fresh();
    let server = Loopback::start(completes);
    let scenario = fs::read_to_string("examples/models.toml").unwrap();
    let scenario = scenario.replace("http://127.0.0.1:11434", &server.url());
    let [file, input] = write(place.path(), &scenario, usize::MAX);
    let summary = json(&data, &["run", &file, "--input", &input]);
    assert_eq!(summary["handled"], summary["requests"]);
    assert!(summary["collectives"]["consensus"].as_u64().unwrap() > 5, "{summary}");
    assert_eq!(
        (&summary["collectives"]["insufficient"], &summary["in_doubt"]),
        (&json!(0), &json!(0))
    );
    let heard = server.heard();
    assert!(heard.iter().all(|heard| heard.header("authorization").is_none()), "no key is named");
    let models = heard.iter().map(|heard| heard.json()["model"].to_string());
    assert_eq!(models.collect::<BTreeSet<_>>().len(), 3, "three families");
    assert_eq!((failures(&data), over_budget(&data)), (Vec::new(), Vec::new()));
}

#[test]
fn a_server_that_is_not_there_is_recorded_and_counted_and_the_run_goes_on() {
    let (place, data) = fresh();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let scenario = tried_once(&switched(|_| format!("http://{gone}/v1")));
    let [file, input] = write(place.path(), &scenario, 2);
    let told = convoke(&data, &["run", &file, "--input", &input]).done();
    assert!(told.contains("2 of 2 handled"), "{told}");
    assert!(
        told.lines().any(|line| line.trim().starts_with("failed") && line.contains('2')),
        "{told}"
    );
    let failures = failures(&data);
    assert!(failures.contains(&FailureClass::Unavailable), "{failures:?}");
    let only = |class: &FailureClass| *class == FailureClass::Unavailable;
    assert!(failures.iter().all(only), "{failures:?}");
}

#[test]
fn a_participant_whose_server_is_not_there_is_missing_and_the_others_go_on() {
    let (place, data) = fresh();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Loopback::start(completes);
    let scenario = switched(|slug| match slug {
        "beacon" => format!("http://{gone}/v1"),
        _ => format!("{}/v1", server.url()),
    });
    let scenario = tried_once(&scenario);
    let [file, input] = write(place.path(), &scenario, 6);
    let summary = json(&data, &["run", &file, "--input", &input]);
    assert_eq!(summary["handled"], 6);
    assert!(summary["collectives"]["consensus"].as_u64().unwrap() > 0, "{summary}");
    assert!(failures(&data).contains(&FailureClass::Unavailable));
}

#[test]
fn an_agent_without_its_key_fails_with_both_places_named_and_the_next_one_goes_on() {
    let (place, data) = fresh();
    let scenario = switched(|_| "http://127.0.0.1:1".to_owned());
    let mut scenario: toml::Table = scenario.parse().unwrap();
    for agent in scenario["agents"].as_array_mut().unwrap() {
        agent.as_table_mut().unwrap().remove("base_url");
    }
    let [file, input] = write(place.path(), &scenario.to_string(), 1);
    let run = ["run", file.as_str(), "--input", input.as_str()];
    let ran = command(&data).env("HOME", place.path()).args(run).output().unwrap();
    assert_eq!(ran.status.code(), Some(0));
    assert_eq!(failures(&data), [FailureClass::Auth]);
    let export = convoke(&data, &["log", "export"]).done();
    let key_file = place.path().join(".config/convoke/keys/openai");
    let both =
        format!("neither the environment (OPENAI_API_KEY) nor the key file {}", key_file.display());
    assert!(export.contains(&both), "{export}");
}

/// An agent of `openrouter`, served at this base URL.
fn agent(base_url: &str) -> AgentRegistration {
    AgentRegistration {
        slug: "scout".parse().unwrap(),
        name: "Scout".to_owned(),
        description: String::new(),
        provider: ProviderName::OpenRouter,
        model: "asked/model".parse().unwrap(),
        family: "asked".parse().unwrap(),
        base_url: Some(base_url.to_owned()),
        trust: TrustLevel::Advisory,
        tier: Tier::T0,
        capabilities: Vec::new(),
        keywords: Vec::new(),
        rate: Rate::new(10),
        system_prompt: "Say what it is.".to_owned(),
        settings: None,
    }
}

/// What a runtime records of one request to an agent whose server says this.
fn recorded(say: Say) -> (TaskOutcome, Vec<Event>) {
    let host = tokio::runtime::Builder::new_current_thread().build().unwrap();
    host.block_on(async {
        let server = Loopback::start(move |_| say.clone());
        let keys = Keys::new(|_| None, "/nowhere");
        let runtime = Runtime::builder().in_memory().real_models(keys).start().unwrap();
        let hub = runtime.hub("desk".parse().unwrap());
        let ada = hub.as_person("ada");
        ada.open("Desk", Limits::default()).await.unwrap();
        ada.register(agent(&server.url())).await.unwrap();
        let (provider, model) = (ProviderName::OpenRouter, "asked/model".parse().unwrap());
        let dear = MicroUsd::new(9_000_000);
        let price = Price { input: dear, cached: dear, output: dear };
        ada.command(Command::SetPrice { provider, model, price }).await.unwrap();
        ada.route("triage".parse().unwrap(), "scout".parse().unwrap(), 1).await.unwrap();
        let read = BTreeSet::from([Verb::Read]);
        ada.allow("scout".parse().unwrap(), "request".parse().unwrap(), read).await.unwrap();
        let plan = TaskPlan::Triage {
            task_type: "triage".parse().unwrap(),
            escalate: Vec::new(),
            rules: TaskRules {
                deadline_ms: 60_000,
                max_output: Tokens::new(200),
                min_contributions: 1,
                one_failure_fails_all: false,
                quorum: None,
                allowed: Vec::new(),
            },
        };
        let (request, title, body) = ("r-1".to_owned(), "A crash".to_owned(), String::new());
        let task = TaskSubmission {
            request,
            attempt: 0,
            title,
            body,
            source: None,
            plan,
            limits: Limits::default(),
        };
        let task = ada.submit(task).await.unwrap();
        let outcome = hub.concluded(task).await.unwrap().outcome;
        let events = runtime.log().read(Query::all()).map(|recorded| recorded.unwrap().event);
        let events = events.collect();
        runtime.shutdown().await.unwrap();
        (outcome, events)
    })
}

#[test]
fn who_really_answered_is_recorded_and_the_cost_it_says_is_charged() {
    let content = json!({"recommendation": "bug", "body": "b", "confidence": 1, "assumptions": []});
    let body = json!({
        "model": "other/model", "provider": "Cloud A",
        "choices": [{"finish_reason": "stop", "message": {"content": content.to_string()}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "cost": 1.5e-6},
    });
    let (outcome, events) = recorded(Say::new(200, &body.to_string()));
    assert_eq!(outcome, TaskOutcome::Answered);
    let answered = events.iter().find_map(|event| {
        let Event::Invocation(InvocationEvent::InvocationAnswered(answered)) = event else {
            return None;
        };
        Some(answered)
    });
    let answered = answered.unwrap();
    let upstream = answered.upstream.as_ref().map(UpstreamName::as_str);
    assert_eq!((answered.model.as_str(), upstream), ("other/model", Some("Cloud A")));
    assert_eq!(answered.provider, ProviderName::OpenRouter);
    let (tokens, money) = charged(&events);
    assert_eq!((tokens, money), (Tokens::new(120), MicroUsd::new(2)));
}

#[test]
fn a_provider_that_lets_nobody_in_is_paid_nothing() {
    let body = json!({"error": {"code": 401, "message": "No auth credentials found"}});
    let (outcome, events) = recorded(Say::new(401, &body.to_string()));
    assert_eq!(outcome, TaskOutcome::Failed);
    assert_eq!(charged(&events), (Tokens::ZERO, MicroUsd::ZERO));
}

fn charged(events: &[Event]) -> (Tokens, MicroUsd) {
    let settled = events.iter().filter_map(|event| {
        let Event::Budget(BudgetEvent::Settled(settled)) = event else { return None };
        Some(settled.charged)
    });
    let all = settled.fold(Amount::ZERO, Amount::plus);
    (all.tokens, all.money)
}
