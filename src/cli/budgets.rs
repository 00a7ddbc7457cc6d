//! `convoke budgets`: what may be spent and what was, account by account.

mod reopen;

use std::collections::BTreeSet;

use convoke_events::{Amount, Clock, HubId, Limits, Period, SystemClock};
use convoke_projections::budgets::Account;
use convoke_projections::{Budgets, fold_to_head};
use serde::Serialize;

use super::args::{self, BudgetsCommand, Global, HubFilter};
use super::failure::Failure;
use super::opening;
use super::render::{Output, Table, brief, dollars, grouped, plain};

const BAR: u64 = 10;

pub(super) fn budgets(
    global: &Global,
    args: &args::Budgets,
    output: &mut Output,
) -> Result<(), Failure> {
    match &args.command {
        None | Some(BudgetsCommand::List) => list(global, &args.hub, output),
        Some(BudgetsCommand::Reopen { account, why }) => {
            reopen::reopen(global, &args.hub, *account, why, output)
        }
    }
}

fn list(global: &Global, hub: &HubFilter, output: &mut Output) -> Result<(), Failure> {
    let log = opening::hub_to_read(global, hub)?;
    let budgets = fold_to_head::<Budgets>(&log)?.view;
    let now = SystemClock::start().now();
    let hubs: BTreeSet<&HubId> =
        budgets.iter().map(|account| &account.hub).filter(|known| hub.takes(known)).collect();
    let branches: Vec<Branch<'_>> = hubs
        .into_iter()
        .flat_map(|hub| budgets.tree(hub))
        .map(|(depth, account)| Branch { depth, account, used: budgets.used(account, now) })
        .collect();
    if output.json {
        return branches.iter().try_for_each(|branch| Ok(output.json(branch)?));
    }
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
    for branch in &branches {
        table.row(branch.row());
    }
    output.table(&table)?;
    for Branch { account, .. } in branches.iter().filter(|branch| branch.account.closed) {
        output.line("")?;
        let label = plain(&brief(&account.label, 60));
        output.line(format_args!("\"{label}\" was closed by an overrun; to open it again:"))?;
        let id = account.id;
        output.line(format_args!("  convoke budgets reopen {id} --reason TEXT --by NAME"))?;
    }
    Ok(())
}

/// An account, how far below the hub's own it is, and what counts against its limits now.
#[derive(Serialize)]
struct Branch<'a> {
    depth: usize,
    #[serde(flatten)]
    account: &'a Account,
    used: Amount,
}

impl Branch<'_> {
    fn row(&self) -> [String; 8] {
        let Self { depth, account, used } = self;
        let totals = account.totals;
        let tokens = |amount: Amount| grouped(amount.tokens.get());
        let limit = account.limits.tokens;
        let cost = dollars(totals.spent().money.get());
        let closed = if account.closed { " (closed)" } else { "" };
        [
            format!("{}{}{closed}", "  ".repeat(*depth), brief(&account.label, 48)),
            limit.map_or_else(
                || "-".to_owned(),
                |limit| format!("{}{}", grouped(limit.get()), period(account.limits)),
            ),
            tokens(totals.reserved),
            tokens(totals.settled),
            tokens(totals.unknown),
            tokens(totals.overrun),
            limit.map_or_else(String::new, |limit| bar(used.tokens.get(), limit.get())),
            match account.limits.money {
                Some(limit) => {
                    let limit = dollars(limit.get());
                    format!("{cost} of {limit}{}", period(account.limits))
                }
                None => cost,
            },
        ]
    }
}

const fn period(limits: Limits) -> &'static str {
    match limits.period {
        Period::Total => "",
        Period::Day => " a day",
        Period::Month => " a month",
    }
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
