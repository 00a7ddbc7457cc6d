//! `convoke delegations`: what agents handed to each other, and what came of it.

mod cancel;

use std::collections::BTreeMap;

use convoke_events::{DelegationId, Position, TaskId};
use convoke_projections::delegations::{Delegation, Party, Refused};
use convoke_projections::{Delegations, fold_to_head};
use serde::Serialize;

use super::args::{self, DelegationsCommand, Global, HubFilter};
use super::failure::Failure;
use super::opening;
use super::render::{Output, Table, brief, dollars, grouped, or_dash, plain};

pub(super) fn delegations(
    global: &Global,
    args: &args::Delegations,
    output: &mut Output,
) -> Result<(), Failure> {
    if let Some(DelegationsCommand::Cancel { id, why }) = &args.command {
        return cancel::cancel(global, &args.hub, *id, why, output);
    }
    let log = opening::hub_to_read(global, &args.hub)?;
    let delegations = fold_to_head::<Delegations>(&log)?.view;
    match &args.command {
        Some(DelegationsCommand::Show { id }) => show(find(&delegations, &args.hub, *id)?, output),
        None | Some(DelegationsCommand::List | DelegationsCommand::Cancel { .. }) => {
            list(&delegations, &args.hub, output)
        }
    }
}

fn find<'a>(
    delegations: &'a Delegations,
    hub: &HubFilter,
    id: DelegationId,
) -> Result<&'a Delegation, Failure> {
    let known = delegations.get(id).filter(|known| hub.takes(&known.hub));
    known.ok_or_else(|| Failure::Unknown { what: "delegation", name: id.to_string() })
}

fn list(delegations: &Delegations, hub: &HubFilter, output: &mut Output) -> Result<(), Failure> {
    let mut tasks: BTreeMap<TaskId, Position> = BTreeMap::new();
    for one in delegations.iter().filter(|one| hub.takes(&one.hub)) {
        let first = tasks.entry(one.task).or_insert(one.position);
        *first = one.position.min(*first);
    }
    let mut tasks: Vec<_> = tasks.into_iter().collect();
    tasks.sort_by_key(|(_, first)| *first);
    let granted = tasks.into_iter().flat_map(|(task, _)| delegations.tree(task));
    let refused = delegations.refused().filter(|one| hub.takes(&one.hub));
    if output.json {
        for (_, one) in granted {
            output.json(one)?;
        }
        for refused in refused {
            output.json(&Line { status: REFUSED, refused })?;
        }
        return Ok(());
    }
    let mut table = Table::new(&[
        "delegation",
        "status",
        "from",
        "to",
        "budget#",
        "used#",
        "recommends",
        "scope",
    ]);
    for (depth, one) in granted {
        let key = one.outcome().map(|outcome| outcome.key.clone());
        let scope = format!("{}{}", "  ".repeat(depth), brief(&one.scope, 50));
        table.row([
            one.id.to_string(),
            one.status.to_string(),
            one.from.slug.clone(),
            one.to.slug.clone(),
            grouped(one.budget.tokens.get()),
            grouped(one.used.tokens.get()),
            or_dash(key),
            scope,
        ]);
    }
    refused.for_each(|one| table.row(refused_row(one)));
    Ok(output.table(&table)?)
}

const REFUSED: &str = "refused";

/// A refused delegation, told from the others by its status.
#[derive(Serialize)]
struct Line<'a> {
    status: &'static str,
    #[serde(flatten)]
    refused: &'a Refused,
}

fn refused_row(refused: &Refused) -> [String; 8] {
    let why = refused.reason.as_deref().unwrap_or("for a reason that is not known");
    [
        "-".to_owned(),
        REFUSED.to_owned(),
        refused.from.slug.clone(),
        or_dash(refused.to.as_ref().map(|to| &to.slug)),
        "-".to_owned(),
        "-".to_owned(),
        "-".to_owned(),
        format!("{}: {}", brief(&refused.scope, 50), brief(why, 80)),
    ]
}

fn show(delegation: &Delegation, output: &mut Output) -> Result<(), Failure> {
    if output.json {
        return Ok(output.json(delegation)?);
    }
    output.fact("delegation", delegation.id)?;
    output.fact("scope", plain(&delegation.scope))?;
    output.fact("hub", &delegation.hub)?;
    output.fact("task", delegation.task)?;
    output.fact("part of", or_dash(delegation.parent))?;
    output.fact("depth", delegation.depth)?;
    output.fact("from", party(&delegation.from))?;
    output.fact("to", party(&delegation.to))?;
    output.fact("status", delegation.status)?;
    if let Some(reason) = &delegation.reason {
        output.fact("because", plain(reason))?;
    }
    let (budget, used) = (delegation.budget, delegation.used);
    output.fact(
        "budget",
        format_args!("{} tokens, {}", grouped(budget.tokens.get()), dollars(budget.money.get())),
    )?;
    output.fact(
        "used",
        format_args!("{} tokens, {}", grouped(used.tokens.get()), dollars(used.money.get())),
    )?;
    output.fact("account", delegation.account)?;
    let at = delegation.position;
    output.fact("requested", format_args!("{}, position {at}", delegation.requested_at))?;
    output.fact("ended", or_dash(delegation.ended_at))?;
    if let Some(outcome) = delegation.outcome() {
        output.fact("recommends", outcome.key)?;
        output.line("result:")?;
        output.text(&outcome.body)?;
    }
    Ok(())
}

fn party(party: &Party) -> String {
    format!("{} (v{})", plain(&party.slug), party.agent_version)
}
