//! Shapes: four kinds of task that are ready to use, each with what the agent is told, what its
//! answer must hold, and what artifact that makes.
//!
//! A shape is used by name, from a scenario or from a host:
//!
//! ```
//! use convoke_actors::shape::Shape;
//!
//! let shape = Shape::find("draft-requirement").expect("a shape of ours");
//! assert_eq!(shape.artifact().as_str(), "requirement");
//! ```
//!
//! **Invariant.** Tasks name a shape with its version, and old versions stay: the same call always
//! makes the same request.

mod ready;

use std::sync::Arc;

use convoke_events::{ArtifactType, RuleName, ShapeRef, TaskPlan, TaskRules, TaskType};
use serde_json::{Map, Value, json};

use crate::budget::DOCUMENT_OVERHEAD;
use crate::command::Command;
use crate::decision::rule_name;
use crate::prompt::{EARLIER, EARLIER_TITLE};
use crate::provider::AnswerSchema;
use crate::refusal::Refusal;

/// A ready kind of task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    name: &'static str,
    version: u32,
    task_type: &'static str,
    artifact: &'static str,
    instructions: &'static str,
    fields: &'static [ShapeField],
    /// Whether the agent is shown the titles of the requests before this one.
    compares: bool,
}

/// A field that an answer in a shape must hold beside the usual ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ShapeField {
    name: &'static str,
    about: &'static str,
    /// Whether it is a list of texts, or one text.
    list: bool,
}

/// What an answer in a shape lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// It is no JSON object.
    #[error("the answer is not a JSON object")]
    NoObject,
    /// The field is not there.
    #[error("`{field}` is missing: the shape `{shape}` asks for it")]
    Missing {
        /// Which shape.
        shape: &'static str,
        /// Which field.
        field: &'static str,
    },
    /// The field is not what the shape asks for.
    #[error("`{field}` is not {expected}, as the shape `{shape}` asks")]
    Kind {
        /// Which shape.
        shape: &'static str,
        /// Which field.
        field: &'static str,
        /// What was expected.
        expected: &'static str,
    },
}

impl Shape {
    /// Every shape there is, in every version.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        ready::SHAPES.iter()
    }

    /// The newest version of the shape of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::all().filter(|shape| shape.name == name).max_by_key(|shape| shape.version)
    }

    /// The shape that a task names.
    pub(crate) fn of(named: &ShapeRef) -> Option<&'static Self> {
        Self::all().find(|it| it.name == named.name.as_str() && it.version == named.version)
    }

    /// As [`Self::of`], or a refusal that lists what there is.
    pub(crate) fn named(named: &ShapeRef) -> Result<&'static Self, Refusal> {
        Self::of(named).ok_or_else(|| Refusal::ShapeUnknown {
            name: named.name.clone(),
            version: named.version,
            known: Self::all().map(|it| format!("`{}` v{}", it.name, it.version)).collect(),
        })
    }

    /// What it is called.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// As tasks name it.
    pub fn reference(&self) -> ShapeRef {
        let name: RuleName = rule_name(self.name);
        ShapeRef { name, version: self.version }
    }

    /// The work it is, by which it is routed.
    ///
    /// # Panics
    /// Never: the names of our own shapes are words.
    pub fn task_type(&self) -> TaskType {
        match TaskType::new(self.task_type) {
            Ok(name) => name,
            Err(error) => unreachable!("our own task types are named by words: {error}"),
        }
    }

    /// What it makes, as governance names it.
    ///
    /// # Panics
    /// Never: the names of our own artifact types are words.
    pub fn artifact(&self) -> ArtifactType {
        match ArtifactType::new(self.artifact) {
            Ok(name) => name,
            Err(error) => unreachable!("our own artifact types are named by words: {error}"),
        }
    }

    /// The command by which a hub knows its task type; it changes nothing where the hub does.
    pub fn task_type_known(&self) -> Command {
        Command::RegisterTaskType { task_type: self.task_type(), artifact: self.artifact() }
    }

    /// A task of this shape, within these bounds.
    pub fn plan(&self, rules: TaskRules) -> TaskPlan {
        TaskPlan::Answer { task_type: self.task_type(), shape: Some(self.reference()), rules }
    }

    /// What the agent is told beside its own prompt.
    pub(crate) const fn instructions(&self) -> &'static str {
        self.instructions
    }

    /// Whether the agent is shown the titles of the requests before this one.
    pub(crate) const fn compares(&self) -> bool {
        self.compares
    }

    /// The most bytes that it adds to a request.
    pub(crate) fn request_bytes(&self) -> u64 {
        let fields: usize =
            self.fields.iter().map(|field| field.name.len() * 2 + field.about.len() + 80).sum();
        let told = self.instructions.len().saturating_add(fields).saturating_add(2);
        let earlier = EARLIER.saturating_mul(EARLIER_TITLE.saturating_add(DOCUMENT_OVERHEAD));
        let shown = if self.compares { earlier } else { 0 };
        u64::try_from(told).unwrap_or(u64::MAX).saturating_add(shown)
    }

    /// The usual schema of an answer with the fields of this shape.
    pub(crate) fn extend(&self, mut schema: AnswerSchema) -> AnswerSchema {
        let json = Arc::make_mut(&mut schema.json);
        for field in self.fields {
            if let Some(properties) = json.get_mut("properties").and_then(Value::as_object_mut) {
                properties.insert(field.name.to_owned(), field.schema());
            }
            if let Some(required) = json.get_mut("required").and_then(Value::as_array_mut) {
                required.push(field.name.into());
            }
        }
        AnswerSchema { name: self.name, ..schema }
    }

    /// Checks that an answer holds what this shape asks for.
    ///
    /// # Errors
    /// [`ShapeError`] for the first field that is missing or wrong.
    pub fn check(&self, content: &str) -> Result<(), ShapeError> {
        let answer: Map<String, Value> =
            serde_json::from_str(content).map_err(|_| ShapeError::NoObject)?;
        self.fields.iter().try_for_each(|field| {
            let (shape, name) = (self.name, field.name);
            let found = answer.get(name).ok_or(ShapeError::Missing { shape, field: name })?;
            if field.takes(found) {
                return Ok(());
            }
            let expected = if field.list { "a list of texts" } else { "a text" };
            Err(ShapeError::Kind { shape, field: name, expected })
        })
    }
}

