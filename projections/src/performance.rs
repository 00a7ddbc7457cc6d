//! How agents perform: what each version of each did on each task type, and what people made of it.

mod record;
mod work;

use std::collections::BTreeMap;

use convoke_events::{
    AgentId, BudgetEvent, DecisionId, Event, HubId, InvocationEvent, InvocationId,
    InvocationStarted, ProposalBasis, ProposalEvent, ProposalId, ProposalMade, ProposalReviewed,
    Purpose, Recorded, RoutingEvent, TaskEvent, TaskId, TaskType, Timestamp,
};
use serde::{Deserialize, Serialize};

pub use record::{Filter, PerformanceRecord, Proposals, Span};
pub use work::Work;

use crate::Projection;
use crate::index::Index;
use crate::names::Slugs;

/// Over how many days a record is kept, unless asked otherwise.
pub const PERIOD_DAYS: u32 = 30;

/// What every version of every agent did on every task type, day by day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performance {
    /// Whose record, each with its place in `days`.
    places: BTreeMap<Whose, u32>,
    days: Vec<BTreeMap<i64, Work>>,
    /// For which task type the decisions on tasks that have not ended fell.
    types: BTreeMap<TaskId, BTreeMap<DecisionId, TaskType>>,
    /// On whose record a call counts.
    calls: Index<InvocationId, u32>,
    /// On whose record the proposals count that wait.
    waiting: Index<ProposalId, u32>,
    newest: Option<Timestamp>,
    slugs: Slugs,
}

/// Whose record it is, and on what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Whose {
    hub: HubId,
    agent: AgentId,
    version: u32,
    task_type: TaskType,
}

impl Performance {
    /// The records that pass, by hub, slug, version and task type, the newest period first.
    ///
    /// Periods are counted back in whole days from the day of the newest event: the first ends with
    /// it.
    pub fn records(&self, filter: &Filter) -> Vec<PerformanceRecord> {
        let mut records: Vec<PerformanceRecord> = Vec::new();
        let Some(newest) = self.newest else {
            return records;
        };
        for (whose, days) in self.places.iter().filter_map(|(whose, place)| {
            Some((whose, self.days.get(usize::try_from(*place).ok()?)?))
        }) {
            if !filter.takes(whose) {
                continue;
            }
            let mut spans: BTreeMap<std::cmp::Reverse<Span>, Work> = BTreeMap::new();
            for (day, work) in days {
                let span = Span::of(*day, newest.day(), filter.days);
                spans.entry(std::cmp::Reverse(span)).or_default().absorb(work);
            }
            let slug = self.slugs.of(whose.agent);
            let of_span =
                |(span, work): (std::cmp::Reverse<Span>, Work)| whose.record(&slug, span.0, &work);
            records.extend(spans.into_iter().map(of_span));
        }
        records.sort_by(|one, other| one.order().cmp(&other.order()));
        records
    }

