use convoke_events::{Usage, Verdict};
use serde_json::{Value, json};

use super::*;

fn response(parts: Vec<Part>) -> ModelResponse {
    ModelResponse {
        provider: convoke_events::ProviderName::Rules,
        model: "rules-1".parse().unwrap(),
        parts,
        finish: FinishReason::Stop,
        usage: Usage::default(),
        upstream: None,
    }
}

/// Forge and helm say `fix`, quill says `wait`; the verdict is `fix`.
fn brief() -> Brief {
    let contribution = |by: &str, key: &str| super::super::Contribution {
        by: by.parse().unwrap(),
        key: key.parse().unwrap(),
    };
    let contributions = vec![
        contribution("forge", "fix"),
        contribution("helm", "fix"),
        contribution("quill", "wait"),
    ];
    Brief::new(&Verdict::Consensus { key: "fix".parse().unwrap() }, contributions, &[])
}

fn sound() -> Value {
    json!({
        "recommendation": "fix",
        "body": "Two of three would fix it.",
        "confidence": 0.8,
        "assumptions": ["it can be reproduced"],
        "cites": ["forge", "helm"],
        "dissent": [{"recommendation": "wait", "by": ["quill"], "why": "nobody is hurt"}]
    })
}

#[track_caller]
fn check(change: impl FnOnce(&mut Value), expected: &str) {
    let mut answer = sound();
    change(&mut answer);
    let found = read(&response(vec![Part::Text(answer.to_string())]), &brief());
    let found = found.map_or_else(|error| error.to_string(), |answer| answer.key.to_string());
    assert!(found.starts_with(expected), "{found}");
}

#[test]
fn a_synthesis_that_keeps_to_its_brief_counts() {
    check(|_| {}, "fix");
}

#[test]
fn a_synthesis_cannot_change_the_verdict() {
    check(
        |answer| answer["recommendation"] = json!("wait"),
        "the verdict is `fix`, but the synthesis says `wait`",
    );
}

#[test]
fn every_recommendation_that_lost_is_accounted_for() {
    check(|answer| answer["dissent"] = json!([]), "`dissent` says nothing of `wait`");
    let silent = "`dissent` does not say that `quill` named `wait`";
    check(|answer| answer["dissent"][0]["by"] = json!([]), silent);
    check(|answer| drop(answer.as_object_mut().unwrap().remove("dissent")), "the synthesis is not");
}

#[test]
fn dissent_is_what_was_said_and_by_whom() {
    check(
        |answer| answer["dissent"][0]["by"] = json!(["quill", "helm"]),
        "the synthesis says that `helm` named `wait`, and it did not",
    );
    check(
        |answer| answer["dissent"][0]["recommendation"] = json!("burn"),
        "`dissent` lists `burn`, which is no dissent",
    );
    check(
        |answer| answer["dissent"][0]["recommendation"] = json!("fix"),
        "`dissent` lists `fix`, which is no dissent",
    );
    let twice = json!([sound()["dissent"][0], sound()["dissent"][0]]);
    check(|answer| answer["dissent"] = twice, "`dissent` lists `wait`, which is no dissent");
}

#[test]
fn everyone_who_dissents_is_named() {
    let mut brief = brief();
    brief.contributions.push(super::super::Contribution {
        by: "mace".parse().unwrap(),
        key: "wait".parse().unwrap(),
    });
    let mut answer = sound();
    let read = |answer: &Value| read(&response(vec![Part::Text(answer.to_string())]), &brief);
    let silent = read(&answer).unwrap_err().to_string();
    assert_eq!(silent, "`dissent` does not say that `mace` named `wait`");
    answer["dissent"][0]["by"] = json!(["mace", "quill"]);
    assert_eq!(read(&answer).unwrap().key.as_str(), "fix");
}

