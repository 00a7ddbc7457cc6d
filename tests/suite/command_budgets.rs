//! `convoke budgets`: the tree of accounts, what is used in a period, and closed ones opened again.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use convoke::actors::provider::{CallFuture, Cancel, Deltas, ModelRequest, Safety, rules::Rules};
use convoke::events::{
    Limits, ProviderName, TaskOutcome, TaskPlan, TaskRules, TaskType, Tokens, Usage,
};
use convoke::{Command, LocalOwner, Provider, Runtime, TaskSubmission};
use serde_json::Value;

use crate::binary::{RUN_EXAMPLE, convoke, fresh, json, json_lines};

/// Answers by rules, and uses far more than was asked for.
struct Greedy;

impl Provider for Greedy {
    fn safety(&self) -> Safety {
        Safety::Repeatable
    }

    fn call(&self, request: ModelRequest, deltas: Deltas, cancel: Cancel) -> CallFuture {
        let answered = Rules.call(request, deltas, cancel);
        Box::pin(async move {
            let mut answer = answered.await?;
            let much = Some(Tokens::new(10_000));
            answer.usage = Usage { input: much, output: much, ..Usage::default() };
            Ok(answer)
        })
    }
}

/// Lets a request overrun the hub's account, on a log that the command made.
fn overrun(data: &Path) {
    let host = tokio::runtime::Builder::new_current_thread().build().unwrap();
    host.block_on(async {
        let runtime = Runtime::builder()
            .directory(data)
            .authority(Arc::new(LocalOwner))
            .provider(ProviderName::Rules, Arc::new(Greedy))
            .start()
            .unwrap();
        let hub = runtime.hub("intake".parse().unwrap());
        let ada = hub.as_person("ada");
        let limits = Limits { tokens: Some(Tokens::new(15_000)), ..Limits::default() };
        ada.command(Command::SetHubLimits(limits)).await.unwrap();
        let rules = TaskRules {
            deadline_ms: 60_000,
            max_output: Tokens::new(200),
            min_contributions: 1,
            one_failure_fails_all: false,
            quorum: None,
            allowed: Vec::new(),
        };
        let task_type = TaskType::new("triage").unwrap();
        let submission = TaskSubmission {
            request: "greedy".to_owned(),
            attempt: 0,
            title: "How?".to_owned(),
            body: "So.".to_owned(),
            source: None,
            plan: TaskPlan::Triage { task_type, escalate: Vec::new(), rules },
            limits: Limits::default(),
        };
        let task = ada.submit(submission).await.unwrap();
        assert_eq!(hub.concluded(task).await.unwrap().outcome, TaskOutcome::Answered);
        runtime.shutdown().await.unwrap();
    });
}

/// The command's own hub, with one request handled.
fn with_one_request() -> (tempfile::TempDir, std::path::PathBuf) {
    let (place, data) = fresh();
    let input = place.path().join("one.jsonl");
    fs::write(&input, "{\"id\":\"one\",\"title\":\"Question\",\"body\":\"How?\"}\n").unwrap();
    json(&data, &["run", "examples/intake.toml", "--input", input.to_str().unwrap()]);
    (place, data)
}

fn root(data: &Path) -> Value {
    json_lines(data, &["budgets"])[0].clone()
}

#[test]
fn an_account_that_an_overrun_closed_is_opened_again_by_name_and_with_a_reason() {
    let (_place, data) = with_one_request();
    overrun(&data);
    assert_eq!(root(&data)["closed"], true);
    let told = convoke(&data, &["budgets"]).done();
    let id = root(&data)["id"].as_str().unwrap().to_owned();
    assert!(told.contains("Engineering intake (closed)"), "{told}");
    assert!(told.contains(&format!("  convoke budgets reopen {id} --reason TEXT --by NAME\n")));
    let reopen = ["budgets", "reopen", &id, "--reason", "it was a mistake", "--by", "grace"];
    let opened = json(&data, &reopen);
    assert_eq!((&opened["account"], &opened["by"]), (&Value::from(id.as_str()), &"grace".into()));
    assert_eq!(root(&data)["closed"], false);
    let event = json(&data, &["log", "show", &opened["position"].to_string()]);
    assert_eq!(event["event_type"], "AccountReopened");
    let again = convoke(&data, &reopen).done();
    assert_eq!(again, "was not closed: Engineering intake\n");
}

#[test]
fn an_account_nobody_knows_cannot_be_opened_again() {
    let (_place, data) = with_one_request();
    let id = "00000000-0000-8000-8000-000000000000";
    let complaint = convoke(&data, &["budgets", "reopen", id, "--reason", "why not"]).failed(1);
    assert!(complaint.contains(&format!("there is no account `{id}` in this log")), "{complaint}");
    assert!(complaint.contains("hint: `convoke budgets --json` names every account's id"));
    let complaint = convoke(&data, &["budgets", "reopen", id]).failed(2);
    assert!(complaint.contains("--reason <TEXT>"), "{complaint}");
}

#[test]
fn a_limit_by_the_day_shows_what_is_used_today() {
    let (place, data) = fresh();
    let scenario = fs::read_to_string("examples/intake.toml").unwrap();
    let daily = "limits = { tokens = 60_000, period = \"day\" }";
    let limits = scenario.lines().find(|line| line.starts_with("limits = { tokens = 50_000_000"));
    let scenario = scenario.replacen(limits.unwrap(), daily, 1);
    let file = place.path().join("daily.toml");
    fs::write(&file, scenario).unwrap();
    let run = ["run", file.to_str().unwrap(), RUN_EXAMPLE[2], RUN_EXAMPLE[3]];
    let summary = json(&data, &run);
    let root = root(&data);
    assert_eq!((&root["depth"], &root["limits"]["period"]), (&0.into(), &"day".into()));
    // Unless midnight fell into this test, all of it was used today.
    let used = root["used"]["tokens"].as_u64().unwrap();
    assert!(used <= summary["tokens"]["settled"].as_u64().unwrap(), "{root}");
    assert_eq!(root["totals"]["settled"]["tokens"], summary["tokens"]["settled"]);
    assert!(convoke(&data, &["budgets"]).done().contains("60,000 a day"));
}
