//! `convoke packets issue | approve | reject | permit`: people tell agents what to do, and let them.

use std::path::Path;

use convoke_actors::command::Command;
use convoke_events::{Permission, PlanDecision, TaskId};
use serde_json::{Map, Value, json};

use super::hub_of;
use crate::cli::args::packets::OnPlan;
use crate::cli::args::{By, Global, HubFilter, Why};
use crate::cli::failure::Failure;
use crate::cli::opening;
use crate::cli::ordering::{give, receipt};
use crate::cli::render::{Output, plain};
use crate::config::load_packet;

pub(super) fn issue(
    global: &Global,
    hub: &HubFilter,
    (task, file): (TaskId, &Path),
    by: &By,
    output: &mut Output,
) -> Result<(), Failure> {
    let packet = load_packet(file, task)?;
    let done = format!("{} is told what to do on task {task}", packet.agent);
    let facts = json!({ "agent": packet.agent });
    give_on(global, hub, task, (Command::IssuePacket(packet), &by.name()), (facts, &done), output)
}

pub(super) fn plan(
    global: &Global,
    hub: &HubFilter,
    on: &OnPlan,
    decision: PlanDecision,
    output: &mut Output,
) -> Result<(), Failure> {
    let OnPlan { task, digest, note, by } = on;
    let done = format!("the plan on task {task} is {decision}");
    let facts = json!({ "decision": decision });
    let (task, plan, note) = (*task, *digest, note.clone());
    let command = Command::DecidePlan { task, plan, decision, note };
    give_on(global, hub, task, (command, &by.name()), (facts, &done), output)
}

pub(super) fn permit(
    global: &Global,
    hub: &HubFilter,
    (task, permission): (TaskId, &Permission),
    why: &Why,
    output: &mut Output,
) -> Result<(), Failure> {
    let done = format!("the agent at work on task {task} may use `{permission}` once");
    let facts = json!({ "permission": permission, "reason": why.reason });
    let (permission, reason) = (permission.clone(), why.reason.clone());
    let command = Command::ApproveUse { task, permission, reason };
    give_on(global, hub, task, (command, &why.by.name()), (facts, &done), output)
}

/// Gives a command about a task, and tells what was done: as facts, and in words.
fn give_on(
    global: &Global,
    hub: &HubFilter,
    task: TaskId,
    (command, by): (Command, &str),
    (facts, done): (Value, &str),
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_write(global, hub)?;
    let hub = hub_of(&log, hub, task)?;
    let receipt = receipt(give(log, &hub, by, command)?);
    if output.json {
        let common = json!({
            "task": task,
            "by": by,
            "changed": receipt.is_some(),
            "position": receipt.map(|receipt| receipt.last),
            "hash": receipt.map(|receipt| receipt.hash),
        });
        let both = [facts, common].into_iter().filter_map(|part| part.as_object().cloned());
        let document: Map<String, Value> = both.flatten().collect();
        return Ok(output.json(&document)?);
    }
    output.line(plain(done))?;
    match receipt {
        Some(receipt) => {
            let by = plain(by);
            output.line(format_args!("recorded at position {}, by {by}", receipt.last))?;
        }
        None => output.line("it was so before")?,
    }
    Ok(())
}