    fn place(&mut self, whose: Whose) -> u32 {
        let next = u32::try_from(self.days.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(whose).or_insert(next);
        if place == next {
            self.days.push(BTreeMap::new());
        }
        place
    }

    fn work(&mut self, place: u32, at: Timestamp) -> Option<&mut Work> {
        let days = self.days.get_mut(usize::try_from(place).ok()?)?;
        Some(days.entry(at.day()).or_default())
    }

    fn started(&mut self, event: &Recorded, facts: &InvocationStarted) {
        let decided = || self.types.get(&facts.task)?.get(&facts.decision).cloned();
        // Writing a synthesis is work of its own kind, whatever it is about.
        let task_type = if facts.purpose == Purpose::Synthesis {
            TaskType::new("synthesis").ok()
        } else {
            decided()
        };
        let Some(task_type) = task_type else { return };
        let (hub, agent) = (event.envelope.hub.clone(), facts.agent);
        let place = self.place(Whose { hub, agent, version: facts.agent_version, task_type });
        self.calls.insert(facts.invocation, place);
    }

    fn invocation_event(&mut self, event: &Recorded, facts: &InvocationEvent) {
        let invocation = match facts {
            InvocationEvent::InvocationStarted(facts) => return self.started(event, facts),
            InvocationEvent::InvocationRecovered(_) => return,
            InvocationEvent::InvocationAnswered(facts) => facts.invocation,
            InvocationEvent::InvocationFailed(facts) => facts.invocation,
            InvocationEvent::OutcomeArrivedLate(facts) => facts.invocation,
        };
        let at = event.envelope.decided_at;
        let work = self.calls.get(invocation).and_then(|place| self.work(place, at));
        if let Some(work) = work {
            work.called(facts);
        }
    }

    fn budget_event(&mut self, event: &Recorded, facts: &BudgetEvent) {
        let (held_for, amount) = match facts {
            BudgetEvent::Settled(facts) => (facts.held_for, facts.charged.plus(facts.overrun)),
            BudgetEvent::OverrunCharged(facts) => (facts.held_for, facts.overrun),
            BudgetEvent::PriceSet(_)
            | BudgetEvent::AccountOpened(_)
            | BudgetEvent::AccountLimitsSet(_)
            | BudgetEvent::AccountClosed(_)
            | BudgetEvent::AccountReopened(_)
            | BudgetEvent::Reserved(_) => return,
        };
        let place = held_for.call().and_then(|call| self.calls.get(call));
        let at = event.envelope.decided_at;
        if let Some(work) = place.and_then(|place| self.work(place, at)) {
            work.charged = work.charged.plus(amount);
        }
    }

    fn made(&mut self, event: &Recorded, facts: &ProposalMade) {
        let (agent, version, task_type) = match &facts.basis {
            ProposalBasis::Synthesis { agent, agent_version, .. }
            | ProposalBasis::Arbitration { agent, agent_version, .. } => {
                (*agent, *agent_version, TaskType::new("synthesis").ok())
            }
            ProposalBasis::Answer { agent, agent_version, .. }
            | ProposalBasis::Report { agent, agent_version, .. } => {
                (*agent, *agent_version, Some(facts.task_type.clone()))
            }
            // Nobody's own: contributions side by side.
            ProposalBasis::Divergence => return,
        };
        let Some(task_type) = task_type else { return };
        let hub = event.envelope.hub.clone();
        let place = self.place(Whose { hub, agent, version, task_type });
        self.waiting.insert(facts.proposal, place);
        if let Some(work) = self.work(place, event.envelope.decided_at) {
            work.proposed(facts.confidence);
        }
    }

    fn reviewed(&mut self, event: &Recorded, facts: &ProposalReviewed) {
        let at = event.envelope.decided_at;
        let author = self.waiting.remove(facts.proposal);
        if let Some(work) = author.and_then(|place| self.work(place, at)) {
            work.reviewed(facts.decision);
        }
        for credit in &facts.credits {
            let place = self.place(Whose {
                hub: event.envelope.hub.clone(),
                agent: credit.agent,
                version: credit.agent_version,
                task_type: credit.task_type.clone(),
            });
            if let Some(work) = self.work(place, at) {
                work.tally.judge(credit.right, credit.confidence);
            }
        }
    }
}

impl Projection for Performance {
    const NAME: &'static str = "performance";
    const VERSION: u32 = 2;

    fn fold(&mut self, event: &Recorded) {
        self.slugs.fold(&event.event);
        self.newest = self.newest.max(Some(event.envelope.decided_at));
        if let Event::Invocation(invocation) = &event.event {
            self.invocation_event(event, invocation);
        } else if let Event::Budget(budget) = &event.event {
            self.budget_event(event, budget);
        } else if let Event::Routing(RoutingEvent::RoutingDecided(facts)) = &event.event {
            let types = self.types.entry(facts.task).or_default();
            types.insert(facts.decision, facts.task_type.clone());
        } else if let Event::Task(TaskEvent::TaskConcluded(facts)) = &event.event {
            self.types.remove(&facts.task);
        } else if let Event::Proposal(ProposalEvent::ProposalMade(facts)) = &event.event {
            self.made(event, facts);
        } else if let Event::Proposal(ProposalEvent::ProposalReviewed(facts)) = &event.event {
            self.reviewed(event, facts);
        }
    }

    fn quotes(_: &Event) -> bool {
        false
    }
}
