//! Settings that are right, and what is said about those that are not.

use serde_json::json;

use super::*;

fn right() -> Value {
    json!({
        "rules": [
            {"any": ["crash", "data loss"], "recommend": "Fix now", "confidence": 0.9, "reason": "it hurts"},
            {"any": ["slow", "crash"], "recommend": "measure", "confidence": 0, "reason": "no numbers"},
        ],
        "otherwise": {"recommend": "wait", "confidence": 1, "reason": "nobody is hurt"},
    })
}

fn answer(text: &str) -> Answer {
    Settings::parse(&right().to_string()).unwrap().answer(text)
}

#[track_caller]
fn check(change: impl FnOnce(&mut Value), field: &str, message: &str) {
    let mut settings = right();
    change(&mut settings);
    let error = validate(&settings.to_string()).unwrap_err();
    assert_eq!(error.field(), field);
    assert_eq!(error.to_string(), message);
}

#[test]
fn right_settings_are_taken() {
    assert_eq!(validate(&right().to_string()), Ok(()));
}

#[test]
fn the_first_rule_that_applies_answers() {
    let answer = answer("Slow.\n\nAnd then a CRASH, with data\nloss");
    assert_eq!(answer.recommendation.as_str(), "fix-now");
    assert_eq!(answer.confidence, Some(0.9));
    assert_eq!(answer.body, "it hurts; found `crash`, `data loss`");
    assert_eq!(answer.assumptions.len(), 1);
    assert_eq!(answer.sides, None);
}

#[test]
fn a_later_rule_answers_where_no_earlier_one_applies() {
    let answer = answer("it is slow");
    assert_eq!(answer.recommendation.as_str(), "measure");
    assert_eq!(answer.body, "no numbers; found `slow`");
}

#[test]
fn otherwise_answers_where_no_rule_applies() {
    let answer = answer("it crashes slowly");
    assert_eq!(answer.recommendation.as_str(), "wait");
    assert_eq!(answer.confidence, Some(1.0));
    assert_eq!(answer.body, "nobody is hurt; found no word of any rule");
}

#[test]
fn what_is_no_json_is_refused() {
    let error = validate("rules").unwrap_err();
    assert_eq!(error.field(), "settings");
    assert_eq!(error.to_string(), "`settings`: expected value at line 1 column 1");
}

#[test]
fn missing_rules_are_refused() {
    let error = validate("{}").unwrap_err();
    assert!(error.to_string().starts_with("`settings`: missing field `rules`"), "{error}");
}

#[test]
fn empty_rules_are_refused() {
    check(
        |settings| settings["rules"] = json!([]),
        "rules",
        "`rules` is empty: expected at least one rule",
    );
    check(
        |settings| settings["rules"][1]["any"] = json!([]),
        "rules[1].any",
        "`rules[1].any` is empty: expected at least one word",
    );
}

#[test]
fn a_word_without_letters_is_refused() {
    check(
        |settings| settings["rules"][0]["any"][1] = json!("--"),
        "rules[0].any[1]",
        "`rules[0].any[1]` is \"--\": expected a word with a letter or a digit",
    );
}

#[test]
fn unknown_fields_are_refused_wherever_they_are() {
    check(
        |settings| settings["extra"] = json!(1),
        "settings",
        &format!(
            "`settings`: unknown field `extra`, expected one of `rules`, `otherwise`, `compare` at line 1 column {}",
            json!({"extra": 1}).to_string().len() - 3
        ),
    );
    check(
        |settings| settings["rules"][1]["all"] = json!(["a"]),
        "rules[1]",
        "`rules[1]`: unknown field `all`, expected one of `any`, `recommend`, `confidence`, `reason`, `delegate`, `fields`",
    );
    check(
        |settings| settings["otherwise"]["any"] = json!(["a"]),
        "otherwise",
        "`otherwise`: unknown field `any`, expected one of `recommend`, `confidence`, `reason`",
    );
}

#[test]
fn a_field_that_is_left_out_is_named() {
    check(
        |settings| {
            settings["rules"][0].as_object_mut().unwrap().remove("reason");
        },
        "rules[0]",
        "`rules[0]`: missing field `reason`",
    );
}

#[test]
fn a_confidence_outside_0_to_1_is_refused() {
    check(
        |settings| settings["rules"][0]["confidence"] = json!(1.5),
        "rules[0].confidence",
        "`rules[0].confidence` is 1.5: expected a number from 0 to 1",
    );
    check(
        |settings| settings["otherwise"]["confidence"] = json!(-0.1),
        "otherwise.confidence",
        "`otherwise.confidence` is -0.1: expected a number from 0 to 1",
    );
}

#[test]
fn a_recommendation_without_a_canonical_form_is_refused() {
    check(
        |settings| settings["rules"][1]["recommend"] = json!("…"),
        "rules[1].recommend",
        "`rules[1].recommend` is \"…\": expected a recommendation with one of a-z or 0-9 in it",
    );
    check(
        |settings| settings["otherwise"]["recommend"] = json!(""),
        "otherwise.recommend",
        "`otherwise.recommend` is \"\": expected a recommendation with one of a-z or 0-9 in it",
    );
}

#[test]
fn a_rule_hands_over_beside_answering() {
    let mut settings = right();
    let delegate =
        json!({"to": "scout", "scope": "look for duplicates", "tokens": 600, "trim": true});
    settings["rules"][1]["delegate"] = delegate.clone();
    let settings = Settings::parse(&settings.to_string()).unwrap();
    let answer = serde_json::to_value(settings.answer("it is slow")).unwrap();
    assert_eq!(answer["actions"], json!([{ "delegate": delegate }]));
    assert_eq!(settings.answer("nothing of the kind").actions, []);
}

#[test]
fn what_cannot_be_handed_over_is_refused() {
    let with =
        |delegate: Value| move |settings: &mut Value| settings["rules"][0]["delegate"] = delegate;
    check(
        with(json!({"to": "No body", "scope": "look"})),
        "rules[0].delegate.to",
        "`rules[0].delegate.to` is \"No body\": expected the slug of an agent",
    );
    check(
        with(json!({"to": "scout", "scope": "…"})),
        "rules[0].delegate.scope",
        "`rules[0].delegate.scope` is \"…\": expected a scope with one of a-z or 0-9 in it",
    );
    check(
        with(json!({"to": "scout", "scope": "look", "tokens": 0})),
        "rules[0].delegate.tokens",
        "`rules[0].delegate.tokens` is 0: expected at least 1 token",
    );
    check(
        with(json!({"to": "scout"})),
        "rules[0].delegate",
        "`rules[0].delegate`: missing field `scope`",
    );
}

#[test]
fn a_comparison_that_cannot_be_made_is_refused() {
    let right = json!({"at_least": 0.5, "recommend": "duplicate", "otherwise": "unique"});
    let with = |field: &str, value: Value| {
        let mut compare = right.clone();
        compare[field] = value;
        move |settings: &mut Value| settings["compare"] = compare
    };
    check(
        with("at_least", json!(2)),
        "compare.at_least",
        "`compare.at_least` is 2: expected a number from 0 to 1",
    );
    check(
        with("otherwise", json!("?")),
        "compare.otherwise",
        "`compare.otherwise` is \"?\": expected a recommendation with one of a-z or 0-9 in it",
    );
    check(
        with("by", json!("words")),
        "compare",
        "`compare`: unknown field `by`, expected one of `at_least`, `recommend`, `otherwise`",
    );
}
