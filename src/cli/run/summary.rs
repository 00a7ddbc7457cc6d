//! What became of the requests of a run, counted from the log.

use std::collections::BTreeSet;

use convoke_events::{Amount, ConsensusStatus, Digest, Log, ProposalId, TaskId, TaskOutcome};
use convoke_projections::calls::CallStatus;
use convoke_projections::delegations::DelegationStatus;
use convoke_projections::proposals::{Proposal, ProposalStatus};
use convoke_projections::{
    Budgets, Calls, Collectives, Delegations, Proposals, Tasks, fold_to_head,
};
use serde::Serialize;

use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::render::{Output, brief, dollars, grouped, plain};

/// What became of a run's requests, whoever handled them; events and head are the whole log's.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    requests: usize,
    handled: usize,
    proposals: usize,
    collectives: Verdicts,
    delegations: usize,
    answered: usize,
    blocked: usize,
    refused: usize,
    failed: usize,
    in_doubt: usize,
    tokens: Figures,
    cost_micro_usd: u64,
    events: u64,
    head: Option<Digest>,
    #[serde(skip)]
    ends: Ends,
}

#[derive(Debug, Default, Serialize)]
struct Verdicts {
    consensus: usize,
    divergent: usize,
    insufficient: usize,
}

#[derive(Debug, Default, Serialize)]
struct Figures {
    reserved: u64,
    settled: u64,
    unknown: u64,
    overrun: u64,
}

/// What only people are told.
#[derive(Debug, Default)]
struct Ends {
    before: usize,
    proposed: usize,
    first_failed: Option<Failed>,
    delegations_done: usize,
    delegations_refused: usize,
    pending: usize,
    next: Option<(ProposalId, String)>,
}

#[derive(Debug)]
struct Failed {
    task: TaskId,
    title: String,
    reason: String,
}

impl Summary {
    /// Counts the requests of these tasks, of which so many were handled before.
    pub(super) fn of(log: &Log, tasks: &[TaskId], before: usize) -> Result<Self, Failure> {
        let known = fold_to_head::<Tasks>(log)?.view;
        let wanted: BTreeSet<TaskId> = tasks.iter().copied().collect();
        let ended = |wanted_outcome: TaskOutcome| {
            let outcomes = tasks.iter().filter_map(|task| known.get(*task)?.outcome);
            outcomes.filter(|outcome| *outcome == wanted_outcome).count()
        };
        let mut asked = tasks.iter().filter_map(|task| known.get(*task));
        let first_failed = asked.find(|task| task.outcome == Some(TaskOutcome::Failed));
        let proposals = fold_to_head::<Proposals>(log)?.view;
        let mut proposals: Vec<&Proposal> =
            proposals.iter().filter(|proposal| wanted.contains(&proposal.task)).collect();
        proposals.sort_by_key(|proposal| proposal.position);
        let collectives = fold_to_head::<Collectives>(log)?.view;
        let verdict = |status| {
            let ours = collectives.iter().filter(|one| wanted.contains(&one.task));
            ours.filter(|collective| collective.status == status).count()
        };
        let budgets = fold_to_head::<Budgets>(log)?.view;
        let accounts: Vec<_> = budgets
            .iter()
            .filter(|account| account.task.is_some_and(|task| wanted.contains(&task)))
            .map(|account| account.totals)
            .collect();
        let tokens = |part: fn(&convoke_projections::budgets::Totals) -> Amount| {
            accounts.iter().map(|totals| part(totals).tokens.get()).sum()
        };
        let delegations = fold_to_head::<Delegations>(log)?.view;
        let handed_over: Vec<_> =
            delegations.iter().filter(|one| wanted.contains(&one.task)).collect();
        let done =
            handed_over.iter().filter(|one| one.status == DelegationStatus::Completed).count();
        let refused = delegations.refused().filter(|one| wanted.contains(&one.task)).count();
        let head = log.head();
        let pending = proposals.iter().filter(|one| one.status == ProposalStatus::Pending);
        let agreed = pending.clone().find(|one| one.key.is_some());
        let next = agreed.or_else(|| pending.clone().next());
        Ok(Self {
            requests: tasks.len(),
            handled: tasks
                .iter()
                .filter(|task| known.get(**task).is_some_and(|t| t.outcome.is_some()))
                .count(),
            proposals: proposals.len(),
            collectives: Verdicts {
                consensus: verdict(ConsensusStatus::Consensus),
                divergent: verdict(ConsensusStatus::Divergent),
                insufficient: verdict(ConsensusStatus::Insufficient),
            },
            delegations: handed_over.len(),
            answered: ended(TaskOutcome::Answered),
            blocked: ended(TaskOutcome::Blocked),
            refused: ended(TaskOutcome::Refused),
            failed: ended(TaskOutcome::Failed),
            in_doubt: fold_to_head::<Calls>(log)?
                .view
                .iter()
                .filter(|call| call.status == CallStatus::InDoubt && wanted.contains(&call.task))
                .count(),
            tokens: Figures {
                reserved: tokens(|totals| totals.reserved),
                settled: tokens(|totals| totals.settled),
                unknown: tokens(|totals| totals.unknown),
                overrun: tokens(|totals| totals.overrun),
            },
            cost_micro_usd: accounts.iter().map(|totals| totals.spent().money.get()).sum(),
            events: head.position,
            head: head.hash,
            ends: Ends {
                before,
                proposed: ended(TaskOutcome::Proposed),
                first_failed: first_failed.map(|task| Failed {
                    task: task.id,
                    title: task.title.clone(),
                    reason: task.reason.clone().unwrap_or_default(),
                }),
                delegations_done: done,
                delegations_refused: refused,
                pending: pending.count(),
                next: next.map(|one| (one.id, one.title.clone())),
            },
        })
    }

