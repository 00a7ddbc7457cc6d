//! `convoke log repair`: what is intact of a damaged data directory, in a new one.

use std::path::Path;

use convoke_events::{Lost, LostText};

use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::render::{Output, grouped, plain};

pub(super) fn repair(global: &Global, to: &Path, output: &mut Output) -> Result<(), Failure> {
    let repaired = convoke_events::repair(&global.data, to)?;
    if output.json {
        return Ok(output.json(&repaired)?);
    }
    output.line(format_args!("{} events in {}", grouped(repaired.events), to.display()))?;
    if let Some(head) = repaired.head {
        output.fact("head", head)?;
    }
    output.fact("long texts", grouped(repaired.texts))?;
    output.fact("checkpoints", grouped(repaired.checkpoints))?;
    if repaired.salvaged > 0 {
        let salvaged = grouped(repaired.salvaged);
        output
            .fact("salvaged", format_args!("{salvaged} records behind a gap, in salvage.jsonl"))?;
    }
    for Lost { first, last, why } in &repaired.lost {
        output.fact("lost", format_args!("positions {first} to {last}: {why}"))?;
    }
    for LostText { position, name, why } in &repaired.lost_texts {
        output.fact("lost text", plain(&format!("`{name}` at position {position}: {why}")))?;
    }
    if repaired.lost.is_empty() && repaired.lost_texts.is_empty() {
        output.line("nothing is missing")?;
    }
    Ok(())
}
