//! Reading: the actions that an answer asks for, each understood or not by itself.

use std::sync::LazyLock;

use convoke_events::{ActionKind, Ballot, MessageKind, Purpose, Section};
use serde_json::{Value, json};

use super::Action;
use crate::provider::Part;

/// The most actions that one answer may ask for.
pub(crate) const MAX_ACTIONS: usize = 8;

/// An action as an answer asks for it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wanted {
    /// It can be understood.
    Action(Action),
    /// It is none, or not as it should be.
    Malformed { kind: ActionKind, content: String, why: String },
    /// So many came after those that are looked at.
    TooMany { more: usize },
}

/// The actions in an answer: those of its list, then those it asks for as tool calls.
pub(crate) fn of_answer(list: Option<&Value>, parts: &[Part]) -> Vec<Wanted> {
    let listed: Vec<&Value> = match list {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(other) => vec![other],
    };
    let called = parts.iter().filter_map(|part| match part {
        Part::ToolCall { name, arguments, .. } => Some(called(name, arguments)),
        Part::Text(_) | Part::Document { .. } => None,
    });
    let all: Vec<Wanted> = listed.into_iter().map(read).chain(called).collect();
    let more = all.len().saturating_sub(MAX_ACTIONS);
    let mut wanted: Vec<Wanted> = all.into_iter().take(MAX_ACTIONS).collect();
    if more > 0 {
        wanted.push(Wanted::TooMany { more });
    }
    wanted
}

fn read(value: &Value) -> Wanted {
    match Action::deserialize_from(value) {
        Ok(action) => Wanted::Action(action),
        Err(error) => {
            let name = value.as_object().and_then(|fields| fields.keys().next());
            let kind = name.and_then(|name| name.parse().ok()).unwrap_or(ActionKind::Unknown);
            Wanted::Malformed { kind, content: value.to_string(), why: error.to_string() }
        }
    }
}

fn called(name: &str, arguments: &str) -> Wanted {
    match serde_json::from_str::<Value>(arguments) {
        Ok(arguments) => read(&json!({ name: arguments })),
        Err(error) => Wanted::Malformed {
            kind: name.parse().unwrap_or(ActionKind::Unknown),
            content: format!("{name} {arguments}"),
            why: error.to_string(),
        },
    }
}

impl Action {
    fn deserialize_from(value: &Value) -> Result<Self, serde_json::Error> {
        serde::Deserialize::deserialize(value)
    }
}

/// Whether a call for this purpose leaves room to act: a triage and a synthesis only say.
pub(crate) const fn may_act(purpose: Purpose) -> bool {
    match purpose {
        Purpose::Contribution | Purpose::Delegation | Purpose::Mediation => true,
        Purpose::Triage
        | Purpose::Synthesis
        | Purpose::Judgement
        | Purpose::Arbitration
        | Purpose::Answer
        | Purpose::Action => false,
    }
}

/// The shape of the actions that an answer may ask for, as JSON Schema; none where it may not.
pub(crate) fn schema(purpose: Purpose) -> Option<Value> {
    static SHAPE: LazyLock<Value> = LazyLock::new(shape);
    may_act(purpose).then(|| SHAPE.clone())
}

