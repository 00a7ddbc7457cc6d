//! What happened when: work handed in, concluded, proposed, reviewed.

use convoke_events::Timestamp;
use convoke_projections::{Proposals, Tasks};

use super::markup::{Markup, moment, safe};
use super::{NEWEST, more};
use crate::cli::args::HubFilter;
use crate::cli::render::brief;

pub(super) fn section(tasks: &Tasks, proposals: &Proposals, hub: &HubFilter) -> Markup {
    let mut entries: Vec<(Timestamp, u8, String)> = Vec::new();
    for task in tasks.iter().filter(|task| hub.takes(&task.hub)) {
        let title = safe(brief(&task.title, 120));
        entries.push((task.submitted_at, 0, format!("handed in: {title}")));
        if let (Some(at), Some(outcome)) = (task.concluded_at, task.outcome) {
            let why = task.reason.as_deref().map_or_else(String::new, |why| {
                format!(" – <span class=\"quiet\">{}</span>", safe(brief(why, 200)))
            });
            entries.push((at, 2, format!("<strong>{outcome}</strong>: {title}{why}")));
        }
    }
    for proposal in proposals.iter().filter(|proposal| hub.takes(&proposal.hub)) {
        let title = safe(brief(&proposal.title, 120));
        let author = proposal.author.as_deref().unwrap_or("several, who do not agree");
        let made = format!("proposal by {} on {title}", safe(author));
        entries.push((proposal.made_at, 1, made));
        if let Some(review) = &proposal.review {
            let by = safe(&review.reviewer);
            let what = format!("<strong>{}</strong> by {by}: {title}", review.decision);
            entries.push((review.at, 3, what));
        }
    }
    entries.sort_by(|one, other| other.cmp(one));
    let all = entries.len();
    entries.truncate(NEWEST * 2);
    let mut markup = more(entries.len(), all, "entries").and("<ol class=\"time\">\n");
    for (at, _, what) in entries {
        markup.add(format_args!("<li><time>{}</time><span>{what}</span></li>\n", moment(at)));
    }
    markup.and("</ol>\n")
}
