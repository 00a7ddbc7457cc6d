//! What the command says: the result wherever it stands, and what it means whatever the exit code.

use convoke_events::{FailureClass, FinishReason, MicroUsd, Tokens, Usage};
use serde_json::{Value, json};

use super::{Fake, KEY, result};
use crate::provider::{Billed, Retry};

#[track_caller]
fn answers(output: &str, code: u8, words: &str) {
    let response = Fake::says(output, code).asked().unwrap();
    assert_eq!(response.text(), words);
}

#[track_caller]
fn fails(body: &Value, class: FailureClass) {
    let failure = Fake::says(&body.to_string(), 0).asked().unwrap_err();
    assert_eq!((failure.class, failure.billed), (class, Billed::Unknown), "{failure}");
    assert_eq!(failure.usage.output, Some(Tokens::new(140)), "{failure}");
}

#[test]
fn usage_is_that_of_all_models_and_its_input_includes_the_caches() {
    let response = Fake::says(&result("{}").to_string(), 0).asked().unwrap();
    let usage = Usage {
        input: Some(Tokens::new(12_908)),
        cached: Some(Tokens::new(12_000)),
        cache_write: Some(Tokens::new(900)),
        output: Some(Tokens::new(140)),
        reasoning: None,
        cost: Some(MicroUsd::new(12_300)),
    };
    assert_eq!((response.usage, response.finish), (usage, FinishReason::Stop));
    assert_eq!(response.model.as_str(), "claude-small-2026");
}

#[test]
fn where_no_model_is_named_the_figures_of_the_first_agent_hold_or_none() {
    let mut body = result("{}");
    body["modelUsage"] = Value::Null;
    let usage = Fake::says(&body.to_string(), 0).asked().unwrap().usage;
    assert_eq!((usage.input, usage.output), (Some(Tokens::new(12_903)), Some(Tokens::new(40))));
    body["usage"] = Value::Null;
    body["total_cost_usd"] = Value::Null;
    assert_eq!(Fake::says(&body.to_string(), 0).asked().unwrap().usage, Usage::default());
}

#[test]
fn the_result_is_found_in_an_array_after_noise_and_over_many_lines() {
    let result = result("{\"a\":1}");
    let other = json!({"type": "system", "subtype": "init"});
    let words = "{\"a\":1}";
    answers(&json!([other, result]).to_string(), 0, words);
    answers(&format!("warn: {{noise}}\n[hook] ran\n{{not json\n{result}\n"), 0, words);
    answers(&format!("{other}\n{result}\ntrailing words\n"), 0, words);
    answers(&format!("noise\n{}\n", serde_json::to_string_pretty(&result).unwrap()), 0, words);
    let earlier = super::result("earlier");
    answers(&format!("{earlier}\n{result}"), 0, words);
}

#[test]
fn an_exit_code_that_lies_is_not_believed() {
    answers(&result("{\"a\":1}").to_string(), 1, "{\"a\":1}");
    let mut body = result("");
    body["is_error"] = json!(true);
    fails(&body, FailureClass::Unavailable);
}

#[test]
fn a_structured_answer_goes_before_words_and_a_fence_is_taken_off() {
    let mut body = result("here you are");
    body["structured_output"] = json!({"a": 1});
    answers(&body.to_string(), 0, "{\"a\":1}");
    answers(&result("```json\n{\"a\":1}\n```").to_string(), 0, "{\"a\":1}");
}

#[test]
fn an_error_under_success_is_told_apart_by_its_status_or_its_words() {
    let mut body = result("");
    body["is_error"] = json!(true);
    for (status, said, class) in [
        (json!(401), "x", FailureClass::Auth),
        (json!(429), "x", FailureClass::RateLimited),
        (json!(529), "x", FailureClass::Overloaded),
        (json!(500), "x", FailureClass::Unavailable),
        (json!(404), "x", FailureClass::NoModel),
        (json!(400), "Credit balance is too low", FailureClass::Billing),
        (json!(429), "You've hit your limit · resets 3pm", FailureClass::Quota),
        (Value::Null, "API Error: 529 {\"type\":\"error\"}", FailureClass::Overloaded),
        (Value::Null, "API Error: 400 bad", FailureClass::InvalidRequest),
        (Value::Null, "Invalid API key · Please run /login", FailureClass::Auth),
        (Value::Null, "Claude AI usage limit reached|1760000000", FailureClass::Quota),
        (Value::Null, "prompt is too long", FailureClass::InvalidRequest),
        (Value::Null, "something new", FailureClass::Unavailable),
    ] {
        body["api_error_status"] = status;
        body["result"] = json!(said);
        fails(&body, class);
    }
}

#[test]
fn its_own_bounds_are_no_reason_to_ask_again() {
    for (kind, class) in [
        ("error_max_turns", FailureClass::Truncated),
        ("error_max_budget_usd", FailureClass::Truncated),
        ("error_max_structured_output_retries", FailureClass::Malformed),
    ] {
        let mut body = result("");
        body["subtype"] = json!(kind);
        fails(&body, class);
        let failure = Fake::says(&body.to_string(), 1).asked().unwrap_err();
        assert_eq!(failure.retry, Retry::Never);
    }
}

#[test]
fn a_result_that_is_empty_denied_or_refused_is_a_failure() {
    fails(&result(""), FailureClass::Malformed);
    let mut body = result("");
    body["stop_reason"] = json!("max_tokens");
    fails(&body, FailureClass::Truncated);
    body = result("done, but for one thing");
    body["permission_denials"] = json!([{"tool_name": "Bash", "tool_input": {}}]);
    fails(&body, FailureClass::Refused);
    body = result("no");
    body["stop_reason"] = json!("refusal");
    fails(&body, FailureClass::Refused);
}

#[test]
fn no_result_at_all_is_a_failure_that_repeats_its_complaint_without_the_key() {
    for (code, class) in [(0, FailureClass::Malformed), (3, FailureClass::Unavailable)] {
        let fake = Fake::new(&format!(
            "cat > /dev/null\necho noise\necho \"cannot use $ANTHROPIC_API_KEY\" >&2\nexit {code}"
        ));
        let settings = "{\"login\":\"api_key\",\"key_env\":\"TEST_KEY\"}";
        let failure = fake.asked_with(settings).unwrap_err();
        assert_eq!((failure.class, failure.usage), (class, Usage::default()), "{failure}");
        assert!(failure.message.contains("cannot use [key]"), "{failure}");
        assert!(!format!("{failure:?}").contains(KEY));
    }
}

#[test]
fn an_answer_holds_no_key_even_if_the_command_says_it() {
    let fake = Fake::says(&result(&format!("the key is {KEY}")).to_string(), 0);
    let settings = "{\"login\":\"token\",\"key_env\":\"TEST_KEY\"}";
    assert_eq!(fake.asked_with(settings).unwrap().text(), "the key is [key]");
}
