//! `convoke log restore`: a data directory from a backup.

use std::path::Path;

use super::backup::tell;
use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::render::Output;

pub(super) fn restore(global: &Global, from: &Path, output: &mut Output) -> Result<(), Failure> {
    let copied = convoke_events::restore(from, &global.data)?;
    tell(&copied, &global.data, output)
}
