//! Writes a history into a log in memory, event by event.

use convoke_events::*;

use crate::{Projection, fold_to_head};

pub(super) struct History {
    pub(super) log: Log,
    principal: Principal,
    person: Option<String>,
    now: Timestamp,
    newest: Option<EventId>,
}

pub(super) fn hub() -> HubId {
    HubId::new("intake").unwrap()
}

pub(super) fn agent(slug: &str) -> AgentId {
    AgentId::derive(&[slug])
}

pub(super) fn task(name: &str) -> TaskId {
    TaskId::derive(&[name])
}

pub(super) fn account(name: &str) -> AccountId {
    AccountId::derive(&[name])
}

pub(super) fn call(task: &str, purpose: &str, slug: &str) -> InvocationId {
    InvocationId::derive(&[task, purpose, slug])
}

pub(super) fn reservation(task: &str, purpose: &str, slug: &str) -> ReservationId {
    ReservationId::derive(&[task, purpose, slug])
}

pub(super) fn policy(name: &str) -> PolicyRef {
    PolicyRef { id: PolicyId::derive(&[name]), version: 1 }
}

pub(super) fn tokens(tokens: u64) -> Amount {
    Amount { tokens: Tokens::new(tokens), money: MicroUsd::new(tokens * 2) }
}

pub(super) fn word<T: std::str::FromStr<Err = WordError>>(text: &str) -> T {
    text.parse().unwrap()
}

/// The view as it is at the head.
pub(super) fn view<V: Projection>(history: &History) -> V {
    fold_to_head(&history.log).unwrap().view
}

impl History {
    pub(super) fn new() -> Self {
        Self::within(Log::in_memory())
    }

    pub(super) fn within(log: Log) -> Self {
        Self {
            log,
            principal: Principal::Runtime,
            person: None,
            now: "2026-03-01T09:00:00Z".parse().unwrap(),
            newest: None,
        }
    }

    pub(super) fn by_person(&mut self, name: &str) {
        self.principal = Principal::person(&hub(), name);
        self.person = Some(name.to_owned());
    }

    pub(super) fn by_runtime(&mut self) {
        self.principal = Principal::Runtime;
        self.person = None;
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn pass(&mut self, days: u64) {
        self.now = self.now.plus(std::time::Duration::from_hours(days * 24));
    }

    /// Appends an event, caused by the one before it, to the hub's own story.
    pub(super) fn add(&mut self, event: impl Into<Event>, texts: Texts) -> Position {
        self.tell(CorrelationId::derive(&["hub"]), StreamId::hub(), event.into(), texts)
    }

    /// Appends an event, caused by the one before it, to a task's story.
    pub(super) fn on(&mut self, name: &str, event: impl Into<Event>, texts: Texts) -> Position {
        let task = task(name);
        self.tell(CorrelationId::of_task(task), StreamId::task(task), event.into(), texts)
    }

    fn tell(
        &mut self,
        correlation: CorrelationId,
        stream: StreamId,
        event: Event,
        texts: Texts,
    ) -> Position {
        self.now = self.now.plus(std::time::Duration::from_secs(1));
        let id = EventId::mint(self.now, u128::from(self.log.head().position));
        let append = Append {
            hub: hub(),
            principal: self.principal.clone(),
            trace: None,
            idempotency: None,
            content: None,
            expected: Vec::new(),
            events: vec![Pending {
                id,
                stream,
                correlation,
                causation: self.newest.replace(id),
                decided_at: self.now,
                event,
                texts: texts.with_some(TextName::PRINCIPAL, self.person.clone()),
            }],
        };
        self.log.append(append).wait().unwrap().last
    }
}
