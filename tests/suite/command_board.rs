//! `convoke board`: of a task with nothing on its board, of none, and which tasks have one.

use std::fs;

use crate::binary::{convoke, fresh, json, json_lines};

#[test]
fn the_board_of_a_task_on_which_nothing_was_posted_is_empty() {
    let (place, data) = fresh();
    let input = place.path().join("one.jsonl");
    fs::write(&input, "{\"id\":\"one\",\"title\":\"Question\",\"body\":\"How?\"}\n").unwrap();
    convoke(&data, &["run", "examples/intake.toml", "--input", input.to_str().unwrap()]).done();
    let events = json_lines(&data, &["log", "export"]);
    let submitted = events.iter().find(|event| event["event_type"] == "TaskSubmitted").unwrap();
    let task = submitted["facts"]["task"].as_str().unwrap();
    let board = json(&data, &["board", task]);
    assert_eq!((&board["task"], &board["hub"]), (&task.into(), &"intake".into()));
    for part in ["posts", "messages", "votes", "help", "refused"] {
        assert_eq!(board[part], serde_json::json!([]), "{part}");
    }
    assert!(json_lines(&data, &["board"]).is_empty());
    let table = convoke(&data, &["board"]).done();
    assert!(table.starts_with("hub  task") && table.lines().count() == 1, "{table}");

    let other = if task.starts_with('0') { '1' } else { '0' };
    let unknown = format!("{other}{}", &task[1..]);
    let error = convoke(&data, &["board", &unknown]).failed(1);
    assert!(error.contains(&format!("there is no task `{unknown}` in this log")), "{error}");
}
