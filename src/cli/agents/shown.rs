//! `convoke agents show`: everything about one agent.

use convoke_projections::agents::Agent;
use convoke_projections::lifecycle::{Handoff, Lease, Life};
use convoke_projections::trust::Evidence;
use convoke_projections::{Lifecycle, Trust};
use serde::Serialize;

use super::yes_or_no;
use crate::cli::failure::Failure;
use crate::cli::render::{Output, Table, plain};

/// An agent with how it lives and what speaks for and against it.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    agent: &'a Agent,
    life: Option<&'a Life>,
    leases: Vec<&'a Lease>,
    handoffs: Vec<&'a Handoff>,
    evidence: Vec<Evidence>,
}

pub(super) fn show(
    agent: &Agent,
    lifecycle: &Lifecycle,
    trust: &Trust,
    output: &mut Output,
) -> Result<(), Failure> {
    let shown = Shown {
        agent,
        life: lifecycle.agent(agent.id),
        leases: lifecycle.leases(agent.id).collect(),
        handoffs: lifecycle.handoffs(agent.id),
        evidence: trust.of_agent(agent.id),
    };
    if output.json {
        return Ok(output.json(&shown)?);
    }
    what_it_is(agent, output)?;
    how_it_lives(&shown, output)?;
    what_speaks_for_it(&shown.evidence, output)?;
    its_versions(agent, output)
}

fn what_it_is(agent: &Agent, output: &mut Output) -> Result<(), Failure> {
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
    Ok(output.fact("rate", agent.rate)?)
}

fn how_it_lives(shown: &Shown<'_>, output: &mut Output) -> Result<(), Failure> {
    if let Some(life) = shown.life {
        output.fact("epoch", life.epoch)?;
        match &life.revoked {
            None => output.fact("revoked", "no")?,
            Some(revoked) => {
                let (by, because) = (plain(&revoked.by), plain(&revoked.because));
                output.fact("revoked", format_args!("{} by {by}: {because}", revoked.at))?;
                if let Some(reason) = &revoked.reason {
                    output.fact("reason", plain(reason))?;
                }
            }
        }
        let (errors, violations, stuck) = (life.errors, life.violations, life.stuck);
        output.fact(
            "conduct",
            format_args!("errors {errors}, procedure violations {violations}, stuck {stuck}"),
        )?;
    }
    for lease in &shown.leases {
        output.fact(
            "lease",
            format_args!(
                "task {} in {}, tier {}, until {}, errors {}, procedure violations {}",
                lease.task, lease.phase, lease.tier, lease.expires, lease.errors, lease.violations
            ),
        )?;
    }
    for handoff in &shown.handoffs {
        let (because, standing) = (plain(&handoff.because), handoff.standing.in_words());
        output.fact(
            "handoff",
            format_args!("task {} in {}: {because}; {standing}", handoff.task, handoff.phase),
        )?;
    }
    Ok(())
}

fn what_speaks_for_it(evidence: &[Evidence], output: &mut Output) -> Result<(), Failure> {
    if evidence.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&[
        "work",
        "tier",
        "runs#",
        "compliant#",
        "in a row#",
        "bound#",
        "gate#",
        "next look#",
        "suspicion#",
        "missing",
    ]);
    for one in evidence {
        table.row([
            one.task_type.to_string(),
            one.tier.to_string(),
            one.conduct.runs.to_string(),
            one.conduct.compliant.to_string(),
            one.conduct.consecutive.to_string(),
            format!("{:.3}", one.bound),
            format!("{:.3}", one.gate),
            one.next_look.map_or_else(|| "-".to_owned(), |look| look.to_string()),
            format!("{:.2} of {:.2}", one.suspicion, one.convicts_at),
            one.missing.in_words(),
        ]);
    }
    output.line("")?;
    Ok(output.table(&table)?)
}

fn its_versions(agent: &Agent, output: &mut Output) -> Result<(), Failure> {
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
