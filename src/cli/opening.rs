//! Opening the log for a subcommand.

use convoke_events::{ClockBehind, Log, Options, Proofs, Signing};

use super::args::{Global, HubFilter};
use super::failure::Failure;
use super::{hubs, indexing};

/// The log as it is, for a subcommand that writes nothing; none is made.
pub(super) fn to_read(global: &Global) -> Result<Log, Failure> {
    reading(global, Signing::Nobody)
}

/// The log as it is, for a subcommand that speaks of one hub if one was named.
pub(super) fn hub_to_read(global: &Global, hub: &HubFilter) -> Result<Log, Failure> {
    let log = to_read(global)?;
    hubs::known(&log, hub)?;
    Ok(log)
}

/// The log, for a subcommand that writes to the hub that was named, or to one it finds out.
pub(super) fn hub_to_write(global: &Global, hub: &HubFilter) -> Result<Log, Failure> {
    let log = to_write(global)?;
    hubs::known(&log, hub)?;
    Ok(log)
}

/// The log as it is, for a subcommand that adds no event but perhaps a checkpoint; none is made, nor
/// is a key.
pub(super) fn to_prove(global: &Global) -> Result<Log, Failure> {
    let has_key = global.key_file.is_some() || global.data.join("key").exists();
    reading(global, if has_key { signing(global) } else { Signing::Nobody })
}

fn reading(global: &Global, signing: Signing) -> Result<Log, Failure> {
    let proofs = Proofs { signing, ..Proofs::default() };
    // What is only read needs no clock.
    let options = Options {
        clock_behind: ClockBehind::Allow,
        proofs,
        on_indexing: indexing::told(global.quiet),
        ..Options::default()
    };
    Ok(Log::open_existing(&global.data, options)?)
}

/// The log, for a subcommand that writes to what is there; none is made.
pub(super) fn to_write(global: &Global) -> Result<Log, Failure> {
    Ok(Log::open_existing(&global.data, writing(global))?)
}

/// The log, made if it is not there.
pub(super) fn to_create(global: &Global) -> Result<Log, Failure> {
    Ok(Log::open(&global.data, writing(global))?)
}

fn writing(global: &Global) -> Options {
    let proofs = Proofs { signing: signing(global), ..Proofs::default() };
    Options { proofs, on_indexing: indexing::told(global.quiet), ..Options::default() }
}

/// Who signs the checkpoints.
fn signing(global: &Global) -> Signing {
    global.key_file.clone().map_or(Signing::OwnKey, Signing::KeyFile)
}
