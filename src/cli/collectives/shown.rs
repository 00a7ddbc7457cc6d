//! One collective, shown: its verdict with the figures, who dissents, who is missing, and what
//! everybody contributed side by side.

use convoke_events::{Amount, Key};
use convoke_projections::collectives::{Answer, Appointed, Call, Collective, Participant, Verdict};
use serde::Deserialize;

use crate::cli::failure::Failure;
use crate::cli::proposals::indented;
use crate::cli::render::{Columns, Output, dollars, grouped, or_dash, plain};
use crate::cli::verdicts::tell_figures;

pub(super) fn show(collective: &Collective, output: &mut Output) -> Result<(), Failure> {
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
    for participant in &collective.participants {
        if let Stands::Dissents(answer) = Stands::of(collective, participant) {
            let key = meaning(collective, &answer.key);
            output.fact("dissent", plain(&format!("{} recommends {key}", participant.slug)))?;
        }
    }
    for participant in &collective.participants {
        if let Some(why) = &participant.missing {
            output.fact("missing", plain(&format!("{}: {why}", participant.slug)))?;
        }
    }
    output.fact("cost", cost(collective.cost()))?;
    output.fact("proposal", or_dash(collective.proposal))?;
    output.line("")?;
    output.columns(&side_by_side(collective))?;
    let parts = [
        ("grouping", &collective.judgement),
        ("arbitration", &collective.arbitration),
        ("synthesis", &collective.synthesis),
    ];
    for (what, appointed) in parts {
        if let Some(appointed) = appointed {
            tell_part(what, appointed, output)?;
        }
    }
    Ok(())
}

fn tell_verdict(verdict: &Verdict, output: &mut Output) -> Result<(), Failure> {
    output.fact("rule", format_args!("{} version {}", verdict.rule, verdict.rule_version))?;
    output.fact("recommends", or_dash(verdict.key.as_ref()))?;
    tell_figures(verdict.rule, &verdict.figures, output)?;
    if let Some(reason) = &verdict.reason {
        output.fact("because", plain(reason))?;
    }
    Ok(())
}

/// How a participant stands to the verdict.
enum Stands<'a> {
    Missing(&'a str),
    BeingAsked,
    /// There is no consensus that it could be for or against.
    Answered,
    Agrees,
    Dissents(&'a Answer),
}

impl<'a> Stands<'a> {
    fn of(collective: &Collective, participant: &'a Participant) -> Self {
        if let Some(why) = &participant.missing {
            return Self::Missing(why);
        }
        let agreed = collective.verdict.as_ref().and_then(|verdict| verdict.key.as_ref());
        match (&participant.call.answer, agreed) {
            (None, _) => Self::BeingAsked,
            (Some(_), None) => Self::Answered,
            (Some(answer), Some(key)) if collective.meaning(&answer.key) == key => Self::Agrees,
            (Some(answer), Some(_)) => Self::Dissents(answer),
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Missing(why) => format!("missing: {why}"),
            Self::BeingAsked => "being asked".to_owned(),
            Self::Answered => "answered".to_owned(),
            Self::Agrees => "agrees".to_owned(),
            Self::Dissents(_) => "dissents".to_owned(),
        }
    }
}

/// A recommendation, and what it counts as where a judge says that it means another one.
fn meaning(collective: &Collective, key: &Key) -> String {
    match collective.meaning(key) {
        same if same == key => key.to_string(),
        other => format!("{key}, counted as {other}"),
    }
}

/// Every participant with what it contributed, in order of priority.
fn side_by_side(collective: &Collective) -> Columns {
    let mut columns = Columns::new(&[
        "family",
        "stands",
        "recommends",
        "confidence",
        "weight",
        "tokens",
        "cost",
        "model",
        "took",
        "says",
        "assumes",
    ]);
    for participant in &collective.participants {
        let answer = participant.call.answer.as_ref();
        let of = |value: Option<String>| value.unwrap_or_default();
        let words = answer.map(|answer| Words::of(&answer.content));
        columns.column(
            &format!("{} v{}", participant.slug, participant.agent_version),
            [
                participant.family.to_string(),
                Stands::of(collective, participant).in_words(),
                of(answer.map(|answer| meaning(collective, &answer.key))),
                of(answer.and_then(|answer| Some(format!("{:.2}", answer.confidence?.share())))),
                of(weight(collective, participant)),
                of(answer.map(|answer| {
                    let (read, written) = (or_dash(answer.tokens_in), or_dash(answer.tokens_out));
                    format!("{read} in, {written} out")
                })),
                dollars(participant.call.spent().money.get()),
                of(answer.map(|answer| answer.model.to_string())),
                of(answer.map(|answer| format!("{} ms", answer.latency_us.div_ceil(1_000)))),
                of(words.as_ref().map(|words| words.body.clone())),
                of(words.map(|words| words.assumptions.join("\n"))),
            ],
        );
    }
    columns
}

/// What its voice weighed in the verdict, and which part of the whole that is.
fn weight(collective: &Collective, participant: &Participant) -> Option<String> {
    let Verdict { figures, basis, .. } = collective.verdict.as_ref()?;
    let place = basis.voices.iter().position(|voice| voice.agent == participant.agent)?;
    let weight = figures.weights.get(place)?;
    let total: f64 = figures.weights.iter().sum();
    let part = if total > 0.0 { weight / total * 100.0 } else { 0.0 };
    Some(format!("{weight:.4}, {part:.1} %"))
}

/// What an answer says to people.
#[derive(Deserialize)]
struct Words {
    #[serde(default)]
    body: String,
    #[serde(default)]
    assumptions: Vec<String>,
}

impl Words {
    /// The words of an answer where it says which they are, else the whole of it.
    fn of(content: &str) -> Self {
        let whole = || Self { body: content.to_owned(), assumptions: Vec::new() };
        serde_json::from_str(content).unwrap_or_else(|_| whole())
    }
}

/// The part of somebody who was appointed to one, as far as it came to that.
fn tell_part(what: &str, appointed: &Appointed, output: &mut Output) -> Result<(), Failure> {
    let Appointed { slug, call, .. } = appointed;
    let (author, spent) = (plain(slug), cost(call.spent()));
    match call {
        Call { answer: Some(answer), .. } => {
            output.line(format_args!("{what} by {author} ({spent}):"))?;
            output.text(&indented(&answer.content))?;
        }
        Call { failure: Some(failure), .. } => {
            let reason = failure.reason.as_deref().unwrap_or_default();
            let words = format!("no {what} by {author} ({spent}): {}: {reason}", failure.class);
            output.line(plain(&words))?;
        }
        Call { attempts: 0, .. } => output.line(format_args!("no {what} was asked of {author}"))?,
        Call { .. } => output.line(format_args!("{author} is asked for the {what}"))?,
    }
    output.line("")?;
    Ok(())
}

fn cost(amount: Amount) -> String {
    format!("{} tokens, {}", grouped(amount.tokens.get()), dollars(amount.money.get()))
}
