//! What agents handed to each other: every sub-task, what it may spend, and what came of it.

mod delegation;

use std::collections::BTreeMap;

use convoke_events::{
    AccountId, AgentId, Amount, BudgetEvent, DelegationEvent, DelegationId, DelegationRefused,
    DelegationRequested, Event, HeldFor, HubId, InvocationEvent, InvocationId, InvocationStarted,
    Position, Purpose, Recorded, RegistryEvent, TaskEvent, TaskId, TextName,
};
use serde::{Deserialize, Serialize};

pub use delegation::{Delegation, DelegationStatus, Outcome, Party, Refused};

use crate::collectives::Call;
use crate::index::Index;
use crate::names::{Slugs, text};
use crate::wishes::Wishes;
use crate::{Entries, Listed, Page, Paging, Projection};

/// Every delegation there ever was, and every one that was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegations {
    all: Entries<Delegation>,
    refused: Entries<Refused>,
    calls: Index<InvocationId, DelegationId>,
    accounts: Index<AccountId, DelegationId>,
    /// In which version agents contribute to the tasks that have not ended.
    contributing: BTreeMap<TaskId, BTreeMap<AgentId, u32>>,
    versions: BTreeMap<AgentId, u32>,
    wishes: Wishes,
    slugs: Slugs,
}

/// Which delegations are asked for; whatever is none passes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DelegationFilter {
    /// Of this hub.
    pub hub: Option<HubId>,
    /// That stand like this.
    pub status: Option<DelegationStatus>,
    /// Under this task.
    pub task: Option<TaskId>,
    /// In which this agent hands over or is handed to.
    pub agent: Option<AgentId>,
}

impl DelegationFilter {
    /// Whether the delegation is among those asked for.
    pub fn takes(&self, delegation: &Delegation) -> bool {
        let takes_part = |agent| [delegation.from.agent, delegation.to.agent].contains(&agent);
        self.hub.as_ref().is_none_or(|hub| *hub == delegation.hub)
            && self.status.is_none_or(|status| status == delegation.status)
            && self.task.is_none_or(|task| task == delegation.task)
            && self.agent.is_none_or(takes_part)
    }
}

impl Listed for Delegation {
    type Id = DelegationId;

    fn id(&self) -> DelegationId {
        self.id
    }

    fn position(&self) -> Position {
        self.position
    }
}

impl Listed for Refused {
    type Id = Position;

    fn id(&self) -> Position {
        self.position
    }

    fn position(&self) -> Position {
        self.position
    }
}

/// Which refused delegations are asked for; whatever is none passes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusedFilter {
    /// Of this hub.
    pub hub: Option<HubId>,
    /// Under this task.
    pub task: Option<TaskId>,
    /// In which this agent would have handed over or been handed to.
    pub agent: Option<AgentId>,
}

impl RefusedFilter {
    /// Whether the refusal is among those asked for.
    pub fn takes(&self, refused: &Refused) -> bool {
        let to = refused.to.as_ref().map(|to| to.agent);
        let takes_part = |agent| refused.from.agent == agent || to == Some(agent);
        self.hub.as_ref().is_none_or(|hub| *hub == refused.hub)
            && self.task.is_none_or(|task| task == refused.task)
            && self.agent.is_none_or(takes_part)
    }
}

