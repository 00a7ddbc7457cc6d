//! `convoke collectives show`: the verdict with its figures, who dissents, who is missing, and every
//! contribution.

use std::path::Path;

use serde_json::Value;

use crate::binary::{RUN_EXAMPLE, convoke, fresh, json_lines};

/// The collective as text for people; no terminal is there to draw columns on.
fn shown(data: &Path, collective: &Value) -> String {
    convoke(data, &["collectives", "show", collective["id"].as_str().unwrap()]).done()
}

#[track_caller]
fn holds(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is not in {text}");
}

fn participants(collective: &Value) -> &[Value] {
    collective["participants"].as_array().unwrap()
}

#[test]
fn a_verdict_is_shown_with_its_figures_and_a_dissenter_with_what_it_recommends() {
    let (_place, data) = fresh();
    convoke(&data, &RUN_EXAMPLE).done();
    let divided: Vec<Value> = json_lines(&data, &["collectives"])
        .into_iter()
        .filter(|one| one["verdict"]["figures"]["keys"].as_u64() > Some(1))
        .collect();
    assert!(divided.len() > 3);
    for collective in divided.iter().step_by(3) {
        let text = shown(&data, collective);
        let verdict = &collective["verdict"];
        for (name, figure) in [("share", "share"), ("margin", "margin"), ("entropy", "entropy")] {
            let figure = verdict["figures"][figure].as_f64().unwrap();
            holds(&text, &format!("{name:<14}{figure:.4}"));
        }
        let [leading, families, missing] = ["leading_families", "families", "missing"]
            .map(|name| verdict["figures"][name].as_u64().unwrap());
        holds(&text, &format!("families      {leading} of {families} name it"));
        holds(&text, &format!("{missing} without an answer"));
        let mut dissenters = 0;
        for participant in participants(collective) {
            let (slug, call) = (participant["slug"].as_str().unwrap(), &participant["call"]);
            holds(&text, &format!("\n{slug} v1\n"));
            let Some(key) = call["answer"]["key"].as_str() else {
                continue;
            };
            if verdict["key"].as_str() != Some(key) {
                dissenters += 1;
                holds(&text, &format!("dissent       {slug} recommends {key}"));
            }
            let content = call["answer"]["content"].as_str().unwrap();
            let content: Value = serde_json::from_str(content).unwrap();
            holds(&text, content["body"].as_str().unwrap());
        }
        assert!(dissenters > 0, "{text}");
        assert_eq!(text.matches("dissent       ").count(), dissenters, "{text}");
        assert_eq!(text.matches("  stands      dissents").count(), dissenters, "{text}");
    }
}

#[test]
fn who_is_missing_is_shown_with_the_reason_also_where_there_is_no_verdict_to_speak_of() {
    let (_place, data) = fresh();
    convoke(&data, &RUN_EXAMPLE).done();
    let collectives = json_lines(&data, &["collectives"]);
    for status in ["consensus", "insufficient"] {
        let lacks = |one: &&Value| {
            one["status"] == status && one["verdict"]["figures"]["missing"].as_u64() > Some(0)
        };
        let collective = collectives.iter().find(lacks).unwrap();
        let text = shown(&data, collective);
        let missing: Vec<&Value> =
            participants(collective).iter().filter(|one| one["missing"].is_string()).collect();
        assert!(!missing.is_empty(), "{collective}");
        for one in missing {
            let (slug, why) = (one["slug"].as_str().unwrap(), one["missing"].as_str().unwrap());
            holds(&text, &format!("missing       {slug}: {why}"));
            holds(&text, &format!("stands      missing: {why}"));
        }
        holds(&text, "cost          ");
    }
}
