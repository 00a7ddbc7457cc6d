//! `convoke collectives`: questions put to several agents, their answers side by side.

use convoke_projections::collectives::{Call, Collective, Participant, Verdict};
use convoke_projections::{Collectives, fold_to_head};

use super::args::{self, CollectivesCommand, Global, HubFilter};
use super::failure::Failure;
use super::opening;
use super::proposals::indented;
use super::render::{Output, Table, brief, dollars, grouped, or_dash, plain};

pub(super) fn collectives(
    global: &Global,
    args: &args::Collectives,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::to_read(global)?;
    let collectives = fold_to_head::<Collectives>(&log)?.view;
    match &args.command {
        None | Some(CollectivesCommand::List) => list(&collectives, &args.hub, output),
        Some(CollectivesCommand::Show { id }) => {
            let known = collectives.get(*id).filter(|known| args.hub.takes(&known.hub));
            let unknown = || Failure::Unknown { what: "collective", name: id.to_string() };
            show(known.ok_or_else(unknown)?, output)
        }
    }
}

fn list(collectives: &Collectives, hub: &HubFilter, output: &mut Output) -> Result<(), Failure> {
    let mut collectives: Vec<&Collective> =
        collectives.iter().filter(|collective| hub.takes(&collective.hub)).collect();
    collectives.sort_by_key(|collective| collective.position);
    if output.json {
        for collective in collectives {
            output.json(collective)?;
        }
        return Ok(());
    }
    let mut table = Table::new(&[
        "collective",
        "hub",
        "task type",
        "verdict",
        "recommends",
        "answered#",
        "asked#",
        "tokens#",
        "title",
    ]);
    for collective in collectives {
        table.row([
            collective.id.to_string(),
            collective.hub.to_string(),
            collective.task_type.to_string(),
            collective.status.to_string(),
            or_dash(collective.verdict.as_ref().and_then(|verdict| verdict.key.as_ref())),
            collective.contributions().count().to_string(),
            collective.participants.len().to_string(),
            grouped(collective.cost().tokens.get()),
            brief(&collective.title, 50),
        ]);
    }
    Ok(output.table(&table)?)
}

fn show(collective: &Collective, output: &mut Output) -> Result<(), Failure> {
    if output.json {
        return Ok(output.json(collective)?);
    }
    output.fact("collective", collective.id)?;
    output.fact("title", plain(&collective.title))?;
    output.fact("hub", &collective.hub)?;
    output.fact("task", collective.task)?;
    output.fact("task type", &collective.task_type)?;
    output.fact("verdict", collective.status)?;
    if let Some(verdict) = &collective.verdict {
        tell_verdict(verdict, output)?;
    }
    output.fact("cost", cost(collective.cost()))?;
    output.fact("proposal", or_dash(collective.proposal))?;
    output.line("")?;
    let mut table = Table::new(&[
        "agent",
        "version#",
        "family",
        "recommends",
        "confidence#",
        "in#",
        "out#",
        "cost#",
        "model",
        "stands",
    ]);
    for participant in &collective.participants {
        table.row(side(collective, participant));
    }
    output.table(&table)?;
    for (participant, answer) in collective.contributions() {
        output.line("")?;
        output.line(format_args!("{} says:", plain(&participant.slug)))?;
        output.text(&words(&answer.content))?;
    }
    if let Some(synthesis) = &collective.synthesis {
        output.line("")?;
        match &synthesis.call.answer {
            Some(answer) => {
                let author = plain(&synthesis.slug);
                output.line(format_args!(
                    "synthesis by {author} ({}):",
                    cost(spent(&synthesis.call))
                ))?;
                output.text(&indented(&answer.content))?;
            }
            None => output.line("no synthesis was written")?,
        }
    }
    Ok(())
}

fn tell_verdict(verdict: &Verdict, output: &mut Output) -> Result<(), Failure> {
    output.fact("rule", format_args!("{} version {}", verdict.rule, verdict.rule_version))?;
    output.fact("recommends", or_dash(verdict.key.as_ref()))?;
    let figures = &verdict.figures;
    let (leading, contributions) = (figures.leading, figures.contributions);
    let (keys, families) = (figures.keys, figures.families);
    output.fact(
        "figures",
        format_args!(
            "{leading} of {contributions} name the leading recommendation; {keys} different ones, \
             {families} model families, {} without an answer",
            figures.missing
        ),
    )?;
    if let Some(reason) = &verdict.reason {
        output.fact("because", plain(reason))?;
    }
    Ok(())
}

/// One participant's row: what it said, or why it is missing.
fn side(collective: &Collective, participant: &Participant) -> [String; 10] {
    let call = &participant.call;
    let answer = call.answer.as_ref();
    let agreed = collective.verdict.as_ref().and_then(|verdict| verdict.key.as_ref());
    let stands = match (&participant.missing, answer) {
        (Some(why), _) => format!("missing: {why}"),
        (None, Some(answer)) if agreed.is_some_and(|key| *key != answer.key) => {
            "dissents".to_owned()
        }
        (None, Some(_)) if agreed.is_some() => "agrees".to_owned(),
        (None, Some(_)) => "answered".to_owned(),
        (None, None) => "being asked".to_owned(),
    };
    [
        participant.slug.clone(),
        participant.agent_version.to_string(),
        participant.family.to_string(),
        or_dash(answer.map(|answer| &answer.key)),
        or_dash(answer.and_then(|answer| Some(format!("{:.2}", answer.confidence?.share())))),
        or_dash(answer.and_then(|answer| answer.tokens_in)),
        or_dash(answer.and_then(|answer| answer.tokens_out)),
        dollars(spent(call).money.get()),
        or_dash(answer.map(|answer| &answer.model)),
        stands,
    ]
}

fn spent(call: &Call) -> convoke_events::Amount {
    call.charged.plus(call.overrun)
}

fn cost(amount: convoke_events::Amount) -> String {
    format!("{} tokens, {}", grouped(amount.tokens.get()), dollars(amount.money.get()))
}

/// The words of an answer where it says which they are, else the whole of it.
fn words(content: &str) -> String {
    let answer: Option<serde_json::Value> = serde_json::from_str(content).ok();
    let body = answer.as_ref().and_then(|answer| answer.get("body")).and_then(|body| body.as_str());
    body.map_or_else(|| content.to_owned(), str::to_owned)
}
