//! `convoke roles`: who may act as what.

use convoke_actors::command::{Caller, Command};
use convoke_projections::{Roles, fold_to_head};
use serde_json::json;

use super::args::governing::{self, Held, RolesCommand};
use super::args::{Global, HubFilter};
use super::failure::Failure;
use super::hubs::only;
use super::opening;
use super::ordering::{give, receipt};
use super::render::{Output, Table, plain};

pub(super) fn roles(
    global: &Global,
    args: &governing::Roles,
    output: &mut Output,
) -> Result<(), Failure> {
    match &args.command {
        None | Some(RolesCommand::List) => list(global, &args.hub, output),
        Some(RolesCommand::Grant(held)) => change(global, &args.hub, held, true, output),
        Some(RolesCommand::Withdraw(held)) => change(global, &args.hub, held, false, output),
    }
}

fn list(global: &Global, filter: &HubFilter, output: &mut Output) -> Result<(), Failure> {
    let log = opening::hub_to_read(global, filter)?;
    let roles = fold_to_head::<Roles>(&log)?.view;
    let mut table = Table::new(&["hub", "who", "roles"]);
    for hub in roles.hubs().filter(|hub| filter.takes(hub)) {
        for holder in roles.of_hub(hub).filter(|holder| !holder.roles.is_empty()) {
            if output.json {
                let (name, principal) = (&holder.name, &holder.principal);
                let roles = &holder.roles;
                output.json(
                    &json!({"hub": hub, "name": name, "principal": principal, "roles": roles}),
                )?;
            } else {
                let roles: Vec<&str> = holder.roles.iter().map(|role| role.as_str()).collect();
                table.row([hub.to_string(), plain(&holder.name), roles.join(", ")]);
            }
        }
    }
    if output.json { Ok(()) } else { Ok(output.table(&table)?) }
}

fn change(
    global: &Global,
    filter: &HubFilter,
    held: &Held,
    grant: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_write(global, filter)?;
    let hub = only(fold_to_head::<Roles>(&log)?.view.hubs(), filter.hub.as_ref())?;
    let (who, role) = (Caller::Person(held.name.clone()), held.role);
    let command = if grant {
        Command::GrantRole { to: who, role }
    } else {
        Command::WithdrawRole { from: who, role }
    };
    let by = held.by.name();
    let receipt = receipt(give(log, &hub, &by, command)?);
    if output.json {
        return Ok(output.json(&json!({
            "hub": hub,
            "name": held.name,
            "role": role,
            "granted": grant,
            "by": by,
            "changed": receipt.is_some(),
            "position": receipt.map(|receipt| receipt.last),
            "hash": receipt.map(|receipt| receipt.hash),
        }))?);
    }
    let may = if grant { "may act" } else { "may no longer act" };
    output.line(format_args!("{} {may} as {role} in hub {hub}", plain(&held.name)))?;
    match receipt {
        Some(receipt) => output.line(format_args!("recorded at position {}", receipt.last))?,
        None => output.line("it was so before")?,
    }
    Ok(())
}
