//! What agents may do, and what was denied.

use convoke_events::Timestamp;
use convoke_projections::Governance;

use super::super::governance::{known, rules, verbs};
use super::markup::{Markup, moment, safe, table};
use super::{NEWEST, more};
use crate::cli::args::HubFilter;

pub(super) fn section(governance: &Governance, filter: &HubFilter, now: Timestamp) -> Markup {
    let mut markup = Markup::default();
    for hub in known(governance, filter) {
        let blocked = governance.blocked_counts(hub, now).total;
        markup.add(format_args!(
            "<h3>{}</h3>\n<p>Where no policy speaks: <strong>{}</strong>. Denied in the last seven \
             days: <strong>{blocked}</strong>.</p>\n",
            safe(hub),
            governance.default_of(hub),
        ));
        let rows = rules(governance, hub, now).into_iter().map(|((artifact, agent), rule)| {
            let may = match &rule.policy {
                None => "no policy".to_owned(),
                Some(policy) if !rule.active => {
                    format!("switched off (version {})", policy.version)
                }
                Some(policy) => format!("{} (version {})", verbs(&rule.verbs), policy.version),
            };
            vec![
                safe(artifact),
                safe(agent),
                safe(may),
                rule.blocked_7_days.to_string(),
                rule.blocked_ever.to_string(),
            ]
        });
        let headings = ["artifact", "agent", "may", "denied in 7 days#", "ever#"];
        markup.add(table(&headings, rows));
        let all = governance.blocked(hub).filter(|one| one.at <= now).count();
        let newest = governance.blocked(hub).filter(|one| one.at <= now).take(NEWEST);
        let rows: Vec<Vec<String>> = newest
            .map(|one| {
                let why = one.reason.as_deref().unwrap_or("for a reason that is not known");
                vec![
                    format!("<span class=\"id\">{}</span>", moment(one.at)),
                    safe(&one.slug),
                    format!("{} {}", one.verb, safe(&one.artifact)),
                    safe(why),
                ]
            })
            .collect();
        if !rows.is_empty() {
            markup.add(more(rows.len(), all, "denied attempts"));
            markup.add(table(&["denied", "agent", "would have done", "because"], rows));
        }
    }
    markup
}
