//! `convoke log verify`: whether the log is still what was written.

use convoke_events::{Broken, OpenError, Verified};
use serde_json::json;

use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::opening;
use crate::cli::render::{Output, grouped};

pub(super) fn verify(global: &Global, output: &mut Output) -> Result<(), Failure> {
    let verified = match opening::to_read(global) {
        Ok(log) => log.verify(),
        // Opening checks the chain too, and what it finds is the answer.
        Err(Failure::Open(OpenError::Damaged { first_bad, why })) => Err(Broken { first_bad, why }),
        // A process that ended while it made the directory had acknowledged nothing.
        Err(Failure::Open(OpenError::NotFound { directory })) if directory.is_dir() => {
            Ok(Verified { events: 0, head: None })
        }
        Err(failure) => return Err(failure),
    };
    match verified {
        Ok(verified) if output.json => {
            output.json(&json!({ "events": verified.events, "head": verified.head }))?;
            Ok(())
        }
        Ok(verified) => {
            let events = grouped(verified.events);
            output.line(format_args!("{events} events, every record and every link as written"))?;
            match verified.head {
                Some(head) => output.fact("head", head)?,
                None => output.line("the log is empty")?,
            }
            Ok(())
        }
        Err(Broken { first_bad, why }) => {
            if output.json {
                output.json(&json!({ "first_bad": first_bad, "why": why }))?;
            }
            Err(Failure::Broken { first_bad, why })
        }
    }
}
