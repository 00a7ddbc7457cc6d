//! `convoke report trust`, which is also a part of `convoke report governance`.

use convoke_projections::Trust;

use super::hubs;
use super::sheet::{Cell, Column, Sheet};
use crate::cli::args::HubFilter;

const COLUMNS: &[Column] = &[
    ("hub", "hub"),
    ("agent", "agent"),
    ("task_type", "work"),
    ("tier", "tier"),
    ("runs", "runs#"),
    ("compliant", "compliant#"),
    ("consecutive", "in a row#"),
    ("bound", "bound#"),
    ("gate", "gate#"),
    ("next_look", "next look#"),
    ("suspicion", "suspicion#"),
    ("convicts_at", "convicts at#"),
    ("due", "due"),
    ("missing", "missing"),
];

pub(super) fn sheet(trust: &Trust, filter: &HubFilter) -> Sheet {
    let mut sheet = Sheet::new("trust", COLUMNS);
    for hub in hubs(trust.hubs(), filter) {
        for one in trust.of_hub(hub) {
            let cells = vec![
                Cell::text(hub),
                Cell::text(&one.slug),
                Cell::text(&one.task_type),
                Cell::text(one.tier),
                Cell::Count(one.conduct.runs.into()),
                Cell::Count(one.conduct.compliant.into()),
                Cell::Count(one.conduct.consecutive.into()),
                Cell::Real(one.bound, 3),
                Cell::Real(one.gate, 3),
                one.next_look.map_or(Cell::None, |look| Cell::Count(look.into())),
                Cell::Real(one.suspicion, 2),
                Cell::Real(one.convicts_at, 2),
                one.due.map_or(Cell::None, |due| Cell::text(due.to)),
                Cell::Text(one.missing.in_words()),
            ];
            sheet.row(cells, &one);
        }
    }
    sheet
}