fn shape() -> Value {
    // Every byte of it counts in what a call sets aside, so it says no more than it must.
    let (words, yes_no) = (json!({"type": "string"}), json!({"type": "boolean"}));
    let (whole, share) = (json!({"type": "integer", "minimum": 1}), json!({"type": "number"}));
    let words_of = |all: Vec<&str>| json!({ "enum": all });
    let sections = words_of(Section::ALL.iter().map(|one| one.as_str()).collect());
    let kinds = words_of(MessageKind::ALL.iter().map(|one| one.as_str()).collect());
    let ballots = words_of(Ballot::ALL.iter().map(|one| one.as_str()).collect());
    let of = |required: &[&str], properties: Value| json!({"type": "object", "properties": properties, "required": required});
    let delegate = json!({"to": words, "scope": words, "tokens": whole, "trim": yes_no});
    let post = json!({"section": sections, "key": words, "text": words});
    let message = json!({"kind": kinds, "to": words, "key": words, "text": words});
    let each = json!({
        "delegate": of(&["to", "scope"], delegate),
        "post": of(&["section", "text"], post),
        "message": of(&["kind", "text"], message),
        "vote": of(&["on", "ballot"], json!({"on": words, "ballot": ballots, "reason": words})),
        "declare_complexity": of(&["complexity"], json!({"complexity": share, "reason": words})),
        "complete": of(&["reason"], json!({"reason": words})),
    });
    let action = json!({
        "type": "object",
        "description": "one action",
        "properties": each,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false
    });
    json!({"type": "array", "maxItems": MAX_ACTIONS, "items": action})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(wanted: &[Wanted]) -> Vec<String> {
        let kind = |one: &Wanted| match one {
            Wanted::Action(action) => action.kind().to_string(),
            Wanted::Malformed { kind, .. } => format!("malformed {kind}"),
            Wanted::TooMany { more } => format!("{more} more"),
        };
        wanted.iter().map(kind).collect()
    }

    fn call(name: &str, arguments: &str) -> Part {
        let (id, name, arguments) = ("1".to_owned(), name.to_owned(), arguments.to_owned());
        Part::ToolCall { id, name, arguments }
    }

    #[test]
    fn a_malformed_action_is_malformed_alone() {
        let list = json!([
            {"post": {"section": "solutions", "text": "t"}},
            {"vote": {"on": "x", "ballot": "MAYBE", "reason": "r"}},
            {"fly": {}},
            "post",
            {"complete": {"reason": "r", "surprise": 1}},
            {"message": {"kind": "FEEDBACK", "text": "t"}},
        ]);
        let expected = [
            "post",
            "malformed vote",
            "malformed unknown",
            "malformed unknown",
            "malformed complete",
            "message",
        ];
        assert_eq!(kinds(&of_answer(Some(&list), &[])), expected);
    }

    #[test]
    fn a_list_that_is_none_is_one_malformed_action() {
        assert_eq!(kinds(&of_answer(Some(&json!("post")), &[])), ["malformed unknown"]);
        assert_eq!(kinds(&of_answer(Some(&Value::Null), &[])), [""; 0]);
    }

    #[test]
    fn tool_calls_are_actions_too_and_come_after_the_list() {
        let parts =
            [call("complete", r#"{"reason":"r"}"#), call("rm", "{}"), call("vote", "{not json")];
        let list = json!([{"post": {"section": "problem", "text": "t"}}]);
        let expected = ["post", "complete", "malformed unknown", "malformed vote"];
        assert_eq!(kinds(&of_answer(Some(&list), &parts)), expected);
    }

    #[test]
    fn what_comes_after_eight_actions_is_counted_and_not_looked_at() {
        let list: Vec<_> = (0..11).map(|_| json!({"complete": {"reason": "r"}})).collect();
        let wanted = of_answer(Some(&Value::Array(list)), &[]);
        assert_eq!(wanted.len(), MAX_ACTIONS + 1);
        assert_eq!(kinds(&wanted)[MAX_ACTIONS], "3 more");
    }

    #[test]
    fn every_action_of_the_schema_can_be_read() {
        let schema = schema(Purpose::Contribution).unwrap();
        let mut names: Vec<_> = schema["items"]["properties"].as_object().unwrap().keys().collect();
        names.sort();
        // Whoever works by a packet knows its actions from its host.
        let apart = [ActionKind::Unknown, ActionKind::Work];
        let known = ActionKind::ALL.iter().filter(|kind| !apart.contains(*kind));
        let mut known: Vec<_> = known.map(ToString::to_string).collect();
        known.sort();
        assert_eq!(names, known.iter().collect::<Vec<_>>());
    }
}
