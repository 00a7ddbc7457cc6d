//! `convoke run --retry-failed`: what failed is handed in again, once, and nothing else.

use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};

use convoke::actors::testkit::{Heard, Loopback, Say};
use serde_json::{Value, json};

use crate::binary::{command, convoke, fresh, json, json_lines};
use crate::real_models::{completes, switched, tried_once, write};

/// How a server treats the request that is to fail; it serves all the others.
#[derive(Clone, Copy)]
enum Mood {
    LetsNobodyIn,
    SaysNothing,
    Serves,
}

/// A server whose mood changes, and the example's agents asked there about three requests.
struct Desk {
    place: tempfile::TempDir,
    data: std::path::PathBuf,
    mood: Arc<Mutex<Mood>>,
    silent: mpsc::Receiver<()>,
    files: [String; 2],
    server: Loopback,
}

impl Desk {
    fn open() -> Self {
        let (place, data) = fresh();
        let mood = Arc::new(Mutex::new(Mood::LetsNobodyIn));
        let (tell, silent) = mpsc::channel();
        let (of_server, tell) = (Arc::clone(&mood), Mutex::new(tell));
        let server = Loopback::start(move |heard| {
            let mood = if is_to_fail(heard) { *of_server.lock().unwrap() } else { Mood::Serves };
            match mood {
                Mood::LetsNobodyIn => Say::new(401, r#"{"error": {"message": "no such key"}}"#),
                Mood::SaysNothing => {
                    tell.lock().unwrap().send(()).unwrap();
                    Say::new(200, "{}").cut(1).held()
                }
                Mood::Serves => completes(heard),
            }
        });
        let scenario = tried_once(&switched(|_| format!("{}/v1", server.url())));
        let files = write(place.path(), &format!("{scenario}in_doubt = \"repeat\"\n"), 3);
        Self { place, data, mood, silent, files, server }
    }

    fn turns(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn run<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let [scenario, input] = &self.files;
        [&["run", scenario, "--input", input][..], more].concat()
    }

    fn summary(&self, more: &[&str]) -> Value {
        json(&self.data, &self.run(more))
    }

    fn submitted(&self) -> Value {
        json(&self.data, &["log", "stats"])["by_type"]["TaskSubmitted"].clone()
    }
}

fn is_to_fail(heard: &Heard) -> bool {
    heard.json()["messages"][1]["content"].as_str().unwrap().contains("many projects")
}

/// How many events the log holds.
fn events(data: &Path) -> Value {
    json(data, &["log", "verify"])["events"].clone()
}

#[test]
fn what_failed_is_handed_in_again_where_that_is_asked_for_and_nothing_else() {
    let desk = Desk::open();
    let first = desk.summary(&[]);
    assert_eq!((&first["handled"], desk.submitted()), (&json!(3), json!(3)));
    desk.turns(Mood::Serves);
    assert_eq!(desk.summary(&[]), first, "nobody asked for it");
    let heard = desk.server.heard().len();

    let again = desk.summary(&["--retry-failed"]);
    assert_eq!((&again["requests"], &again["handled"]), (&json!(3), &json!(3)));
    assert_eq!(desk.submitted(), 4);
    assert!(desk.server.heard()[heard..].iter().all(is_to_fail));
    assert!(again["tokens"]["settled"].as_u64() > first["tokens"]["settled"].as_u64(), "{again}");

    for more in [&[][..], &["--retry-failed"]] {
        assert_eq!(desk.summary(more), again, "nothing failed any more");
    }
    assert_eq!(events(&desk.data), again["events"]);
}

#[test]
fn what_fails_again_is_handed_in_once_by_each_run() {
    let desk = Desk::open();
    desk.summary(&[]);
    for runs in 1..=2 {
        desk.summary(&["--retry-failed"]);
        assert_eq!(desk.submitted(), 3 + runs);
    }
    assert_eq!(desk.server.heard().iter().filter(|heard| is_to_fail(heard)).count(), 3);
}

#[test]
fn a_retry_that_is_killed_goes_on_where_it_was() {
    for more in [&[][..], &["--retry-failed"]] {
        let desk = Desk::open();
        desk.summary(&[]);
        desk.turns(Mood::SaysNothing);
        let mut child = command(&desk.data).args(desk.run(&["--retry-failed"])).spawn().unwrap();
        desk.silent.recv().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        desk.turns(Mood::Serves);
        let summary = desk.summary(more);
        assert_eq!((&summary["handled"], &summary["in_doubt"]), (&json!(3), &json!(0)));
        assert_eq!(desk.submitted(), 4, "{more:?}");
    }
}

#[test]
fn a_request_that_failed_is_not_handed_in_again_with_another_content() {
    let desk = Desk::open();
    let before = desk.summary(&[]);
    let input = desk.place.path().join("requests.jsonl");
    let text = std::fs::read_to_string(&input).unwrap();
    std::fs::write(&input, text.replace("many projects", "many, many projects")).unwrap();
    let complaint = convoke(&desk.data, &desk.run(&["--retry-failed"])).failed(3);
    assert!(complaint.contains("another content: req-003\n"), "{complaint}");
    assert_eq!(events(&desk.data), before["events"]);
}

#[test]
fn failures_are_counted_and_the_first_is_named_with_its_reason_and_its_story() {
    let desk = Desk::open();
    let told = convoke(&desk.data, &desk.run(&[])).done();
    let first = "# 1 failed, the first of them \"Search is slow for accounts with many projects\": the \
                 triage failed";
    assert!(told.contains(first) && told.contains("no such key"), "{told}");
    let mut lines = told.lines().map(str::trim);
    let task = lines.find_map(|line| line.strip_prefix("convoke audit --task ")).unwrap();
    let story = convoke(&desk.data, &["audit", "--task", task.split(' ').next().unwrap()]).done();
    assert!(story.contains("ended as `failed`") && story.contains("many projects"), "{story}");

    let summary = desk.summary(&[]);
    let ends = ["answered", "proposals", "blocked", "refused", "failed"];
    let ends: u64 = ends.iter().map(|end| summary[end].as_u64().unwrap()).sum();
    assert_eq!((&summary["failed"], ends), (&json!(1), 3), "{summary}");
    let hub = &json_lines(&desk.data, &["budgets"])[0]["totals"];
    assert_eq!(summary["cost_micro_usd"], hub["settled"]["money"], "{summary}");
    assert!(summary["cost_micro_usd"].as_u64().unwrap() > 0);

    desk.turns(Mood::Serves);
    assert_eq!(desk.summary(&["--retry-failed"])["failed"], 0);
    let told = convoke(&desk.data, &desk.run(&[])).done();
    assert!(!told.contains("audit --task") && !told.contains("--retry-failed"), "{told}");
}

#[test]
fn a_run_says_what_was_handled_before_and_what_it_handled() {
    let desk = Desk::open();
    let told = convoke(&desk.data, &desk.run(&[])).done();
    assert!(told.contains("3 of 3 handled") && !told.contains("earlier runs"), "{told}");
    for (more, before) in [
        (&["--retry-failed"][..], "2 handled by earlier runs, 1 by this one"),
        (&[], "3 handled by earlier runs, 0 by this one"),
    ] {
        let told = convoke(&desk.data, &desk.run(more)).done();
        assert!(told.contains("3 of 3 handled") && told.contains(before), "{told}");
    }
}
