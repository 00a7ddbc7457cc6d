//! Calls of agents' models that have not ended: sent, to be tried again, or in doubt.

use std::collections::BTreeMap;

use convoke_events::{
    AfterFailure, AgentId, Amount, BudgetEvent, Event, HeldFor, HubId, InvocationEvent,
    InvocationFailed, InvocationId, InvocationRecovered, InvocationStarted, ModelName,
    ProviderName, Purpose, Recorded, Recourse, TaskId, TextName, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::Projection;
use crate::names::{Slugs, text};

/// Every call that has not ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    open: BTreeMap<InvocationId, OpenCall>,
    /// What is set aside for calls, those that are not sent yet too.
    held: BTreeMap<InvocationId, Amount>,
    slugs: Slugs,
}

/// A call that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCall {
    /// Its id.
    pub id: InvocationId,
    /// In which hub.
    pub hub: HubId,
    /// Where it is.
    pub status: CallStatus,
    /// Since when.
    pub since: Timestamp,
    /// What it is called for.
    pub purpose: Purpose,
    /// On which task.
    pub task: TaskId,
    /// Who is asked.
    pub agent: AgentId,
    /// What they were called when they were asked.
    pub slug: String,
    /// In which version.
    pub agent_version: u32,
    /// Who serves the model.
    pub provider: ProviderName,
    /// Which model.
    pub model: ModelName,
    /// Which try it is, from 1; of one that waits, the one that failed.
    pub attempt: u32,
    /// When it was sent last.
    pub sent_at: Timestamp,
    /// When its next try goes out, where it waits for one.
    pub again_at: Option<Timestamp>,
    /// What is set aside for it.
    pub held: Amount,
    /// Why it is not simply sent, in words.
    pub reason: Option<String>,
}

/// Where a call that has not ended is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    /// It was sent, and nothing is recorded of what came of it.
    Sent,
    /// A try failed; the next one waits for its time.
    Waiting,
    /// Nobody knows what came of it: a person has to say.
    InDoubt,
}

impl CallStatus {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Waiting => "waiting",
            Self::InDoubt => "in_doubt",
        }
    }
}

impl Calls {
    /// The call of this id, while it has not ended.
    pub fn get(&self, id: InvocationId) -> Option<&OpenCall> {
        self.open.get(&id)
    }

    /// Every call of every hub that has not ended, in order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &OpenCall> {
        self.open.values()
    }

    fn started(&mut self, event: &Recorded, facts: &InvocationStarted) {
        let at = event.envelope.decided_at;
        let call = OpenCall {
            id: facts.invocation,
            hub: event.envelope.hub.clone(),
            status: CallStatus::Sent,
            since: at,
            purpose: facts.purpose,
            task: facts.task,
            agent: facts.agent,
            slug: self.slugs.of(facts.agent),
            agent_version: facts.agent_version,
            provider: facts.provider.clone(),
            model: facts.model.clone(),
            attempt: facts.attempt,
            sent_at: at,
            again_at: None,
            held: self.held.get(&facts.invocation).copied().unwrap_or(Amount::ZERO),
            reason: None,
        };
        self.open.insert(facts.invocation, call);
    }

    fn failed(&mut self, event: &Recorded, facts: &InvocationFailed) {
        let AfterFailure::Again { at, .. } = facts.then else {
            self.open.remove(&facts.invocation);
            return;
        };
        if let Some(call) = self.open.get_mut(&facts.invocation) {
            call.attempt = facts.attempt;
            call.moved(event, CallStatus::Waiting, Some(at));
        }
    }

    fn recovered(&mut self, event: &Recorded, facts: &InvocationRecovered) {
        let Some(call) = self.open.get_mut(&facts.invocation) else {
            return;
        };
        match (facts.then, call.status) {
            (Recourse::Person, _) => call.moved(event, CallStatus::InDoubt, None),
            (Recourse::Repeat, CallStatus::InDoubt) => {
                call.moved(event, CallStatus::Waiting, Some(event.envelope.decided_at));
            }
            (Recourse::Repeat, CallStatus::Sent | CallStatus::Waiting) => {
                call.moved(event, CallStatus::Sent, None);
            }
            // It fails by an event of its own.
            (Recourse::Fail, _) => {}
        }
    }

    fn hold(&mut self, call: InvocationId, amount: Amount) {
        self.held.insert(call, amount);
        if let Some(call) = self.open.get_mut(&call) {
            call.held = amount;
        }
    }
}

impl OpenCall {
    fn moved(&mut self, event: &Recorded, status: CallStatus, again_at: Option<Timestamp>) {
        (self.status, self.since, self.again_at) = (status, event.envelope.decided_at, again_at);
        self.reason = text(event, &TextName::REASON);
    }
}

impl Projection for Calls {
    const NAME: &'static str = "calls";
    const VERSION: u32 = 1;

    fn fold(&mut self, event: &Recorded) {
        self.slugs.fold(&event.event);
        if let Event::Budget(BudgetEvent::Reserved(facts)) = &event.event {
            if let HeldFor::Call(call) = facts.held_for {
                self.hold(call, facts.amount);
            }
        } else if let Event::Budget(BudgetEvent::Settled(facts)) = &event.event {
            if let HeldFor::Call(call) = facts.held_for {
                self.held.remove(&call);
            }
        } else if let Event::Invocation(call) = &event.event {
            match call {
                InvocationEvent::InvocationStarted(facts) => self.started(event, facts),
                InvocationEvent::InvocationAnswered(facts) => {
                    self.open.remove(&facts.invocation);
                }
                InvocationEvent::InvocationFailed(facts) => self.failed(event, facts),
                InvocationEvent::InvocationRecovered(facts) => self.recovered(event, facts),
                InvocationEvent::OutcomeArrivedLate(_) => {}
            }
        }
    }

    fn quotes(event: &Event) -> bool {
        matches!(
            event,
            Event::Invocation(
                InvocationEvent::InvocationFailed(_) | InvocationEvent::InvocationRecovered(_)
            )
        )
    }
}
