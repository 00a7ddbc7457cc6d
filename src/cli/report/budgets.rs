//! `convoke report budgets`.

use convoke_events::{Amount, HubId, Period, Timestamp};
use convoke_projections::Budgets;
use convoke_projections::budgets::Account;
use serde::Serialize;

use super::hubs;
use super::sheet::{Cell, Column, Sheet};
use crate::cli::args::HubFilter;

const COLUMNS: &[Column] = &[
    ("hub", "hub"),
    ("depth", "depth#"),
    ("account", "account"),
    ("period", "period"),
    ("limit_tokens", "limit#"),
    ("used_tokens", "used#"),
    ("reserved_tokens", "reserved#"),
    ("settled_tokens", "settled#"),
    ("unknown_tokens", "unknown#"),
    ("overrun_tokens", "overrun#"),
    ("limit_micro_usd", "limit $#"),
    ("spent_micro_usd", "spent $#"),
    ("closed", "closed"),
    ("label", "what for"),
];

#[derive(Serialize)]
struct Line<'a> {
    depth: usize,
    #[serde(flatten)]
    account: &'a Account,
    used: Amount,
}

/// The hubs that have accounts.
pub(super) fn known<'a>(budgets: &'a Budgets, filter: &HubFilter) -> Vec<&'a HubId> {
    hubs(budgets.iter().map(|account| &account.hub), filter)
}

pub(super) fn sheet(budgets: &Budgets, filter: &HubFilter, now: Timestamp) -> Sheet {
    let mut sheet = Sheet::new("budgets", COLUMNS);
    for hub in known(budgets, filter) {
        for (depth, account) in budgets.tree(hub) {
            let used = budgets.used(account, now);
            let totals = account.totals;
            let limits = account.limits;
            let cells = vec![
                Cell::text(hub),
                Cell::Count(u64::try_from(depth).unwrap_or(u64::MAX)),
                Cell::text(account.id),
                if limits.period == Period::Total {
                    Cell::None
                } else {
                    Cell::text(limits.period.as_str())
                },
                limits.tokens.map_or(Cell::None, Cell::tokens),
                Cell::tokens(used.tokens),
                Cell::tokens(totals.reserved.tokens),
                Cell::tokens(totals.settled.tokens),
                Cell::tokens(totals.unknown.tokens),
                Cell::tokens(totals.overrun.tokens),
                limits.money.map_or(Cell::None, Cell::Money),
                Cell::Money(totals.spent().money),
                Cell::text(if account.closed { "yes" } else { "no" }),
                Cell::text(&account.label),
            ];
            sheet.row(cells, &Line { depth, account, used });
        }
    }
    sheet
}
