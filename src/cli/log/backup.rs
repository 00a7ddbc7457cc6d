//! `convoke log backup`: the log, checked, in a directory of its own.

use std::path::Path;

use convoke_events::{Copied, Log};

use crate::cli::failure::Failure;
use crate::cli::render::{Output, grouped};

pub(super) fn backup(log: &Log, to: &Path, output: &mut Output) -> Result<(), Failure> {
    let copied = log.backup(to)?;
    tell(&copied, to, output)
}

/// What was copied, and where it is now.
pub(super) fn tell(copied: &Copied, to: &Path, output: &mut Output) -> Result<(), Failure> {
    if output.json {
        return Ok(output.json(copied)?);
    }
    let events = grouped(copied.events);
    output.line(format_args!("{events} events in {}, all as written", to.display()))?;
    if let Some(log) = copied.log {
        output.fact("log", log)?;
    }
    if let Some(head) = copied.head {
        output.fact("head", head)?;
    }
    Ok(output.fact("long texts", grouped(copied.texts))?)
}
