//! `convoke collectives`: questions put to several agents, their answers side by side.

mod shown;

use convoke_projections::collectives::Collective;
use convoke_projections::{Collectives, fold_to_head};

use super::args::{self, CollectivesCommand, Global, HubFilter};
use super::failure::Failure;
use super::opening;
use super::render::{Output, Table, brief, grouped, or_dash};

pub(super) fn collectives(
    global: &Global,
    args: &args::Collectives,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_read(global, &args.hub)?;
    let collectives = fold_to_head::<Collectives>(&log)?.view;
    match &args.command {
        None | Some(CollectivesCommand::List) => list(&collectives, &args.hub, output),
        Some(CollectivesCommand::Show { id }) => {
            let known = collectives.get(*id).filter(|known| args.hub.takes(&known.hub));
            let unknown = || Failure::Unknown { what: "collective", name: id.to_string() };
            shown::show(known.ok_or_else(unknown)?, output)
        }
    }
}

fn list(collectives: &Collectives, hub: &HubFilter, output: &mut Output) -> Result<(), Failure> {
    let mut collectives: Vec<&Collective> =
        collectives.iter().filter(|collective| hub.takes(&collective.hub)).collect();
    collectives.sort_by_key(|collective| collective.position);
    if output.json {
        for collective in collectives {
            output.json(collective)?;
        }
        return Ok(());
    }
    let mut table = Table::new(&[
        "collective",
        "hub",
        "task type",
        "verdict",
        "recommends",
        "answered#",
        "asked#",
        "tokens#",
        "title",
    ]);
    for collective in collectives {
        table.row([
            collective.id.to_string(),
            collective.hub.to_string(),
            collective.task_type.to_string(),
            collective.status.to_string(),
            or_dash(collective.verdict.as_ref().and_then(|verdict| verdict.key.as_ref())),
            collective.contributions().count().to_string(),
            collective.participants.len().to_string(),
            grouped(collective.cost().tokens.get()),
            brief(&collective.title, 50),
        ]);
    }
    Ok(output.table(&table)?)
}
