//! A run that is killed goes on where it was: the same requests, verdicts and charges in the end.

use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Value, json};

use crate::binary::{RUN_EXAMPLE, command, fresh, json, json_lines};

/// Starts a run and kills it outright once it has told this much of its progress.
fn kill_after(data: &Path, lines: usize) {
    let mut child = command(data).args(RUN_EXAMPLE).spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let told = stderr.lines().map_while(Result::ok).filter(|line| line.starts_with("handled "));
    let _ = told.take(lines).last();
    // On this system that is SIGKILL: nothing of the process runs any more.
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What must be the same however often a run was interrupted.
fn outcome(data: &Path, summary: &Value) -> Value {
    let collectives: Vec<Value> = json_lines(data, &["collectives"])
        .iter()
        .map(|one| json!([one["task"], one["status"], one["verdict"]["key"], one["title"]]))
        .collect();
    let proposals: Vec<Value> = json_lines(data, &["proposals"])
        .iter()
        .map(|one| json!([one["task"], one["key"], one["artifact"], one["status"]]))
        .collect();
    let sorted = |mut values: Vec<Value>| {
        values.sort_by_key(Value::to_string);
        values
    };
    let delegations: Vec<Value> = json_lines(data, &["delegations"])
        .iter()
        .map(|one| json!([one["task"], one["status"], one["call"]["answer"]["key"], one["used"]]))
        .collect();
    let figures =
        ["requests", "handled", "proposals", "collectives", "delegations", "blocked", "tokens"];
    let figures = figures.map(|name| summary[name].clone());
    json!([figures, sorted(collectives), sorted(proposals), sorted(delegations)])
}

#[track_caller]
fn finishes_like_one_that_was_not_killed(kills: &[usize]) {
    let (_place, undisturbed) = fresh();
    let expected = outcome(&undisturbed, &json(&undisturbed, &RUN_EXAMPLE));
    let (_place, data) = fresh();
    for lines in kills {
        kill_after(&data, *lines);
    }
    let summary = json(&data, &RUN_EXAMPLE);
    assert_eq!(outcome(&data, &summary), expected);
    assert_eq!(summary["tokens"]["reserved"], 0);
    assert_eq!(json(&data, &["log", "verify"])["events"], summary["events"]);
    let stats = json(&data, &["log", "stats"]);
    assert_eq!(stats["by_type"]["TaskSubmitted"], summary["requests"]);
    assert_eq!(stats["by_type"]["TaskConcluded"], summary["requests"]);
}

#[test]
fn a_run_killed_at_its_very_start_finishes() {
    finishes_like_one_that_was_not_killed(&[0]);
}

#[test]
fn a_run_killed_early_finishes() {
    finishes_like_one_that_was_not_killed(&[1]);
}

#[test]
fn a_run_killed_near_its_end_finishes() {
    finishes_like_one_that_was_not_killed(&[8]);
}

#[test]
fn a_run_killed_again_and_again_finishes() {
    finishes_like_one_that_was_not_killed(&[0, 1, 0, 3, 5, 0, 7]);
}
