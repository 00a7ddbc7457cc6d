//! `convoke report routing`.

use convoke_events::{AgentId, HubId};
use convoke_projections::Routing;
use convoke_projections::routing::RoutingRecord;
use serde::Serialize;

use super::hubs;
use super::sheet::{Cell, Column, Sheet};
use crate::cli::args::HubFilter;

const COLUMNS: &[Column] = &[
    ("hub", "hub"),
    ("agent", "agent"),
    ("considered", "considered#"),
    ("won", "chosen#"),
    ("win_rate", "share#"),
];

#[derive(Serialize)]
struct Line<'a> {
    hub: &'a HubId,
    agent: AgentId,
    #[serde(flatten)]
    record: &'a RoutingRecord,
    win_rate: Option<f64>,
}

pub(super) fn sheet(routing: &Routing, filter: &HubFilter) -> Sheet {
    let mut sheet = Sheet::new("routing", COLUMNS);
    for hub in hubs(routing.newest_first().map(|decision| &decision.hub), filter) {
        for (agent, record) in &routing.records(hub) {
            let win_rate = record.win_rate();
            let cells = vec![
                Cell::text(hub),
                Cell::text(&record.slug),
                Cell::Count(record.considered),
                Cell::Count(record.won),
                Cell::real(win_rate, 2),
            ];
            sheet.row(cells, &Line { hub, agent: *agent, record, win_rate });
        }
    }
    sheet
}
