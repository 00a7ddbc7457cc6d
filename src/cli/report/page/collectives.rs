//! The collectives: what each participant said, side by side.

use convoke_projections::Collectives;
use convoke_projections::collectives::{Collective, Participant};

use super::super::collectives::in_order;
use super::markup::{Markup, moment, safe};
use super::{NEWEST, more};
use crate::cli::args::HubFilter;
use crate::cli::render::{brief, dollars, grouped};

pub(super) fn section(collectives: &Collectives, hub: &HubFilter) -> Markup {
    let all = in_order(collectives, hub);
    let shown = all.iter().rev().take(NEWEST);
    let mut markup = more(shown.len(), all.len(), "collectives");
    for collective in shown {
        markup.add(told(collective));
    }
    markup
}

fn told(collective: &Collective) -> Markup {
    let verdict = collective.verdict.as_ref();
    let key = verdict.and_then(|verdict| verdict.key.as_ref());
    let recommends = key.map_or_else(String::new, |key| format!(": {}", safe(key)));
    let mut markup = Markup::of(format_args!(
        "<details><summary><strong>{}</strong>{recommends} – {} <span class=\"quiet\">{}</span>\
         </summary>\n",
        collective.status,
        safe(brief(&collective.title, 120)),
        moment(collective.convened_at),
    ));
    if let Some(verdict) = verdict {
        let because =
            verdict.reason.as_deref().map_or_else(String::new, |why| format!("; {}", safe(why)));
        markup.add(format_args!(
            "<p class=\"quiet\">{} version {}: {} of {} name the leading recommendation, {} model \
             families, {} missing{because}</p>\n",
            safe(verdict.rule),
            verdict.rule_version,
            verdict.figures.leading,
            verdict.figures.contributions,
            verdict.figures.families,
            verdict.figures.missing,
        ));
    }
    markup.add("<div class=\"cards\">\n");
    for participant in &collective.participants {
        markup.add(side(collective, participant));
    }
    markup.add("</div>\n");
    let cost = collective.cost();
    let (tokens, money) = (grouped(cost.tokens.get()), dollars(cost.money.get()));
    markup
        .add(format_args!("<p class=\"quiet\">{tokens} tokens, {money} in all</p>\n</details>\n"));
    markup
}

fn side(collective: &Collective, participant: &Participant) -> String {
    let (slug, version) = (safe(&participant.slug), participant.agent_version);
    let head = format!(
        "<article class=\"card\"><h3>{slug}</h3>\n<p class=\"quiet\">version {version}, family {}",
        safe(&participant.family)
    );
    let Some(answer) = participant.call.answer.as_ref().filter(|_| participant.contributed) else {
        let why = participant.missing.as_deref().unwrap_or("no answer yet");
        return format!("{head}</p>\n<p class=\"bad\">missing: {}</p></article>\n", safe(why));
    };
    let agreed = collective.verdict.as_ref().and_then(|verdict| verdict.key.as_ref());
    let class = match agreed {
        Some(key) if *key == answer.key => "good",
        Some(_) => "bad",
        None => "",
    };
    let sure = answer.confidence.map_or_else(String::new, |confidence| {
        format!(", {:.0} % sure", confidence.share() * 100.0)
    });
    format!(
        "{head}{sure}</p>\n<p class=\"{class}\"><strong>{}</strong></p>\n<pre>{}</pre></article>\n",
        safe(&answer.key),
        safe(words(&answer.content))
    )
}

/// The words of an answer where it says which they are, else the whole of it; the beginning.
fn words(content: &str) -> String {
    let answer: Option<serde_json::Value> = serde_json::from_str(content).ok();
    let body = answer.as_ref().and_then(|answer| answer.get("body")?.as_str());
    let words = body.unwrap_or(content);
    let cut: String = words.chars().take(LONG).collect();
    if cut.len() < words.len() { cut + "…" } else { cut }
}

/// How many characters of an answer the page shows.
const LONG: usize = 1_200;
