//! `convoke report …`: every view in three formats, as of any moment, and as one page.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::binary::{RUN_EXAMPLE, convoke, fresh, json, json_lines};

const VIEWS: [&str; 8] = [
    "performance",
    "routing",
    "governance",
    "budgets",
    "delegations",
    "collectives",
    "lifecycle",
    "trust",
];

const HOSTILE: &str = "=HYPERLINK(\"http://x\",\"a\"),<script>alert(1)</script> \u{202e}crash";

/// Hands these requests in, each with an id, a title and a body.
fn run(data: &Path, place: &Path, requests: &[(&str, &str, &str)]) {
    let line = |(id, title, body): &(&str, &str, &str)| {
        format!("{}\n", json!({ "id": id, "title": title, "body": body }))
    };
    let input = place.join("input.jsonl");
    fs::write(&input, requests.iter().map(line).collect::<String>()).unwrap();
    json(data, &["run", "examples/intake.toml", "--input", input.to_str().unwrap()]);
}

const CRASH: &str = "The worker crashed and panics at every start; it is a regression.";

#[test]
fn every_report_says_the_same_in_every_format() {
    let (place, data) = fresh();
    convoke(&data, &RUN_EXAMPLE).done();
    for view in VIEWS.into_iter().filter(|view| *view != "governance") {
        let lines = json_lines(&data, &["report", view]);
        let csv = convoke(&data, &["report", view, "--format", "csv"]).done();
        let mut rows = csv.split_terminator("\r\n");
        let columns = rows.next().unwrap().split(',').count();
        assert!(columns > 4, "{view}: {csv}");
        assert_eq!(rows.count(), lines.len(), "{view}");
        let table = convoke(&data, &["report", view]).done();
        assert_eq!(table.lines().count(), lines.len() + 1, "{view}: {table}");
        let out = place.path().join("report");
        let out = out.to_str().unwrap();
        let said = convoke(&data, &["report", view, "--format", "csv", "--out", out]).done();
        assert_eq!((said.as_str(), fs::read_to_string(out).unwrap()), ("", csv));
    }
    assert!(!json_lines(&data, &["report", "collectives"]).is_empty());
    convoke(&data, &["report"]).failed(2);
}

#[test]
fn the_governance_report_tells_policies_lives_and_records_and_as_csv_the_policies() {
    let (_place, data) = fresh();
    convoke(&data, &RUN_EXAMPLE).done();
    let parts = [
        json_lines(&data, &["report", "governance"]),
        json_lines(&data, &["report", "lifecycle"]),
        json_lines(&data, &["report", "trust"]),
    ];
    let [all, lives, records] = &parts;
    let policies: Vec<&Value> = all.iter().filter(|one| one["artifact"].is_string()).collect();
    assert_eq!(lives.len(), json_lines(&data, &["agents"]).len());
    assert_eq!(all.len(), policies.len() + lives.len() + records.len());
    assert!(lives.iter().all(|life| all.contains(life) && life["epoch"] == 1), "{lives:?}");
    let csv = convoke(&data, &["report", "governance", "--format", "csv"]).done();
    assert_eq!(csv.split_terminator("\r\n").count(), policies.len() + 1);
    let table = convoke(&data, &["report", "governance"]).done();
    assert_eq!(table.lines().count(), all.len() + 5, "three headings, two gaps: {table}");
}

#[test]
fn a_report_as_of_a_moment_says_what_was_said_then() {
    let (place, data) = fresh();
    run(&data, place.path(), &[("one", "It crashes", CRASH)]);
    let head = json(&data, &["log", "verify"])["events"].to_string();
    let newest = json_lines(&data, &["log", "tail", "-n", "1"])[0].clone();
    let then: Vec<Vec<Value>> = VIEWS.map(|view| reported(&data, view, &head)).into();
    run(&data, place.path(), &[("two", "It crashes again", CRASH)]);
    for (view, then) in VIEWS.iter().zip(&then) {
        assert_eq!(reported(&data, view, &head), *then, "{view} by position");
        let at = newest["recorded_at"].as_str().unwrap_or_else(|| panic!("{newest}"));
        assert_eq!(reported(&data, view, at).len(), then.len(), "{view} by time");
    }
    assert_eq!(reported(&data, "collectives", &head).len(), 1);
    assert_eq!(json_lines(&data, &["report", "collectives"]).len(), 2);
    assert!(reported(&data, "budgets", "2020-01-01T00:00:00Z").is_empty());
    convoke(&data, &["report", "budgets", "--as-of", "yesterday"]).failed(2);
}

