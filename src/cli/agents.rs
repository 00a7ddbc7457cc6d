//! `convoke agents`: who is registered.

mod working;

use convoke_events::Slug;
use convoke_projections::agents::Agent;
use convoke_projections::{Agents, fold_to_head};

use super::args::{self, AgentsCommand, Global, HubFilter};
use super::failure::Failure;
use super::opening;
use super::render::{Output, Table, plain};

pub(super) fn agents(
    global: &Global,
    args: &args::Agents,
    output: &mut Output,
) -> Result<(), Failure> {
    let view = || -> Result<Agents, Failure> {
        Ok(fold_to_head::<Agents>(&opening::to_read(global)?)?.view)
    };
    match &args.command {
        None | Some(AgentsCommand::List) => list(&view()?, &args.hub, output),
        Some(AgentsCommand::Show { slug }) => show(find(&view()?, &args.hub, slug)?, output),
        Some(AgentsCommand::Deactivate { slug, why }) => {
            working::set_working(global, &args.hub, (slug, false), why, output)
        }
        Some(AgentsCommand::Reactivate { slug, why }) => {
            working::set_working(global, &args.hub, (slug, true), why, output)
        }
    }
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

fn show(agent: &Agent, output: &mut Output) -> Result<(), Failure> {
    if output.json {
        return Ok(output.json(agent)?);
    }
    output.fact("agent", &agent.slug)?;
    output.fact("name", plain(&agent.name))?;
    output.fact("description", plain(&agent.description))?;
    output.fact("id", agent.id)?;
    output.fact("hub", &agent.hub)?;
    output.fact("version", agent.version)?;
    output.fact("active", yes_or_no(agent.active))?;
    output.fact("model", format_args!("{} by {}", agent.model, agent.provider))?;
    output.fact("family", &agent.family)?;
    output.fact("trust", format_args!("{}, tier {}", agent.trust, agent.tier))?;
    output.fact("capabilities", words(&agent.capabilities))?;
    output.fact("keywords", words(&agent.keywords))?;
    output.fact("rate", agent.rate)?;
    for version in agent.history.iter().rev() {
        output.line("")?;
        let (number, by) = (version.version, plain(&version.by));
        output.line(format_args!("version {number}, {} by {by}", version.at))?;
        output.fact(
            "  model",
            format_args!("{} by {}", version.profile.model, version.profile.provider),
        )?;
        output.line("  system prompt:")?;
        output.text(&version.system_prompt)?;
        if let Some(settings) = &version.settings {
            output.line("  settings:")?;
            output.text(settings)?;
        }
    }
    Ok(())
}

fn words<T: ToString>(words: &[T]) -> String {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    if words.is_empty() { "-".to_owned() } else { plain(&words.join(", ")) }
}
