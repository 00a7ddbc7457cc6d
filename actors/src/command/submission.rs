//! A piece of work, as it is handed in.

use convoke_events::{Digest, HubId, Limits, TaskId, TaskPlan};
use serde::Serialize;

/// One piece of work, as it is handed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskSubmission {
    /// The host's own id of the request, from which the task's id follows.
    pub request: String,
    /// Which try at the request, 0 the first; a later one follows one that failed.
    pub attempt: u32,
    /// In a few words.
    pub title: String,
    /// In all words.
    pub body: String,
    /// Where it came from.
    pub source: Option<String>,
    /// Which way it goes.
    pub plan: TaskPlan,
    /// What it may spend.
    pub limits: Limits,
}

impl TaskSubmission {
    /// The id of the task that a request makes in this hub, at its first attempt.
    pub fn id(hub: &HubId, request: &str) -> TaskId {
        Self::attempt_id(hub, request, 0)
    }

    /// The id of the task that an attempt at a request makes in this hub.
    pub fn attempt_id(hub: &HubId, request: &str, attempt: u32) -> TaskId {
        match attempt {
            0 => TaskId::derive(&[hub.as_str(), request]),
            later => TaskId::derive(&[hub.as_str(), request, &later.to_string()]),
        }
    }

    /// The id of the task that this makes in this hub.
    pub fn task(&self, hub: &HubId) -> TaskId {
        Self::attempt_id(hub, &self.request, self.attempt)
    }

    /// Digest of what was asked: title, body and source.
    pub fn content(&self) -> Digest {
        let source = self.source.as_deref().unwrap_or("");
        Digest::of_parts([self.title.as_bytes(), self.body.as_bytes(), source.as_bytes()])
    }
}
