//! What a `rules` agent answers, and how it keeps to its bound on output.

use convoke_events::Key;
use serde::Serialize;
use serde_json::{Map, Value};

use super::delegate::Action;

/// An answer before it is written down.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Answer {
    pub(super) recommendation: Key,
    pub(super) body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) confidence: Option<f64>,
    pub(super) assumptions: Vec<String>,
    /// A synthesis lists who does not agree, even if nobody; other answers say nothing of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dissent: Option<Vec<String>>,
    /// What it does beside answering.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) actions: Vec<Action>,
    /// What the shape of a task asks for beside all that.
    #[serde(flatten)]
    pub(super) fields: Map<String, Value>,
}

impl Answer {
    /// The same with exactly the fields that a schema asks for beside the usual ones: a text that
    /// nothing was said of is the body, a list is empty.
    pub(super) fn with_fields_of(mut self, schema: &Value) -> Self {
        const USUAL: [&str; 6] =
            ["recommendation", "body", "confidence", "assumptions", "dissent", "actions"];
        let asked = schema.get("properties").and_then(Value::as_object);
        let asked = asked.into_iter().flatten().filter(|(name, _)| !USUAL.contains(&name.as_str()));
        let fields = asked.map(|(name, about)| {
            let said = self.fields.remove(name).unwrap_or_else(|| {
                if about.get("type").and_then(Value::as_str) == Some("array") {
                    Value::Array(Vec::new())
                } else {
                    Value::String(self.body.clone())
                }
            });
            (name.clone(), said)
        });
        let fields = fields.collect();
        Self { fields, ..self }
    }

    /// The answer as JSON of at most this many bytes: the end of the body gives way first, then
    /// the assumptions. Nothing if what must be said does not fit.
    pub(super) fn within(mut self, bytes: usize) -> Option<String> {
        loop {
            let content = serde_json::to_string(&self).ok()?;
            let excess = content.len().saturating_sub(bytes);
            if excess == 0 {
                return Some(content);
            }
            if self.body.is_empty() {
                self.assumptions.pop()?;
            } else {
                // JSON writes up to six bytes for one: a larger step could cut more than it has to.
                shorten(&mut self.body, excess.div_ceil(6));
            }
        }
    }
}

/// Takes at least this many bytes from the end of the text, and marks the cut.
pub(super) fn shorten(text: &mut String, bytes: usize) {
    const CUT: char = '…';
    let keep = text.len().saturating_sub(bytes.saturating_add(CUT.len_utf8()));
    text.truncate(text.floor_char_boundary(keep));
    if !text.is_empty() {
        text.push(CUT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long() -> Answer {
        Answer {
            recommendation: Key::canonical("fix").unwrap(),
            body: "ä\"\n".repeat(100),
            confidence: Some(0.9),
            assumptions: vec!["one".to_owned(), "two".to_owned()],
            dissent: None,
            actions: Vec::new(),
            fields: Map::new(),
        }
    }

    fn read(content: &str) -> serde_json::Value {
        serde_json::from_str(content).unwrap()
    }

    #[test]
    fn an_answer_that_fits_is_left_alone() {
        let content = long().within(10_000).unwrap();
        assert_eq!(read(&content)["body"], long().body);
        assert!(content.starts_with(r#"{"recommendation":"fix","body":"#));
        assert!(content.ends_with(r#""confidence":0.9,"assumptions":["one","two"]}"#));
    }

    #[test]
    fn an_answer_is_shortened_to_every_bound_that_holds_its_recommendation() {
        let mut shortest = usize::MAX;
        for bytes in 0..800 {
            let Some(content) = long().within(bytes) else {
                assert_eq!(shortest, usize::MAX, "{bytes} do not fit, but fewer did");
                continue;
            };
            shortest = shortest.min(bytes);
            assert!(content.len() <= bytes, "{} of {bytes}", content.len());
            assert_eq!(read(&content)["recommendation"], "fix");
        }
        assert_eq!(
            shortest,
            r#"{"recommendation":"fix","body":"","confidence":0.9,"assumptions":[]}"#.len()
        );
    }

    #[test]
    fn the_body_gives_way_before_the_assumptions() {
        let content = long().within(120).unwrap();
        let value = read(&content);
        assert_eq!(value["assumptions"].as_array().unwrap().len(), 2);
        assert!(value["body"].as_str().unwrap().ends_with('…'));
    }

    #[test]
    fn dissent_is_never_shortened() {
        let dissent = vec!["a".repeat(50)];
        let answer = Answer { dissent: Some(dissent), ..long() };
        assert!(answer.clone().within(100).is_none());
        let content = answer.within(140).unwrap();
        assert_eq!(read(&content)["dissent"][0], "a".repeat(50));
    }
}
