//! `convoke log stats`: how much there is of what, and how it grows.

use std::fs;
use std::path::Path;

use convoke_events::Growth;
use serde_json::json;

use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::opening;
use crate::cli::render::{Output, Table, grouped};

pub(super) fn stats(global: &Global, output: &mut Output) -> Result<(), Failure> {
    let log = opening::to_read(global)?;
    let (stats, growth) = (log.stats(), log.growth()?);
    let on_disk = bytes_in(&global.data);
    if output.json {
        let mut document = json!(stats);
        if let Some(document) = document.as_object_mut() {
            document.insert("disk_bytes".to_owned(), json!(on_disk));
            document.insert("growth".to_owned(), json!(growth));
        }
        return Ok(output.json(&document)?);
    }
    output.fact("events", grouped(stats.events))?;
    output.fact("bytes", grouped(stats.bytes))?;
    output.fact("on disk", grouped(on_disk))?;
    output.fact("commits", grouped(stats.commits))?;
    if let Some(Growth { first_at, newest_at, day, week, month }) = growth {
        output.fact("first", first_at)?;
        output.fact("newest", newest_at)?;
        output.fact("last day", grouped(day))?;
        output.fact("last 7 days", grouped(week))?;
        output.fact("last 30 days", grouped(month))?;
    }
    output.line("")?;
    let mut table = Table::new(&["hub", "events#"]);
    for (hub, events) in &stats.by_hub {
        table.row([hub.to_string(), grouped(*events)]);
    }
    output.table(&table)?;
    output.line("")?;
    let mut table = Table::new(&["event", "events#"]);
    for (event_type, events) in &stats.by_type {
        table.row([event_type.clone(), grouped(*events)]);
    }
    Ok(output.table(&table)?)
}

/// Bytes of all files in a directory, as far as they can be seen.
fn bytes_in(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let of_each = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_in(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    of_each.sum()
}
