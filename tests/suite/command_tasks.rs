//! `convoke tasks` lists and shows what was handed in, and how it ended.

use std::fs;

use convoke::actors::testkit::{Loopback, Say};
use serde_json::{Value, json};

use crate::binary::{RUN_EXAMPLE, convoke, fresh, json, json_lines};
use crate::real_models::{switched, tried_once, write};

/// The statuses that the example's requests end with.
const ENDS: [&str; 4] = ["answered", "proposed", "blocked", "failed"];

#[test]
fn tasks_are_listed_in_order_with_what_became_of_them_and_counted_like_a_run_s() {
    let (_place, data) = fresh();
    let summary = json(&data, &RUN_EXAMPLE);
    let all = json_lines(&data, &["tasks"]);
    assert_eq!(summary["requests"], all.len());
    let positions: Vec<u64> = all.iter().map(|one| one["position"].as_u64().unwrap()).collect();
    assert!(positions.is_sorted());
    let requests = fs::read_to_string("examples/requests.jsonl").unwrap();
    for (line, task) in requests.lines().zip(&all) {
        let request: Value = serde_json::from_str(line).unwrap();
        let expected = [&request["id"], &request["title"], &request["source"]];
        assert_eq!([&task["request"], &task["title"], &task["source"]], expected);
    }
    for status in ENDS {
        let some = json_lines(&data, &["tasks", "list", "--status", status]);
        let expected: Vec<&Value> = all.iter().filter(|one| one["status"] == status).collect();
        assert_eq!(some.iter().collect::<Vec<_>>(), expected, "{status}");
        assert!(summary.get(status).is_none_or(|count| *count == some.len()), "{status}");
        let answered = |one: &Value| one["answer"].is_string();
        assert!(some.iter().all(|one| answered(one) == (status == "answered")), "{status}");
    }
    assert!(all.iter().any(|one| one["status"] == "answered"));
    assert_eq!(json_lines(&data, &["tasks", "--status", "open"]), [Value::Null; 0]);
    convoke(&data, &["tasks", "--hub", "elsewhere"]).failed(1);
}

#[test]
fn an_answered_task_is_shown_with_its_answer_in_full() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let listed = json_lines(&data, &["tasks", "--status", "answered"]).remove(0);
    let id = listed["id"].as_str().unwrap();
    let shown = json(&data, &["tasks", "show", id]);
    for (field, value) in listed.as_object().unwrap() {
        assert_eq!(&shown[field], value, "{field}");
    }
    assert_eq!(shown["attempts"], json!([{"task": id, "status": "answered"}]));
    let answer = listed["answer"].as_str().unwrap();
    let content: Value = serde_json::from_str(shown["answer_content"].as_str().unwrap()).unwrap();
    assert_eq!(content["recommendation"], answer);
    let told = convoke(&data, &["tasks", "show", id]).done();
    for part in [id, answer, "answered", listed["request"].as_str().unwrap(), "content:"] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert!(convoke(&data, &["tasks"]).done().contains(listed["title"].as_str().unwrap()));
}

#[test]
fn every_attempt_at_a_request_is_a_task_that_shows_the_others_and_why_it_failed() {
    let (place, data) = fresh();
    let server = Loopback::start(|_| Say::new(401, r#"{"error": {"message": "no such key"}}"#));
    let scenario = tried_once(&switched(|_| format!("{}/v1", server.url())));
    let [scenario, input] = write(place.path(), &scenario, 1);
    for more in [&[][..], &["--retry-failed"]] {
        json(&data, &[&["run", &scenario, "--input", &input][..], more].concat());
    }
    let tasks = json_lines(&data, &["tasks", "--status", "failed"]);
    assert_eq!(tasks.len(), 2);
    let attempts: Vec<Value> =
        tasks.iter().map(|one| json!({"task": one["id"], "status": "failed"})).collect();
    for task in &tasks {
        assert_eq!(task["request"], "req-001");
        assert!(task["reason"].as_str().unwrap().contains("no such key"), "{task}");
        let id = task["id"].as_str().unwrap();
        let shown = json(&data, &["tasks", "show", id]);
        assert_eq!(
            (&shown["attempts"], &shown["answer_content"]),
            (&json!(attempts), &Value::Null)
        );
        let told = convoke(&data, &["tasks", "show", id]).done();
        assert_eq!(told.matches("attempt  ").count(), 2, "{told}");
    }
}

#[test]
fn a_task_that_is_not_there_and_a_status_that_is_none_are_named() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let id = "00000000-0000-8000-8000-000000000000";
    let complaint = convoke(&data, &["tasks", "show", id]).failed(1);
    assert!(complaint.contains(&format!("there is no task `{id}`")), "{complaint}");
    let complaint = convoke(&data, &["tasks", "--status", "lost"]).failed(2);
    assert!(complaint.contains("open, proposed, answered"), "{complaint}");
}
