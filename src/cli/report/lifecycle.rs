//! `convoke report lifecycle`, which is also a part of `convoke report governance`.

use convoke_events::AgentId;
use convoke_projections::Lifecycle;
use convoke_projections::lifecycle::{Handoff, HandoffStanding, Lease, Life};
use serde::Serialize;

use super::hubs;
use super::sheet::{Cell, Column, Sheet};
use crate::cli::args::HubFilter;

const COLUMNS: &[Column] = &[
    ("hub", "hub"),
    ("agent", "agent"),
    ("epoch", "epoch#"),
    ("revoked", "revoked"),
    ("leases", "leases#"),
    ("lease_expires", "the next expires"),
    ("errors", "errors#"),
    ("violations", "violations#"),
    ("stuck", "stuck#"),
    ("handoffs", "handoffs#"),
    ("handoffs_open", "open#"),
];

#[derive(Serialize)]
struct Line<'a> {
    agent: &'a str,
    id: AgentId,
    #[serde(flatten)]
    life: &'a Life,
    leases: &'a [&'a Lease],
    handoffs: &'a [&'a Handoff],
}

pub(super) fn sheet(lifecycle: &Lifecycle, filter: &HubFilter) -> Sheet {
    let mut sheet = Sheet::new("lifecycle", COLUMNS);
    for hub in hubs(lifecycle.hubs(), filter) {
        for (agent, id, life) in lifecycle.of_hub(hub) {
            let leases: Vec<&Lease> = lifecycle.leases(id).collect();
            let handoffs = lifecycle.handoffs(id);
            let open = handoffs.iter().filter(|one| one.standing == HandoffStanding::Open).count();
            let next = leases.iter().map(|lease| lease.expires).min();
            let revoked = life.revoked.as_ref().map(|revoked| &revoked.because);
            let cells = vec![
                Cell::text(hub),
                Cell::text(&agent),
                Cell::Count(life.epoch.into()),
                Cell::Text(revoked.map_or_else(|| "no".to_owned(), Clone::clone)),
                count(leases.len()),
                next.map_or(Cell::None, Cell::Time),
                Cell::Count(life.errors),
                Cell::Count(life.violations),
                Cell::Count(life.stuck),
                count(handoffs.len()),
                count(open),
            ];
            let (leases, handoffs) = (&leases[..], &handoffs[..]);
            sheet.row(cells, &Line { agent: &agent, id, life, leases, handoffs });
        }
    }
    sheet
}

fn count(number: usize) -> Cell {
    Cell::Count(u64::try_from(number).unwrap_or(u64::MAX))
}
