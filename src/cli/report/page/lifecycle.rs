//! How the agents live: epochs, revocations, leases, and what they leave to others.

use convoke_events::Timestamp;
use convoke_projections::lifecycle::{Handoff, HandoffFilter, Lease, Life};
use convoke_projections::{Lifecycle, Paging};

use super::super::hubs;
use super::NEWEST;
use super::markup::{Markup, moment, safe, table};
use crate::cli::args::HubFilter;

pub(super) fn section(lifecycle: &Lifecycle, filter: &HubFilter, now: Timestamp) -> Markup {
    let mut markup = Markup::default();
    for hub in hubs(lifecycle.hubs(), filter) {
        let rows = lifecycle.of_hub(hub).into_iter().map(|(slug, id, life)| {
            let leases: Vec<&Lease> = lifecycle.leases(id).collect();
            row(&slug, life, &leases, now)
        });
        let headings = ["agent", "standing", "holds", "errors#", "violations#", "stuck#"];
        markup.add(format_args!("<h3>{}</h3>\n{}", safe(hub), table(&headings, rows)));
        let filter = HandoffFilter { hub: Some(hub.clone()), ..HandoffFilter::default() };
        let paging = Paging { limit: NEWEST, ..Paging::default() };
        let left = lifecycle.page(&filter, paging);
        if !left.entries.is_empty() {
            let headings = ["left", "by", "because", "in", "next", "standing"];
            markup.add(table(&headings, left.entries.into_iter().map(handoff)));
        }
        if left.next.is_some() {
            markup.add(format_args!("<p class=\"quiet\">The newest {NEWEST} handoffs.</p>\n"));
        }
    }
    markup
}

fn row(slug: &str, life: &Life, leases: &[&Lease], now: Timestamp) -> Vec<String> {
    let standing = life.revoked.as_ref().map_or_else(
        || format!("epoch {}", life.epoch),
        |revoked| {
            let (because, by) = (safe(&revoked.because), safe(&revoked.by));
            format!(
                "<strong class=\"bad\">revoked</strong> {} by {by}: {because}",
                moment(revoked.at)
            )
        },
    );
    let held = leases.iter().map(|lease| {
        let over = if lease.expires <= now { ", which is over" } else { "" };
        format!(
            "a lease of {} in {} until {}{over}",
            lease.tier,
            lease.phase,
            moment(lease.expires)
        )
    });
    let held: Vec<String> = held.collect();
    vec![
        safe(slug),
        standing,
        if held.is_empty() { "–".to_owned() } else { held.join("<br>") },
        life.errors.to_string(),
        life.violations.to_string(),
        life.stuck.to_string(),
    ]
}

fn handoff(one: &Handoff) -> Vec<String> {
    vec![
        format!("<span class=\"id\">{}</span>", moment(one.since)),
        safe(&one.slug),
        safe(&one.because),
        one.phase.to_string(),
        safe(one.next.as_deref().unwrap_or("–")),
        safe(one.standing.in_words()),
    ]
}
