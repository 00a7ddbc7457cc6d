//! `convoke report collectives`.

use convoke_projections::Collectives;
use convoke_projections::collectives::Collective;

use super::sheet::{Cell, Column, Sheet};
use crate::cli::args::HubFilter;

const COLUMNS: &[Column] = &[
    ("hub", "hub"),
    ("collective", "collective"),
    ("convened_at", "convened"),
    ("task_type", "task type"),
    ("verdict", "verdict"),
    ("rule", "rule"),
    ("recommends", "recommends"),
    ("leading", "leading#"),
    ("contributions", "answered#"),
    ("families", "families#"),
    ("missing", "missing#"),
    ("tokens", "tokens#"),
    ("cost_micro_usd", "cost#"),
    ("title", "title"),
];

/// The collectives, in the order in which they were convened.
pub(super) fn in_order<'a>(
    collectives: &'a Collectives,
    filter: &HubFilter,
) -> Vec<&'a Collective> {
    let mut found: Vec<&Collective> =
        collectives.iter().filter(|one| filter.takes(&one.hub)).collect();
    found.sort_by_key(|one| one.position);
    found
}

pub(super) fn sheet(collectives: &Collectives, filter: &HubFilter) -> Sheet {
    let mut sheet = Sheet::new("collectives", COLUMNS);
    for one in in_order(collectives, filter) {
        let verdict = one.verdict.as_ref();
        let count = |number: Option<u32>| {
            number.map_or(Cell::None, |number| Cell::Count(u64::from(number)))
        };
        let rule = verdict.map(|verdict| format!("{} v{}", verdict.rule, verdict.rule_version));
        let cells = vec![
            Cell::text(&one.hub),
            Cell::text(one.id),
            Cell::Time(one.convened_at),
            Cell::text(&one.task_type),
            Cell::text(one.status),
            rule.map_or(Cell::None, Cell::Text),
            verdict.and_then(|verdict| verdict.key.as_ref()).map_or(Cell::None, Cell::text),
            count(verdict.map(|verdict| verdict.figures.leading)),
            count(verdict.map(|verdict| verdict.figures.contributions)),
            count(verdict.map(|verdict| verdict.figures.families)),
            count(verdict.map(|verdict| verdict.figures.missing)),
            Cell::tokens(one.cost().tokens),
            Cell::Money(one.cost().money),
            Cell::text(&one.title),
        ];
        sheet.row(cells, one);
    }
    sheet
}
