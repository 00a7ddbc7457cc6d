//! `convoke packets`: what agents were told to do on tasks, and what people decide about it.

mod deciding;
mod shown;

use convoke_events::{HubId, Log, PlanDecision, TaskId};
use convoke_projections::{Packets, Tasks, fold_to_head};

use self::deciding::{issue, permit, plan};
use super::args::packets::{self, PacketsCommand};
use super::args::{Global, HubFilter};
use super::failure::Failure;
use super::opening;
use super::render::{Output, Table, brief, or_dash};

pub(super) fn packets(
    global: &Global,
    args: &packets::Packets,
    output: &mut Output,
) -> Result<(), Failure> {
    let hub = &args.hub;
    match &args.command {
        None | Some(PacketsCommand::List) => list(global, hub, output),
        Some(PacketsCommand::Show { task }) => {
            let packets = fold_to_head::<Packets>(&opening::hub_to_read(global, hub)?)?.view;
            let packet = packets.get(*task).filter(|packet| hub.takes(&packet.hub));
            let unknown = || Failure::Unknown { what: "packet", name: task.to_string() };
            shown::show(packet.ok_or_else(unknown)?, output)
        }
        Some(PacketsCommand::Issue { task, file, by }) => {
            issue(global, hub, (*task, file), by, output)
        }
        Some(PacketsCommand::Approve(on)) => plan(global, hub, on, PlanDecision::Approved, output),
        Some(PacketsCommand::Reject(on)) => plan(global, hub, on, PlanDecision::Rejected, output),
        Some(PacketsCommand::Permit { task, permission, why }) => {
            permit(global, hub, (*task, permission), why, output)
        }
    }
}

fn list(global: &Global, hub: &HubFilter, output: &mut Output) -> Result<(), Failure> {
    let packets = fold_to_head::<Packets>(&opening::hub_to_read(global, hub)?)?.view;
    let mut table =
        Table::new(&["hub", "task", "agent", "tier", "stands", "phase", "plan", "objective"]);
    for packet in packets.list().into_iter().filter(|packet| hub.takes(&packet.hub)) {
        if output.json {
            output.json(packet)?;
            continue;
        }
        table.row([
            packet.hub.to_string(),
            packet.task.to_string(),
            packet.slug.clone(),
            packet.tier.to_string(),
            packet.standing.in_words().to_owned(),
            or_dash(packet.phase),
            packet.plan.as_ref().map_or("-", shown::standing).to_owned(),
            brief(packet.objective.as_deref().unwrap_or(""), 40),
        ]);
    }
    if output.json { Ok(()) } else { Ok(output.table(&table)?) }
}

/// The hub that a task was handed in to.
fn hub_of(log: &Log, hub: &HubFilter, task: TaskId) -> Result<HubId, Failure> {
    let tasks = fold_to_head::<Tasks>(log)?.view;
    let known = tasks.get(task).filter(|known| hub.takes(&known.hub));
    let unknown = || Failure::Unknown { what: "task", name: task.to_string() };
    Ok(known.ok_or_else(unknown)?.hub.clone())
}
