//! `convoke board`: what the agents of a task wrote, said and voted together.

use convoke_projections::boards::{Board, Vote};
use convoke_projections::{Boards, fold_to_head};

use super::args::{self, Global};
use super::failure::Failure;
use super::opening;
use super::render::{Output, Table, or_dash, plain};

pub(super) fn board(
    global: &Global,
    args: &args::board::Board,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::to_read(global)?;
    let boards = fold_to_head::<Boards>(&log)?.view;
    let unknown = || Failure::Unknown { what: "board of task", name: args.task.to_string() };
    let board = boards.get(args.task).ok_or_else(unknown)?;
    if output.json {
        output.json(board)?;
        return Ok(());
    }
    show(board, output)
}

fn show(board: &Board, output: &mut Output) -> Result<(), Failure> {
    output.fact("task", board.task)?;
    output.fact("complexity", or_dash(board.complexity))?;
    output.fact("complete", if board.completed { "yes" } else { "no" })?;
    let mut posts = Table::new(&["at", "section", "version", "by", "key", "text"]);
    for post in &board.posts {
        posts.row([
            post.by.position.to_string(),
            post.section.to_string(),
            post.version.to_string(),
            post.by.slug.clone(),
            or_dash(post.key.as_ref()),
            plain(post.text.as_deref().unwrap_or("")),
        ]);
    }
    output.table(&posts)?;
    let mut messages = Table::new(&["at", "kind", "from", "to", "text"]);
    for message in &board.messages {
        messages.row([
            message.by.position.to_string(),
            message.kind.to_string(),
            message.by.slug.clone(),
            message.to.clone().unwrap_or_else(|| "all".to_owned()),
            plain(message.text.as_deref().unwrap_or("")),
        ]);
    }
    output.table(&messages)?;
    for vote in &board.votes {
        tell(vote, output)?;
    }
    for help in &board.help {
        output.fact("called for help", format_args!("{} at {}", help.trigger, help.position))?;
    }
    for refused in &board.refused {
        let why = plain(refused.reason.as_deref().unwrap_or(""));
        let what =
            format!("{} of {} at {}: {why}", refused.action, refused.by.slug, refused.by.position);
        output.fact("refused", what)?;
    }
    Ok(())
}

fn tell(vote: &Vote, output: &mut Output) -> Result<(), Failure> {
    let ballots = vote.ballots.iter().map(|(by, ballot, _)| format!("{} {ballot}", by.slug));
    let ballots: Vec<_> = ballots.collect();
    let result = or_dash(vote.result);
    let required = vote.required.join(", ");
    let what = format!("{}: {result} ({}; it takes {required})", vote.subject, ballots.join(", "));
    output.fact("vote", what)?;
    Ok(())
}
