//! `convoke log`: the log itself.

mod append;
mod backup;
mod check_proof;
mod export;
mod lines;
mod out;
mod prove;
mod repair;
mod restore;
mod show;
mod stats;
mod verify;

use self::prove::Subject;
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
        LogCommand::Append { hub } => append::append(global, hub, output),
        LogCommand::Tail { number } => show::tail(&opening::to_read(global)?, *number, output),
        LogCommand::Show { position } => show::show(&opening::to_read(global)?, *position, output),
        LogCommand::Stats => stats::stats(global, output),
        LogCommand::Export(args) => export::export(&opening::to_read(global)?, args, output),
        LogCommand::Backup { to } => backup::backup(&opening::to_read(global)?, to, output),
        LogCommand::Restore { from } => restore::restore(global, from, output),
        LogCommand::Repair { to } => repair::repair(global, to, output),
        LogCommand::Verify { key } => verify::verify(global, key.as_ref(), output),
        LogCommand::Prove { position, consistency, out } => {
            let subject = match (position, consistency.as_deref()) {
                (Some(position), _) => Subject::Event(*position),
                (None, Some([from, to])) => Subject::Growth { from: *from, to: *to },
                // The command line is not taken without one of them.
                (None, _) => return Ok(()),
            };
            prove::prove(&opening::to_prove(global)?, subject, out.as_deref(), output)
        }
        LogCommand::CheckProof { file, key, checkpoint } => {
            check_proof::check_proof(file, key, checkpoint.as_deref(), output)
        }
    }
}
