//! Texts too long for a record, handed to the real command: stored, shown, verified, backed up.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::binary::{convoke, convoke_reading, fresh, json, json_lines};

const KIB: usize = 1024;

/// A text of this length in which no two places look alike.
fn text(length: usize) -> String {
    let words = (0..).map(|nth: u64| format!("{} ", nth.wrapping_mul(0x9e37_79b9)));
    let mut text: String = words.take(length / 2).collect();
    text.truncate(length);
    assert_eq!(text.len(), length);
    text
}

fn stored(data: &Path) -> Vec<u64> {
    let hubs = fs::read_dir(data.join("bodies")).unwrap().map(|hub| hub.unwrap().path());
    let folders = hubs.flat_map(|hub| fs::read_dir(hub).unwrap());
    let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
    let mut lengths: Vec<u64> = files.map(|file| file.unwrap().metadata().unwrap().len()).collect();
    lengths.sort_unstable();
    lengths
}

/// Backs the log up, restores it elsewhere, and answers where.
fn restored(data: &Path, place: &Path) -> std::path::PathBuf {
    let [backup, again] = ["backup", "again"].map(|name| place.join(name));
    convoke(data, &["log", "backup", backup.to_str().unwrap()]).done();
    convoke(&again, &["log", "restore", backup.to_str().unwrap()]).done();
    assert_eq!(json(&again, &["log", "verify"]), json(data, &["log", "verify"]));
    assert_eq!(stored(&again), stored(data));
    again
}

/// Changes one byte of the longest text beside the log.
fn spoil(data: &Path) {
    let mut folders = vec![data.join("bodies")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let longest = files.iter().max_by_key(|file| file.metadata().unwrap().len()).unwrap();
    let mut bytes = fs::read(longest).unwrap();
    bytes[7] ^= 1;
    fs::write(longest, bytes).unwrap();
}

#[test]
fn long_lines_of_log_append_are_stored_shown_verified_and_backed_up() {
    let (place, data) = fresh();
    let bodies = [text(12 * KIB + 1), "short".to_owned(), text(300 * KIB), text(4 * KIB)];
    let line = |body: &String| json!({ "stream": "s", "kind": "interaction", "body": body });
    let lines: Vec<String> = bodies.iter().map(|body| line(body).to_string()).collect();
    let out = convoke_reading(&data, &["log", "append"], &lines.join("\n")).done();
    assert_eq!(out.lines().count(), bodies.len());
    assert_eq!(stored(&data), [12 * 1024 + 1, 300 * 1024]);
    let again = restored(&data, place.path());
    for directory in [&data, &again] {
        for (position, body) in (1..).zip(&bodies) {
            let event = json(directory, &["log", "show", &position.to_string()]);
            assert_eq!(event["texts"]["body"], *body, "position {position}");
        }
    }
    spoil(&data);
    let err = convoke(&data, &["log", "verify"]).failed(4);
    assert!(err.contains("first at position 3: its text `body`"), "{err}");
    assert!(err.contains("`convoke log repair TO`"), "{err}");
    let err = convoke(&data, &["log", "show", "3"]).failed(4);
    assert!(err.contains("`convoke log repair TO`"), "{err}");
    convoke(&again, &["log", "verify"]).done();
}

#[test]
fn a_request_of_fifty_kib_is_handled_stored_shown_verified_and_backed_up() {
    let (place, data) = fresh();
    let body = text(50 * KIB);
    let requests = place.path().join("requests.jsonl");
    let request = json!({ "id": "long", "title": "A long story", "body": body });
    fs::write(&requests, request.to_string()).unwrap();
    let run = ["run", "examples/intake.toml", "--input", requests.to_str().unwrap()];
    let summary = json(&data, &run);
    assert_eq!((&summary["requests"], &summary["handled"]), (&json!(1), &json!(1)), "{summary}");
    assert_eq!(json(&data, &run), summary, "a second run adds nothing");
    assert!(stored(&data).contains(&(50 * 1024)), "{:?}", stored(&data));
    let again = restored(&data, place.path());
    let holds =
        |event: &&Value| event["texts"].as_object().unwrap().values().any(|text| *text == *body);
    for directory in [&data, &again] {
        let events = json_lines(directory, &["log", "tail", "--number", "1000"]);
        assert!(events.iter().find(holds).is_some(), "no event shows the request's body");
    }
    spoil(&data);
    convoke(&data, &["log", "verify"]).failed(4);
}
