//! The table: what a server says, what class of failure that is, whether to ask again, whether it may
//! have been billed, and what it says was used.

use std::time::Duration;

use convoke_events::{FailureClass, Tokens, Usage};
use serde_json::{Value, json};

use super::{Say, asked, completion, generated};
use crate::provider::{Billed, ProviderFailure, Retry};

const NEVER: Retry = Retry::Never;
const SOON: Retry = Retry::After(Duration::ZERO);
const UNBILLED: Billed = Billed::No;
const MAYBE: Billed = Billed::Unknown;

const fn after(millis: u64) -> Retry {
    Retry::After(Duration::from_millis(millis))
}

/// What comes of this answer, as class, retry and bill, its usage being unknown.
#[track_caller]
fn check(name: &str, say: Say, expected: (FailureClass, Retry, Billed)) {
    let failure = check_used(name, say, expected);
    assert_eq!(failure.usage, Usage::default(), "{failure}");
}

#[track_caller]
fn check_used(
    name: &str,
    say: Say,
    expected: (FailureClass, Retry, Billed),
) -> Box<ProviderFailure> {
    let failure = asked(name, say).0.unwrap_err();
    assert_eq!((failure.class, failure.retry, failure.billed), expected, "{failure}");
    assert!(!failure.message.is_empty());
    failure
}

fn error(status: u16, error: &Value) -> Say {
    Say::new(status, &json!({ "error": error }).to_string())
}

#[test]
fn what_openai_says_is_told_apart() {
    let check = |say: Say, expected| check("openai", say, expected);
    let coded = |status, kind: &str, code: &str| {
        error(status, &json!({"message": "m", "type": kind, "param": null, "code": code}))
    };
    let limited =
        json!({"error": {"message": "m", "type": "requests", "code": "rate_limit_exceeded"}});
    let limited = limited.to_string();
    let (limit, busy) = (FailureClass::RateLimited, FailureClass::Overloaded);
    check(Say::new(429, &limited), (limit, SOON, UNBILLED));
    check(Say::with(429, &[("retry-after", "7")], &limited), (limit, after(7_000), UNBILLED));
    check(Say::with(429, &[("retry-after-ms", "70")], &limited), (limit, after(70), UNBILLED));
    check(coded(429, "rate_limit_error", "slow_down"), (limit, SOON, UNBILLED));
    check(coded(503, "server_error", "server_is_overloaded"), (busy, SOON, UNBILLED));
    for code in [
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "insufficient_quota",
    ] {
        check(coded(429, "insufficient_quota", code), (FailureClass::Billing, NEVER, UNBILLED));
    }
    check(coded(429, "insufficient_quota", "new"), (FailureClass::Billing, NEVER, UNBILLED));
    check(coded(401, "e", "invalid_api_key"), (FailureClass::Auth, NEVER, UNBILLED));
    check(coded(403, "e", "unsupported_country"), (FailureClass::Auth, NEVER, UNBILLED));
    check(coded(404, "e", "model_not_found"), (FailureClass::NoModel, NEVER, UNBILLED));
    check(
        coded(400, "e", "context_length_exceeded"),
        (FailureClass::InvalidRequest, NEVER, UNBILLED),
    );
    check(coded(400, "e", "content_filter"), (FailureClass::Refused, NEVER, UNBILLED));
    check(coded(500, "server_error", ""), (FailureClass::Unavailable, SOON, MAYBE));
    // Ollama's own error is a text, llama.cpp is still loading, a proxy speaks HTML.
    check(error(404, &json!("no such model")), (FailureClass::NoModel, NEVER, UNBILLED));
    check(error(503, &json!({"code": 503, "message": "Loading model"})), (busy, SOON, UNBILLED));
    check(Say::new(502, "<html>bad gateway</html>"), (FailureClass::Unavailable, SOON, MAYBE));
    check(Say::new(418, ""), (FailureClass::InvalidRequest, NEVER, UNBILLED));
}

#[test]
fn what_openrouter_says_under_a_status_of_success_is_a_failure_all_the_same() {
    let check = |say: Say, expected| check("openrouter", say, expected);
    let begun = |code: u16| error(200, &json!({"code": code, "message": "m"}));
    check(begun(429), (FailureClass::RateLimited, SOON, MAYBE));
    check(begun(502), (FailureClass::Unavailable, SOON, MAYBE));
    check(begun(402), (FailureClass::Billing, NEVER, MAYBE));
    let mut body = completion("half an ans");
    body["usage"]["cost"] = json!(0.5);
    body["choices"][0]["finish_reason"] = json!("error");
    body["choices"][0]["error"] = json!({"code": 502, "message": "upstream broke"});
    let say = Say::new(200, &body.to_string());
    let failure = check_used("openrouter", say, (FailureClass::Unavailable, SOON, MAYBE));
    assert_eq!(failure.usage.cost.map(convoke_events::MicroUsd::get), Some(500_000));
}

#[test]
fn what_openrouter_says_is_told_apart() {
    let check = |say: Say, expected| check("openrouter", say, expected);
    let about = |status, metadata: Value| {
        error(status, &json!({"code": status, "message": "m", "metadata": metadata}))
    };
    let in_flight = json!({"error": {"code": 402, "message": "m",
        "metadata": {"limit_source": "openrouter_in_flight_budget"}}});
    let in_flight = Say::with(402, &[("retry-after", "3")], &in_flight.to_string());
    check(in_flight, (FailureClass::RateLimited, after(3_000), UNBILLED));
    check(about(402, json!({})), (FailureClass::Billing, NEVER, UNBILLED));
    let heavy = json!({"limit_source": "weight_exceeds_budget"});
    check(about(402, heavy), (FailureClass::Billing, NEVER, UNBILLED));
    check(about(403, json!({"resets_at": "2026-12-01"})), (FailureClass::Quota, NEVER, UNBILLED));
    check(about(403, json!({"reasons": ["x"]})), (FailureClass::Refused, NEVER, UNBILLED));
    check(about(403, json!({})), (FailureClass::Auth, NEVER, UNBILLED));
    check(about(404, json!({})), (FailureClass::NoModel, NEVER, UNBILLED));
    check(about(408, json!({})), (FailureClass::Unavailable, SOON, MAYBE));
    check(about(503, json!({})), (FailureClass::Overloaded, SOON, UNBILLED));
}

