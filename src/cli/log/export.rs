//! `convoke log export`: every event as a JSON line.

use std::io::{BufWriter, Write};

use convoke_events::{Log, Query};
use serde_json::json;

use super::out;
use crate::cli::args::Export;
use crate::cli::failure::Failure;
use crate::cli::render::{Output, grouped};

pub(super) fn export(log: &Log, args: &Export, output: &mut Output) -> Result<(), Failure> {
    let mut query = Query::all();
    if let Some(from) = args.from {
        query = query.from(from);
    }
    if let Some(to) = args.to {
        query = query.to(to);
    }
    if let Some(since) = args.since {
        query = query.since(since);
    }
    if let Some(until) = args.until {
        query = query.until(until);
    }
    let Some(path) = &args.out else {
        log.export(query, output.writer())?;
        return Ok(());
    };
    let not_written = |source| Failure::Write { file: path.clone(), source };
    let mut file = BufWriter::new(out::create(path)?);
    let events = log.export(query, &mut file)?;
    file.flush().and_then(|()| file.get_ref().sync_all()).map_err(not_written)?;
    if output.json {
        return Ok(output.json(&json!({ "events": events, "file": path }))?);
    }
    Ok(output.line(format_args!("{} events in {}", grouped(events), path.display()))?)
}
