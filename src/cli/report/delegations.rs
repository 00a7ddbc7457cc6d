//! `convoke report delegations`.

use std::collections::BTreeMap;

use convoke_events::{Position, TaskId};
use convoke_projections::Delegations;
use convoke_projections::delegations::Delegation;
use serde::Serialize;

use super::sheet::{Cell, Column, Sheet};
use crate::cli::args::HubFilter;

const COLUMNS: &[Column] = &[
    ("hub", "hub"),
    ("task", "task"),
    ("depth", "depth#"),
    ("delegation", "delegation"),
    ("status", "status"),
    ("from", "from"),
    ("to", "to"),
    ("budget_tokens", "budget#"),
    ("used_tokens", "used#"),
    ("spent_micro_usd", "cost#"),
    ("requested_at", "requested"),
    ("recommends", "recommends"),
    ("scope", "scope"),
];

#[derive(Serialize)]
struct Line<'a> {
    level: usize,
    #[serde(flatten)]
    delegation: &'a Delegation,
}

/// Every delegation, those of the first task first, parents before children.
pub(super) fn in_order<'a>(
    delegations: &'a Delegations,
    filter: &HubFilter,
) -> Vec<(usize, &'a Delegation)> {
    let mut tasks: BTreeMap<TaskId, Position> = BTreeMap::new();
    for one in delegations.iter().filter(|one| filter.takes(&one.hub)) {
        let first = tasks.entry(one.task).or_insert(one.position);
        *first = one.position.min(*first);
    }
    let mut tasks: Vec<(TaskId, Position)> = tasks.into_iter().collect();
    tasks.sort_by_key(|(_, first)| *first);
    tasks.into_iter().flat_map(|(task, _)| delegations.tree(task)).collect()
}

pub(super) fn sheet(delegations: &Delegations, filter: &HubFilter) -> Sheet {
    let mut sheet = Sheet::new("delegations", COLUMNS);
    for (level, one) in in_order(delegations, filter) {
        let cells = vec![
            Cell::text(&one.hub),
            Cell::text(one.task),
            Cell::Count(u64::from(one.depth)),
            Cell::text(one.id),
            Cell::text(one.status),
            Cell::text(&one.from.slug),
            Cell::text(&one.to.slug),
            Cell::tokens(one.budget.tokens),
            Cell::tokens(one.used.tokens),
            Cell::Money(one.used.money),
            Cell::Time(one.requested_at),
            one.outcome().map_or(Cell::None, |outcome| Cell::text(outcome.key)),
            Cell::text(&one.scope),
        ];
        sheet.row(cells, &Line { level, delegation: one });
    }
    for one in delegations.refused().filter(|one| filter.takes(&one.hub)) {
        let to = one.to.as_ref();
        let cells = vec![
            Cell::text(&one.hub),
            Cell::text(one.task),
            Cell::None,
            Cell::None,
            Cell::text("refused"),
            Cell::text(&one.from.slug),
            to.map_or(Cell::None, |to| Cell::text(&to.slug)),
            Cell::None,
            Cell::None,
            Cell::None,
            Cell::Time(one.at),
            Cell::None,
            Cell::text(&one.scope),
        ];
        sheet.row(cells, one);
    }
    sheet
}
