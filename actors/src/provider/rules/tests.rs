//! The provider as its callers see it.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use convoke_events::{ModelName, ProviderName, Timestamp};
use serde_json::{Value, json};

use super::super::AnswerSchema;
use super::*;

const PROMPT: &str = "You crash on purpose.";
const QUESTION: &str = "Slow start\n\nIt takes a minute.";

fn request(schema: &'static str, parts: Vec<Part>) -> ModelRequest {
    let settings = json!({
        "rules": [
            {"any": ["crash"], "recommend": "fix", "confidence": 0.9, "reason": "it hurts"},
            {"any": ["slow"], "recommend": "measure", "confidence": 0.8, "reason": "no numbers"},
        ],
        "otherwise": {"recommend": "wait", "confidence": 0.5, "reason": "nobody is hurt"},
    });
    let system = Message { role: MessageRole::System, parts: vec![Part::Text(PROMPT.to_owned())] };
    ModelRequest {
        provider: ProviderName::Rules,
        model: ModelName::new("rules-1").unwrap(),
        base_url: None,
        settings: Some(settings.to_string()),
        messages: vec![system, Message { role: MessageRole::User, parts }],
        tools: vec![],
        schema: Some(AnswerSchema { name: schema, json: json!({}).into() }),
        max_output: Tokens::new(200),
        deadline: Timestamp::from_micros(0),
    }
}

fn contribution() -> ModelRequest {
    request("contribution", vec![Part::Text(QUESTION.to_owned())])
}

fn synthesis() -> ModelRequest {
    let document = |id: &str, key: &str| Part::Document {
        id: id.to_owned(),
        content: json!({"recommendation": key, "body": "so", "confidence": 0.5}).to_string(),
    };
    let question = Part::Text(QUESTION.to_owned());
    request(
        "synthesis",
        vec![question, document("a", "fix"), document("b", "wait"), document("c", "fix")],
    )
}

fn call(request: ModelRequest) -> Result<ModelResponse, Box<ProviderFailure>> {
    let (_switch, cancel) = Cancel::pair();
    let call = pin!(Rules.call(request, Deltas::none(), cancel));
    match call.get_mut().as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome.map_err(Box::new),
        Poll::Pending => panic!("a local answer waits for nothing"),
    }
}

fn read(response: &ModelResponse) -> Value {
    serde_json::from_str(&response.text()).unwrap()
}

#[test]
fn rules_may_be_asked_again() {
    assert_eq!(Rules.safety(), Safety::Repeatable);
    assert_eq!(call(contribution()), call(contribution()));
}

#[test]
fn the_users_words_are_answered_and_not_the_system_prompt() {
    let response = call(contribution()).unwrap();
    assert_eq!(
        read(&response),
        json!({
            "recommendation": "measure",
            "body": "no numbers; found `slow`",
            "confidence": 0.8,
            "assumptions": ["the words found mean what they usually mean"],
        })
    );
    assert_eq!(response.provider, ProviderName::Rules);
    assert_eq!(response.model.as_str(), "rules-1");
    assert_eq!(response.finish, FinishReason::Stop);
}

#[test]
fn usage_is_a_quarter_of_the_bytes_rounded_up_once() {
    let response = call(contribution()).unwrap();
    let bytes = PROMPT.len() + QUESTION.len();
    assert_ne!(bytes % 4, 0, "so that rounding shows");
    let tokens = |bytes: usize| Some(Tokens::new(u64::try_from(bytes.div_ceil(4)).unwrap()));
    assert_eq!(response.usage.input, tokens(bytes));
    assert_eq!(response.usage.output, tokens(response.text().len()));
    assert_eq!(response.usage.cost, None);
}

#[test]
fn a_synthesis_counts_the_documents_and_lists_dissent() {
    let response = call(synthesis()).unwrap();
    let answer = read(&response);
    assert_eq!(answer["recommendation"], "fix");
    assert_eq!(answer["confidence"], 0.5);
    assert_eq!(answer["cites"], json!(["a", "c"]));
    assert_eq!(answer["dissent"], json!([{"recommendation": "wait", "by": ["b"], "why": "so"}]));
    assert_eq!(answer["body"], "2 of 3 say fix:\na: so\nc: so");
}

#[test]
fn the_input_of_a_synthesis_holds_documents_and_ids() {
    let with = call(synthesis()).unwrap().usage.input.unwrap().get();
    let content = r#"{"body":"so","confidence":0.5,"recommendation":"fix"}"#.len();
    let bytes = PROMPT.len() + QUESTION.len() + 3 * (content + 1) + "wait".len() - "fix".len();
    assert_eq!(with, u64::try_from(bytes.div_ceil(4)).unwrap());
}

