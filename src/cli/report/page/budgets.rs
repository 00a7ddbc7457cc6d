//! The tree of accounts.

use convoke_events::{Amount, Period, Timestamp, Tokens};
use convoke_projections::Budgets;
use convoke_projections::budgets::Account;

use super::super::budgets::known;
use super::markup::{Markup, bar, safe, table};
use crate::cli::args::HubFilter;
use crate::cli::render::{brief, dollars, grouped};

const HEADINGS: &[&str] =
    &["account", "used", "of#", "reserved#", "settled#", "unknown#", "overrun#", "cost#"];

/// How many accounts of a hub the page shows.
const ACCOUNTS: usize = 500;

pub(super) fn section(budgets: &Budgets, filter: &HubFilter, now: Timestamp) -> Markup {
    let mut markup = Markup::default();
    for hub in known(budgets, filter) {
        let tree = budgets.tree(hub);
        let shown = tree.len().min(ACCOUNTS);
        let rows = tree.iter().take(shown);
        let rows = rows.map(|(depth, account)| row(*depth, account, budgets.used(account, now)));
        markup.add(format_args!("<h3>{}</h3>\n{}", safe(hub), table(HEADINGS, rows)));
        if shown < tree.len() {
            let all = tree.len();
            markup.add(format_args!("<p class=\"quiet\">The first {shown} of {all}.</p>\n"));
        }
    }
    markup
}

fn row(depth: usize, account: &Account, used: Amount) -> Vec<String> {
    let totals = account.totals;
    let tokens = |amount: Amount| grouped(amount.tokens.get());
    let closed = if account.closed { " <strong class=\"bad\">closed</strong>" } else { "" };
    let period = match account.limits.period {
        Period::Total => "",
        Period::Day => " a day",
        Period::Month => " a month",
    };
    let limit = account.limits.tokens.map(Tokens::get);
    vec![
        format!(
            "<span class=\"below\" style=\"padding-left:{}rem\">{}{closed}</span>",
            depth.min(12),
            safe(brief(&account.label, 80))
        ),
        limit.map_or_else(
            || tokens(used),
            |limit| {
                let share = convoke_events::evidence::real(used.tokens.get())
                    / convoke_events::evidence::real(limit.max(1));
                format!("{}{}", bar(share, None), tokens(used))
            },
        ),
        limit.map_or_else(|| "–".to_owned(), |limit| format!("{}{period}", grouped(limit))),
        tokens(totals.reserved),
        tokens(totals.settled),
        tokens(totals.unknown),
        tokens(totals.overrun),
        dollars(totals.spent().money.get()),
    ]
}
