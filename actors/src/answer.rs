//! Answers: what an agent's words must look like to count, checked on our side always.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use convoke_events::{Confidence, Key, MAX_TEXT, Purpose, Slug, record::TooLarge};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::action::{self, Wanted};
use crate::provider::{AnswerSchema, Part};

/// The longest answer that is recorded, in bytes.
pub(crate) const MAX_ANSWER: usize = MAX_TEXT;

/// What counts of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) key: Key,
    pub(crate) confidence: Option<Confidence>,
    /// What its agent wants to do beside, in the order it said so.
    pub(crate) actions: Vec<Wanted>,
}

/// What an answer lacks.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum AnswerError {
    #[error("the answer is not the JSON object asked for: {0}")]
    Shape(String),
    #[error("`recommendation` holds no letter or digit")]
    Key,
    #[error("`confidence` is {0}, expected a number from 0 to 1")]
    Confidence(f64),
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

#[derive(Deserialize)]
struct Shape {
    recommendation: String,
    #[serde(rename = "body")]
    _body: String,
    confidence: Option<f64>,
    #[serde(rename = "assumptions", default)]
    _assumptions: Vec<String>,
    actions: Option<Value>,
}

/// Reads an answer: its words, and what it asks for as tool calls.
pub(crate) fn parse(content: &str, parts: &[Part]) -> Result<Answer, AnswerError> {
    if content.len() > MAX_ANSWER {
        let (what, size) = ("an answer", content.len());
        return Err(TooLarge { what, size, limit: MAX_ANSWER }.into());
    }
    let shape: Shape =
        serde_json::from_str(content).map_err(|error| AnswerError::Shape(error.to_string()))?;
    let key = Key::canonical(&shape.recommendation).ok_or(AnswerError::Key)?;
    let confidence = match shape.confidence {
        None => None,
        Some(found) => Some(Confidence::new(found).ok_or(AnswerError::Confidence(found))?),
    };
    let actions = action::of_answer(shape.actions.as_ref(), parts);
    Ok(Answer { key, confidence, actions })
}

/// The shapes of answers that have nothing of their own to choose from. They are made once: of a wide
/// collective, making them was half of what it took to put its requests together.
static PLAIN: LazyLock<BTreeMap<Purpose, Arc<Value>>> = LazyLock::new(|| {
    let of = |purpose: &Purpose| (*purpose, Arc::new(shape(*purpose, &[], &[])));
    Purpose::ALL.iter().map(of).collect()
});

/// The shape asked of an answer, as JSON Schema; `keys` are the recommendations it may choose from,
/// if not any, and `ids` what it may cite.
pub(crate) fn schema(purpose: Purpose, keys: &[Key], ids: &[Slug]) -> AnswerSchema {
    let plain = PLAIN.get(&purpose).filter(|_| keys.is_empty() && ids.is_empty());
    let json = plain.cloned().unwrap_or_else(|| Arc::new(shape(purpose, keys, ids)));
    AnswerSchema { name: purpose.as_str(), json }
}

fn shape(purpose: Purpose, keys: &[Key], ids: &[Slug]) -> Value {
    let mut recommendation =
        json!({"type": "string", "description": "what you recommend, in one to four words"});
    let among = |words: &[&str]| json!({"type": "string", "enum": words});
    let keys: Vec<&str> = keys.iter().map(Key::as_str).collect();
    let ids: Vec<&str> = ids.iter().map(Slug::as_str).collect();
    if purpose == Purpose::Judgement {
        recommendation = among(&["grouped", "distinct"]);
    } else if !keys.is_empty() {
        recommendation = among(&keys);
    }
    let mut properties = json!({
        "recommendation": recommendation,
        "body": {"type": "string", "description": "why, for people"},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "assumptions": {"type": "array", "items": {"type": "string"}}
    });
    let mut required = vec!["recommendation", "body", "confidence", "assumptions"];
    let mut add = |name: &'static str, shape: serde_json::Value| {
        if let Some(properties) = properties.as_object_mut() {
            properties.insert(name.to_owned(), shape);
        }
        required.push(name);
    };
    if matches!(purpose, Purpose::Synthesis | Purpose::Arbitration) {
        let cited = json!({"type": "array", "items": among(&ids)});
        add("cites", cited.clone());
        add("dissent", dissent(&cited));
    }
    if purpose == Purpose::Judgement {
        let group = json!({"type": "array", "items": among(&keys)});
        add("groups", json!({"type": "array", "items": group}));
    }
    if let Some(actions) = action::schema(purpose)
        && let Some(properties) = properties.as_object_mut()
    {
        properties.insert("actions".to_owned(), actions);
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false
    })
}

/// The shape of what a synthesis says of those who recommend otherwise.
fn dissent(cited: &Value) -> Value {
    let item = json!({
        "type": "object",
        "properties": {
            "recommendation": {"type": "string", "description": "what lost"},
            "by": cited,
            "why": {"type": "string"}
        },
        "required": ["recommendation", "by", "why"],
        "additionalProperties": false
    });
    json!({"type": "array", "items": item})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content: &str, expected: &str) {
        let found = match parse(content, &[]) {
            Ok(answer) => format!("{} {:?}", answer.key, answer.confidence.map(Confidence::share)),
            Err(error) => error.to_string(),
        };
        assert!(found.starts_with(expected), "{found}");
    }

    #[test]
    fn an_answer_of_the_shape_asked_for_counts() {
        let content =
            r#"{"recommendation":"Fix it!","body":"b","confidence":0.5,"assumptions":[]}"#;
        check(content, "fix-it Some(0.5)");
    }

    #[test]
    fn an_answer_without_confidence_counts_without_one() {
        check(r#"{"recommendation":"a","body":""}"#, "a None");
    }

    #[test]
    fn words_that_are_no_object_do_not_count() {
        check("I think we should fix it", "the answer is not the JSON object");
    }

    #[test]
    fn a_confidence_beyond_one_does_not_count() {
        let content = r#"{"recommendation":"a","body":"","confidence":1.5}"#;
        check(content, "`confidence` is 1.5");
    }

    #[test]
    fn a_recommendation_without_a_letter_does_not_count() {
        check(r#"{"recommendation":"?","body":""}"#, "`recommendation` holds no");
    }
}
