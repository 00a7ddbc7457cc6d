//! `convoke board`: what the agents of a task wrote, said and voted together.

use convoke_projections::boards::{Board, Vote};
use convoke_projections::tasks::Task;
use convoke_projections::{Boards, Tasks, fold_to_head};

use super::args::{self, Global};
use super::failure::Failure;
use super::opening;
use super::render::{Output, Table, brief, or_dash, plain};

pub(super) fn board(
    global: &Global,
    args: &args::board::Board,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::to_read(global)?;
    let boards = fold_to_head::<Boards>(&log)?.view;
    let tasks = fold_to_head::<Tasks>(&log)?.view;
    let Some(id) = args.task else {
        return list(&boards, &tasks, output);
    };
    if let Some(board) = boards.get(id) {
        return show(board, output);
    }
    let unknown = || Failure::Unknown { what: "task", name: id.to_string() };
    show(&empty(tasks.get(id).ok_or_else(unknown)?), output)
}

/// The board of a task whose agents did nothing together so far.
fn empty(task: &Task) -> Board {
    Board {
        hub: task.hub.clone(),
        task: task.id,
        position: task.position,
        posts: Vec::new(),
        messages: Vec::new(),
        votes: Vec::new(),
        complexity: None,
        completed: false,
        help: Vec::new(),
        refused: Vec::new(),
    }
}

fn list(boards: &Boards, tasks: &Tasks, output: &mut Output) -> Result<(), Failure> {
    if output.json {
        return boards.iter().try_for_each(|board| Ok(output.json(board)?));
    }
    let mut table =
        Table::new(&["hub", "task", "posts#", "messages#", "votes#", "complete", "title"]);
    for board in boards.iter() {
        let title = tasks.get(board.task).map_or("", |task| &task.title);
        table.row([
            board.hub.to_string(),
            board.task.to_string(),
            board.posts.len().to_string(),
            board.messages.len().to_string(),
            board.votes.len().to_string(),
            if board.completed { "yes" } else { "no" }.to_owned(),
            brief(title, 40),
        ]);
    }
    Ok(output.table(&table)?)
}

fn show(board: &Board, output: &mut Output) -> Result<(), Failure> {
    if output.json {
        return Ok(output.json(board)?);
    }
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