impl Delegations {
    /// A page of the refused delegations that pass.
    pub fn page_refused(&self, filter: &RefusedFilter, paging: Paging) -> Page<'_, Refused> {
        self.refused.page(|one| filter.takes(one), paging)
    }

    /// A page of the delegations that pass.
    pub fn page(&self, filter: &DelegationFilter, paging: Paging) -> Page<'_, Delegation> {
        self.all.page(|one| filter.takes(one), paging)
    }

    /// The delegation with this id.
    pub fn get(&self, id: DelegationId) -> Option<&Delegation> {
        self.all.get(id)
    }

    /// Every delegation of every hub, in the order in which they were requested.
    pub fn iter(&self) -> impl Iterator<Item = &Delegation> {
        self.all.iter()
    }

    /// The hub's delegations, in the order in which they were requested.
    pub fn of_hub(&self, hub: &HubId) -> impl Iterator<Item = &Delegation> {
        self.iter().filter(move |delegation| delegation.hub == *hub)
    }

    /// Every delegation that was refused, in the order in which they were.
    pub fn refused(&self) -> impl Iterator<Item = &Refused> {
        self.refused.iter()
    }

    /// The delegations under a task as a tree: parents before children, siblings in the order they
    /// were requested, each with how far it is below the first, 0 for those of no delegation.
    pub fn tree(&self, task: TaskId) -> Vec<(usize, &Delegation)> {
        let mut children: BTreeMap<Option<DelegationId>, Vec<&Delegation>> = BTreeMap::new();
        for delegation in self.iter().filter(|one| one.task == task) {
            children.entry(delegation.parent).or_default().push(delegation);
        }
        for siblings in children.values_mut() {
            siblings.sort_by_key(|one| std::cmp::Reverse(one.position));
        }
        let mut open: Vec<(usize, &Delegation)> = Vec::new();
        let mut tree = Vec::new();
        open.extend(children.remove(&None).into_iter().flatten().map(|root| (0, root)));
        while let Some((depth, delegation)) = open.pop() {
            tree.push((depth, delegation));
            let below = children.remove(&Some(delegation.id)).into_iter().flatten();
            open.extend(below.map(|child| (depth + 1, child)));
        }
        tree
    }

    fn party(&self, agent: AgentId, agent_version: Option<u32>) -> Party {
        let newest = || self.versions.get(&agent).copied().unwrap_or_default();
        let agent_version = agent_version.unwrap_or_else(newest);
        Party { agent, slug: self.slugs.of(agent), agent_version }
    }

    /// Who hands over: as it works on the delegation above, or contributes to the task.
    fn sender(&self, task: TaskId, parent: Option<DelegationId>, agent: AgentId) -> Party {
        let above = parent.and_then(|parent| self.all.get(parent));
        let above = above.filter(|above| above.to.agent == agent);
        let contributing = || self.contributing.get(&task)?.get(&agent).copied();
        self.party(agent, above.map(|above| above.to.agent_version).or_else(contributing))
    }

    fn delegation_event(&mut self, recorded: &Recorded, event: &DelegationEvent) {
        let at = recorded.envelope.decided_at;
        match event {
            DelegationEvent::DelegationRequested(facts) => self.requested(recorded, facts),
            DelegationEvent::DelegationRefused(facts) => self.refuse(recorded, facts),
            DelegationEvent::DelegationCompleted(facts) => {
                if let Some(one) = self.all.get_mut(facts.delegation) {
                    (one.status, one.ended_at) = (DelegationStatus::Completed, Some(at));
                }
            }
            DelegationEvent::DelegationFailed(facts) => {
                if let Some(one) = self.all.get_mut(facts.delegation) {
                    (one.status, one.ended_at) = (DelegationStatus::Failed, Some(at));
                    one.reason = text(recorded, &TextName::REASON);
                }
            }
            DelegationEvent::DelegationCancelled(facts) => {
                self.cancel(facts.delegation, text(recorded, &TextName::REASON).as_deref());
            }
            DelegationEvent::DelegationWished(_) => {}
        }
    }

    fn requested(&mut self, recorded: &Recorded, facts: &DelegationRequested) {
        let delegation = Delegation {
            id: facts.delegation,
            hub: recorded.envelope.hub.clone(),
            task: facts.task,
            parent: facts.parent,
            depth: facts.depth,
            from: self.sender(facts.task, facts.parent, facts.from),
            to: self.party(facts.to, None),
            scope: self.wishes.granted(recorded, facts),
            scope_key: facts.scope.clone(),
            account: facts.account,
            budget: Amount { tokens: facts.budget, ..Amount::ZERO },
            used: Amount::ZERO,
            status: DelegationStatus::Pending,
            reason: None,
            call: Call::planned(facts.invocation),
            position: recorded.envelope.position,
            requested_at: recorded.envelope.decided_at,
            ended_at: None,
        };
        self.calls.insert(facts.invocation, facts.delegation);
        self.accounts.insert(facts.account, facts.delegation);
        self.all.add(delegation);
    }

    fn refuse(&mut self, recorded: &Recorded, facts: &DelegationRefused) {
        let refused = Refused {
            hub: recorded.envelope.hub.clone(),
            task: facts.task,
            parent: facts.parent,
            from: self.sender(facts.task, facts.parent, facts.from),
            to: facts.to.map(|to| self.party(to, None)),
            scope: self.wishes.refused(recorded, facts),
            because: facts.because.clone(),
            reason: text(recorded, &TextName::REASON),
            position: recorded.envelope.position,
            at: recorded.envelope.decided_at,
        };
        self.refused.add(refused);
    }

    /// Marks a delegation, and what under it has not ended, as called off.
    fn cancel(&mut self, id: DelegationId, reason: Option<&str>) {
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            if let Some(one) = self.all.get_mut(id)
                && one.status == DelegationStatus::Pending
            {
                one.status = DelegationStatus::Cancelled;
                one.reason = reason.map(str::to_owned);
                // What is under it was requested after it.
                let since = one.position;
                let after = self.all.iter().rev().take_while(|one| one.position > since);
                next.extend(after.filter(|one| one.parent == Some(id)).map(|one| one.id));
            }
        }
    }

    fn invocation_event(&mut self, recorded: &Recorded, event: &InvocationEvent) {
        let invocation = match event {
            InvocationEvent::InvocationStarted(facts) => {
                self.started(facts);
                facts.invocation
            }
            InvocationEvent::InvocationAnswered(facts) => facts.invocation,
            InvocationEvent::InvocationFailed(facts) => facts.invocation,
            InvocationEvent::OutcomeArrivedLate(facts) => facts.invocation,
            InvocationEvent::InvocationRecovered(facts) => facts.invocation,
        };
        if let Some(delegation) = self.of_call(invocation) {
            delegation.call.fold(recorded, event);
        }
    }

    fn started(&mut self, facts: &InvocationStarted) {
        if facts.purpose == Purpose::Contribution {
            let versions = self.contributing.entry(facts.task).or_default();
            versions.insert(facts.agent, facts.agent_version);
        }
        if let Some(delegation) = self.of_call(facts.invocation) {
            delegation.to.agent_version = facts.agent_version;
        }
    }

    fn of_call(&mut self, invocation: InvocationId) -> Option<&mut Delegation> {
        self.all.get_mut(self.calls.get(invocation)?)
    }

    fn budget_event(&mut self, recorded: &Recorded, event: &BudgetEvent) {
        match event {
            BudgetEvent::AccountOpened(facts) => {
                if let Some(one) = self.of_account(facts.account) {
                    one.budget.money = facts.limits.money.unwrap_or_default();
                }
            }
            BudgetEvent::Reserved(facts) => {
                if let Some(one) = facts.held_for.call().and_then(|call| self.of_call(call)) {
                    one.call.held = one.call.held.plus(facts.amount);
                }
            }
            BudgetEvent::Settled(facts) => {
                self.charge(facts.account, facts.held_for, facts.charged, facts.overrun);
                if let HeldFor::Delegation(id) = facts.held_for
                    && let Some(one) = self.all.get_mut(id)
                {
                    one.ended_at = Some(recorded.envelope.decided_at);
                }
            }
            BudgetEvent::OverrunCharged(facts) => {
                self.charge(facts.account, facts.held_for, Amount::ZERO, facts.overrun);
            }
            BudgetEvent::PriceSet(_)
            | BudgetEvent::AccountLimitsSet(_)
            | BudgetEvent::AccountClosed(_)
            | BudgetEvent::AccountReopened(_) => {}
        }
    }

    fn charge(&mut self, account: AccountId, held_for: HeldFor, charged: Amount, overrun: Amount) {
        if let Some(one) = held_for.call().and_then(|call| self.of_call(call)) {
            one.call.charge(charged, overrun);
        }
        if let Some(one) = self.of_account(account) {
            one.used = one.used.plus(charged).plus(overrun);
        }
    }

    fn of_account(&mut self, account: AccountId) -> Option<&mut Delegation> {
        self.all.get_mut(self.accounts.get(account)?)
    }
}

impl Projection for Delegations {
    const NAME: &'static str = "delegations";
    const VERSION: u32 = 3;

    fn quotes(event: &Event) -> bool {
        matches!(event, Event::Delegation(_) | Event::Invocation(_))
    }

    fn fold(&mut self, event: &Recorded) {
        self.slugs.fold(&event.event);
        self.wishes.fold(event);
        if let Event::Delegation(delegation) = &event.event {
            self.delegation_event(event, delegation);
        } else if let Event::Invocation(invocation) = &event.event {
            self.invocation_event(event, invocation);
        } else if let Event::Budget(budget) = &event.event {
            self.budget_event(event, budget);
        } else if let Event::Registry(RegistryEvent::AgentRegistered(facts)) = &event.event {
            self.versions.insert(facts.agent, 1);
        } else if let Event::Registry(RegistryEvent::AgentRevised(facts)) = &event.event {
            self.versions.insert(facts.agent, facts.version);
        } else if let Event::Task(TaskEvent::TaskConcluded(facts)) = &event.event {
            self.contributing.remove(&facts.task);
        }
    }
}
