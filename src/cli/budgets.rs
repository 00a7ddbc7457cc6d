//! `convoke budgets`: what may be spent and what was, account by account.

use std::collections::BTreeSet;

use convoke_events::{Amount, HubId};
use convoke_projections::budgets::Account;
use convoke_projections::{Budgets, fold_to_head};
use serde::Serialize;

use super::args::{self, Global};
use super::failure::Failure;
use super::opening;
use super::render::{Output, Table, brief, dollars, grouped};

const BAR: u64 = 10;

pub(super) fn budgets(
    global: &Global,
    args: &args::Budgets,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::to_read(global)?;
    let budgets = fold_to_head::<Budgets>(&log)?.view;
    let hubs: BTreeSet<&HubId> =
        budgets.iter().map(|account| &account.hub).filter(|hub| args.hub.takes(hub)).collect();
    let mut table = Table::new(&[
        "account",
        "limit#",
        "reserved#",
        "settled#",
        "unknown#",
        "overrun#",
        "used",
        "cost",
    ]);
    for (depth, account) in hubs.into_iter().flat_map(|hub| budgets.tree(hub)) {
        if output.json {
            output.json(&Branch { depth, account })?;
        } else {
            table.row(row(depth, account));
        }
    }
    if !output.json {
        output.table(&table)?;
    }
    Ok(())
}

/// An account and how far below the hub's own it is.
#[derive(Serialize)]
struct Branch<'a> {
    depth: usize,
    #[serde(flatten)]
    account: &'a Account,
}

fn row(depth: usize, account: &Account) -> [String; 8] {
    let totals = account.totals;
    let tokens = |amount: Amount| grouped(amount.tokens.get());
    let spent = totals.spent();
    let limit = account.limits.tokens;
    let cost = dollars(spent.money.get());
    let closed = if account.closed { " (closed)" } else { "" };
    [
        format!("{}{}{closed}", "  ".repeat(depth), brief(&account.label, 36)),
        limit.map_or_else(|| "-".to_owned(), |limit| grouped(limit.get())),
        tokens(totals.reserved),
        tokens(totals.settled),
        tokens(totals.unknown),
        tokens(totals.overrun),
        limit.map_or_else(String::new, |limit| bar(spent.tokens.get(), limit.get())),
        match account.limits.money {
            Some(limit) => format!("{cost} of {}", dollars(limit.get())),
            None => cost,
        },
    ]
}

/// How much of a limit is used, drawn and in percent.
fn bar(used: u64, limit: u64) -> String {
    let share = |of: u64| match limit {
        0 => of,
        _ => (u128::from(used) * u128::from(of) / u128::from(limit)).try_into().unwrap_or(of),
    };
    let full = usize::try_from(share(BAR).min(BAR)).unwrap_or(0);
    let rest = usize::try_from(BAR).unwrap_or(0).saturating_sub(full);
    format!("[{}{}] {:>3}%", "#".repeat(full), ".".repeat(rest), share(100))
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn a_bar_shows_the_share_and_never_leaves_its_frame() {
        assert_eq!(bar(0, 100), "[..........]   0%");
        assert_eq!(bar(50, 100), "[#####.....]  50%");
        assert_eq!(bar(120, 100), "[##########] 120%");
        assert_eq!(bar(0, 0), "[##########] 100%");
    }
}
