//! Answers of every shape: who answered, what, why it stopped, and what it used.

use convoke_events::{FinishReason, MicroUsd, Tokens, Usage};
use serde_json::{Value, json};

use super::{Say, asked, completion, generated};
use crate::provider::{ModelResponse, Part};

fn answered(name: &str, body: &Value) -> ModelResponse {
    asked(name, Say::new(200, &body.to_string())).0.unwrap()
}

#[test]
fn a_completion_counts_what_came_from_a_cache_and_what_was_reasoned_in() {
    let response = answered("openai", &completion("{\"a\":1}"));
    assert_eq!(response.text(), "{\"a\":1}");
    assert_eq!((response.model.as_str(), response.finish), ("small-1-2026", FinishReason::Stop));
    let usage = Usage {
        input: Some(Tokens::new(12)),
        cached: Some(Tokens::new(5)),
        cache_write: Some(Tokens::new(2)),
        output: Some(Tokens::new(34)),
        reasoning: Some(Tokens::new(8)),
        cost: None,
    };
    assert_eq!((response.usage, response.upstream), (usage, None));
}

#[test]
fn usage_that_is_not_said_is_unknown_and_never_zero() {
    for name in ["openai", "openrouter"] {
        for usage in [Value::Null, json!({}), json!({"prompt_tokens": "many"})] {
            let mut body = completion("x");
            body["usage"] = usage;
            assert_eq!(answered(name, &body).usage, Usage::default());
        }
    }
    let mut body = generated("x");
    body["usageMetadata"] = Value::Null;
    assert_eq!(answered("gemini", &body).usage, Usage::default());
}

#[test]
fn openrouter_names_the_model_and_the_company_that_answered_and_the_cost() {
    let mut body = completion("x");
    body["model"] = json!("other/model");
    body["provider"] = json!("Cloud A");
    body["usage"]["cost"] = json!(0.0123);
    let response = answered("openrouter", &body);
    assert_eq!(response.model.as_str(), "other/model");
    assert_eq!(response.upstream.unwrap().as_str(), "Cloud A");
    assert_eq!(response.usage.cost, Some(MicroUsd::new(12_300)));
}

#[test]
fn gemini_counts_thoughts_as_output_and_tool_prompts_as_input() {
    let mut body = generated("x");
    body["usageMetadata"]["toolUsePromptTokenCount"] = json!(3);
    let response = answered("gemini", &body);
    assert_eq!(response.model.as_str(), "small-1-002");
    let usage = Usage {
        input: Some(Tokens::new(13)),
        cached: Some(Tokens::new(4)),
        cache_write: None,
        output: Some(Tokens::new(50)),
        reasoning: Some(Tokens::new(30)),
        cost: None,
    };
    assert_eq!(response.usage, usage);
}

#[test]
fn gemini_thoughts_are_no_part_of_the_answer() {
    let mut body = generated("x");
    body["candidates"][0]["content"]["parts"] =
        json!([{"text": "hmm", "thought": true}, {"text": "a"}, {"text": "b"}]);
    assert_eq!(answered("gemini", &body).text(), "ab");
}

#[test]
fn tool_calls_pass_through() {
    let mut body = completion("");
    body["choices"][0]["finish_reason"] = json!("tool_calls");
    body["choices"][0]["message"]["content"] = Value::Null;
    body["choices"][0]["message"]["tool_calls"] = json!([{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"a\":1}"}}]);
    let expected = |id: &str| Part::ToolCall {
        id: id.to_owned(),
        name: "look".to_owned(),
        arguments: "{\"a\":1}".to_owned(),
    };
    for name in ["openai", "openrouter"] {
        let response = answered(name, &body);
        assert_eq!(
            (response.parts, response.finish),
            (vec![expected("c1")], FinishReason::ToolCalls)
        );
    }
    let mut body = generated("x");
    body["candidates"][0]["content"]["parts"] =
        json!([{"functionCall": {"name": "look", "args": {"a": 1}}}]);
    let response = answered("gemini", &body);
    assert_eq!(
        (response.parts, response.finish),
        (vec![expected("look")], FinishReason::ToolCalls)
    );
}

#[test]
fn an_answer_in_a_fence_is_taken_out_of_it() {
    assert_eq!(answered("openai", &completion("```json\n{\"a\":1}\n```\n")).text(), "{\"a\":1}");
    assert_eq!(answered("gemini", &generated("```\n{\"a\":1}\n```")).text(), "{\"a\":1}");
    assert_eq!(answered("openai", &completion("see ```x```")).text(), "see ```x```");
}

#[test]
fn an_answer_that_was_cut_short_says_so() {
    let mut body = completion("{\"a\":");
    body["choices"][0]["finish_reason"] = json!("length");
    assert_eq!(answered("openai", &body).finish, FinishReason::Length);
    let mut body = generated("{\"a\":");
    body["candidates"][0]["finishReason"] = json!("MAX_TOKENS");
    assert_eq!(answered("gemini", &body).finish, FinishReason::Length);
}

#[test]
fn a_finish_reason_of_tomorrow_is_taken() {
    let mut body = generated("x");
    body["candidates"][0]["finishReason"] = json!("TOMORROW");
    assert_eq!(answered("gemini", &body).finish, FinishReason::Other);
    let mut body = completion("x");
    body["choices"][0]["finish_reason"] = json!("tomorrow");
    assert_eq!(answered("openai", &body).finish, FinishReason::Other);
}
