//! `convoke budgets reopen`: a person lets an account be spent from again.

use convoke_actors::command::Command;
use convoke_events::AccountId;
use convoke_projections::{Budgets, fold_to_head};
use serde_json::json;

use crate::cli::args::{Global, HubFilter, Why};
use crate::cli::failure::Failure;
use crate::cli::opening;
use crate::cli::ordering::{give, receipt};
use crate::cli::render::{Output, plain};

pub(super) fn reopen(
    global: &Global,
    hub: &HubFilter,
    account: AccountId,
    why: &Why,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_write(global, hub)?;
    let budgets = fold_to_head::<Budgets>(&log)?.view;
    let known = budgets.get(account).filter(|known| hub.takes(&known.hub));
    let unknown = || Failure::Unknown { what: "account", name: account.to_string() };
    let known = known.ok_or_else(unknown)?;
    let (by, reason) = (why.by.name(), why.reason.clone());
    let order = Command::ReopenAccount { account, reason };
    let receipt = receipt(give(log, &known.hub, &by, order)?);
    if output.json {
        return Ok(output.json(&json!({
            "account": account,
            "reopened": receipt.is_some(),
            "reason": why.reason,
            "by": by,
            "position": receipt.map(|receipt| receipt.last),
            "hash": receipt.map(|receipt| receipt.hash),
        }))?);
    }
    let label = plain(&known.label);
    match receipt {
        Some(receipt) => {
            output.line(format_args!("opened again by {}: {label}", plain(&by)))?;
            output.line(format_args!("recorded at position {}", receipt.last))?;
        }
        None => output.line(format_args!("was not closed: {label}"))?,
    }
    Ok(())
}
