//! Routing policies: whom to ask for which task type, in which order.

use convoke_actors::command::Command;
use convoke_events::{HubId, Slug};
use convoke_projections::routing::RoutingPolicy;
use convoke_projections::{Roles, Routing, fold_to_head};
use serde::Serialize;
use serde_json::json;

use super::{told, yes_or_no};
use crate::cli::args::policies::{Routed, RoutingCommand, RoutingPolicies};
use crate::cli::args::{By, Global, HubFilter};
use crate::cli::failure::Failure;
use crate::cli::hubs::only;
use crate::cli::opening;
use crate::cli::ordering::{give, receipt};
use crate::cli::render::{Output, Table, plain};

pub(super) fn policies(
    global: &Global,
    hub: &HubFilter,
    args: &RoutingPolicies,
    output: &mut Output,
) -> Result<(), Failure> {
    match &args.command {
        None | Some(RoutingCommand::List) => list(global, hub, output),
        Some(RoutingCommand::Show { at }) => show(global, hub, at, output),
        Some(RoutingCommand::Set { at, agent, by }) => {
            give_policy(global, hub, at, Some(agent), by, output)
        }
        Some(RoutingCommand::Toggle { at, by }) => give_policy(global, hub, at, None, by, output),
    }
}

fn list(global: &Global, filter: &HubFilter, output: &mut Output) -> Result<(), Failure> {
    let log = opening::hub_to_read(global, filter)?;
    let routing = fold_to_head::<Routing>(&log)?.view;
    let roles = fold_to_head::<Roles>(&log)?.view;
    let hubs = roles.hubs().filter(|hub| filter.takes(hub));
    let mut table = Table::new(&["hub", "task type", "priority#", "agent", "holds", "version#"]);
    for policy in hubs.flat_map(|hub| routing.policies(hub)) {
        if output.json {
            output.json(policy)?;
            continue;
        }
        table.row([
            policy.hub.to_string(),
            policy.task_type.to_string(),
            policy.priority.to_string(),
            policy.slug.clone(),
            yes_or_no(policy.active).to_owned(),
            policy.policy.version.to_string(),
        ]);
    }
    if output.json { Ok(()) } else { Ok(output.table(&table)?) }
}

/// A policy with what came of it.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    policy: &'a RoutingPolicy,
    /// Decisions that looked at whom it names.
    considered: u64,
    /// Decisions that chose them.
    won: u64,
}

fn show(global: &Global, hub: &HubFilter, at: &Routed, output: &mut Output) -> Result<(), Failure> {
    let log = opening::hub_to_read(global, hub)?;
    let hub = only(fold_to_head::<Roles>(&log)?.view.hubs(), hub.hub.as_ref())?;
    let routing = fold_to_head::<Routing>(&log)?.view;
    let policy = known(&routing, &hub, at)?;
    let record = routing.record_of(policy.policy.id);
    let shown = Shown { policy, considered: record.considered, won: record.won };
    if output.json {
        return Ok(output.json(&shown)?);
    }
    output.fact("policy", policy.policy.id)?;
    output.fact("hub", &policy.hub)?;
    output.fact("task type", &policy.task_type)?;
    output.fact("priority", policy.priority)?;
    output.fact("agent", &policy.slug)?;
    output.fact("holds", yes_or_no(policy.active))?;
    let (version, since, by) = (policy.policy.version, policy.since, plain(&policy.by));
    output.fact("version", format_args!("{version}, {since} by {by}"))?;
    Ok(output.fact("chosen", format_args!("{} of {} times", shown.won, shown.considered))?)
}

fn known<'a>(routing: &'a Routing, hub: &HubId, at: &Routed) -> Result<&'a RoutingPolicy, Failure> {
    routing.policy(hub, &at.task_type, at.priority).ok_or_else(|| {
        let name = format!("{} at priority {}", at.task_type, at.priority);
        Failure::Unknown { what: "routing policy", name }
    })
}

/// Sets whom to ask; the policy as it stands, the other way round, where nobody is named.
fn give_policy(
    global: &Global,
    filter: &HubFilter,
    at: &Routed,
    agent: Option<&Slug>,
    by: &By,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_write(global, filter)?;
    let hub = only(fold_to_head::<Roles>(&log)?.view.hubs(), filter.hub.as_ref())?;
    let (agent, active) = if let Some(agent) = agent {
        (agent.clone(), true)
    } else {
        let routing = fold_to_head::<Routing>(&log)?.view;
        let policy = known(&routing, &hub, at)?;
        let unnamed = |_| Failure::Unknown { what: "agent", name: policy.slug.clone() };
        (policy.slug.parse::<Slug>().map_err(unnamed)?, !policy.active)
    };
    let (task_type, priority, by) = (at.task_type.clone(), at.priority, by.name());
    let command = Command::SetRoutingPolicy { task_type, agent: agent.clone(), priority, active };
    let receipt = receipt(give(log, &hub, &by, command)?);
    if output.json {
        return Ok(output.json(&json!({
            "task_type": at.task_type,
            "priority": priority,
            "agent": agent,
            "active": active,
            "by": by,
            "changed": receipt.is_some(),
            "position": receipt.map(|receipt| receipt.last),
            "hash": receipt.map(|receipt| receipt.hash),
        }))?);
    }
    let policy = format!("to ask {agent} for {} at priority {priority}", at.task_type);
    told(&policy, active, (&by, receipt), output)
}
