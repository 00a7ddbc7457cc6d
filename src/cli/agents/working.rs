//! `convoke agents deactivate | reactivate`: a person takes an agent out of work, or back into it.

use convoke_actors::command::Command;
use convoke_events::Slug;
use convoke_projections::{Agents, fold_to_head};
use serde_json::json;

use super::find;
use crate::cli::args::{Global, HubFilter, Why};
use crate::cli::failure::Failure;
use crate::cli::opening;
use crate::cli::ordering::{give, receipt};
use crate::cli::render::Output;

pub(super) fn set_working(
    global: &Global,
    hub: &HubFilter,
    (slug, works): (&Slug, bool),
    why: &Why,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::to_write(global)?;
    let agents = fold_to_head::<Agents>(&log)?.view;
    let hub = find(&agents, hub, slug)?.hub.clone();
    let (by, reason, slug) = (why.by.name(), why.reason.clone(), slug.clone());
    let command = if works {
        Command::ReactivateAgent { slug: slug.clone(), reason }
    } else {
        Command::DeactivateAgent { slug: slug.clone(), reason }
    };
    let receipt = receipt(give(log, &hub, &by, command)?);
    if output.json {
        return Ok(output.json(&json!({
            "agent": slug,
            "active": works,
            "reason": why.reason,
            "by": by,
            "changed": receipt.is_some(),
            "position": receipt.map(|receipt| receipt.last),
            "hash": receipt.map(|receipt| receipt.hash),
        }))?);
    }
    let state = if works { "takes work again" } else { "takes no more work" };
    output.line(format_args!("{slug} {state}"))?;
    match receipt {
        Some(receipt) => output.line(format_args!("recorded at position {}", receipt.last))?,
        None => output.line("it was so before")?,
    }
    Ok(())
}
