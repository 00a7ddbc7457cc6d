//! The questions put to several agents: contributions side by side, verdicts, syntheses.

mod call;
mod collective;

use std::collections::BTreeMap;

use convoke_events::{
    AgentId, Amount, BudgetEvent, CollectiveEvent, CollectiveId, ConsensusStatus, Event, HubId,
    InvocationEvent, InvocationId, InvocationStarted, Position, ProposalEvent, Purpose, Recorded,
    TaskEvent, TaskId, TaskType, TextName, Timestamp,
};
use serde::{Deserialize, Serialize};

pub use call::{Answer, Call, Failure};
pub use collective::{Appointed, Collective, Participant, Verdict};

use crate::index::Index;
use crate::names::{Slugs, text};
use crate::{Entries, Listed, Page, Paging, Projection};

/// Every collective that was ever convened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Collectives {
    all: Entries<Collective>,
    calls: Index<InvocationId, CollectiveId>,
    /// Of the tasks that have not ended.
    titles: BTreeMap<TaskId, String>,
    /// What is set aside for calls that no collective is known to make.
    held: BTreeMap<InvocationId, Amount>,
    slugs: Slugs,
}

/// Which collectives are asked for; whatever is none passes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectiveFilter {
    /// Of this hub.
    pub hub: Option<HubId>,
    /// That came to this.
    pub status: Option<ConsensusStatus>,
    /// On this task type.
    pub task_type: Option<TaskType>,
    /// That asked this agent, or chose it and could not ask it.
    pub agent: Option<AgentId>,
    /// That were convened at this moment or later.
    pub since: Option<Timestamp>,
}

impl CollectiveFilter {
    /// Whether the collective is among those asked for.
    pub fn takes(&self, collective: &Collective) -> bool {
        let chose = |agent| collective.participants.iter().any(|one| one.agent == agent);
        self.hub.as_ref().is_none_or(|hub| *hub == collective.hub)
            && self.agent.is_none_or(chose)
            && self.since.is_none_or(|since| collective.convened_at >= since)
            && self.status.is_none_or(|status| status == collective.status)
            && self.task_type.as_ref().is_none_or(|known| *known == collective.task_type)
    }
}

impl Listed for Collective {
    type Id = CollectiveId;

    fn id(&self) -> CollectiveId {
        self.id
    }

    fn position(&self) -> Position {
        self.position
    }
}

