//! What speaks for and against the agents, and what they lack to go up a tier.

use convoke_projections::Trust;
use convoke_projections::trust::Evidence;

use super::super::hubs;
use super::markup::{Markup, bar, safe, table};
use crate::cli::args::HubFilter;

const HEADINGS: &[&str] =
    &["agent", "work", "tier", "runs#", "compliant#", "for it", "against it", "to go up it lacks"];

pub(super) fn section(trust: &Trust, filter: &HubFilter) -> Markup {
    let mut markup = Markup::of(
        "<p class=\"quiet\">For it: the share of runs that kept every rule, as low as 99 % \
         certainty puts it, and the gate it must pass. Against it: the evidence at which it goes \
         down is a full bar.</p>\n",
    );
    let hubs = hubs(trust.hubs(), filter);
    if hubs.is_empty() {
        markup.add("<p class=\"quiet\">Nobody has ended a run under a lease yet.</p>\n");
    }
    for hub in hubs {
        let rows = trust.of_hub(hub).into_iter().map(|one| row(&one));
        markup.add(format_args!("<h3>{}</h3>\n{}", safe(hub), table(HEADINGS, rows)));
    }
    markup
}

fn row(one: &Evidence) -> Vec<String> {
    let against = (one.suspicion / one.convicts_at).max(0.0);
    vec![
        safe(&one.slug),
        safe(&one.task_type),
        one.tier.to_string(),
        one.conduct.runs.to_string(),
        one.conduct.compliant.to_string(),
        format!("{}{:.3} of {:.3}", bar(one.bound, None), one.bound, one.gate),
        format!("{}{:.2} of {:.2}", bar(against, None), one.suspicion, one.convicts_at),
        safe(one.missing.in_words()),
    ]
}
