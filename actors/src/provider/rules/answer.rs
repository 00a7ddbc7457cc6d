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
    /// What only a synthesis says.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) sides: Option<Sides>,
    /// What it does beside answering.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) actions: Vec<Action>,
    /// What the shape of a task asks for beside all that.
    #[serde(flatten)]
    pub(super) fields: Map<String, Value>,
}

/// Who stands on which side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Sides {
    /// Those whose words it rests on.
    pub(super) cites: Vec<String>,
    /// Those who do not agree, even if nobody.
    pub(super) dissent: Vec<Dissent>,
}

/// A recommendation that lost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Dissent {
    pub(super) recommendation: Key,
    pub(super) by: Vec<String>,
    pub(super) why: String,
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
    /// the assumptions, then the reasons of those who do not agree. Nothing if what must be said
    /// does not fit.
    pub(super) fn within(mut self, bytes: usize) -> Option<String> {
        loop {
            let content = serde_json::to_string(&self).ok()?;
            let excess = content.len().saturating_sub(bytes);
            if excess == 0 {
                return Some(content);
            }
            if self.body.is_empty() {
                let given_up = self.assumptions.pop().is_some() || self.silence();
                given_up.then_some(())?;
            } else {
                // JSON writes up to six bytes for one: a larger step could cut more than it has to.
                shorten(&mut self.body, excess.div_ceil(6));
            }
        }
    }

    /// Takes the reasons from one of those who do not agree; whether there were any left.
    fn silence(&mut self) -> bool {
        let dissents = self.sides.iter_mut().flat_map(|sides| &mut sides.dissent);
        match dissents.into_iter().find(|dissent| !dissent.why.is_empty()) {
            Some(dissent) => {
                dissent.why.clear();
                true
            }
            None => false,
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
            sides: None,
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
    fn who_does_not_agree_is_always_named_and_their_reasons_give_way_last() {
        let why = "because ".repeat(4);
        let dissent = Dissent {
            recommendation: Key::canonical("wait").unwrap(),
            by: vec!["a".repeat(50)],
            why: why.clone(),
        };
        let sides = Sides { cites: Vec::new(), dissent: vec![dissent] };
        let answer = Answer { sides: Some(sides), ..long() };
        let bare = Answer { body: String::new(), assumptions: Vec::new(), ..answer.clone() };
        let bytes = serde_json::to_string(&bare).unwrap().len();
        let told =
            |bytes| answer.clone().within(bytes).map(|said| read(&said)["dissent"][0].clone());
        assert_eq!(told(bytes).unwrap()["why"], why);
        let silent = told(bytes - 1).unwrap();
        assert_eq!((&silent["why"], &silent["by"][0]), (&"".into(), &"a".repeat(50).into()));
        assert_eq!(told(bytes - why.len() - 1), None);
    }
}
