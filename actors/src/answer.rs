//! Answers: what an agent's words must look like to count, checked on our side always.

use convoke_events::{Confidence, Key, MAX_TEXT, Purpose, record::TooLarge};
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
    #[error("`dissent` is missing: a synthesis lists it, even if there is none")]
    Dissent,
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
    dissent: Option<Vec<String>>,
    actions: Option<Value>,
}

/// Reads an answer given for this purpose: its words, and what it asks for as tool calls.
pub(crate) fn parse(
    purpose: Purpose,
    content: &str,
    parts: &[Part],
) -> Result<Answer, AnswerError> {
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
    if purpose == Purpose::Synthesis && shape.dissent.is_none() {
        return Err(AnswerError::Dissent);
    }
    let actions = action::of_answer(shape.actions.as_ref(), parts);
    Ok(Answer { key, confidence, actions })
}

/// The shape asked of an answer, as JSON Schema.
pub(crate) fn schema(purpose: Purpose) -> AnswerSchema {
    let mut properties = json!({
        "recommendation": {"type": "string", "description": "what you recommend, in one to four words"},
        "body": {"type": "string", "description": "why, for people"},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "assumptions": {"type": "array", "items": {"type": "string"}}
    });
    let mut required = vec!["recommendation", "body", "confidence", "assumptions"];
    if purpose == Purpose::Synthesis {
        let dissent = json!({"type": "array", "items": {"type": "string"}});
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("dissent".to_owned(), dissent);
        }
        required.push("dissent");
    }
    if let Some(actions) = action::schema(purpose)
        && let Some(properties) = properties.as_object_mut()
    {
        properties.insert("actions".to_owned(), actions);
    }
    let json = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false
    });
    AnswerSchema { name: purpose.as_str(), json }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(purpose: Purpose, content: &str, expected: &str) {
        let found = match parse(purpose, content, &[]) {
            Ok(answer) => format!("{} {:?}", answer.key, answer.confidence.map(Confidence::share)),
            Err(error) => error.to_string(),
        };
        assert!(found.starts_with(expected), "{found}");
    }

    #[test]
    fn an_answer_of_the_shape_asked_for_counts() {
        let content =
            r#"{"recommendation":"Fix it!","body":"b","confidence":0.5,"assumptions":[]}"#;
        check(Purpose::Triage, content, "fix-it Some(0.5)");
    }

    #[test]
    fn an_answer_without_confidence_counts_without_one() {
        check(Purpose::Contribution, r#"{"recommendation":"a","body":""}"#, "a None");
    }

    #[test]
    fn words_that_are_no_object_do_not_count() {
        check(Purpose::Triage, "I think we should fix it", "the answer is not the JSON object");
    }

    #[test]
    fn a_confidence_beyond_one_does_not_count() {
        let content = r#"{"recommendation":"a","body":"","confidence":1.5}"#;
        check(Purpose::Triage, content, "`confidence` is 1.5");
    }

    #[test]
    fn a_recommendation_without_a_letter_does_not_count() {
        check(Purpose::Triage, r#"{"recommendation":"?","body":""}"#, "`recommendation` holds no");
    }

    #[test]
    fn a_synthesis_must_list_dissent() {
        let content = r#"{"recommendation":"a","body":""}"#;
        check(Purpose::Synthesis, content, "`dissent` is missing");
    }
}
