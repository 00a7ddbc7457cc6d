//! `convoke what-if`: which recorded decisions and refusals would have fallen otherwise.

use convoke_actors::routing::what_if::{Alternative, Change, Judged, Rerouted, Ruled, Totals};
use convoke_events::{
    Event, HubId, Log, MicroUsd, Position, Query, RegistryEvent, TaskTypeRegistered,
};
use convoke_projections::{Agents, Moment, fold_to_head};
use serde::Serialize;

use super::args::Global;
use super::args::route::WhatIf;
use super::failure::Failure;
use super::hubs::only;
use super::opening;
use super::render::{Output, dollars, plain};
use super::verdicts::in_words;
use crate::config::{OwnTaskType, load_alternative};
use crate::decisions;

pub(super) fn what_if(global: &Global, args: &WhatIf, output: &mut Output) -> Result<(), Failure> {
    let log = opening::to_read(global)?;
    let agents = fold_to_head::<Agents>(&log)?.view;
    let hub = only(agents.iter().map(|agent| &agent.hub), args.hub.as_ref())?;
    let alternative = match &args.policy {
        Some(file) => {
            let slugs = agents.of_hub(&hub).map(|agent| agent.slug.to_string());
            load_alternative(file, slugs.collect(), &own_task_types(&log, &hub)?)?
        }
        None => Alternative::default(),
    };
    let WhatIf { strategy, weights, verdict, .. } = *args;
    let alternative = Alternative { strategy, weights, verdict, ..alternative };
    let (since, until) = (first(&log, args.since)?, args.until);
    let until = until.map(|until| until.events(&log)).transpose()?;
    // Before the first event there is nothing to make again.
    let until = until.map(|last| Position::new(last).unwrap_or(Position::FIRST));
    let mut told = Ok(());
    let totals = decisions::what_if(&log, &hub, alternative, (since, until), |change| {
        if told.is_ok() {
            told = tell(&change, output);
        }
    })?;
    told?;
    if output.json {
        output.json(&Document { totals })?;
        return Ok(());
    }
    if args.policy.is_some() || args.strategy.is_some() || args.weights.is_some() {
        sum_up(totals, output)?;
    }
    if args.verdict.is_some() {
        sum_up_verdicts(totals, output)?;
    }
    Ok(())
}

/// The task types that the hub gave itself.
fn own_task_types(log: &Log, hub: &HubId) -> Result<Vec<OwnTaskType>, Failure> {
    let mut own = Vec::new();
    for event in log.read(Query::event_type("TaskTypeRegistered").without_bodies()) {
        let event = event?;
        if let Event::Registry(RegistryEvent::TaskTypeRegistered(facts)) = event.event
            && event.envelope.hub == *hub
        {
            let TaskTypeRegistered { task_type, artifact } = facts;
            own.push(OwnTaskType { task_type, artifact });
        }
    }
    Ok(own)
}

/// The first position that is meant.
fn first(log: &Log, since: Moment) -> Result<Position, Failure> {
    match since {
        Moment::Position(position) => Ok(position),
        Moment::Time(moment) => {
            let first = log.read(Query::all().since(moment).without_bodies()).next().transpose()?;
            Ok(first.map_or_else(
                || Position::after(log.head().position),
                |event| event.envelope.position,
            ))
        }
    }
}

#[derive(Serialize)]
struct Document {
    totals: Totals,
}

fn tell(change: &Change, output: &mut Output) -> Result<(), Failure> {
    if output.json {
        return Ok(output.json(change)?);
    }
    match change {
        Change::Rerouted(Rerouted {
            position,
            purpose,
            task_type,
            asked,
            otherwise,
            cost,
            cost_otherwise,
            ..
        }) => {
            let (asked, otherwise) = (names(asked), names(otherwise));
            let words = format!("{purpose} of `{task_type}`: {otherwise} instead of {asked}");
            let words = format!("{words}{}", costs(*cost, *cost_otherwise));
            output.line(format_args!("{position:>6}  {}", plain(&words)))?;
        }
        Change::Allowed(Judged { position, agent, verb, artifact, reason, .. }) => {
            let words = format!("{agent} may {verb} `{artifact}`, which was denied: {reason}");
            output.line(format_args!("{position:>6}  {}", plain(&words)))?;
        }
        Change::Denied(Judged { position, agent, verb, artifact, reason, .. }) => {
            let words = format!("{agent} may not {verb} `{artifact}`, which it did: {reason}");
            output.line(format_args!("{position:>6}  {}", plain(&words)))?;
        }
        Change::Ruled(Ruled { position, task_type, verdict, verdict_otherwise, .. }) => {
            let (was, otherwise) = (in_words(verdict), in_words(verdict_otherwise));
            let words = format!("verdict on `{task_type}`: {otherwise} instead of {was}");
            output.line(format_args!("{position:>6}  {}", plain(&words)))?;
        }
    }
    Ok(())
}

/// What the calls could cost at most otherwise and as it was, where both are known and differ.
fn costs(cost: Option<MicroUsd>, otherwise: Option<MicroUsd>) -> String {
    match (cost, otherwise) {
        (Some(cost), Some(otherwise)) if cost != otherwise => {
            format!(", {} instead of {} at most", dollars(otherwise.get()), dollars(cost.get()))
        }
        _ => String::new(),
    }
}

fn names(slugs: &[String]) -> String {
    if slugs.is_empty() { "nobody".to_owned() } else { slugs.join(", ") }
}

fn sum_up(totals: Totals, output: &mut Output) -> Result<(), Failure> {
    let Totals { decisions, rerouted, found, lost, refusals, allowed, calls, denied, .. } = totals;
    output.line(format_args!(
        "{rerouted} of {decisions} decisions would have asked others: {found} would have found \
         somebody, {lost} nobody"
    ))?;
    output.line(format_args!("{allowed} of {refusals} denied attempts would have been allowed"))?;
    output.line(format_args!("{denied} of {calls} calls would have been denied"))?;
    let money = |amount: MicroUsd| dollars(amount.get());
    output.line(format_args!(
        "the calls of {} rerouted decisions whose prices are known could have cost {} at most, \
         and would have {}",
        totals.priced,
        money(totals.cost),
        money(totals.cost_otherwise),
    ))?;
    Ok(())
}

fn sum_up_verdicts(totals: Totals, output: &mut Output) -> Result<(), Failure> {
    let Totals { verdicts, ruled, agreed, parted, .. } = totals;
    output.line(format_args!(
        "{ruled} of {verdicts} verdicts would have been others: {agreed} a consensus that was none, \
         {parted} no consensus that was one"
    ))?;
    Ok(())
}
