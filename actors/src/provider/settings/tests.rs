//! Settings that hold, and those that do not: named, and not repeated.

use super::*;

const SECRET: &str = "sk-s3cret-0123456789";

fn complaint(provider: &str, base_url: Option<&str>, settings: &str) -> String {
    let provider = provider.parse().unwrap();
    check(&provider, base_url, Some(settings))
        .map_or_else(|unfit| unfit.to_string(), |()| String::new())
}

fn check_complaint(provider: &str, base_url: Option<&str>, settings: &str, expected: &str) {
    let found = complaint(provider, base_url, settings);
    assert!(found.contains(expected) && (!expected.is_empty() || found.is_empty()), "{found}");
    assert!(!found.contains(SECRET), "{found}");
}

#[test]
fn settings_that_hold_are_taken() {
    for (provider, base_url, settings) in [
        ("openai", None, "{}"),
        ("openai", None, r#"{"key_env":"OPENAI_API_KEY","temperature":0.2,"top_p":1}"#),
        ("openai", Some("http://127.0.0.1:1"), r#"{"output_bound":"max_completion_tokens"}"#),
        ("openai", Some("https://llm.example.com"), r#"{"key_env":"OURS","answer":"json"}"#),
        ("openai", Some("http://llm.example.com"), r#"{"keyless":true}"#),
        ("openrouter", None, r#"{"routing":{"only":["a"],"zdr":true},"fallbacks":["b"]}"#),
        ("gemini", None, r#"{"thinking_budget":128}"#),
        ("claude-code", None, r#"{"login":"token","key_file":"/keys/claude","tools":["Read"]}"#),
        ("host:ours", Some("https://example.com"), r#"{"whatever":1}"#),
    ] {
        check_complaint(provider, base_url, settings, "");
    }
}

#[test]
fn a_key_goes_nowhere_it_was_not_meant_for() {
    let elsewhere = Some("https://llm.example.com/v1");
    check_complaint("openai", elsewhere, "{}", "say which key goes there");
    check_complaint("openai", elsewhere, r#"{"key_env":"OPENAI_API_KEY"}"#, "alone");
    check_complaint("openai", None, r#"{"key_env":"GEMINI_API_KEY"}"#, "alone");
    check_complaint("openai", Some("http://[::1]:1"), r#"{"key_env":"OPENAI_API_KEY"}"#, "alone");
    let open = Some("http://llm.example.com/v1");
    check_complaint("openai", open, r#"{"key_env":"OURS"}"#, "does not go to another machine");
    check_complaint("openai", open, "{}", "say which key goes there");
}

#[test]
fn a_key_put_where_its_place_is_named_is_refused_and_not_repeated() {
    for settings in [
        format!(r#"{{"key_env":"{SECRET}"}}"#),
        format!(r#"{{"key_file":"{SECRET}"}}"#),
        format!(r#"{{"keyless":"{SECRET}"}}"#),
        format!(r#"{{"key":"{SECRET}"}}"#),
        format!(r#"{{"{SECRET}":1}}"#),
        format!(r#"{{"temperature":"{SECRET}"}}"#),
        format!(r#"{{"answer":"{SECRET}"}}"#),
        format!(r#""{SECRET}""#),
    ] {
        for provider in ["openai", "openrouter", "gemini", "claude-code"] {
            let found = complaint(provider, None, &settings);
            assert!(!found.is_empty() && !found.contains(SECRET), "{settings}: {found}");
        }
    }
}

#[test]
fn a_setting_is_named_with_what_it_may_hold() {
    check_complaint("gemini", None, r#"{"routing":{}}"#, "the unknown setting `routing`, expected");
    check_complaint("openai", None, r#"{"temperature":3}"#, "`temperature` is not a number from 0");
    check_complaint("openai", None, r#"{"answer":"xml"}"#, "none of: schema, json, text");
    check_complaint("openrouter", None, r#"{"routing":{"x":1}}"#, "unknown setting `x`");
    check_complaint("openai", None, r#"{"keyless":true,"key_env":"A"}"#, "`keyless` is not false");
    check_complaint("claude-code", None, r#"{"key_env":"A"}"#, "`login` is not `api_key`");
    check_complaint("rules", None, "{}", "rules");
}
