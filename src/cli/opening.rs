//! Opening the log for a subcommand.

use convoke_events::{ClockBehind, Log, Options};

use super::args::Global;
use super::failure::Failure;

/// The log as it is, for a subcommand that writes nothing; none is made.
pub(super) fn to_read(global: &Global) -> Result<Log, Failure> {
    // What is only read needs no clock.
    let options = Options { clock_behind: ClockBehind::Allow, ..Options::default() };
    Ok(Log::open_existing(&global.data, options)?)
}

/// The log, for a subcommand that writes to what is there; none is made.
pub(super) fn to_write(global: &Global) -> Result<Log, Failure> {
    Ok(Log::open_existing(&global.data, Options::default())?)
}

/// The log, made if it is not there.
pub(super) fn to_create(global: &Global) -> Result<Log, Failure> {
    Ok(Log::open(&global.data, Options::default())?)
}