impl ShapeField {
    fn schema(&self) -> Value {
        if self.list {
            json!({"type": "array", "items": {"type": "string"}, "description": self.about})
        } else {
            json!({"type": "string", "description": self.about})
        }
    }

    fn takes(&self, found: &Value) -> bool {
        match found {
            Value::String(_) => !self.list,
            Value::Array(items) => self.list && items.iter().all(Value::is_string),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use convoke_events::Purpose;

    use super::*;

    #[test]
    fn a_shape_adds_no_more_to_a_request_than_it_says() {
        for shape in Shape::all() {
            let plain = crate::answer::schema(Purpose::Answer, &[], &[]).json.to_string().len();
            let schema = shape
                .extend(crate::answer::schema(Purpose::Answer, &[], &[]))
                .json
                .to_string()
                .len();
            let added = schema - plain + shape.instructions.len() + 2;
            let shown =
                if shape.compares { EARLIER * (EARLIER_TITLE + DOCUMENT_OVERHEAD) } else { 0 };
            let bound = shape.request_bytes() - shown;
            assert!(u64::try_from(added).unwrap() <= bound, "{}: {added} > {bound}", shape.name);
        }
    }

    #[test]
    fn every_shape_is_found_by_its_name_and_by_what_tasks_call_it() {
        let names: Vec<&str> = Shape::all().map(Shape::name).collect();
        assert_eq!(
            names,
            [
                "summarise-feedback",
                "draft-requirement",
                "propose-implementation",
                "detect-duplicates"
            ]
        );
        for shape in Shape::all() {
            assert_eq!(Shape::find(shape.name()), Some(shape));
            assert_eq!(Shape::of(&shape.reference()), Some(shape));
            assert_eq!(Shape::of(&ShapeRef { version: 99, ..shape.reference() }), None);
        }
    }

    fn check(content: &str, expected: &str) {
        let shape = Shape::find("draft-requirement").unwrap();
        let found =
            shape.check(content).map_or_else(|error| error.to_string(), |()| "ok".to_owned());
        assert_eq!(found, expected);
    }

    #[test]
    fn an_answer_holds_every_field_of_its_shape_or_does_not_count() {
        check(r#"{"statement":"it does","acceptance_criteria":["it did"]}"#, "ok");
        check(r#"{"statement":"it does","acceptance_criteria":[]}"#, "ok");
        check("no", "the answer is not a JSON object");
        check(
            r#"{"statement":"it does"}"#,
            "`acceptance_criteria` is missing: the shape `draft-requirement` asks for it",
        );
        check(
            r#"{"statement":1,"acceptance_criteria":[]}"#,
            "`statement` is not a text, as the shape `draft-requirement` asks",
        );
        check(
            r#"{"statement":"it does","acceptance_criteria":[1]}"#,
            "`acceptance_criteria` is not a list of texts, as the shape `draft-requirement` asks",
        );
    }
}
