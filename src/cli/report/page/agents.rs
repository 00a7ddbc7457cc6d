//! The agents: what people made of their work, and whether they know what they know.

use convoke_events::Tokens;
use convoke_projections::performance::{PerformanceRecord, Proposals};
use convoke_projections::{Agents, Performance};

use super::super::performance::records;
use super::markup::{Markup, bar, reliability, safe};
use crate::cli::args::HubFilter;
use crate::cli::render::{dollars, grouped};

pub(super) fn section(
    agents: &Agents,
    performance: &Performance,
    hub: &HubFilter,
    days: u32,
) -> Markup {
    let records = records(performance, hub, days);
    let mut markup = Markup::of(format_args!(
        "<p class=\"quiet\">Acceptance is the share of judged work that reviews found right, with \
         its 95 % interval; in periods of {days} days, the newest first.</p>\n"
    ));
    markup.add("<div class=\"columns\">\n");
    let mut agents: Vec<_> = agents.iter().filter(|agent| hub.takes(&agent.hub)).collect();
    agents.sort_by_key(|agent| (&agent.hub, &agent.slug));
    for agent in agents {
        let class = if agent.active { "card" } else { "card off" };
        markup.add(format_args!(
            "<article class=\"{class}\">\n<h3>{}</h3>\n<p class=\"quiet\">{} in {}, version {}{}: \
             {} by {}; {}, {}</p>\n",
            safe(&agent.name),
            safe(&agent.slug),
            safe(&agent.hub),
            agent.version,
            if agent.active { "" } else { ", inactive" },
            safe(&agent.model),
            safe(&agent.provider),
            agent.trust,
            agent.tier,
        ));
        let own: Vec<_> = records.iter().filter(|record| record.agent == agent.id).collect();
        if own.is_empty() {
            markup.add("<p class=\"quiet\">nothing done yet</p>\n");
        }
        for record in own {
            markup.add(told(record));
        }
        markup.add("</article>\n");
    }
    markup.and("</div>\n")
}

fn told(record: &PerformanceRecord) -> Markup {
    let (task_type, version) = (safe(&record.task_type), record.agent_version);
    let from: String = record.period.from.to_string().chars().take(10).collect();
    let mut markup = Markup::of(format_args!(
        "<details open><summary>{task_type}, version {version}, from {from}</summary>\n"
    ));
    if let Some(acceptance) = record.acceptance {
        markup.add(bar(acceptance, record.acceptance_interval));
        markup.add("<div class=\"record\"><div>\n");
        let interval = record.acceptance_interval.map_or_else(String::new, |interval| {
            format!(" ({:.0}–{:.0} %)", interval.low * 100.0, interval.high * 100.0)
        });
        markup.add(format_args!(
            "<p>{:.0} % accepted{interval}, {} of {} judged</p>\n",
            acceptance * 100.0,
            record.right,
            record.judged
        ));
        let figure = |name: &str, value: Option<f64>| {
            value.map_or_else(|| format!("{name} undefined"), |value| format!("{name} {value:.2}"))
        };
        let pearson = record.correlation.map_or_else(
            || "r undefined".to_owned(),
            |found| {
                let (low, high) = (found.interval.low, found.interval.high);
                format!("r {:.2} ({low:.2} to {high:.2})", found.r)
            },
        );
        markup.add(format_args!(
            "<p class=\"quiet\">{}, {}, {pearson}</p>\n</div>\n{}</div>\n",
            figure("Brier", record.brier),
            figure("bias", record.bias),
            reliability(&record.reliability),
        ));
    }
    let proposals = record.proposals;
    let tokens = |tokens: Tokens| grouped(tokens.get());
    let Proposals { generated, accepted, rejected, revised } = proposals;
    let proposed = if generated.max(accepted).max(rejected).max(revised) == 0 {
        String::new()
    } else {
        format!(
            "{generated} proposed, {accepted} accepted, {rejected} rejected, {revised} revised; "
        )
    };
    markup.add(format_args!(
        "<p class=\"quiet\">{proposed}{} calls answered, {} failed; {} tokens in, {} out; \
         {}</p>\n</details>\n",
        record.answered,
        record.failed,
        tokens(record.tokens_in),
        tokens(record.tokens_out),
        dollars(record.cost.get()),
    ));
    markup
}
