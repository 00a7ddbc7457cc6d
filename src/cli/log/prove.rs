//! `convoke log prove`: a proof for somebody without the log.

use std::io::Write;
use std::path::Path;

use convoke_events::proof::Proof;
use convoke_events::{Log, Position};

use super::out;
use crate::cli::failure::Failure;
use crate::cli::render::{Output, grouped};

/// What is to be proved.
#[derive(Clone, Copy)]
pub(super) enum Subject {
    /// That the event at this position is in the log.
    Event(Position),
    /// That the first `from` events are the beginning of the first `to`.
    Growth { from: u64, to: u64 },
}

pub(super) fn prove(
    log: &Log,
    subject: Subject,
    out: Option<&Path>,
    output: &mut Output,
) -> Result<(), Failure> {
    let proof = match subject {
        Subject::Event(position) => inclusion(log, position)?,
        Subject::Growth { from, to } => {
            let proof = log.prove_consistency(from, to)?;
            Proof::Consistency { proof, checkpoint: log.vouch_for(to)? }
        }
    };
    let Some(file) = out else {
        return Ok(output.line(proof)?);
    };
    writeln!(out::create(file)?, "{proof}")
        .map_err(|source| Failure::Write { file: file.to_owned(), source })?;
    if output.json {
        return Ok(output.json(&proof)?);
    }
    let size = match &proof {
        Proof::Inclusion { checkpoint, .. } | Proof::Consistency { checkpoint, .. } => {
            grouped(checkpoint.checkpoint().size)
        }
    };
    Ok(output.line(format_args!("{}, by the checkpoint of {size} events", file.display()))?)
}

fn inclusion(log: &Log, position: Position) -> Result<Proof, Failure> {
    let events = log.head().position;
    if position.get() > events {
        let (what, name) = ("event at position", position.to_string());
        return Err(Failure::Unknown { what, name });
    }
    // The one that others are most likely to have seen too, if it goes that far.
    let kept = log.checkpoint().filter(|kept| kept.checkpoint().size >= position.get());
    let checkpoint = match kept {
        Some(kept) => kept,
        None => log.vouch()?,
    };
    let proof = log.prove(position, checkpoint.checkpoint().size)?;
    Ok(Proof::Inclusion { proof, checkpoint })
}
