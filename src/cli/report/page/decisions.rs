//! Who was asked, and why.

use convoke_projections::Routing;
use convoke_projections::routing::Decision;

use super::markup::{Markup, moment, safe, table};
use super::{NEWEST, more};
use crate::cli::args::HubFilter;

pub(super) fn section(routing: &Routing, hub: &HubFilter) -> Markup {
    let of_hub = || routing.newest_first().filter(|decision| hub.takes(&decision.hub));
    let all = of_hub().count();
    let mut markup = more(all.min(NEWEST), all, "decisions");
    for decision in of_hub().take(NEWEST) {
        markup.add(told(decision));
    }
    markup
}

fn told(decision: &Decision) -> String {
    let chosen: Vec<String> = decision
        .candidates
        .iter()
        .filter(|candidate| candidate.selected)
        .map(|candidate| safe(&candidate.slug))
        .collect();
    let chosen = if chosen.is_empty() { "nobody".to_owned() } else { chosen.join(", ") };
    let (purpose, task_type) = (decision.purpose, safe(&decision.task_type));
    let why = decision.reason.as_deref().unwrap_or("for a reason that is not known");
    let rows = decision.candidates.iter().map(|candidate| {
        vec![
            candidate.priority.to_string(),
            safe(&candidate.slug),
            candidate.agent_version.to_string(),
            candidate.standing.to_string().replace('_', " "),
            (if candidate.selected { "chosen" } else { "" }).to_owned(),
        ]
    });
    format!(
        "<details><summary>{chosen} for {purpose} ({task_type}) <span class=\"quiet\">{}, position \
         {}</span></summary>\n<p>{}</p>\n<p class=\"quiet\">rule {} version {}, decision \
         <code>{}</code></p>\n{}</details>\n",
        moment(decision.at),
        decision.position,
        safe(why),
        safe(&decision.rule),
        decision.rule_version,
        decision.id,
        table(&["priority#", "agent", "version#", "stood", ""], rows),
    )
}