#[test]
fn what_gemini_says_is_told_apart_wrapped_in_an_array_or_not() {
    let cases = [
        (400, "INVALID_ARGUMENT", json!([]), (FailureClass::InvalidRequest, NEVER, UNBILLED)),
        (
            400,
            "INVALID_ARGUMENT",
            json!([{"reason": "API_KEY_INVALID"}]),
            (FailureClass::Auth, NEVER, UNBILLED),
        ),
        (400, "FAILED_PRECONDITION", json!([]), (FailureClass::Billing, NEVER, UNBILLED)),
        (403, "PERMISSION_DENIED", json!([]), (FailureClass::Auth, NEVER, UNBILLED)),
        (404, "NOT_FOUND", json!([]), (FailureClass::NoModel, NEVER, UNBILLED)),
        (429, "RESOURCE_EXHAUSTED", json!([]), (FailureClass::RateLimited, SOON, UNBILLED)),
        (
            429,
            "RESOURCE_EXHAUSTED",
            json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37.5s"}]),
            (FailureClass::RateLimited, after(37_500), UNBILLED),
        ),
        (
            429,
            "RESOURCE_EXHAUSTED",
            json!([{"violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]},
                {"retryDelay": "37s"}]),
            (FailureClass::Quota, NEVER, UNBILLED),
        ),
        (500, "INTERNAL", json!([]), (FailureClass::Unavailable, SOON, MAYBE)),
        (503, "UNAVAILABLE", json!([]), (FailureClass::Overloaded, SOON, UNBILLED)),
        (504, "DEADLINE_EXCEEDED", json!([]), (FailureClass::Unavailable, SOON, MAYBE)),
    ];
    for (code, status, details, expected) in cases {
        let error = json!({"code": code, "message": "m", "status": status, "details": details});
        let error = json!({ "error": error });
        check("gemini", Say::new(code, &error.to_string()), expected);
        check("gemini", Say::new(code, &json!([error]).to_string()), expected);
    }
}

#[test]
fn an_answer_without_an_answer_is_a_failure_that_says_what_it_used() {
    let used = |output: u64| Some(Tokens::new(output));
    let mut refused = completion("");
    refused["choices"][0]["message"]["refusal"] = json!("I can't help");
    let mut withheld = completion("half");
    withheld["choices"][0]["finish_reason"] = json!("content_filter");
    let mut cut = completion("");
    cut["choices"][0]["finish_reason"] = json!("length");
    let silent = completion(" ");
    let mut nothing = completion("");
    nothing["choices"] = json!([]);
    for (body, class) in [
        (refused, FailureClass::Refused),
        (withheld, FailureClass::Refused),
        (cut, FailureClass::Truncated),
        (silent, FailureClass::Malformed),
        (nothing, FailureClass::Malformed),
    ] {
        for name in ["openai", "openrouter"] {
            let failure = check_used(name, Say::new(200, &body.to_string()), (class, NEVER, MAYBE));
            assert_eq!(failure.usage.output, used(34), "{failure}");
        }
    }
}

#[test]
fn gemini_may_think_until_nothing_is_left_for_words_and_block_what_it_is_asked() {
    let mut thought = generated("");
    thought["candidates"][0] = json!({"finishReason": "MAX_TOKENS", "content": {"role": "model"}});
    thought["usageMetadata"] =
        json!({"promptTokenCount": 10, "thoughtsTokenCount": 190, "totalTokenCount": 200});
    let say = Say::new(200, &thought.to_string());
    let failure = check_used("gemini", say, (FailureClass::Truncated, NEVER, MAYBE));
    assert_eq!(failure.usage.output, Some(Tokens::new(190)));
    let blocked = json!({
        "promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": {"promptTokenCount": 10, "totalTokenCount": 10},
    });
    let say = Say::new(200, &blocked.to_string());
    let failure = check_used("gemini", say, (FailureClass::Refused, NEVER, MAYBE));
    let used = (failure.usage.input, failure.usage.output);
    assert_eq!(used, (Some(Tokens::new(10)), Some(Tokens::ZERO)));
    for (reason, class) in [
        ("SAFETY", FailureClass::Refused),
        ("RECITATION", FailureClass::Refused),
        ("IMAGE_SAFETY", FailureClass::Refused),
        ("MALFORMED_FUNCTION_CALL", FailureClass::Malformed),
        ("TOMORROW", FailureClass::Malformed),
    ] {
        let mut body = generated("");
        body["candidates"][0]["finishReason"] = json!(reason);
        check_used("gemini", Say::new(200, &body.to_string()), (class, NEVER, MAYBE));
    }
}

#[test]
fn what_is_no_answer_at_all_is_malformed() {
    for name in ["openai", "openrouter", "gemini"] {
        for body in ["<html>hello</html>", "", "{\"choices\": [", "[]", "7"] {
            check(name, Say::new(200, body), (FailureClass::Malformed, NEVER, MAYBE));
        }
    }
}
