//! `convoke delegations cancel`: a person calls a sub-task off, and everything under it.

use convoke_actors::command::Command;
use convoke_events::DelegationId;
use convoke_projections::{Delegations, fold_to_head};
use serde_json::json;

use super::find;
use crate::cli::args::{Global, HubFilter, Why};
use crate::cli::failure::Failure;
use crate::cli::opening;
use crate::cli::ordering::{give, receipt};
use crate::cli::render::{Output, plain};

pub(super) fn cancel(
    global: &Global,
    hub: &HubFilter,
    id: DelegationId,
    why: &Why,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_write(global, hub)?;
    let delegations = fold_to_head::<Delegations>(&log)?.view;
    let known = find(&delegations, hub, id)?;
    let (by, reason) = (why.by.name(), why.reason.clone());
    let order = Command::CancelDelegation { delegation: id, reason };
    let receipt = receipt(give(log, &known.hub, &by, order)?);
    if output.json {
        return Ok(output.json(&json!({
            "delegation": id,
            "reason": why.reason,
            "by": by,
            "position": receipt.map(|receipt| receipt.last),
            "hash": receipt.map(|receipt| receipt.hash),
        }))?);
    }
    let scope = plain(&known.scope);
    match receipt {
        Some(receipt) => {
            output.line(format_args!("called off by {}: {scope}", plain(&by)))?;
            output.line(format_args!("recorded at position {}", receipt.last))?;
        }
        None => output.line(format_args!("was called off before: {scope}"))?,
    }
    Ok(())
}
