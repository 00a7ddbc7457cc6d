//! `convoke log`: the log itself.

mod append;
mod lines;
mod show;
mod verify;

use super::args::{Global, LogCommand};
use super::failure::Failure;
use super::opening;
use super::render::Output;

pub(super) fn log(
    global: &Global,
    command: &LogCommand,
    output: &mut Output,
) -> Result<(), Failure> {
    match command {
        LogCommand::Append { hub } => append::append(&opening::to_create(global)?, hub, output),
        LogCommand::Tail { number } => show::tail(&opening::to_read(global)?, *number, output),
        LogCommand::Show { position } => show::show(&opening::to_read(global)?, *position, output),
        LogCommand::Stats => show::stats(&opening::to_read(global)?, output),
        LogCommand::Verify => verify::verify(global, output),
    }
}
