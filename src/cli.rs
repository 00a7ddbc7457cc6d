//! The `convoke` command: one file per subcommand, and what they share.

mod agents;
mod args;
mod attention;
mod audit;
mod board;
mod budgets;
mod calls;
mod collectives;
mod delegations;
mod explain;
mod failure;
mod hubs;
mod indexing;
mod log;
mod opening;
mod ordering;
mod packets;
mod policies;
mod proposals;
mod render;
mod report;
mod review;
mod roles;
mod route;
mod run;
mod tasks;
mod verdicts;
mod waiting;
mod what_if;

use std::process::ExitCode;

use clap::Parser;

use self::args::{Arguments, Command};
use self::failure::Failure;
use self::render::Output;

/// Reads the command line, does what it says, and tells how it went: 0 done, 1 failed, 2 wrong
/// usage, 3 refused by a rule of the federation, 4 the log is damaged, shorter than it must be, or
/// tampered with.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut output = Output::new(arguments.global.json);
    let done =
        perform(&arguments, &mut output).and_then(|()| output.flush().map_err(Failure::from));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Whatever was written before the failure is still owed to the reader.
            let _ = output.flush();
            failure.tell();
            failure.exit_code()
        }
    }
}

fn perform(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    let global = &arguments.global;
    match &arguments.command {
        Command::Run(run) => run::run(global, run, output),
        Command::Plan(args) => run::plan(global, args, output),
        Command::Tasks(args) => tasks::tasks(global, args, output),
        Command::Agents(agents) => agents::agents(global, agents, output),
        Command::Proposals(proposals) => proposals::proposals(global, proposals, output),
        Command::Collectives(collectives) => collectives::collectives(global, collectives, output),
        Command::Budgets(budgets) => budgets::budgets(global, budgets, output),
        Command::Calls(args) => calls::calls(global, args, output),
        Command::Delegations(delegations) => delegations::delegations(global, delegations, output),
        Command::Report(report) => report::report(global, report, output),
        Command::Policies(args) => policies::policies(global, args, output),
        Command::Packets(args) => packets::packets(global, args, output),
        Command::Roles(args) => roles::roles(global, args, output),
        Command::Attention(args) => attention::attention(global, args, output),
        Command::Review(review) => review::review(global, review, output),
        Command::Board(board) => board::board(global, board, output),
        Command::Audit(audit) => audit::audit(global, audit, output),
        Command::Route(args) => route::route(args, output),
        Command::Explain(args) => explain::explain(global, args, output),
        Command::WhatIf(args) => what_if::what_if(global, args, output),
        Command::Log(log) => log::log(global, &log.command, output),
    }
}
