//! `convoke log` records what the host saw, shows it, and proves it unchanged.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use convoke::events::{CommitStore, Durability, Log, Options, SledStore};
use serde_json::{Value, json};

use crate::binary::{command, convoke, convoke_reading, fresh, json, json_lines};

/// As many records as that, each with its number in its body.
fn outcomes(count: usize) -> String {
    let line =
        |n| format!("{{\"stream\":\"s{}\",\"kind\":\"outcome\",\"body\":\"number {n}\"}}", n % 7);
    let lines: Vec<String> = (1..=count).map(line).collect();
    lines.join("\n")
}

fn receipts(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_receipt_names_the_place_and_the_hash_of_what_was_recorded() {
    let (_place, data) = fresh();
    let input = "{\"stream\":\"chat\",\"kind\":\"interaction\",\"body\":\"hello\"}\n\
                 {\"stream\":\"host/chat\",\"kind\":\"outcome\",\"body\":{\"good\": true}}\n";
    let out = convoke_reading(&data, &["log", "append", "--hub", "shop"], input).done();
    let receipts = receipts(&out);
    assert_eq!(receipts.len(), 2);
    for (position, receipt) in (1..).zip(&receipts) {
        let event = json(&data, &["log", "show", &position.to_string()]);
        assert_eq!(receipt, &json!({ "position": position, "hash": event["hash"] }));
        assert_eq!(event["stream"], "host/chat");
        assert_eq!(event["hub"], "shop");
        assert_eq!(event["principal"], "service:convoke log append");
    }
    let outcome = json(&data, &["log", "show", "2"]);
    assert_eq!(outcome["event_type"], "OutcomeRecorded");
    assert_eq!(outcome["texts"]["body"], "{\"good\":true}");
    assert_eq!(outcome["correlation"], json(&data, &["log", "show", "1"])["correlation"]);
}

#[test]
fn every_line_gets_its_receipt_in_order() {
    let (_place, data) = fresh();
    let out = convoke_reading(&data, &["log", "append"], &outcomes(500)).done();
    let receipts = receipts(&out);
    let positions: Vec<u64> =
        receipts.iter().map(|one| one["position"].as_u64().unwrap()).collect();
    assert_eq!(positions, (1..=500).collect::<Vec<u64>>());
    let stats = json(&data, &["log", "stats"]);
    assert_eq!(stats["by_type"]["OutcomeRecorded"], 500);
    assert!(stats["commits"].as_u64().unwrap() < 500, "nothing shared a sync: {stats}");
}

#[test]
fn a_receipt_comes_while_the_input_is_still_open() {
    let (_place, data) = fresh();
    let mut child = command(&data).args(["log", "append"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for position in 1..=3 {
        writeln!(stdin, "{{\"stream\":\"s\",\"kind\":\"outcome\",\"body\":1}}").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let receipt: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(receipt["position"], position);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_bad_line_is_named_after_the_receipts_of_the_lines_before_it() {
    let (_place, data) = fresh();
    let good = "{\"stream\":\"s\",\"kind\":\"outcome\",\"body\":1}\n";
    let input = format!("{good}{good}{{\"stream\":\"s\",\"kind\":\"rumour\",\"body\":1}}\n{good}");
    let ran = convoke_reading(&data, &["log", "append"], &input);
    assert_eq!(receipts(&ran.out).len(), 2);
    let complaint = ran.failed(2);
    let expected =
        "line 3 of the input: kind: found `\"rumour\"`, expected `interaction` or `outcome`";
    assert!(complaint.contains(expected), "{complaint}");
    assert_eq!(json(&data, &["log", "verify"])["events"], 2);
}

#[test]
fn a_body_over_the_limit_is_refused_with_both_numbers() {
    let (_place, data) = fresh();
    let body = "x".repeat(8 * 1024 * 1024 + 1);
    let input = format!("{{\"stream\":\"s\",\"kind\":\"outcome\",\"body\":\"{body}\"}}\n");
    let complaint = convoke_reading(&data, &["log", "append"], &input).failed(2);
    let numbers = ["line 1", "8388609", "8388608"];
    assert!(numbers.iter().all(|number| complaint.contains(number)), "{complaint}");
}

#[test]
fn nothing_is_made_for_an_input_whose_first_line_is_a_mistake() {
    let (_place, data) = fresh();
    convoke_reading(&data, &["log", "append"], "not json\n").failed(2);
    convoke_reading(&data, &["log", "append"], "").done();
    assert!(!data.exists());
}

#[test]
fn a_key_vouches_for_no_directory_without_an_event() {
    let (_place, data) = fresh();
    convoke_reading(&data, &["log", "append"], &outcomes(1)).done();
    let key = json(&data, &["log", "verify"])["key"].as_str().unwrap().to_owned();
    for name in ["sled", "journal-0", "journal-1", "clean", "checkpoints", "index", "format"] {
        let path = data.join(name);
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }
    convoke(&data, &["log", "verify", "--key", &key]).failed(4);
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("diary"), "dear diary").unwrap();
    convoke(elsewhere.path(), &["log", "verify"]).failed(1);
}

#[test]
fn no_file_is_written_among_those_of_a_log() {
    let (_place, data) = fresh();
    convoke_reading(&data, &["log", "append"], &outcomes(1)).done();
    let key = std::fs::read(data.join("key")).unwrap();
    let out = data.join("key");
    let out = out.to_str().unwrap();
    for arguments in [&["log", "prove", "1", "--out", out][..], &["log", "export", "--out", out]] {
        let complaint = convoke(&data, arguments).failed(1);
        assert!(complaint.contains("holds the log's own files"), "{complaint}");
    }
    assert_eq!(std::fs::read(data.join("key")).unwrap(), key);
}

#[test]
fn tail_shows_the_newest_last() {
    let (_place, data) = fresh();
    convoke_reading(&data, &["log", "append"], &outcomes(5)).done();
    let newest = json_lines(&data, &["log", "tail", "-n", "2"]);
    let positions: Vec<&Value> = newest.iter().map(|event| &event["position"]).collect();
    assert_eq!(positions, [&json!(4), &json!(5)]);
    let text = convoke(&data, &["log", "tail"]).done();
    assert!(text.lines().last().unwrap().contains("number 5"), "{text}");
}

#[test]
fn a_log_in_use_is_refused_by_the_name_of_its_owner() {
    let (_place, data) = fresh();
    let log = Log::open(&data, Options::default()).unwrap();
    for arguments in [&["log", "stats"][..], &["agents"], &["log", "append"]] {
        let complaint = convoke(&data, arguments).failed(1);
        let owner = std::process::id().to_string();
        assert!(complaint.contains("in use by") && complaint.contains(&owner), "{complaint}");
        assert!(complaint.contains("\nhint: "), "{complaint}");
    }
    log.close().unwrap();
}

#[test]
fn nothing_but_run_and_append_makes_a_directory() {
    let (_place, data) = fresh();
    for arguments in [
        &["agents"][..],
        &["proposals"],
        &["collectives"],
        &["budgets"],
        &["audit", "--agent", "scout"],
        &["review", "00000000-0000-8000-8000-000000000000", "--accept"],
        &["log", "tail"],
        &["log", "show", "1"],
        &["log", "stats"],
        &["log", "verify"],
    ] {
        let complaint = convoke(&data, arguments).failed(1);
        assert!(complaint.starts_with("error: there is no log in "), "{complaint}");
        assert!(complaint.contains("\nhint: "), "{complaint}");
        assert!(!data.exists(), "{arguments:?} made a directory");
    }
}

#[test]
fn an_empty_log_verifies_as_empty() {
    let (_place, data) = fresh();
    Log::open(&data, Options::default()).unwrap().close().unwrap();
    let verified = json(&data, &["log", "verify"]);
    assert_eq!((&verified["events"], &verified["head"]), (&json!(0), &json!(null)));
}

#[test]
fn a_directory_in_which_nothing_was_acknowledged_verifies_as_empty() {
    let place = tempfile::tempdir().unwrap();
    let verified = json(place.path(), &["log", "verify"]);
    assert_eq!((&verified["events"], &verified["head"]), (&json!(0), &json!(null)));
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_damaged_log_is_named_with_its_first_bad_position_and_a_code_of_its_own() {
    let (_place, data) = fresh();
    convoke_reading(&data, &["log", "append"], &outcomes(1)).done();
    let store = SledStore::open(&data.join("sled"), Durability::Synced).unwrap();
    store.commit(store.head(), b"what no log wrote").unwrap();
    store.close().unwrap();
    drop(store);
    let ran = convoke(&data, &["log", "verify", "--json"]);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer["first_bad"], 2);
    assert!(answer["why"].as_str().is_some_and(|why| !why.is_empty()), "{answer}");
    assert!(ran.failed(4).contains("first at position 2"));
    for arguments in [&["agents"][..], &["log", "stats"], &["log", "append"]] {
        let complaint = convoke(&data, arguments).failed(4);
        assert!(complaint.contains("first at position 2"), "{complaint}");
    }
}

#[test]
fn a_reader_that_has_heard_enough_ends_the_command_quietly() {
    let (_place, data) = fresh();
    convoke_reading(&data, &["log", "append"], &outcomes(2_000)).done();
    let mut child = command(&data).args(["log", "tail", "-n", "2000", "--json"]).spawn().unwrap();
    let mut some = [0_u8; 10];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(0));
}