fn reported(data: &Path, view: &str, moment: &str) -> Vec<Value> {
    json_lines(data, &["report", view, "--as-of", moment])
}

#[test]
fn acceptance_is_counted_from_reviews() {
    let (place, data) = fresh();
    run(&data, place.path(), &[("one", "It crashes", CRASH)]);
    let proposals = json_lines(&data, &["proposals"]);
    let proposal = proposals[0]["id"].as_str().unwrap();
    let judged = |data: &Path| -> u64 {
        let records = json_lines(data, &["report", "performance"]);
        records.iter().map(|record| record["judged"].as_u64().unwrap()).sum()
    };
    assert_eq!(judged(&data), 0);
    convoke(&data, &["review", proposal, "--accept", "--by", "ada"]).done();
    assert!(judged(&data) > 0, "the review changed nobody's record");
    let records = json_lines(&data, &["report", "performance"]);
    let judged = records.iter().find(|record| record["judged"] != 0).unwrap();
    assert_eq!(judged["acceptance"].as_f64().map(|share| share <= 1.0), Some(true));
    assert!(judged["acceptance_interval"]["low"].as_f64().unwrap() > 0.0);
    assert_eq!(judged["correlation"], Value::Null, "one judgement correlates with nothing");
}

#[test]
fn what_people_wrote_is_neither_a_formula_nor_markup() {
    let (place, data) = fresh();
    run(&data, place.path(), &[("one", HOSTILE, CRASH)]);
    let csv = convoke(&data, &["report", "collectives", "--format", "csv"]).done();
    let quoted = "\"'=HYPERLINK(\"\"http://x\"\",\"\"a\"\"),<script>";
    assert!(csv.contains(quoted), "{csv}");
    let page = place.path().join("page.html");
    convoke(&data, &["report", "--html", page.to_str().unwrap()]).done();
    let page = fs::read_to_string(page).unwrap();
    assert!(!page.to_lowercase().contains("<script"), "the title became markup");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; \\u{202e}crash"));
    for outside in ["src=", "href=\"http", "@import", "url("] {
        assert!(!page.contains(outside), "the page asks for {outside}");
    }
    for part in ["agents", "collectives", "budgets", "governance", "timeline", "decisions"] {
        assert!(page.contains(&format!("<section id=\"{part}\">")), "{part} is missing");
    }
    assert!(page.contains("class=\"bar\""), "no budget has a bar");
}

/// The files of texts too long for a record.
fn bodies(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { bodies(&path) } else { vec![path] }).collect()
}

#[test]
fn a_view_that_an_event_stopped_is_named_with_its_position_and_the_others_go_on() {
    let (place, data) = fresh();
    let long = format!("{CRASH} {}", "And again. ".repeat(1_000));
    run(&data, place.path(), &[("one", "It crashes", CRASH), ("two", "It crashes", &long)]);
    let events = json_lines(&data, &["log", "export"]);
    let submitted = |event: &&Value| event["event_type"] == "TaskSubmitted";
    let poisoned = events.iter().rfind(submitted).unwrap()["position"].to_string();
    for body in bodies(&data.join("bodies")) {
        fs::remove_file(body).unwrap();
    }
    let said = convoke(&data, &["report", "collectives"]).failed(1);
    assert!(said.contains("`collectives` stopped"), "{said}");
    assert!(said.contains(&format!("position {poisoned}")), "{said}");
    for view in ["performance", "routing", "governance", "delegations"] {
        convoke(&data, &["report", view]).done();
    }
    let page = place.path().join("page.html");
    let said = convoke(&data, &["report", "--html", page.to_str().unwrap()]).failed(1);
    assert!(said.contains(&format!("position {poisoned}")), "{said}");
    let page = fs::read_to_string(page).unwrap();
    assert_eq!(page.matches("class=\"notice\"").count(), 3, "collectives, budgets, timeline");
    assert!(page.contains("Porter"), "the agents are told all the same");
}
