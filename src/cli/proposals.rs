//! `convoke proposals`: what waits for a person, and what people decided.

use convoke_projections::proposals::{Proposal, Review};
use convoke_projections::provenance::{self, Node};
use convoke_projections::{Collectives, Delegations, Proposals, fold_to_head};
use serde::Serialize;

use super::args::{self, Global, HubFilter, ProposalsCommand};
use super::failure::Failure;
use super::opening;
use super::render::{Output, Table, brief, or_dash, plain};

pub(super) fn proposals(
    global: &Global,
    args: &args::Proposals,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_read(global, &args.hub)?;
    let proposals = fold_to_head::<Proposals>(&log)?.view;
    match &args.command {
        None | Some(ProposalsCommand::List) => list(&proposals, &args.hub, output),
        Some(ProposalsCommand::Show { id }) => {
            let proposal = proposals.get(*id).filter(|proposal| args.hub.takes(&proposal.hub));
            let unknown = || Failure::Unknown { what: "proposal", name: id.to_string() };
            let proposal = proposal.ok_or_else(unknown)?;
            let collectives = fold_to_head::<Collectives>(&log)?.view;
            let delegations = fold_to_head::<Delegations>(&log)?.view;
            let provenance = provenance::of(proposal, &collectives, &delegations);
            show(&Traced { proposal, provenance }, output)
        }
    }
}

fn list(proposals: &Proposals, hub: &HubFilter, output: &mut Output) -> Result<(), Failure> {
    let mut proposals: Vec<&Proposal> =
        proposals.iter().filter(|proposal| hub.takes(&proposal.hub)).collect();
    proposals.sort_by_key(|proposal| proposal.position);
    if output.json {
        for proposal in proposals {
            output.json(proposal)?;
        }
        return Ok(());
    }
    let mut table = Table::new(&[
        "proposal",
        "hub",
        "status",
        "artifact",
        "recommends",
        "confidence#",
        "title",
    ]);
    for proposal in proposals {
        table.row([
            proposal.id.to_string(),
            proposal.hub.to_string(),
            proposal.status.to_string(),
            proposal.artifact.to_string(),
            or_dash(proposal.key.as_ref()),
            or_dash(proposal.confidence.map(|sure| format!("{:.2}", sure.share()))),
            brief(&proposal.title, 60),
        ]);
    }
    Ok(output.table(&table)?)
}

/// A proposal and where it comes from.
#[derive(Serialize)]
struct Traced<'a> {
    #[serde(flatten)]
    proposal: &'a Proposal,
    provenance: Node,
}

fn show(traced: &Traced<'_>, output: &mut Output) -> Result<(), Failure> {
    if output.json {
        return Ok(output.json(traced)?);
    }
    let Traced { proposal, provenance } = traced;
    output.fact("proposal", proposal.id)?;
    output.fact("title", plain(&proposal.title))?;
    output.fact("hub", &proposal.hub)?;
    output.fact("status", proposal.status)?;
    output.fact("artifact", &proposal.artifact)?;
    output.fact("recommends", or_dash(proposal.key.as_ref()))?;
    output.fact("confidence", or_dash(proposal.confidence))?;
    output.fact(
        "author",
        match &proposal.author {
            Some(author) => plain(author),
            None => "nobody: its contributions do not agree, and stand side by side".to_owned(),
        },
    )?;
    output.fact("task", proposal.task)?;
    output.fact("collective", or_dash(proposal.collective))?;
    output.fact("made", format_args!("{}, position {}", proposal.made_at, proposal.position))?;
    output.fact("digest", proposal.current())?;
    standing(proposal, output)?;
    output.line("content:")?;
    output.text(&indented(&proposal.content))?;
    output.line("")?;
    output.line("provenance:")?;
    output.text(&provenance.to_string())?;
    let reviews = proposal.first_review.iter().chain(&proposal.review);
    for review in reviews {
        show_review(review, output)?;
    }
    Ok(())
}

/// What its review takes, and what came before it.
fn standing(proposal: &Proposal, output: &mut Output) -> Result<(), Failure> {
    let people = if proposal.reviewers == 1 { "one person" } else { "two people" };
    let until = proposal.expires.map(|expires| format!(", until {expires}")).unwrap_or_default();
    output.fact("review", format_args!("takes {people}{until}"))?;
    if let Some(applied) = &proposal.applied {
        let policy = applied.granted_by;
        output.fact(
            "applied",
            format_args!(
                "{}, position {}, without waiting, by policy {} v{}",
                applied.at, applied.position, policy.id, policy.version
            ),
        )?;
    }
    Ok(())
}

fn show_review(review: &Review, output: &mut Output) -> Result<(), Failure> {
    output.line("")?;
    let by = plain(&review.reviewer);
    let key = review.key.as_ref().map(|key| format!(", naming `{key}`")).unwrap_or_default();
    output.line(format_args!("{} by {by}, {}{key}", review.decision, review.at))?;
    if let Some(note) = &review.note {
        output.line("note:")?;
        output.text(note)?;
    }
    if let Some(content) = &review.content {
        output.line("the reviewer's version:")?;
        output.text(&indented(content))?;
    }
    Ok(())
}

/// JSON spread over lines, for people; another text as it is.
pub(super) fn indented(content: &str) -> String {
    serde_json::from_str::<serde_json::Value>(content)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| content.to_owned())
}