    /// Prints it: one line of JSON for programs, a block for people.
    pub(super) fn tell(&self, global: &Global, output: &mut Output) -> Result<(), Failure> {
        if output.json {
            return Ok(output.json(self)?);
        }
        let Self { requests, handled, collectives, tokens, ends, .. } = self;
        let mut fact = |name: &str, value: String| output.fact(name, value);
        fact("requests", format!("{handled} of {requests} handled"))?;
        if ends.before > 0 {
            let now = handled.saturating_sub(ends.before);
            fact(
                "  before",
                format!("{} handled by earlier runs, {now} by this one", ends.before),
            )?;
        }
        fact("  answered", format!("{} at triage", self.answered))?;
        fact(
            "  proposed",
            format!("{}, of which {} wait for a person", ends.proposed, ends.pending),
        )?;
        fact("  blocked", format!("{} by a governance policy", self.blocked))?;
        fact(
            "  failed",
            format!("{}, and {} refused for want of a route or budget", self.failed, self.refused),
        )?;
        if self.in_doubt > 0 {
            let calls = format!("{} after a crash, and only a person can say", self.in_doubt);
            fact("  in doubt", calls)?;
        }
        fact(
            "collectives",
            format!(
                "{} consensus, {} divergent, {} insufficient",
                collectives.consensus, collectives.divergent, collectives.insufficient
            ),
        )?;
        fact(
            "delegations",
            format!(
                "{}, of which {} completed; {} refused",
                self.delegations, ends.delegations_done, ends.delegations_refused
            ),
        )?;
        fact(
            "tokens",
            format!(
                "{} settled, {} unknown, {} overrun, {} still reserved",
                grouped(tokens.settled),
                grouped(tokens.unknown),
                grouped(tokens.overrun),
                grouped(tokens.reserved)
            ),
        )?;
        fact("cost", dollars(self.cost_micro_usd))?;
        fact("log", format!("{} events in {}", grouped(self.events), global.data.display()))?;
        self.tell_next(global, output)
    }

    /// Where to look next, with real ids.
    fn tell_next(&self, global: &Global, output: &mut Output) -> Result<(), Failure> {
        let data = match global.data.to_str() {
            Some("convoke-data") => String::new(),
            Some(name) if name.contains(char::is_whitespace) => format!(" --data '{name}'"),
            _ => format!(" --data {}", global.data.display()),
        };
        output.line("")?;
        output.line("Where to look next:")?;
        if let Some((proposal, title)) = &self.ends.next {
            let title = plain(&brief(title, 60));
            output.line(format_args!("  # \"{title}\" waits for a person"))?;
            output.line(format_args!("  convoke proposals show {proposal}{data}"))?;
            output.line(format_args!("  convoke audit --proposal {proposal}{data}"))?;
            output.line(format_args!("  convoke review {proposal} --accept --by NAME{data}"))?;
        }
        if let Some(Failed { task, title, reason }) = &self.ends.first_failed {
            let (title, reason) = (plain(&brief(title, 60)), plain(&brief(reason, 200)));
            let failed = self.failed;
            output.line(format_args!(
                "  # {failed} failed, the first of them \"{title}\": {reason}"
            ))?;
            output.line(format_args!("  convoke audit --task {task}{data}"))?;
            output.line(format_args!("  convoke tasks --status failed{data}"))?;
            output.line("  # the same run with --retry-failed hands in again what failed")?;
        }
        if self.in_doubt > 0 {
            output.line(format_args!("  convoke attention{data}"))?;
        }
        output.line(format_args!("  convoke collectives{data}"))?;
        output.line(format_args!("  convoke budgets{data}"))?;
        Ok(output.line(format_args!("  convoke log verify{data}"))?)
    }
}
