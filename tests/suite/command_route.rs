//! `convoke route simulate`, `explain` and `what-if`: decisions foreseen, and made again.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::binary::{RUN_EXAMPLE, convoke, fresh, json, json_lines};

const AGENTS: &str = "tests/fixtures/routing/agents.json";
const CLASSIC: &str = "tests/fixtures/routing/classic.jsonl";

fn simulated(data: &Path, tasks: &str, more: &[&str]) -> Vec<Value> {
    let arguments = ["route", "simulate", "--agents", AGENTS, "--tasks", tasks];
    json_lines(data, &[&arguments, more].concat())
}

fn same(found: &Value, expected: &Value, task: &Value) {
    let (found, expected) = (found.as_object().unwrap(), expected.as_object().unwrap());
    let names = |of: &serde_json::Map<String, Value>| of.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(found), names(expected), "{task}");
    for (name, score) in expected {
        let (found, score) = (found[name].as_f64().unwrap(), score.as_f64().unwrap());
        assert!((found - score).abs() < 1e-9, "{task}: {name} has {found}, not {score}");
    }
}

#[test]
fn classic_decides_as_the_independent_script_does() {
    let (_place, data) = fresh();
    let lines = simulated(&data, CLASSIC, &["--strategy", "classic"]);
    let expected = fs::read_to_string(CLASSIC).unwrap();
    let expected: Vec<Value> =
        expected.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), expected.len());
    for (line, expected) in lines.iter().zip(&expected) {
        let task = &expected["task"];
        assert_eq!(line["task"], *task);
        assert_eq!(line["selected"], expected["selected"], "{task}");
        same(&line["scores"], &expected["scores"], task);
        same(&line["combined"], &expected["combined"], task);
    }
    assert!(!data.exists(), "a simulation makes no data directory");
}

#[test]
fn where_nobody_bids_nobody_is_selected_and_the_reason_says_so() {
    let (_place, data) = fresh();
    let first = simulated(&data, CLASSIC, &["--strategy", "classic"]).remove(0);
    assert_eq!((&first["selected"], first["reason"].as_str()), (&Value::Null, Some("nobody bid")));
    assert_eq!(first["combined"], serde_json::json!({}));
    assert_eq!(first["scores"].as_object().unwrap().len(), 5);
}

