//! `convoke explain`: why a decision or a verdict fell, made again from the log alone.

mod verdict;

use convoke_actors::difference::Difference;
use convoke_actors::routing::explain::Explanation;
use convoke_events::{Candidate, Measure, RoutingDecided};
use convoke_projections::{Agents, fold_to_head};
use serde::Serialize;

use super::args::Global;
use super::args::route::Explain;
use super::failure::Failure;
use super::opening;
use super::render::{Output, Table, or_dash, plain};
use crate::decisions::{self, Explained};

pub(super) fn explain(global: &Global, args: &Explain, output: &mut Output) -> Result<(), Failure> {
    let log = opening::to_read(global)?;
    let explained = decisions::explain(&log, args.what)?;
    let (what, differences) = match &explained {
        Explained::Routing(routing) => {
            (format!("decision {}", routing.recorded.decision), &routing.differences)
        }
        Explained::Verdict(verdict) => {
            let collective = verdict.recorded.collective;
            (format!("the verdict on collective {collective}"), &verdict.differences)
        }
    };
    if output.json {
        let agrees = differences.is_empty();
        match &explained {
            Explained::Routing(explanation) => output.json(&Document { agrees, explanation })?,
            Explained::Verdict(explanation) => output.json(&Document { agrees, explanation })?,
        }
    } else {
        let agents = fold_to_head::<Agents>(&log)?.view;
        match &explained {
            Explained::Routing(explanation) => tell(explanation, &agents, output)?,
            Explained::Verdict(explanation) => verdict::tell(explanation, &agents, output)?,
        }
        output.line("")?;
        tell_differences(differences, output)?;
    }
    match differences.len() {
        0 => Ok(()),
        places => Err(Failure::Disagrees { what, places }),
    }
}

#[derive(Serialize)]
struct Document<'a, E> {
    /// Whether the record is what the log before it gives, bit for bit.
    agrees: bool,
    #[serde(flatten)]
    explanation: &'a E,
}

fn tell(explanation: &Explanation, agents: &Agents, output: &mut Output) -> Result<(), Failure> {
    let RoutingDecided { decision, task, purpose, task_type, rule, rule_version, .. } =
        &explanation.recorded;
    let recorded = &explanation.recorded;
    output.fact("decision", decision)?;
    output.fact("task", task)?;
    output.fact("asked for", format_args!("{purpose} of `{task_type}`"))?;
    output.fact("rule", format_args!("{rule} v{rule_version}"))?;
    output.fact("hub's rules", or_dash(recorded.rules_version))?;
    output.fact("rests on", or_dash(recorded.rests_on))?;
    output.fact("tie-break", recorded.tie_break)?;
    output.fact("seed", or_dash(recorded.seed))?;
    if let Some(evidence) = &recorded.evidence {
        let (right, decided) = (evidence.right, evidence.decided);
        let newest = or_dash(evidence.rests_on);
        let words = format!("{right} of {decided} reviews found work right; the newest: {newest}");
        output.fact("evidence", words)?;
    }
    output.fact("reason", plain(&explanation.reason))?;
    output.line("")?;
    let mut table = Table::new(&["agent", "place#", "standing", "score", "made of", "asked"]);
    let pages = explanation.pages.iter().flat_map(|page| &page.candidates);
    for candidate in recorded.candidates.iter().chain(pages) {
        let agent = agents.get(candidate.agent);
        let slug = agent.map_or_else(|| candidate.agent.to_string(), |one| one.slug.to_string());
        let place = recorded.selected.iter().position(|agent| *agent == candidate.agent);
        table.row([
            format!("{slug} v{}", candidate.agent_version),
            candidate.priority.to_string(),
            candidate.standing.to_string(),
            combined(candidate),
            made_of(candidate),
            place.map_or_else(|| "-".to_owned(), |place| place.saturating_add(1).to_string()),
        ]);
    }
    output.table(&table)?;
    Ok(())
}

fn tell_differences(differences: &[Difference], output: &mut Output) -> Result<(), Failure> {
    if differences.is_empty() {
        output.line("made again from the events before it, it is the same bit for bit")?;
    }
    for Difference { at, recorded, recomputed } in differences {
        let (recorded, recomputed) = (or_dash(recorded.as_ref()), or_dash(recomputed.as_ref()));
        let words = format!("{at}: recorded {recorded}, made again {recomputed}");
        output.line(plain(&words))?;
    }
    Ok(())
}

fn combined(candidate: &Candidate) -> String {
    let combined = candidate.scored.as_ref().and_then(|scored| scored.combined);
    combined.map_or_else(|| "-".to_owned(), |score| format!("{:.4}", score.get()))
}

/// A score's components, each with what it was computed from.
fn made_of(candidate: &Candidate) -> String {
    let components = candidate.scored.iter().flat_map(|scored| &scored.components);
    let words = components.map(|one| {
        let input = match &one.input {
            Measure::Match(matched) => {
                let words = matched.keywords.iter().chain(&matched.capabilities);
                let words: Vec<&str> =
                    words.chain(&matched.related).map(convoke_events::Keyword::as_str).collect();
                format!("words {}", if words.is_empty() { "-".to_owned() } else { words.join(" ") })
            }
            Measure::Bid { amount, .. } => format!("bid {amount}"),
            Measure::Acceptance { right, decided, .. } => format!("accepted {right} of {decided}"),
            Measure::Load { calls } => format!("load {calls}"),
            Measure::Latency { answers, total_us } => {
                let mean = total_us.checked_div(u64::from(*answers)).map(|mean| mean / 1000);
                format!("latency {} ms", or_dash(mean))
            }
            Measure::Price { per_1000 } => format!("price {} µ$/1000", or_dash(*per_1000)),
        };
        format!("{input} = {:.3}", one.score.get())
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "-".to_owned() } else { words.join("; ") }
}
