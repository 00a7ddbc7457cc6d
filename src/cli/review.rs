//! `convoke review`: a person decides on a proposal.

use std::path::Path;

use convoke_actors::command::{Answer, Command, Review};
use convoke_events::ReviewDecision;
use convoke_projections::proposals::Proposal;
use convoke_projections::{Proposals, fold_to_head};
use serde_json::json;

use super::args::{self, Global};
use super::failure::Failure;
use super::opening;
use super::ordering::{give, receipt};
use super::render::{Output, plain};

/// The longest version of a reviewer's own, in bytes.
const MAX_REVISION: usize = convoke_events::MAX_TEXT;

pub(super) fn review(
    global: &Global,
    args: &args::Review,
    output: &mut Output,
) -> Result<(), Failure> {
    let revision = args.decision.revise.as_deref().map(revision).transpose()?;
    let decision = match (args.decision.accept, &revision) {
        (true, _) => ReviewDecision::Accepted,
        (false, Some(_)) => ReviewDecision::Revised,
        (false, None) => ReviewDecision::Rejected,
    };
    let log = opening::to_write(global)?;
    let proposals = fold_to_head::<Proposals>(&log)?.view;
    let unknown = || Failure::Unknown { what: "proposal", name: args.proposal.to_string() };
    let proposal = proposals.get(args.proposal).ok_or_else(unknown)?;
    let by = args.by.name();
    let order = Review {
        proposal: proposal.id,
        decision,
        // What the reviewer says they saw, else what they could see.
        digest: Some(args.digest.unwrap_or(proposal.current())),
        note: args.note.clone(),
        revision,
        key: args.key.clone(),
    };
    let answer = give(log, &proposal.hub, &by, Command::ReviewProposal(order))?;
    tell(proposal, decision, &by, answer, output)
}

/// The reviewer's own version.
fn revision(file: &Path) -> Result<String, Failure> {
    let content = std::fs::read_to_string(file)
        .map_err(|source| Failure::File { file: file.to_owned(), source })?;
    let (found, allowed) = match content.len() {
        0 => ("an empty file".to_owned(), "a version of your own"),
        length if length > MAX_REVISION => (format!("{length} bytes"), "at most 8 MiB"),
        _ => return Ok(content),
    };
    Err(Failure::Revision { file: file.to_owned(), found, allowed })
}

fn tell(
    proposal: &Proposal,
    decision: ReviewDecision,
    by: &str,
    answer: Answer,
    output: &mut Output,
) -> Result<(), Failure> {
    let receipt = receipt(answer);
    // As the log had it before: the first of two leaves it waiting, unless to turn it down.
    let waits = proposal.reviewers > 1
        && match decision {
            ReviewDecision::Accepted => proposal.first_review.is_none(),
            ReviewDecision::Revised => true,
            ReviewDecision::Rejected => false,
        };
    if output.json {
        return Ok(output.json(&json!({
            "proposal": proposal.id,
            "decision": decision,
            "by": by,
            "waits": waits,
            "position": receipt.map(|receipt| receipt.last),
            "hash": receipt.map(|receipt| receipt.hash),
        }))?);
    }
    let (title, by) = (plain(&proposal.title), plain(by));
    if waits {
        output.line(format_args!("{decision} by {by}, and waits for another person: {title}"))?;
    } else {
        output.line(format_args!("{decision} by {by}: {title}"))?;
    }
    if let Some(receipt) = receipt {
        output.line(format_args!("recorded at position {}", receipt.last))?;
    }
    Ok(())
}
