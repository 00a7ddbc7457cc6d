//! `convoke tasks`: the pieces of work that were handed in, and how each of them ended.

use convoke_events::{
    CorrelationId, Event, InvocationEvent, Key, Log, Query, TaskId, TaskOutcome, TextName,
};
use convoke_projections::tasks::Task;
use convoke_projections::{Tasks, fold_to_head};
use serde::Serialize;

use super::args::Global;
use super::args::tasks::{self, OPEN, Status, TasksCommand};
use super::failure::Failure;
use super::opening;
use super::proposals::indented;
use super::render::{Output, Table, brief, or_dash, plain};

pub(super) fn tasks(
    global: &Global,
    args: &tasks::Tasks,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_read(global, &args.hub)?;
    let tasks = fold_to_head::<Tasks>(&log)?.view;
    let takes = |task: &&Task| {
        args.hub.takes(&task.hub) && args.status.is_none_or(|wanted| wanted == Status(task.outcome))
    };
    match args.command {
        None | Some(TasksCommand::List) => list(tasks.iter().filter(takes), output),
        Some(TasksCommand::Show { id }) => {
            let unknown = || Failure::Unknown { what: "task", name: id.to_string() };
            let task = tasks.get(id).filter(takes).ok_or_else(unknown)?;
            let same = tasks.of_hub(&task.hub).filter(|one| one.request == task.request);
            let attempts = same.map(|one| Attempt { task: one.id, status: status(one) }).collect();
            let answer_content = in_full(&log, task)?;
            show(&Shown { line: Line::of(task), answer_content, attempts }, output)
        }
    }
}

/// A task, with how far it is in one word.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    task: &'a Task,
    status: &'static str,
    answer: Option<&'a Key>,
}

impl<'a> Line<'a> {
    fn of(task: &'a Task) -> Self {
        Self { task, status: status(task), answer: task.answer() }
    }
}

fn status(task: &Task) -> &'static str {
    task.outcome.map_or(OPEN, TaskOutcome::as_str)
}

fn list<'a>(tasks: impl Iterator<Item = &'a Task>, output: &mut Output) -> Result<(), Failure> {
    let lines = tasks.map(Line::of);
    if output.json {
        return lines.into_iter().try_for_each(|line| Ok(output.json(&line)?));
    }
    let mut table = Table::new(&["task", "hub", "request", "status", "answer", "title", "because"]);
    for Line { task, status, answer } in lines {
        table.row([
            task.id.to_string(),
            task.hub.to_string(),
            task.request.clone(),
            status.to_owned(),
            or_dash(answer),
            brief(&task.title, 40),
            or_dash(task.reason.as_deref().map(|reason| brief(reason, 80))),
        ]);
    }
    Ok(output.table(&table)?)
}

/// A task, what was answered, and every attempt at its request.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    answer_content: Option<String>,
    attempts: Vec<Attempt>,
}

#[derive(Serialize)]
struct Attempt {
    task: TaskId,
    status: &'static str,
}

fn show(shown: &Shown<'_>, output: &mut Output) -> Result<(), Failure> {
    if output.json {
        return Ok(output.json(shown)?);
    }
    let Shown { line: Line { task, status, answer }, answer_content, attempts } = shown;
    output.fact("task", task.id)?;
    output.fact("request", plain(&task.request))?;
    output.fact("title", plain(&task.title))?;
    output.fact("hub", &task.hub)?;
    output.fact("source", or_dash(task.source.as_deref().map(plain)))?;
    output.fact("status", status)?;
    output.fact("because", or_dash(task.reason.as_deref().map(plain)))?;
    output.fact("answer", or_dash(*answer))?;
    output.fact("account", task.account)?;
    output.fact("collective", or_dash(task.collective))?;
    output.fact("proposal", or_dash(task.proposal))?;
    let (at, position) = (task.submitted_at, task.position);
    output.fact("submitted", format_args!("{at}, position {position}"))?;
    output.fact("ended", or_dash(task.concluded_at))?;
    if attempts.len() > 1 {
        for Attempt { task, status } in attempts {
            output.fact("attempt", format_args!("{task}, {status}"))?;
        }
    }
    if let Some(content) = answer_content {
        output.line("content:")?;
        output.text(&indented(content))?;
    }
    Ok(())
}

/// What was answered, in full, where the task was answered.
fn in_full(log: &Log, task: &Task) -> Result<Option<String>, Failure> {
    let asked = task.triage.as_ref().filter(|_| task.answer().is_some());
    let Some(invocation) = asked.map(|triage| triage.invocation) else { return Ok(None) };
    for recorded in log.read(Query::correlation(CorrelationId::of_task(task.id))) {
        let recorded = recorded?;
        if let Event::Invocation(InvocationEvent::InvocationAnswered(answered)) = &recorded.event
            && answered.invocation == invocation
        {
            return Ok(recorded.texts.get(&TextName::CONTENT).map(str::to_owned));
        }
    }
    Ok(None)
}
