//! `convoke packets show`: what an agent was told to do, and what was done of it.

use std::fmt::Display;

use convoke_projections::packets::{Packet, Plan};

use crate::cli::failure::Failure;
use crate::cli::render::{Output, or_dash, plain};

pub(super) fn show(packet: &Packet, output: &mut Output) -> Result<(), Failure> {
    if output.json {
        return Ok(output.json(packet)?);
    }
    what_it_says(packet, output)?;
    how_far_it_is(packet, output)?;
    match &packet.plan {
        Some(plan) => what_it_plans(plan, output),
        None => Ok(()),
    }
}

fn what_it_says(packet: &Packet, output: &mut Output) -> Result<(), Failure> {
    output.fact("packet", packet.packet)?;
    output.fact("hub", &packet.hub)?;
    output.fact("task", packet.task)?;
    let (since, by) = (packet.since, plain(&packet.by));
    output.fact("issued", format_args!("{since} by {by}"))?;
    output.fact("agent", format_args!("{} (v{})", packet.slug, packet.agent_version))?;
    output.fact("work", format_args!("{}, tier {}", packet.task_type, packet.tier))?;
    for (name, text) in [
        ("objective", &packet.objective),
        ("deliverables", &packet.deliverables),
        ("scope", &packet.scope),
        ("criteria", &packet.criteria),
        ("escalation", &packet.escalation),
        ("created for", &packet.created_for),
    ] {
        if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
            output.fact(name, plain(text))?;
        }
    }
    output.fact("steps", words(&packet.steps))?;
    output.fact("artifacts", words(&packet.artifacts))?;
    output.fact("forbidden", words(&packet.forbidden))?;
    let budget = packet.budget;
    output.fact(
        "budget",
        format_args!(
            "errors {}, repeats {}, procedure violations {}",
            budget.errors, budget.repeats, budget.violations
        ),
    )?;
    Ok(output.fact("takes up", or_dash(packet.continues))?)
}

fn how_far_it_is(packet: &Packet, output: &mut Output) -> Result<(), Failure> {
    let stands = packet.standing.in_words();
    match packet.left {
        Some(since) => output.fact("stands", format_args!("{stands}, since {since}"))?,
        None => output.fact("stands", stands)?,
    }
    output.fact("phase", or_dash(packet.phase))?;
    output.fact("lease until", or_dash(packet.expires))?;
    output.fact("taken", words(&packet.taken))?;
    Ok(output.fact("handed in", words(packet.handed_in.keys()))?)
}

fn what_it_plans(plan: &Plan, output: &mut Output) -> Result<(), Failure> {
    output.fact("plan", format_args!("{}, since {}", standing(plan), plan.since))?;
    output.fact("digest", plan.digest)?;
    if let Some(decided) = &plan.decided {
        output.fact("decided by", plain(&decided.by))?;
        if let Some(note) = &decided.note {
            output.fact("note", plain(note))?;
        }
    }
    Ok(output.text(plan.content.as_deref().unwrap_or(""))?)
}

/// How a plan stands, in a word.
pub(super) fn standing(plan: &Plan) -> &'static str {
    plan.decided.as_ref().map_or("waits", |decided| decided.decision.as_str())
}

fn words<T: Display>(words: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| word.to_string()).collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}
