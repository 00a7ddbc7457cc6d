//! `convoke audit`: the whole story of a task, a proposal or an agent, in words.

use convoke_events::Log;
use convoke_projections::audit::{Line, Subject, story};
use convoke_projections::{Agents, fold_to_head};

use super::agents::find;
use super::args::{self, AgentName, Global, HubFilter};
use super::failure::Failure;
use super::opening;
use super::render::{Output, plain};

pub(super) fn audit(
    global: &Global,
    args: &args::Audit,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_read(global, &args.hub)?;
    let (subject, what, name) = subject(&log, &args.subject, &args.hub)?;
    let lines = story(&log, subject)?;
    if lines.is_empty() {
        return Err(Failure::Unknown { what, name });
    }
    for line in &lines {
        if output.json {
            output.json(line)?;
        } else {
            tell(line, output)?;
        }
    }
    Ok(())
}

fn subject(
    log: &Log,
    subject: &args::Subject,
    hub: &HubFilter,
) -> Result<(Subject, &'static str, String), Failure> {
    if let Some(task) = subject.task {
        return Ok((Subject::Task(task), "task", task.to_string()));
    }
    if let Some(proposal) = subject.proposal {
        return Ok((Subject::Proposal(proposal), "proposal", proposal.to_string()));
    }
    match &subject.agent {
        Some(AgentName::Id(id)) => Ok((Subject::Agent(*id), "agent", id.to_string())),
        Some(AgentName::Slug(slug)) => {
            let agents = fold_to_head::<Agents>(log)?.view;
            Ok((Subject::Agent(find(&agents, hub, slug)?.id), "agent", slug.to_string()))
        }
        // One of the three is required on the command line.
        None => Err(Failure::Unknown { what: "agent", name: String::new() }),
    }
}

fn tell(line: &Line, output: &mut Output) -> Result<(), Failure> {
    let Line { position, at, event_type, principal, .. } = line;
    let who = match line.principal_kind {
        "runtime" => "the runtime".to_owned(),
        "person" => format!("{} (person)", plain(principal)),
        _ => plain(principal),
    };
    output.line(format_args!("{position:>6}  {at}  {event_type} by {who}"))?;
    for text in line.text.lines() {
        output.line(format_args!("        {}", plain(text)))?;
    }
    let mut also: Vec<String> =
        line.cause.iter().map(|cause| format!("caused by {cause}")).collect();
    also.extend(line.policies.iter().map(|policy| {
        let id: String = policy.id.to_string().chars().take(8).collect();
        format!("policy {id}… v{}", policy.version)
    }));
    if !also.is_empty() {
        output.line(format_args!("        ({})", also.join("; ")))?;
    }
    Ok(())
}
