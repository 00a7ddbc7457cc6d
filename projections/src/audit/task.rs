//! A task's submission and conclusion, in words.

use convoke_events::{Recorded, TaskEvent, TaskPlan, TextName};

use super::because;
use crate::wording::first_lines;

pub(super) fn tell(recorded: &Recorded, event: &TaskEvent) -> String {
    let text = |name| recorded.texts.get(name);
    match event {
        TaskEvent::TaskSubmitted(facts) => {
            let title = text(&TextName::TITLE).unwrap_or("without a title");
            let source = text(&TextName::SOURCE);
            let source = source.map(|source| format!(" from {source}")).unwrap_or_default();
            let body = text(&TextName::BODY).map(first_lines).unwrap_or_default();
            format!(
                "task {} was submitted{source}, {}: \"{title}\": \"{body}\"",
                facts.task,
                plan(&facts.plan)
            )
        }
        TaskEvent::TaskConcluded(facts) => format!(
            "the task ended as `{}` because of `{}`{}",
            facts.outcome,
            facts.because,
            because(text(&TextName::REASON)),
        ),
    }
}

fn plan(plan: &TaskPlan) -> String {
    match plan {
        TaskPlan::Triage { task_type, escalate, .. } => {
            let onward: Vec<String> =
                escalate.iter().map(|step| format!("`{}` to `{}`", step.on, step.to)).collect();
            if onward.is_empty() {
                format!("to be answered under `{task_type}`")
            } else {
                format!("to be triaged under `{task_type}` (going on: {})", onward.join(", "))
            }
        }
        TaskPlan::Collective { task_type, .. } => {
            format!("to be put to a collective under `{task_type}`")
        }
        TaskPlan::Sessions { task_type, .. } => {
            format!("to be worked on in sessions under `{task_type}`")
        }
        TaskPlan::Answer { task_type, shape, .. } => {
            let shape = shape.as_ref();
            let shape = shape.map(|it| format!(", in the shape `{}` v{}", it.name, it.version));
            format!("to be answered by one agent under `{task_type}`{}", shape.unwrap_or_default())
        }
    }
}
