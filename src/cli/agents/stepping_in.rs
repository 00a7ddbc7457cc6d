//! `convoke agents deactivate | reactivate | revoke | reinstate | promote`: a person steps in.

use convoke_actors::command::Command;
use convoke_events::{Slug, TaskType};
use convoke_projections::{Agents, fold_to_head};
use serde_json::json;

use super::find;
use crate::cli::args::agents::Named;
use crate::cli::args::{Global, HubFilter};
use crate::cli::failure::Failure;
use crate::cli::opening;
use crate::cli::ordering::{give, receipt};
use crate::cli::render::Output;

/// What a person does to an agent.
pub(super) enum Step {
    Deactivate,
    Reactivate,
    Revoke,
    Reinstate,
    Promote { task_type: TaskType },
}

impl Step {
    fn command(&self, slug: Slug, reason: String) -> Command {
        match self {
            Self::Deactivate => Command::DeactivateAgent { slug, reason },
            Self::Reactivate => Command::ReactivateAgent { slug, reason },
            Self::Revoke => Command::RevokeAgent { slug, reason },
            Self::Reinstate => Command::ReinstateAgent { slug, reason },
            Self::Promote { task_type } => {
                Command::PromoteAgent { slug, task_type: task_type.clone(), reason }
            }
        }
    }

    /// What holds afterwards: its name for programs, and what it says.
    fn fact(&self) -> (&'static str, serde_json::Value) {
        match self {
            Self::Deactivate => ("active", false.into()),
            Self::Reactivate => ("active", true.into()),
            Self::Revoke => ("revoked", true.into()),
            Self::Reinstate => ("revoked", false.into()),
            Self::Promote { task_type } => ("promoted_on", json!(task_type)),
        }
    }

    /// The same for people.
    fn in_words(&self) -> String {
        match self {
            Self::Deactivate => "takes no more work".to_owned(),
            Self::Reactivate => "takes work again".to_owned(),
            Self::Revoke => "is revoked: nothing of it is taken any more".to_owned(),
            Self::Reinstate => "is reinstated, in a new epoch".to_owned(),
            Self::Promote { task_type } => format!("has the tier it earned on `{task_type}`"),
        }
    }
}

pub(super) fn step_in(
    global: &Global,
    hub: &HubFilter,
    Named { slug, why }: &Named,
    step: &Step,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_write(global, hub)?;
    let agents = fold_to_head::<Agents>(&log)?.view;
    let hub = find(&agents, hub, slug)?.hub.clone();
    let by = why.by.name();
    let command = step.command(slug.clone(), why.reason.clone());
    let receipt = receipt(give(log, &hub, &by, command)?);
    if output.json {
        let (name, fact) = step.fact();
        return Ok(output.json(&json!({
            "agent": slug,
            name: fact,
            "reason": why.reason,
            "by": by,
            "changed": receipt.is_some(),
            "position": receipt.map(|receipt| receipt.last),
            "hash": receipt.map(|receipt| receipt.hash),
        }))?);
    }
    output.line(format_args!("{slug} {}", step.in_words()))?;
    match receipt {
        Some(receipt) => output.line(format_args!("recorded at position {}", receipt.last))?,
        None => output.line("it was so before")?,
    }
    Ok(())
}
