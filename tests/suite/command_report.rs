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
        assert!(view != "budgets" || !csv.contains(",'-,"), "no period is an empty cell: {csv}");
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
fn the_governance_report_tells_policies_denials_lives_and_records_in_every_format() {
    let (_place, data) = fresh();
    convoke(&data, &RUN_EXAMPLE).done();
    let all = json_lines(&data, &["report", "governance"]);
    let of = |section: &str| all.iter().filter(|one| one["section"] == section).count();
    assert_eq!(of("lifecycle"), json_lines(&data, &["agents"]).len());
    assert_eq!(of("trust"), json_lines(&data, &["report", "trust"]).len());
    let [policies, denied] = ["governance", "denied"].map(of);
    assert!(policies > 0 && denied > 0, "{policies} policies, {denied} denials");
    assert_eq!(all.len(), policies + denied + of("lifecycle") + of("trust"));
    let policy = all.iter().find(|one| one["section"] == "governance").unwrap();
    assert_eq!(policy["default"], "deny");
    let csv = convoke(&data, &["report", "governance", "--format", "csv"]).done();
    let mut rows = csv.split_terminator("\r\n");
    let columns = rows.next().unwrap();
    assert!(columns.starts_with("hub,artifact,agent,verbs,version,active,blocked_7_days,"));
    let section = columns.split(',').position(|column| column == "section").unwrap();
    let sections: Vec<&str> = rows.filter_map(|row| row.split(',').nth(section)).collect();
    assert_eq!(sections.len(), all.len());
    for name in ["governance", "denied", "lifecycle"] {
        assert_eq!(sections.iter().filter(|one| **one == name).count(), of(name), "{name}");
    }
    let table = convoke(&data, &["report", "governance"]).done();
    assert_eq!(table.lines().count(), all.len() + 7, "four headings, three gaps: {table}");
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
    let parts = ["agents", "collectives", "budgets", "governance", "lifecycle", "trust"];
    for part in parts.into_iter().chain(["timeline", "decisions"]) {
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
