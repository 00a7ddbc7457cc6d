//! `convoke calls`: the calls of models that have not ended, and what became of those in doubt.

mod resolve;

use convoke_projections::calls::{CallStatus, OpenCall};
use convoke_projections::{Calls, fold_to_head};

use super::args::calls::{self, CallsCommand};
use super::args::{Global, HubFilter};
use super::failure::Failure;
use super::opening;
use super::render::{Output, Table, brief, grouped, or_dash};

pub(super) fn calls(
    global: &Global,
    args: &calls::Calls,
    output: &mut Output,
) -> Result<(), Failure> {
    match &args.command {
        None | Some(CallsCommand::List) => {
            let log = opening::hub_to_read(global, &args.hub)?;
            list(&fold_to_head::<Calls>(&log)?.view, &args.hub, output)
        }
        Some(CallsCommand::Resolve { id, verdict, why }) => {
            resolve::resolve(global, &args.hub, *id, verdict, why, output)
        }
    }
}

fn list(calls: &Calls, hub: &HubFilter, output: &mut Output) -> Result<(), Failure> {
    let mut calls: Vec<&OpenCall> = calls.iter().filter(|call| hub.takes(&call.hub)).collect();
    calls.sort_by_key(|call| (call.since, call.id));
    if output.json {
        return calls.into_iter().try_for_each(|call| Ok(output.json(call)?));
    }
    let mut table = Table::new(&[
        "call", "status", "since", "purpose", "agent", "provider", "model", "attempt#", "held#",
        "task", "because",
    ]);
    for call in calls {
        table.row([
            call.id.to_string(),
            in_words(call.status).to_owned(),
            call.since.to_string(),
            call.purpose.to_string(),
            call.slug.clone(),
            call.provider.to_string(),
            call.model.to_string(),
            call.attempt.to_string(),
            grouped(call.held.tokens.get()),
            call.task.to_string(),
            or_dash(call.reason.as_deref().map(|reason| brief(reason, 80))),
        ]);
    }
    Ok(output.table(&table)?)
}

const fn in_words(status: CallStatus) -> &'static str {
    match status {
        CallStatus::Sent => "sent",
        CallStatus::Waiting => "waiting",
        CallStatus::InDoubt => "in doubt",
    }
}