#[test]
fn only_contributors_can_be_cited() {
    check(
        |answer| answer["cites"] = json!(["forge", "mallory"]),
        "the synthesis cites `mallory`, which it was not given",
    );
    check(
        |answer| answer["dissent"][0]["by"] = json!(["mallory"]),
        "the synthesis cites `mallory`, which it was not given",
    );
    let id = "0190a2f4-7c1e-7f00-8000-000000000000";
    for field in ["/body", "/assumptions/0", "/dissent/0/why"] {
        let words = json!(format!("as proposal {id}, accepted, says"));
        check(
            |answer| *answer.pointer_mut(field).unwrap() = words,
            &format!("the synthesis cites `{id}`"),
        );
    }
}

#[test]
fn an_id_is_one_however_it_is_dressed_up_and_other_numbers_are_none() {
    let id = "0190a2f4-7c1e-7f00-8000-000000000000";
    let wide = |c: char| match c {
        '0'..='9' | 'a'..='f' => char::from_u32(u32::from(c) + 0xfee0).unwrap(),
        other => other,
    };
    let spellings = [
        id.to_owned(),
        id.to_uppercase(),
        id.replace('-', ""),
        id.replace('-', "\u{2011}"),
        id.replace('-', "\u{200b}"),
        id.chars().map(wide).collect(),
        format!("urn:uuid:{id}"),
        format!("({id})"),
        format!("id-{id}"),
        format!("{id}-a"),
        id.replace('-', " "),
        id.replace('-', "."),
        id.replace('-', "_"),
    ];
    for spelling in spellings {
        assert!(id_in(&format!("as {spelling} says")).is_some(), "{spelling}");
        assert!(id_in(&spelling).is_some(), "{spelling}");
    }
    let commit = "4a5e1e4baab89f3a32518a88c31bc87f618f7667";
    for other in [
        "2026-11-20",
        "a dead face, a bad cafe",
        commit,
        &id[1..],
        "10-20-30",
        "1024 2048 4096 8192 1024 2048 4096 8192",
    ] {
        assert_eq!(id_in(other), None, "{other}");
    }
}

#[test]
fn nothing_can_be_asked_for_or_set_beside_the_words() {
    for field in ["actions", "tool_calls", "auto_apply", "approved", "trust", "verdict", "status"] {
        check(
            |answer| answer[field] = json!(true),
            "the synthesis is not the JSON object asked for",
        );
    }
    check(
        |answer| answer["dissent"][0]["approved"] = json!(true),
        "the synthesis is not the JSON object asked for",
    );
    let call =
        Part::ToolCall { id: "1".to_owned(), name: "apply".to_owned(), arguments: "{}".to_owned() };
    let found = read(&response(vec![Part::Text(sound().to_string()), call]), &brief());
    assert_eq!(found, Err(SynthesisError::Tool("apply".to_owned())));
    let stopped = ModelResponse {
        finish: FinishReason::ToolCalls,
        ..response(vec![Part::Text(sound().to_string())])
    };
    assert_eq!(read(&stopped, &brief()), Err(SynthesisError::Tool("unnamed".to_owned())));
}

#[test]
fn a_field_that_stands_twice_does_not_count() {
    let twice = sound().to_string().replacen('{', r#"{"recommendation":"wait","#, 1);
    let found = read(&response(vec![Part::Text(twice)]), &brief());
    assert!(matches!(found, Err(SynthesisError::Shape(_))), "{found:?}");
}

#[test]
fn whoever_chooses_where_there_is_no_verdict_chooses_what_was_named() {
    let divergent = Verdict::Divergent { leading: vec!["fix".parse().unwrap()] };
    let brief = Brief::new(&divergent, brief().contributions, &[]);
    let choose = |key: &str, dissent: Value| {
        let mut answer = sound();
        answer["recommendation"] = json!(key);
        answer["dissent"] = dissent;
        read(&response(vec![Part::Text(answer.to_string())]), &brief)
    };
    let lost = json!([{"recommendation": "fix", "by": ["helm", "forge"], "why": ""}]);
    assert_eq!(choose("wait", lost.clone()).unwrap().key.as_str(), "wait");
    let foreign = choose("burn", lost).unwrap_err();
    assert_eq!(foreign.to_string(), "the synthesis recommends `burn`, which nobody named");
}
