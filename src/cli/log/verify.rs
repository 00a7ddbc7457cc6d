//! `convoke log verify`: whether the log is still what was written.

use std::path::Path;

use convoke_events::{Broken, Disagreement, OpenError, Position, PublicKey, Verified, Vouched};
use serde_json::json;

use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::opening;
use crate::cli::render::{Output, grouped};

pub(super) fn verify(
    global: &Global,
    trusted: Option<&PublicKey>,
    output: &mut Output,
) -> Result<(), Failure> {
    let (verified, key, whole) = match opening::to_read(global) {
        Ok(log) => {
            let verified = trusted.map_or_else(|| log.verify(), |key| log.verify_with(key));
            // A key may have been mistyped: without it the log may be as it was written.
            let whole = verified.is_err() && trusted.is_some() && log.verify().is_ok();
            (verified, log.public_key(), whole)
        }
        // A process that ended while it made the directory had acknowledged nothing.
        Err(Failure::Open(OpenError::NotFound { directory })) if is_unfinished(&directory) => {
            let nothing = |_| Broken { first_bad: Position::FIRST, why: NOTHING_SIGNED.to_owned() };
            (trusted.map(nothing).map_or(Ok(EMPTY), Err), None, true)
        }
        // Opening checks the chain too, and what it finds is the answer.
        Err(Failure::Open(error)) if error.is_damage() => {
            if output.json {
                let first_bad = first_bad(&error);
                output.json(&json!({ "first_bad": first_bad, "why": in_full(&error) }))?;
            }
            return Err(Failure::Open(error));
        }
        Err(failure) => return Err(failure),
    };
    match verified {
        Ok(verified) => tell(&verified, key, output),
        Err(Broken { first_bad, why }) => {
            if output.json {
                output.json(&json!({ "first_bad": first_bad, "why": why }))?;
            }
            Err(if whole { Failure::Unvouched { why } } else { Failure::Broken { first_bad, why } })
        }
    }
}

const NOTHING_SIGNED: &str = "there is no event here that the key given could have signed";

/// Whether a directory is empty, or holds only what is made before a log has its first event.
fn is_unfinished(directory: &Path) -> bool {
    const FIRST: [&str; 5] = ["lock", "sled", "journal-0", "journal-1", "key"];
    let Ok(mut entries) = directory.read_dir() else {
        return false;
    };
    entries.all(|entry| {
        let name = entry.map(|entry| entry.file_name());
        name.is_ok_and(|name| {
            let name = name.to_string_lossy();
            FIRST.iter().any(|first| name.trim_start_matches('.').starts_with(first))
                || name.contains("format")
        })
    })
}

const EMPTY: Verified = Verified { events: 0, head: None, checkpoints: Vouched::None, signed: 0 };

fn tell(verified: &Verified, key: Option<PublicKey>, output: &mut Output) -> Result<(), Failure> {
    let Verified { events, head, checkpoints, signed } = *verified;
    if output.json {
        return Ok(output.json(&json!({
            "events": events,
            "head": head,
            "checkpoints": checkpoints.as_str(),
            "signed": signed,
            "key": key,
        }))?);
    }
    output
        .line(format_args!("{} events, every record and every link as written", grouped(events)))?;
    let Some(head) = head else {
        return Ok(output.line("the log is empty")?);
    };
    output.fact("head", head)?;
    match checkpoints {
        Vouched::None => output.fact("checkpoints", "none")?,
        Vouched::SelfAsserted | Vouched::Trusted => {
            let signed = grouped(signed);
            output.fact("checkpoints", format_args!("{checkpoints}, up to position {signed}"))?;
        }
    }
    match key {
        Some(key) => Ok(output.fact("key", key)?),
        None => Ok(()),
    }
}

/// Where the log went wrong, as far as opening it could tell.
fn first_bad(error: &OpenError) -> Option<Position> {
    if let OpenError::Damaged { first_bad, .. } = error {
        return Some(*first_bad);
    }
    if let OpenError::Disagreement(Disagreement::ShorterThanCheckpoint { events, .. }) = error {
        return Some(Position::after(*events));
    }
    // Where in the log it went wrong cannot be told from one root.
    let whole = matches!(error, OpenError::Contradicted { .. } | OpenError::Checkpoints(_));
    whole.then_some(Position::FIRST)
}

fn in_full(error: &OpenError) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}
