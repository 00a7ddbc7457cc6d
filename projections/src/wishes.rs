//! Wishes: the words in which contributions ask to hand something over, as long as their task goes on.

use std::collections::BTreeMap;

use convoke_events::{
    DelegationEvent, DelegationRefused, DelegationRequested, Event, EventId, Recorded, TaskEvent,
    TaskId, TextName,
};
use serde::{Deserialize, Serialize};

use crate::names::text;

/// What contributions to tasks that have not ended ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Wishes(BTreeMap<TaskId, BTreeMap<EventId, String>>);

impl Wishes {
    /// Takes in the next event.
    pub(crate) fn fold(&mut self, event: &Recorded) {
        if let Event::Delegation(DelegationEvent::DelegationWished(facts)) = &event.event {
            let words = text(event, &TextName::SCOPE).unwrap_or_else(|| facts.scope.to_string());
            self.0.entry(facts.task).or_default().insert(event.envelope.id, words);
        } else if let Event::Task(TaskEvent::TaskConcluded(facts)) = &event.event {
            self.0.remove(&facts.task);
        }
    }

    /// What was handed over, in words: the event's own, or those of the wish it grants.
    pub(crate) fn granted(&self, event: &Recorded, facts: &DelegationRequested) -> String {
        let words = text(event, &TextName::SCOPE).or_else(|| self.get(facts.task, facts.wish));
        words.unwrap_or_else(|| facts.scope.to_string())
    }

    /// What was not, in words: the event's own, or those of the wish it refuses.
    pub(crate) fn refused(&self, event: &Recorded, facts: &DelegationRefused) -> String {
        let words = text(event, &TextName::SCOPE).or_else(|| self.get(facts.task, facts.wish));
        words.unwrap_or_default()
    }

    fn get(&self, task: TaskId, wish: Option<EventId>) -> Option<String> {
        self.0.get(&task)?.get(&wish?).cloned()
    }
}
