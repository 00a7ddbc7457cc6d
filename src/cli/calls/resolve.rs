//! `convoke calls resolve`: a person says what became of a call that is in doubt.

use convoke_actors::command::Command;
use convoke_events::{InvocationId, Recovery};
use convoke_projections::{Calls, fold_to_head};
use serde_json::json;

use crate::cli::args::calls::Verdict;
use crate::cli::args::{Global, HubFilter, Why};
use crate::cli::failure::Failure;
use crate::cli::opening;
use crate::cli::ordering::{give, receipt};
use crate::cli::render::{Output, plain};

pub(super) fn resolve(
    global: &Global,
    hub: &HubFilter,
    id: InvocationId,
    verdict: &Verdict,
    why: &Why,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_write(global, hub)?;
    let calls = fold_to_head::<Calls>(&log)?.view;
    let known = calls.get(id).filter(|known| hub.takes(&known.hub));
    let unknown = || Failure::Unknown { what: "call", name: id.to_string() };
    let known = known.ok_or_else(unknown)?;
    let (by, reason) = (why.by.name(), why.reason.clone());
    let found = if verdict.repeat { Recovery::DidNotHappen } else { Recovery::Landed };
    let order = Command::ResolveCall { invocation: id, found, reason };
    let receipt = receipt(give(log, &known.hub, &by, order)?);
    if output.json {
        return Ok(output.json(&json!({
            "call": id,
            "task": known.task,
            "repeat": verdict.repeat,
            "reason": why.reason,
            "by": by,
            "position": receipt.map(|receipt| receipt.last),
            "hash": receipt.map(|receipt| receipt.hash),
        }))?);
    }
    let what = format!("the {} of {} on task {}", known.purpose, plain(&known.slug), known.task);
    let by = plain(&by);
    if verdict.repeat {
        output
            .line(format_args!("{what} did not happen, says {by}: the next run makes it again"))?;
    } else {
        output.line(format_args!("{what} has failed, says {by}: its charge is kept"))?;
    }
    if let Some(receipt) = receipt {
        output.line(format_args!("recorded at position {}", receipt.last))?;
    }
    Ok(())
}
