//! `convoke run` takes every request through the scenario, once.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use convoke::events::Verb;
use convoke::{Command, LocalOwner, PolicyRule, Runtime};
use serde_json::{Value, json};

use crate::binary::{RUN_EXAMPLE, convoke, fresh, json, json_lines};

fn counts() -> usize {
    let requests = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/requests.jsonl");
    fs::read_to_string(requests).unwrap().lines().filter(|line| !line.trim().is_empty()).count()
}

#[test]
fn every_request_is_handled_and_the_summary_says_how() {
    let (_place, data) = fresh();
    let summary = json(&data, &RUN_EXAMPLE);
    assert_eq!(summary["requests"], counts());
    assert_eq!(summary["handled"], counts());
    assert_eq!(summary["tokens"]["reserved"], 0);
    assert!(summary["delegations"].as_u64().unwrap() > 0, "{summary}");
    for kind in ["consensus", "insufficient"] {
        assert!(summary["collectives"][kind].as_u64().unwrap() > 0, "no {kind}: {summary}");
    }
    assert!(summary["blocked"].as_u64().unwrap() > 0, "{summary}");
    assert!(summary["tokens"]["settled"].as_u64().unwrap() > 0, "{summary}");
    let verified = json(&data, &["log", "verify"]);
    assert_eq!((&verified["events"], &verified["head"]), (&summary["events"], &summary["head"]));
    let names: Vec<&str> = summary.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = [
        "requests",
        "handled",
        "proposals",
        "collectives",
        "delegations",
        "answered",
        "blocked",
        "refused",
        "failed",
        "in_doubt",
        "tokens",
        "cost_micro_usd",
        "events",
        "head",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn a_second_run_adds_no_event_and_prints_the_same_line() {
    let (_place, data) = fresh();
    let arguments = [&RUN_EXAMPLE[..], &["--json", "--quiet"]].concat();
    let first = convoke(&data, &arguments).done();
    let second = convoke(&data, &arguments);
    assert_eq!(second.err, "");
    assert_eq!(second.done(), first);
    assert_eq!(first.lines().count(), 1);
}

#[test]
fn people_are_told_where_to_look_next_with_ids_that_are_there() {
    let (_place, data) = fresh();
    let text = convoke(&data, &RUN_EXAMPLE).done();
    let shown = text.lines().find_map(|line| line.trim().strip_prefix("convoke proposals show "));
    let proposal = shown.unwrap().split_whitespace().next().unwrap();
    let document = json(&data, &["proposals", "show", proposal]);
    assert_eq!(document["status"], "pending");
    let story = convoke(&data, &["audit", "--proposal", proposal]).done();
    assert!(story.contains("TaskSubmitted") && story.contains("ProposalMade"), "{story}");
}

#[test]
fn progress_goes_to_standard_error_only() {
    let (_place, data) = fresh();
    let ran = convoke(&data, &[&RUN_EXAMPLE[..], &["--json"]].concat());
    assert!(ran.err.contains(&format!("handled {0} of {0}", counts())), "{}", ran.err);
    let line: Value = serde_json::from_str(&ran.done()).unwrap();
    assert!(line.is_object());
}

#[test]
fn a_request_known_with_another_content_is_refused_before_anything_is_submitted() {
    let (place, data) = fresh();
    let input = place.path().join("requests.jsonl");
    let run = ["run", "examples/intake.toml", "--input", input.to_str().unwrap()];
    fs::write(&input, "{\"id\":\"a\",\"title\":\"A crash\",\"body\":\"It crashes.\"}\n").unwrap();
    let summary = json(&data, &run);
    fs::write(
        &input,
        "{\"id\":\"b\",\"title\":\"New\",\"body\":\"\"}\n{\"id\":\"a\",\"title\":\"A crash\",\"body\":\"Changed.\"}\n",
    )
    .unwrap();
    let complaint = convoke(&data, &run).failed(3);
    assert!(complaint.contains("another content: a\n"), "{complaint}");
    assert!(complaint.contains("\nhint: "), "{complaint}");
    assert_eq!(json(&data, &["log", "verify"])["events"], summary["events"]);
}

#[test]
fn the_summary_speaks_of_the_requests_of_this_input_alone() {
    let (place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let input = place.path().join("one.jsonl");
    fs::write(&input, "{\"id\":\"alone\",\"title\":\"Question\",\"body\":\"How?\"}\n").unwrap();
    let summary = json(&data, &["run", "examples/intake.toml", "--input", input.to_str().unwrap()]);
    assert_eq!((&summary["requests"], &summary["handled"]), (&json!(1), &json!(1)));
}

#[test]
fn what_the_scenario_no_longer_says_is_noted_and_left_as_it_is() {
    let (place, data) = fresh();
    let before = json(&data, &RUN_EXAMPLE);
    let scenario = fs::read_to_string("examples/intake.toml").unwrap();
    let last = scenario.rfind("[[policies]]").unwrap();
    let shorter = place.path().join("shorter.toml");
    fs::write(&shorter, &scenario[..last]).unwrap();
    let arguments =
        ["run", shorter.to_str().unwrap(), "--input", "examples/requests.jsonl", "--json"];
    let ran = convoke(&data, &arguments);
    assert!(ran.err.contains("note: the policy of `"), "{}", ran.err);
    let after: Value = serde_json::from_str(&ran.done()).unwrap();
    assert_eq!(after, before);
}

/// What an operator closes through the library, on a log that the command made.
fn close_by_hand(data: &Path) {
    let host = tokio::runtime::Builder::new_current_thread().build().unwrap();
    host.block_on(async {
        let runtime =
            Runtime::builder().directory(data).authority(Arc::new(LocalOwner)).start().unwrap();
        let ada = runtime.hub("intake".parse().unwrap()).as_person("ada");
        let (agent, reason) = ("gauge".parse().unwrap(), "too costly".to_owned());
        ada.command(Command::DeactivateAgent { slug: agent, reason }).await.unwrap();
        let policy = Command::SetGovernancePolicy(PolicyRule {
            agent: "porter".parse().unwrap(),
            artifact: "request".parse().unwrap(),
            verbs: [Verb::Read].into(),
            reviewers: 1,
            active: false,
        });
        ada.command(policy).await.unwrap();
        runtime.shutdown().await.unwrap();
    });
}

#[test]
fn what_a_person_closed_stays_closed_and_is_noted() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    close_by_hand(&data);
    let before = json(&data, &["log", "verify"]);
    let ran = convoke(&data, &RUN_EXAMPLE);
    assert!(ran.err.contains("note: agent `gauge` was deactivated and is left so"), "{}", ran.err);
    let policy = "note: the policy of `porter` on `request` was switched off and is left so";
    assert!(ran.err.contains(policy), "{}", ran.err);
    ran.done();
    assert_eq!(json(&data, &["log", "verify"]), before);
    assert_eq!(json(&data, &["agents", "show", "gauge"])["active"], false);
}

#[test]
fn lists_and_shows_agree_about_what_there_is() {
    let (_place, data) = fresh();
    let summary = json(&data, &RUN_EXAMPLE);
    let proposals = json_lines(&data, &["proposals"]);
    assert_eq!(summary["proposals"], proposals.len());
    for collective in json_lines(&data, &["collectives", "list"]) {
        let id = collective["id"].as_str().unwrap();
        assert_eq!(json(&data, &["collectives", "show", id]), collective);
    }
    let agents = json_lines(&data, &["agents"]);
    assert!(agents.len() >= 6);
    let slug = agents[0]["slug"].as_str().unwrap();
    // What one is shown with says how it lives besides.
    let shown = json(&data, &["agents", "show", slug]);
    for (field, listed) in agents[0].as_object().unwrap() {
        assert_eq!(&shown[field], listed, "{field}");
    }
    let budgets = json_lines(&data, &["budgets", "--hub", "intake"]);
    assert_eq!(budgets[0]["totals"]["settled"]["tokens"], summary["tokens"]["settled"]);
    convoke(&data, &["budgets", "--hub", "elsewhere"]).failed(1);
}