#[test]
fn an_answer_keeps_to_its_bound_on_output() {
    for max_output in [40, 45, 60, 200] {
        let max_output = Tokens::new(max_output);
        let response = call(ModelRequest { max_output, ..synthesis() }).unwrap();
        assert!(response.usage.output.unwrap() <= max_output, "{max_output}");
        assert_eq!(read(&response)["dissent"][0]["by"], json!(["b"]));
    }
}

#[track_caller]
fn check_failure(request: ModelRequest, class: FailureClass, message: &str) {
    let failure = call(request).unwrap_err();
    assert_eq!(failure.class, class);
    assert_eq!(failure.message, message);
    assert_eq!(failure.usage.total(), Some(Tokens::ZERO), "nothing was used, and that is known");
}

#[test]
fn a_bound_that_holds_no_answer_fails() {
    check_failure(
        ModelRequest { max_output: Tokens::new(5), ..contribution() },
        FailureClass::Malformed,
        "the shortest answer does not fit into 5 tokens of output",
    );
}

#[test]
fn wrong_settings_fail_by_the_name_of_the_field() {
    let settings = contribution().settings.unwrap().replace("0.8", "8");
    check_failure(
        ModelRequest { settings: Some(settings), ..contribution() },
        FailureClass::Refused,
        "`rules[1].confidence` is 8: expected a number from 0 to 1",
    );
    check_failure(
        ModelRequest { settings: None, ..contribution() },
        FailureClass::Refused,
        "`settings`: missing field `rules` at line 1 column 2",
    );
}

#[test]
fn a_synthesis_without_documents_fails() {
    check_failure(
        request("synthesis", vec![Part::Text(QUESTION.to_owned())]),
        FailureClass::Refused,
        "there is no document to put together",
    );
}

fn comparing(schema: &'static str, titles: &[&str]) -> ModelRequest {
    let mut parts = vec![
        Part::Text("Slow start of the worker\n\nIt takes a minute.".to_owned()),
        Part::Text("\n\nlook for duplicates".to_owned()),
    ];
    parts.extend(titles.iter().zip(1..).map(|(title, number)| Part::Document {
        id: format!("task-{number}"),
        content: (*title).to_owned(),
    }));
    let request = request(schema, parts);
    let mut settings: Value = serde_json::from_str(request.settings.as_deref().unwrap()).unwrap();
    settings["compare"] = json!({"at_least": 0.5, "recommend": "duplicate", "otherwise": "unique"});
    ModelRequest { settings: Some(settings.to_string()), ..request }
}

#[test]
fn what_was_handed_over_is_compared_by_title_and_not_by_body_or_scope() {
    let titles = ["Look for duplicates", "Worker: slow start", "It takes a minute"];
    let answer = read(&call(comparing("delegation", &titles)).unwrap());
    assert_eq!(answer["recommendation"], "duplicate");
    assert_eq!(answer["body"], "3 of 4 words are those of task-2, `Worker: slow start`");
    let answer = read(&call(comparing("delegation", &titles[..1])).unwrap());
    assert_eq!(answer["recommendation"], "unique");
}

#[test]
fn a_comparison_keeps_to_its_bound_on_output() {
    let titles = ["Worker: slow start", &"slow start worker the ".repeat(60)];
    for max_output in [40, 60, 200] {
        let max_output = Tokens::new(max_output);
        let request = ModelRequest { max_output, ..comparing("delegation", &titles[1..]) };
        let response = call(request).unwrap();
        assert!(response.usage.output.unwrap() <= max_output, "{max_output}");
        assert_eq!(read(&response)["recommendation"], "duplicate");
    }
}

#[test]
fn whoever_compares_still_contributes_by_rules() {
    let answer = read(&call(comparing("contribution", &["Slow start of the worker"])).unwrap());
    assert_eq!(answer["recommendation"], "measure");
}

#[test]
fn an_answer_holds_actions_only_where_it_may() {
    for (schema, acts) in [("contribution", true), ("delegation", true), ("triage", false)] {
        let request = request(schema, vec![Part::Text(QUESTION.to_owned())]);
        let settings = request.settings.as_deref().unwrap();
        let mut settings: Value = serde_json::from_str(settings).unwrap();
        settings["rules"][1]["delegate"] = json!({"to": "scout", "scope": "measure it"});
        let request = ModelRequest { settings: Some(settings.to_string()), ..request };
        let answer = read(&call(request).unwrap());
        let expected = json!([{"delegate": {"to": "scout", "scope": "measure it", "trim": false}}]);
        assert_eq!(answer.get("actions"), acts.then_some(&expected), "{schema}");
    }
}
