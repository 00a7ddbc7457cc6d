//! `convoke log check-proof`: what a proof proves, without the log.

use std::fs;
use std::path::Path;

use convoke_events::proof::Proof;
use convoke_events::{PublicKey, SignedCheckpoint};
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::render::{Output, grouped};

pub(super) fn check_proof(
    file: &Path,
    key: &PublicKey,
    checkpoint: Option<&Path>,
    output: &mut Output,
) -> Result<(), Failure> {
    let text = read(file)?;
    let proof: Proof =
        text.parse().map_err(|source| Failure::NoProof { file: file.to_owned(), source })?;
    let checked = match checkpoint {
        Some(kept) => proof.check_against(&read_checkpoint(kept)?, key),
        None => proof.check(key),
    };
    checked.map_err(|source| Failure::Proof { file: file.to_owned(), source })?;
    tell(&proof, output)
}

fn tell(proof: &Proof, output: &mut Output) -> Result<(), Failure> {
    match proof {
        Proof::Inclusion { proof, .. } => {
            if output.json {
                return Ok(output.json(&json!({
                    "proved": "inclusion",
                    "log": proof.log,
                    "position": proof.position,
                    "hash": proof.hash,
                    "size": proof.size,
                }))?);
            }
            output.line("proved: this event is in the log")?;
            output.fact("log", proof.log)?;
            output.fact("position", format_args!("{} of {}", proof.position, proof.size))?;
            output.fact("hash", proof.hash)?;
        }
        Proof::Consistency { proof, .. } => {
            if output.json {
                return Ok(output.json(&json!({
                    "proved": "consistency",
                    "log": proof.log,
                    "from": proof.from,
                    "from_root": proof.from_root,
                    "to": proof.to,
                    "to_root": proof.to_root,
                }))?);
            }
            output.line("proved: the log only grew")?;
            output.fact("log", proof.log)?;
            output.fact("from", format_args!("{} events", grouped(proof.from)))?;
            output.fact("root", proof.from_root)?;
            output.fact("to", format_args!("{} events", grouped(proof.to)))?;
            output.fact("root", proof.to_root)?;
        }
    }
    Ok(())
}

fn read_checkpoint(file: &Path) -> Result<SignedCheckpoint, Failure> {
    let text = read(file)?;
    // As one is cut out of the file `checkpoints`, or comes by mail.
    let note = format!("{}\n", text.trim_end());
    note.parse().map_err(|source| Failure::NoCheckpoint { file: file.to_owned(), source })
}

/// What a file holds; bytes that are no text are for whoever parses it to refuse.
fn read(file: &Path) -> Result<String, Failure> {
    let bytes = fs::read(file).map_err(|source| Failure::File { file: file.to_owned(), source })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
