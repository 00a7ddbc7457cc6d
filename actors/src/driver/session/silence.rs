//! Silence: who was heard of since the last event of a task. Kept in memory only: a sign of life is
//! no event, missing it is.

use std::collections::BTreeMap;

use convoke_events::{TaskId, Timestamp};

use crate::hub::{Input, State};

/// When the agents of tasks were last heard of.
#[derive(Clone, Debug, Default)]
pub(super) struct Silence {
    heard: BTreeMap<TaskId, Timestamp>,
    /// Since when anybody could be heard at all.
    listening: Option<Timestamp>,
}

impl Silence {
    /// From now on signs of life can be heard.
    pub(super) fn listen(&mut self, now: Timestamp) {
        self.listening = Some(now);
    }

    /// Somebody at work on this task was heard of.
    pub(super) fn heard(&mut self, state: &State, task: TaskId, now: Timestamp) {
        // Of a task that is not waited for nothing need be kept.
        self.heard.retain(|task, _| state.silent_since(*task).is_some());
        if state.silent_since(task).is_some() {
            self.heard.insert(task, now);
        }
    }

    /// The task that is the first to be stuck if nothing is heard of it any more: when that will be,
    /// and what to decide on then.
    pub(super) fn first(&self, state: &State) -> Option<(Timestamp, Input)> {
        let stuck = state.silent().map(|(since, task)| {
            let heard = [self.heard.get(&task).copied(), self.listening];
            let since = heard.into_iter().flatten().fold(since, Timestamp::max);
            (since, task)
        });
        let (since, task) = stuck.min()?;
        Some((since.plus(state.patience()), Input::Silence { task, since }))
    }
}
