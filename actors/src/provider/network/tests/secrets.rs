//! A key goes to one server, and nothing that comes back, fails or is printed holds it.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::{KEY, Loopback, Say, call, completion, generated, provider, request};

#[test]
fn an_agent_gets_no_key_but_the_one_its_settings_name() {
    let server = Loopback::start(|_| Say::new(200, &completion("{}").to_string()));
    let mut request = request("openai", &server.url());
    request.settings = None;
    call(request).unwrap();
    assert_eq!(server.heard()[0].header("authorization"), None);
}

#[test]
fn a_registration_that_would_leak_a_key_is_not_sent() {
    // Older logs may hold what is refused today.
    for (base_url, settings) in [
        ("https://ada:s3cret@127.0.0.1:1", "{\"key_env\":\"TEST_KEY\"}"),
        ("http://llm.example.com", "{\"key_env\":\"TEST_KEY\"}"),
        ("http://127.0.0.1:1", "{\"key_env\":\"OPENAI_API_KEY\"}"),
    ] {
        let mut request = request("openai", base_url);
        request.settings = Some(settings.to_owned());
        let failure = call(request).unwrap_err();
        assert_eq!(failure.class, convoke_events::FailureClass::InvalidRequest);
        assert_eq!(failure.billed, crate::provider::Billed::No);
        assert!(!format!("{failure} {failure:?}").contains("s3cret"));
    }
}

#[test]
fn what_a_server_sends_back_holds_no_key() {
    let mut chat = completion(&format!("your key is {KEY}"));
    chat["model"] = json!(KEY);
    chat["provider"] = json!(format!("by {KEY}"));
    chat["choices"][0]["message"]["tool_calls"] =
        json!([{"id": KEY, "function": {"name": KEY, "arguments": KEY}}]);
    let mut generated = generated(&format!("your key is {KEY}"));
    generated["modelVersion"] = json!(KEY);
    let error = json!({"error": {"message": format!("bad key {KEY}"), "code": 401}});
    for name in ["openai", "openrouter", "gemini"] {
        let body = if name == "gemini" { &generated } else { &chat };
        let (answer, error) = (body.to_string(), error.to_string());
        let mut said = String::new();
        for say in [Say::new(200, &answer), Say::new(401, &error), Say::new(200, KEY)] {
            let server = Loopback::start(move |_| say.clone());
            let result = call(request(name, &server.url()));
            assert!(server.heard()[0].headers.iter().any(|(_, value)| value.contains(KEY)));
            write!(said, "{result:?}").unwrap();
        }
        assert!(!said.contains(KEY) && said.contains("[key]"), "{said}");
        write!(said, "{:?}", provider(name)).unwrap();
        assert!(!said.contains(KEY));
    }
}

/// Writes down whatever any library traces, at every level.
#[derive(Clone, Default)]
struct Traces(Arc<Mutex<String>>);

impl Visit for Traces {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0.lock().unwrap(), "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Traces {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn no_trace_at_any_level_holds_a_key() {
    let traces = Traces::default();
    let error = json!({"error": {"message": format!("bad key {KEY}"), "code": 401}}).to_string();
    // For the whole process: what other tests trace meanwhile may hold the key no more than this.
    tracing::subscriber::set_global_default(traces.clone()).unwrap();
    for name in ["openai", "openrouter", "gemini"] {
        let error = error.clone();
        let server = Loopback::start(move |_| Say::with(401, &[("x-echo", KEY)], &error));
        call(request(name, &server.url())).unwrap_err();
    }
    let traces = traces.0.lock().unwrap().clone();
    assert!(traces.contains("a model provider answered"), "{traces}");
    assert!(!traces.contains(KEY), "{traces}");
}