#[test]
fn informed_wants_whole_words_and_is_the_default() {
    let (place, data) = fresh();
    let tasks = place.path().join("tasks.jsonl");
    fs::write(&tasks, r#"{"task": "keyboard", "bids": [["dot", 10]]}"#).unwrap();
    let tasks = tasks.to_str().unwrap();
    let score = |line: &Value| line["scores"]["dot"].as_f64().unwrap();
    assert!(score(&simulated(&data, tasks, &["--strategy", "classic"])[0]) > 0.29);
    assert!(score(&simulated(&data, tasks, &[])[0]) < 0.01);
}

#[test]
fn chance_is_drawn_from_the_seed_and_only_where_one_is_given() {
    let (_place, data) = fresh();
    let once = simulated(&data, CLASSIC, &[]);
    assert_eq!(once, simulated(&data, CLASSIC, &[]));
    let drawn = simulated(&data, CLASSIC, &["--seed", "7"]);
    assert_eq!(drawn, simulated(&data, CLASSIC, &["--seed", "7"]));
    assert_ne!(drawn, once);
    assert_ne!(drawn, simulated(&data, CLASSIC, &["--seed", "8"]));
}

#[test]
fn every_mistake_of_a_simulations_files_is_named_with_its_line() {
    let (place, data) = fresh();
    let tasks = place.path().join("tasks.jsonl");
    fs::write(&tasks, "{\"task\": \"x\", \"bids\": [[\"zoe\", 1]]}\n{\"task\": 3}\nno\n").unwrap();
    let tasks = tasks.to_str().unwrap();
    let arguments = ["route", "simulate", "--agents", AGENTS, "--tasks", tasks];
    let error = convoke(&data, &arguments).failed(2);
    for part in ["tasks.jsonl:1: bids[0]", "tasks.jsonl:2: task", "tasks.jsonl:3: "] {
        assert!(error.contains(part), "{part} is not in {error}");
    }
    let arguments = ["route", "simulate", "--agents", tasks, "--tasks", CLASSIC];
    assert!(convoke(&data, &arguments).failed(2).contains("JSON"));
    let arguments = ["route", "simulate", "--agents", AGENTS, "--tasks", CLASSIC, "--strategy"];
    let error = convoke(&data, &[&arguments[..], &["best"]].concat()).failed(2);
    assert!(error.contains("classic, informed"), "{error}");
}

/// The ids of all decisions in a log.
fn decisions(data: &Path) -> Vec<String> {
    let events = json_lines(data, &["log", "export"]);
    let decided = events.iter().filter(|event| event["event_type"] == "RoutingDecided");
    let ids = decided.map(|event| event["facts"]["decision"].as_str().unwrap().to_owned());
    ids.collect()
}

#[test]
fn every_decision_of_the_example_is_explained_and_the_log_is_not_touched() {
    let (_place, data) = fresh();
    convoke(&data, &RUN_EXAMPLE).done();
    let before = json(&data, &["log", "verify"]);
    let decisions = decisions(&data);
    assert!(decisions.len() > 43, "{} decisions", decisions.len());
    for decision in decisions.iter().step_by(9) {
        let explained = json(&data, &["explain", decision]);
        assert_eq!(explained["agrees"], true, "{explained}");
        assert_eq!(explained["recorded"]["decision"], decision.as_str());
    }
    let words = convoke(&data, &["explain", &decisions[0]]).done();
    assert!(words.contains("it is the same bit for bit"), "{words}");
    assert_eq!(json(&data, &["log", "verify"]), before);
}

#[test]
fn what_no_log_holds_is_not_explained() {
    let (_place, data) = fresh();
    convoke(&data, &RUN_EXAMPLE).done();
    let unknown = "00000000-0000-5000-8000-000000000000";
    let error = convoke(&data, &["explain", unknown]).failed(1);
    assert!(error.contains("there is no decision 00000000"), "{error}");
}

#[test]
fn another_policy_says_which_decisions_and_refusals_would_have_fallen_otherwise() {
    let (place, data) = fresh();
    convoke(&data, &RUN_EXAMPLE).done();
    let file = place.path().join("policy.toml");
    let policy = "[[routing]]\ntask_type = \"triage\"\nagents = [\"ward\"]\n\n[[policies]]\n\
                  agent = \"porter\"\nartifact = \"request\"\nverbs = []\n";
    fs::write(&file, policy).unwrap();
    let file = file.to_str().unwrap();
    let lines = json_lines(&data, &["what-if", "--policy", file]);
    let (totals, changes) = lines.split_last().unwrap();
    let of = |kind: &str| changes.iter().filter(|line| line["change"] == kind).count();
    assert_eq!(of("rerouted"), 43, "every triage would have gone to another");
    let rerouted = changes.iter().find(|line| line["change"] == "rerouted").unwrap();
    assert_eq!(rerouted["otherwise"], serde_json::json!(["ward"]));
    assert_eq!(totals["totals"]["rerouted"], 43);
    assert_eq!(of("denied"), 43, "and whoever triaged would have been denied");
    let head = json(&data, &["log", "verify"])["events"].as_u64().unwrap();
    let since = head.to_string();
    let lines = json_lines(&data, &["what-if", "--policy", file, "--since", &since]);
    assert_eq!(lines.len(), 1, "nothing was decided in the last append");
    let words = convoke(&data, &["what-if", "--policy", file]).done();
    assert!(words.contains("43 of "), "{words}");
}

#[test]
fn a_range_is_judged_as_far_as_it_goes_and_two_that_meet_make_the_whole() {
    let (_place, data) = fresh();
    convoke(&data, &RUN_EXAMPLE).done();
    let totals = |range: &[&str]| {
        let what_if = ["what-if", "--strategy", "classic"];
        json_lines(&data, &[&what_if, range].concat()).pop().unwrap()["totals"].clone()
    };
    let whole = totals(&[]);
    let head = json(&data, &["log", "verify"])["events"].as_u64().unwrap();
    // A piece of work of its own begins where a task was handed in.
    let exported = json_lines(&data, &["log", "export"]);
    let submitted = exported.iter().filter(|event| event["event_type"] == "TaskSubmitted");
    let middle = submitted.map(|event| event["position"].as_u64().unwrap()).nth(20).unwrap();
    let (until, since) = ((middle - 1).to_string(), middle.to_string());
    let (before, after) = (totals(&["--until", &until]), totals(&["--since", &since]));
    for count in ["decisions", "rerouted", "calls", "cost", "cost_otherwise"] {
        let of = |totals: &Value| totals[count].as_u64().unwrap();
        assert!(of(&before) > 0 && of(&after) > 0, "{count}: {before} {after}");
        assert_eq!(of(&before) + of(&after), of(&whole), "{count}");
    }
    let all = totals(&["--until", &head.to_string()]);
    assert_eq!(all, whole);
    assert_eq!(totals(&["--until", "2020-01-01T00:00:00Z"])["decisions"], 0);
    convoke(&data, &["what-if", "--strategy", "classic", "--until", "soon"]).failed(2);
}

#[test]
fn other_weights_choose_others_and_every_change_says_what_it_could_cost() {
    let (_place, data) = fresh();
    convoke(&data, &RUN_EXAMPLE).done();
    let lines = |weights: &str| {
        json_lines(&data, &["what-if", "--strategy", "informed", "--weights", weights])
    };
    let (by_bid, by_match) = (lines("bid=1"), lines("matching=1"));
    assert_ne!(by_bid, by_match);
    let (totals, changes) = by_bid.split_last().unwrap();
    let costs = |field: &str| -> u64 { changes.iter().filter_map(|one| one[field].as_u64()).sum() };
    assert_eq!(costs("cost"), totals["totals"]["cost"].as_u64().unwrap());
    assert_eq!(costs("cost_otherwise"), totals["totals"]["cost_otherwise"].as_u64().unwrap());
    assert!(costs("cost") > 0, "{totals}");
    let what_if = ["what-if", "--strategy", "informed", "--weights", "bid=1"];
    let words = convoke(&data, &what_if).done();
    let dearer =
        words.lines().find(|line| line.contains("contribution of `") && line.contains(" at most"));
    assert!(dearer.is_some(), "{words}");
}

#[test]
fn another_strategy_is_tried_on_decisions_that_went_by_policy() {
    let (_place, data) = fresh();
    convoke(&data, &RUN_EXAMPLE).done();
    for strategy in ["classic", "informed"] {
        let lines = json_lines(&data, &["what-if", "--strategy", strategy]);
        let totals = &lines.last().unwrap()["totals"];
        assert!(totals["decisions"].as_u64().unwrap() >= 43, "{totals}");
        assert!(totals["rerouted"].as_u64().unwrap() > 0, "{strategy}: {totals}");
    }
    let error = convoke(&data, &["what-if", "--since", "1"]).failed(2);
    assert!(error.contains("--policy"), "{error}");
}

/// The collectives of a log.
fn collectives(data: &Path) -> Vec<Value> {
    json_lines(data, &["collectives"])
}

#[test]
fn every_verdict_of_the_example_is_explained_by_its_collective_and_by_its_event() {
    let (_place, data) = fresh();
    convoke(&data, &RUN_EXAMPLE).done();
    let events = json_lines(&data, &["log", "export"]);
    let reached: Vec<&Value> =
        events.iter().filter(|event| event["event_type"] == "VerdictReached").collect();
    assert_eq!(reached.len(), collectives(&data).len());
    for event in reached.iter().step_by(7) {
        let collective = event["facts"]["collective"].as_str().unwrap();
        let explained = json(&data, &["explain", collective]);
        assert_eq!(explained["agrees"], true, "{explained}");
        assert_eq!(explained["recorded"], event["facts"]);
        assert_eq!(json(&data, &["explain", event["id"].as_str().unwrap()]), explained);
    }
    let collective = reached[0]["facts"]["collective"].as_str().unwrap();
    let words = convoke(&data, &["explain", collective]).done();
    for part in ["weighted v1", "judged", "it is the same bit for bit"] {
        assert!(words.contains(part), "{part} is not in {words}");
    }
}

#[test]
fn another_rule_for_verdicts_says_which_would_have_been_others() {
    let (_place, data) = fresh();
    convoke(&data, &RUN_EXAMPLE).done();
    let collectives = collectives(&data);
    let divided = |one: &&Value| {
        one["status"] == "consensus" && one["verdict"]["figures"]["keys"].as_u64() > Some(1)
    };
    let divided: BTreeSet<&str> =
        collectives.iter().filter(divided).map(|one| one["id"].as_str().unwrap()).collect();
    assert!(divided.len() > 3, "{divided:?}");
    let lines = json_lines(&data, &["what-if", "--verdict", "classic"]);
    let (totals, others) = lines.split_last().unwrap();
    let ruled = others.iter().map(|line| line["collective"].as_str().unwrap());
    assert_eq!(ruled.collect::<BTreeSet<_>>(), divided, "one dissent is enough for it");
    for one in others {
        assert_eq!((&one["change"], &one["rule"]), (&"ruled".into(), &"weighted".into()));
        assert!(one["verdict_otherwise"]["divergent"].is_object(), "{one}");
    }
    let totals = &totals["totals"];
    assert_eq!(totals["verdicts"], collectives.len());
    assert_eq!(
        (&totals["ruled"], &totals["parted"]),
        (&divided.len().into(), &divided.len().into())
    );
    let words = convoke(&data, &["what-if", "--verdict", "classic"]).done();
    assert!(words.contains("instead of consensus on `"), "{words}");
    assert!(!words.contains("decisions would have asked others"), "{words}");
    let same = json_lines(&data, &["what-if", "--verdict", "weighted"]);
    assert_eq!(same.len(), 1, "by the rule they fell by, nothing changes");
}
