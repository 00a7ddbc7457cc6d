//! `convoke attention`: what waits for a person.

use convoke_events::{Clock, SystemClock};
use convoke_projections::{Attention, fold_to_head};

use super::args::Global;
use super::args::governing;
use super::failure::Failure;
use super::opening;
use super::render::{Output, Table, brief, plain};

pub(super) fn attention(
    global: &Global,
    args: &governing::Attention,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_read(global, &args.hub)?;
    let attention = fold_to_head::<Attention>(&log)?.view;
    let mut waiting = attention.waiting(SystemClock::start().now());
    waiting.retain(|one| args.hub.takes(&one.hub));
    if output.json {
        return waiting.iter().try_for_each(|one| Ok(output.json(one)?));
    }
    let mut table = Table::new(&["since", "hub", "why", "about", "blocks", "resolve"]);
    for one in waiting {
        let why = serde_json::to_value(one.cause).unwrap_or_default();
        table.row([
            one.since.to_string(),
            one.hub.to_string(),
            why.as_str().unwrap_or_default().replace('_', " "),
            brief(&one.about, 40),
            plain(&one.blocks),
            plain(&one.resolve),
        ]);
    }
    Ok(output.table(&table)?)
}