impl Collectives {
    /// A page of the collectives that pass.
    pub fn page(&self, filter: &CollectiveFilter, paging: Paging) -> Page<'_, Collective> {
        self.all.page(|one| filter.takes(one), paging)
    }

    /// The collective with this id.
    pub fn get(&self, id: CollectiveId) -> Option<&Collective> {
        self.all.get(id)
    }

    /// Every collective of every hub, in the order in which they were convened.
    pub fn iter(&self) -> impl Iterator<Item = &Collective> {
        self.all.iter()
    }

    /// The hub's collectives, in the order in which they were convened.
    pub fn of_hub(&self, hub: &HubId) -> impl Iterator<Item = &Collective> {
        self.iter().filter(move |collective| collective.hub == *hub)
    }

    fn collective_event(&mut self, recorded: &Recorded, event: &CollectiveEvent) {
        match event {
            CollectiveEvent::CollectiveConvened(facts) => {
                let title = self.titles.get(&facts.task).cloned().unwrap_or_default();
                let mut collective = Collective::of(recorded, facts, title, &self.slugs);
                for call in collective.calls_mut() {
                    // A synthesis is paid for before its collective is convened.
                    call.held = self.held.remove(&call.invocation).unwrap_or_default();
                }
                let called = collective.participants.iter().map(|one| one.call.invocation);
                let appointed = collective.judgement.iter().chain(&collective.synthesis);
                let called = called.chain(appointed.map(|one| one.call.invocation));
                for invocation in called {
                    self.calls.insert(invocation, facts.collective);
                }
                self.all.add(collective);
            }
            CollectiveEvent::ContributionRecorded(facts) => {
                let Some(collective) = self.all.get_mut(facts.collective) else {
                    return;
                };
                let mut participants = collective.participants.iter_mut();
                if let Some(one) = participants.find(|one| one.call.invocation == facts.invocation)
                {
                    one.contributed = true;
                    one.missing = None;
                }
            }
            CollectiveEvent::KeysGrouped(facts) => {
                if let Some(collective) = self.all.get_mut(facts.collective) {
                    collective.groups.clone_from(&facts.groups);
                }
            }
            CollectiveEvent::CollectiveRulesSet(_) => {}
            CollectiveEvent::VerdictReached(facts) => {
                let Some(collective) = self.all.get_mut(facts.collective) else {
                    return;
                };
                collective.status = facts.verdict.status();
                collective.verdict = Some(Verdict {
                    rule: facts.rule,
                    rule_version: facts.rule_version,
                    status: facts.verdict.status(),
                    key: facts.verdict.key().cloned(),
                    outcome: facts.verdict.clone(),
                    figures: facts.figures.clone(),
                    basis: facts.basis.clone(),
                    reason: text(recorded, &TextName::REASON),
                    position: recorded.envelope.position,
                    at: recorded.envelope.decided_at,
                });
                collective.tell_who_is_missing();
            }
        }
    }

    fn invocation_event(&mut self, recorded: &Recorded, event: &InvocationEvent) {
        let invocation = match event {
            InvocationEvent::InvocationStarted(facts) => facts.invocation,
            InvocationEvent::InvocationAnswered(facts) => facts.invocation,
            InvocationEvent::InvocationFailed(facts) => facts.invocation,
            InvocationEvent::OutcomeArrivedLate(facts) => facts.invocation,
            InvocationEvent::InvocationRecovered(facts) => facts.invocation,
        };
        if let InvocationEvent::InvocationStarted(facts) = event {
            self.arbitration_started(facts);
        }
        let Some(collective) = self.of_call(invocation) else {
            return;
        };
        if let Some(call) = collective.call_mut(invocation) {
            call.fold(recorded, event);
        }
        collective.tell_who_is_missing();
    }

    /// Who chooses among what diverges is only known when it is asked.
    fn arbitration_started(&mut self, facts: &InvocationStarted) {
        let collective = facts.collective.filter(|_| facts.purpose == Purpose::Arbitration);
        let known = self.calls.get(facts.invocation).is_some();
        let Some((id, collective)) =
            collective.filter(|_| !known).and_then(|id| Some((id, self.all.get_mut(id)?)))
        else {
            return;
        };
        let mut call = Call::planned(facts.invocation);
        call.held = self.held.remove(&facts.invocation).unwrap_or_default();
        collective.arbitration = Some(Appointed {
            agent: facts.agent,
            slug: self.slugs.of(facts.agent),
            agent_version: facts.agent_version,
            decision: facts.decision,
            call,
        });
        self.calls.insert(facts.invocation, id);
    }

    fn budget_event(&mut self, event: &BudgetEvent) {
        let (held_for, charged, overrun) = match event {
            BudgetEvent::Reserved(facts) => {
                if let Some(invocation) = facts.held_for.call() {
                    self.hold(invocation, facts.amount);
                }
                return;
            }
            BudgetEvent::Settled(facts) => (facts.held_for, facts.charged, facts.overrun),
            BudgetEvent::OverrunCharged(facts) => (facts.held_for, Amount::ZERO, facts.overrun),
            BudgetEvent::PriceSet(_)
            | BudgetEvent::AccountOpened(_)
            | BudgetEvent::AccountLimitsSet(_)
            | BudgetEvent::AccountClosed(_)
            | BudgetEvent::AccountReopened(_) => return,
        };
        let Some(invocation) = held_for.call() else {
            return;
        };
        self.held.remove(&invocation);
        if let Some(call) = self.call_mut(invocation) {
            call.charge(charged, overrun);
        }
    }

    fn hold(&mut self, invocation: InvocationId, amount: Amount) {
        match self.call_mut(invocation) {
            Some(call) => call.held = call.held.plus(amount),
            None => {
                self.held.insert(invocation, amount);
            }
        }
    }

    fn call_mut(&mut self, invocation: InvocationId) -> Option<&mut Call> {
        self.of_call(invocation)?.call_mut(invocation)
    }

    fn of_call(&mut self, invocation: InvocationId) -> Option<&mut Collective> {
        self.all.get_mut(self.calls.get(invocation)?)
    }
}

impl Projection for Collectives {
    const NAME: &'static str = "collectives";
    const VERSION: u32 = 3;

    fn quotes(event: &Event) -> bool {
        matches!(event, Event::Collective(_) | Event::Task(_) | Event::Invocation(_))
    }

    fn fold(&mut self, event: &Recorded) {
        self.slugs.fold(&event.event);
        if let Event::Collective(collective) = &event.event {
            self.collective_event(event, collective);
        } else if let Event::Task(TaskEvent::TaskSubmitted(facts)) = &event.event {
            let title = text(event, &TextName::TITLE).unwrap_or_default();
            self.titles.insert(facts.task, title);
        } else if let Event::Task(TaskEvent::TaskConcluded(facts)) = &event.event {
            self.titles.remove(&facts.task);
        } else if let Event::Invocation(invocation) = &event.event {
            self.invocation_event(event, invocation);
        } else if let Event::Budget(budget) = &event.event {
            self.budget_event(budget);
        } else if let Event::Proposal(ProposalEvent::ProposalMade(facts)) = &event.event
            && let Some(id) = facts.collective
            && let Some(collective) = self.all.get_mut(id)
        {
            collective.proposal = Some(facts.proposal);
        }
    }
}
