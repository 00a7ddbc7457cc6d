//! What calls were thought to use before they were sent, beside what they used.

use std::collections::BTreeMap;

use convoke_events::{
    AgentId, BudgetEvent, Event, HubId, InvocationEvent, InvocationId, InvocationStarted, Position,
    ProviderName, Recorded, ReservationId, TaskId, Tokens, Usage,
};
use serde::{Deserialize, Serialize};

use crate::index::Index;
use crate::names::Slugs;
use crate::{Entries, Listed, Page, Paging, Projection};

/// Every call that was sent, with its estimate and its use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimates {
    calls: Entries<EstimatedCall>,
    /// What is set aside and not settled.
    held: Index<ReservationId, Tokens>,
    slugs: Slugs,
}

/// A call: what it could use at most, and what it used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EstimatedCall {
    /// Which call.
    pub invocation: InvocationId,
    /// The hub it was sent in.
    pub hub: HubId,
    /// On which task.
    pub task: TaskId,
    /// Who served its model.
    pub provider: ProviderName,
    /// Which agent's.
    pub agent: AgentId,
    /// Its slug when the call was sent, or its id where no registration is known.
    pub slug: String,
    /// The most its input was thought to be.
    pub input: Tokens,
    /// The most it might put out.
    pub max_output: Tokens,
    /// What its provider says it used.
    pub usage: Usage,
    /// The event with which it was sent first.
    pub position: Position,
}

impl Listed for EstimatedCall {
    type Id = InvocationId;

    fn id(&self) -> InvocationId {
        self.invocation
    }

    fn position(&self) -> Position {
        self.position
    }
}

/// Which calls are asked for; whatever is none passes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Sent in this hub.
    pub hub: Option<HubId>,
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// Whose model this provider serves.
    pub provider: Option<ProviderName>,
    /// On this task.
    pub task: Option<TaskId>,
}

impl CallFilter {
    /// Whether the call is among those asked for.
    pub fn takes(&self, call: &EstimatedCall) -> bool {
        self.hub.as_ref().is_none_or(|hub| *hub == call.hub)
            && self.agent.is_none_or(|agent| agent == call.agent)
            && self.provider.as_ref().is_none_or(|known| *known == call.provider)
            && self.task.is_none_or(|task| task == call.task)
    }
}

impl EstimatedCall {
    /// All that was set aside for it.
    pub const fn estimate(&self) -> Tokens {
        self.input.plus(self.max_output)
    }

    /// How far the estimate was off, as a share of what was really used: 0.25 for 125 tokens set
    /// aside and 100 used, below 0 where more was used; none where the use is unknown or nothing.
    pub fn error(&self) -> Option<f64> {
        let used = self.usage.total().filter(|used| *used > Tokens::ZERO)?;
        let float = |tokens: Tokens| f64::from(u32::try_from(tokens.get()).unwrap_or(u32::MAX));
        Some((float(self.estimate()) - float(used)) / float(used))
    }
}

/// How well the calls of one agent by one provider were estimated.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EstimateRecord {
    /// The agent's slug at its newest call.
    pub slug: String,
    /// Calls whose use is known.
    pub known: u64,
    /// Calls whose use is not known, or not yet.
    pub unknown: u64,
    /// What was set aside for the known ones.
    pub estimated: Tokens,
    /// What they used.
    pub used: Tokens,
    /// The mean of their errors; see [`EstimatedCall::error`].
    pub mean_error: Option<f64>,
}

impl Estimates {
    /// A page of the calls that pass.
    pub fn page(&self, filter: &CallFilter, paging: Paging) -> Page<'_, EstimatedCall> {
        self.calls.page(|one| filter.takes(one), paging)
    }

    /// Every call, in the order in which they were sent.
    pub fn calls(&self) -> impl Iterator<Item = &EstimatedCall> {
        self.calls.iter()
    }

    /// How well the hub's calls were estimated, by provider and agent.
    pub fn records(&self, hub: &HubId) -> BTreeMap<(ProviderName, AgentId), EstimateRecord> {
        let mut records: BTreeMap<(ProviderName, AgentId), (EstimateRecord, Vec<f64>)> =
            BTreeMap::new();
        for call in self.calls.iter().filter(|call| call.hub == *hub) {
            let (record, errors) = records.entry((call.provider.clone(), call.agent)).or_default();
            record.slug.clone_from(&call.slug);
            match call.usage.total() {
                Some(used) => {
                    record.known = record.known.saturating_add(1);
                    record.estimated = record.estimated.plus(call.estimate());
                    record.used = record.used.plus(used);
                    errors.extend(call.error());
                }
                None => record.unknown = record.unknown.saturating_add(1),
            }
        }
        let finished = records.into_iter().map(|(place, (record, errors))| {
            (place, EstimateRecord { mean_error: mean(&errors), ..record })
        });
        finished.collect()
    }

    fn started(&mut self, recorded: &Recorded, facts: &InvocationStarted) {
        let held = self.held.get(facts.reservation).unwrap_or_default();
        let call = EstimatedCall {
            invocation: facts.invocation,
            hub: recorded.envelope.hub.clone(),
            task: facts.task,
            provider: facts.provider.clone(),
            agent: facts.agent,
            slug: self.slugs.of(facts.agent),
            input: held.less(facts.max_output),
            max_output: facts.max_output,
            usage: Usage::default(),
            position: recorded.envelope.position,
        };
        match self.calls.get_mut(facts.invocation) {
            // Tried again, and perhaps elsewhere: the newest try is the one that is told.
            Some(known) => *known = EstimatedCall { position: known.position, ..call },
            None => self.calls.add(call),
        }
    }

    fn used(&mut self, invocation: InvocationId, usage: Usage) {
        if let Some(call) = self.calls.get_mut(invocation) {
            call.usage = usage;
        }
    }
}

fn mean(errors: &[f64]) -> Option<f64> {
    let count = u32::try_from(errors.len()).ok().filter(|count| *count > 0)?;
    Some(errors.iter().sum::<f64>() / f64::from(count))
}

impl Projection for Estimates {
    const NAME: &'static str = "estimates";
    const VERSION: u32 = 2;

    fn quotes(_: &Event) -> bool {
        false
    }

    fn fold(&mut self, event: &Recorded) {
        self.slugs.fold(&event.event);
        if let Event::Budget(BudgetEvent::Reserved(facts)) = &event.event {
            if facts.held_for.call().is_some() {
                self.held.insert(facts.reservation, facts.amount.tokens);
            }
        } else if let Event::Budget(BudgetEvent::Settled(facts)) = &event.event {
            self.held.remove(facts.reservation);
        } else if let Event::Invocation(invocation) = &event.event {
            match invocation {
                InvocationEvent::InvocationStarted(facts) => self.started(event, facts),
                InvocationEvent::InvocationAnswered(facts) => {
                    self.used(facts.invocation, facts.usage);
                }
                InvocationEvent::InvocationFailed(facts) => {
                    self.used(facts.invocation, facts.usage);
                }
                InvocationEvent::OutcomeArrivedLate(facts) => {
                    self.used(facts.invocation, facts.usage);
                }
                InvocationEvent::InvocationRecovered(_) => {}
            }
        }
    }
}
