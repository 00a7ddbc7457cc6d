//! `convoke agents register | revise`: agents come into a hub from a file, or are changed by one.

use std::collections::BTreeSet;

use convoke_actors::command::{AgentRegistration, Command};
use convoke_events::Slug;
use convoke_projections::{Agents, Roles, fold_to_head};
use serde_json::json;

use crate::cli::args::register::AgentFile;
use crate::cli::args::{Global, HubFilter};
use crate::cli::failure::Failure;
use crate::cli::hubs::only;
use crate::cli::opening;
use crate::cli::ordering::{give_all, receipt};
use crate::cli::render::Output;
use crate::config::load_agents;

/// What the hub has to say of the agents of a file before anything is recorded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// It knows none of them.
    New,
    /// It knows them all.
    Known,
}

/// Gives the agents of a file to the hub: all of them are looked at before the first is recorded.
pub(super) fn register(
    global: &Global,
    filter: &HubFilter,
    args: &AgentFile,
    expected: Expected,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_write(global, filter)?;
    let hub = only(fold_to_head::<Roles>(&log)?.view.hubs(), filter.hub.as_ref())?;
    let agents = fold_to_head::<Agents>(&log)?.view;
    let known: BTreeSet<Slug> = agents.of_hub(&hub).map(|agent| agent.slug.clone()).collect();
    let registrations = load_agents(&args.file, &known)?;
    refuse(&registrations, &known, expected)?;
    let slugs: Vec<Slug> = registrations.iter().map(|one| one.slug.clone()).collect();
    let commands = registrations.into_iter().map(Command::RegisterAgent).collect();
    let by = args.by.name();
    for (slug, answer) in slugs.iter().zip(give_all(log, &hub, &by, commands)?) {
        let receipt = receipt(answer);
        if output.json {
            output.json(&json!({
                "agent": slug,
                "hub": hub,
                "by": by,
                "changed": receipt.is_some(),
                "position": receipt.map(|receipt| receipt.last),
                "hash": receipt.map(|receipt| receipt.hash),
            }))?;
            continue;
        }
        let done = match expected {
            Expected::New => "registered",
            Expected::Known => "revised",
        };
        match receipt {
            Some(receipt) => {
                output.line(format_args!("{done} {slug}, at position {}", receipt.last))?;
            }
            None => output.line(format_args!("{slug} was so before"))?,
        }
    }
    Ok(())
}

/// Refuses the file as a whole if one of its agents is not what is expected.
fn refuse(
    registrations: &[AgentRegistration],
    known: &BTreeSet<Slug>,
    expected: Expected,
) -> Result<(), Failure> {
    let mut slugs = registrations.iter().map(|one| &one.slug);
    match expected {
        Expected::Known => slugs
            .find(|slug| !known.contains(*slug))
            .map_or(Ok(()), |slug| Err(Failure::Unknown { what: "agent", name: slug.to_string() })),
        Expected::New => {
            let agents: Vec<String> =
                slugs.filter(|slug| known.contains(*slug)).map(Slug::to_string).collect();
            if agents.is_empty() { Ok(()) } else { Err(Failure::AgentsKnown { agents }) }
        }
    }
}
