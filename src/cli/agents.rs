//! `convoke agents`: who is registered.

mod registering;
mod shown;
mod stepping_in;

use convoke_events::Slug;
use convoke_projections::agents::Agent;
use convoke_projections::{Agents, Lifecycle, Trust, fold_to_head};

use self::stepping_in::{Step, step_in};
use super::args::agents::{self, AgentsCommand};
use super::args::{Global, HubFilter};
use super::failure::Failure;
use super::opening;
use super::render::{Output, Table};

pub(super) fn agents(
    global: &Global,
    args: &agents::Agents,
    output: &mut Output,
) -> Result<(), Failure> {
    let view = || -> Result<Agents, Failure> {
        Ok(fold_to_head::<Agents>(&opening::hub_to_read(global, &args.hub)?)?.view)
    };
    match &args.command {
        None | Some(AgentsCommand::List) => list(&view()?, &args.hub, output),
        Some(AgentsCommand::Show { slug }) => shown(global, &args.hub, slug, output),
        Some(AgentsCommand::Register(file)) => {
            registering::register(global, &args.hub, file, registering::Expected::New, output)
        }
        Some(AgentsCommand::Revise(file)) => {
            registering::register(global, &args.hub, file, registering::Expected::Known, output)
        }
        Some(AgentsCommand::Deactivate(named)) => {
            step_in(global, &args.hub, named, &Step::Deactivate, output)
        }
        Some(AgentsCommand::Reactivate(named)) => {
            step_in(global, &args.hub, named, &Step::Reactivate, output)
        }
        Some(AgentsCommand::Revoke(named)) => {
            step_in(global, &args.hub, named, &Step::Revoke, output)
        }
        Some(AgentsCommand::Reinstate(named)) => {
            step_in(global, &args.hub, named, &Step::Reinstate, output)
        }
        Some(AgentsCommand::Promote { agent, task_type }) => {
            let step = Step::Promote { task_type: task_type.clone() };
            step_in(global, &args.hub, agent, &step, output)
        }
    }
}

fn shown(
    global: &Global,
    hub: &HubFilter,
    slug: &Slug,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_read(global, hub)?;
    let agents = fold_to_head::<Agents>(&log)?.view;
    let lifecycle = fold_to_head::<Lifecycle>(&log)?.view;
    let trust = fold_to_head::<Trust>(&log)?.view;
    shown::show(find(&agents, hub, slug)?, &lifecycle, &trust, output)
}

/// The one agent of this slug, in the hub that was named or the only one that has it.
pub(super) fn find<'a>(
    agents: &'a Agents,
    hub: &HubFilter,
    slug: &Slug,
) -> Result<&'a Agent, Failure> {
    let mut found = agents.iter().filter(|agent| hub.takes(&agent.hub) && agent.slug == *slug);
    let what = "agent";
    let agent = found.next().ok_or(Failure::Unknown { what, name: slug.to_string() })?;
    let others: Vec<_> = found.map(|other| other.hub.clone()).collect();
    if others.is_empty() {
        return Ok(agent);
    }
    let hubs = std::iter::once(agent.hub.clone()).chain(others).collect();
    Err(Failure::Ambiguous { what, name: slug.to_string(), hubs })
}

fn list(agents: &Agents, hub: &HubFilter, output: &mut Output) -> Result<(), Failure> {
    let mut agents: Vec<&Agent> = agents.iter().filter(|agent| hub.takes(&agent.hub)).collect();
    agents.sort_by_key(|agent| (&agent.hub, &agent.slug));
    if output.json {
        for agent in agents {
            output.json(agent)?;
        }
        return Ok(());
    }
    let mut table = Table::new(&[
        "hub", "slug", "version#", "active", "provider", "model", "family", "trust", "tier",
        "rate#",
    ]);
    for agent in agents {
        table.row([
            agent.hub.to_string(),
            agent.slug.to_string(),
            agent.version.to_string(),
            yes_or_no(agent.active).to_owned(),
            agent.provider.to_string(),
            agent.model.to_string(),
            agent.family.to_string(),
            agent.trust.to_string(),
            agent.tier.to_string(),
            agent.rate.to_string(),
        ]);
    }
    Ok(output.table(&table)?)
}

const fn yes_or_no(truth: bool) -> &'static str {
    if truth { "yes" } else { "no" }
}
