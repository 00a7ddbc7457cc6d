//! Who was right and wrong how often, by agent, version and task type.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Calibration, Interval, Z_95, share, shrunk_acceptance, wilson};
use crate::{AgentId, Confidence, Credit, ProposalReviewed, TaskType};

/// Judgements on one record, those without a confidence too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    right: u32,
    wrong: u32,
    calibration: Calibration,
}

impl Tally {
    /// Takes in one judgement; an answer that did not say how sure it was counts for acceptance
    /// only.
    pub fn judge(&mut self, right: bool, confidence: Option<Confidence>) {
        let counter = if right { &mut self.right } else { &mut self.wrong };
        *counter = counter.saturating_add(1);
        if let Some(confidence) = confidence {
            self.calibration.judge(confidence, right);
        }
    }

    /// Takes in everything that another has taken in.
    pub fn absorb(&mut self, other: &Self) {
        self.right = self.right.saturating_add(other.right);
        self.wrong = self.wrong.saturating_add(other.wrong);
        self.calibration.absorb(&other.calibration);
    }

    /// Judged right.
    pub const fn right(&self) -> u32 {
        self.right
    }

    /// Judged wrong.
    pub const fn wrong(&self) -> u32 {
        self.wrong
    }

    /// Judged at all.
    pub const fn judged(&self) -> u32 {
        self.right.saturating_add(self.wrong)
    }

    /// The share that was right; nothing before the first judgement.
    pub fn acceptance(&self) -> Option<f64> {
        share(self.right, self.judged())
    }

    /// Between which bounds that share lies (Wilson, 95 %).
    pub fn interval(&self) -> Option<Interval> {
        wilson(self.right, self.judged(), Z_95)
    }

    /// Whether it was as often right as it said it was sure.
    pub const fn calibration(&self) -> &Calibration {
        &self.calibration
    }
}

/// The record of every agent in every version on every task type, and of the hub on each of them.
///
/// Fold the credits of every review into one and it says what acceptance is worth: deciders and
/// views that fold the same reviews have the same records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records {
    agents: BTreeMap<(AgentId, u32, TaskType), Tally>,
    hub: BTreeMap<TaskType, Tally>,
}

impl Records {
    /// Takes in what a review says of everybody's work.
    pub fn review(&mut self, review: &ProposalReviewed) {
        for credit in &review.credits {
            self.credit(credit);
        }
    }

    /// Takes in one judgement.
    pub fn credit(&mut self, credit: &Credit) {
        let Credit { agent, agent_version, task_type, right, confidence } = credit;
        let key = (*agent, *agent_version, task_type.clone());
        self.agents.entry(key).or_default().judge(*right, *confidence);
        self.hub.entry(task_type.clone()).or_default().judge(*right, *confidence);
    }

    /// The record of this version of an agent on a task type; nothing before the first judgement.
    pub fn of(&self, agent: AgentId, version: u32, task_type: &TaskType) -> Option<&Tally> {
        self.agents.get(&(agent, version, task_type.clone()))
    }

    /// The record of everybody on a task type; nothing before the first judgement.
    pub fn of_hub(&self, task_type: &TaskType) -> Option<&Tally> {
        self.hub.get(task_type)
    }

    /// How likely this version of an agent is right on a task type: its acceptance, shrunk to the
    /// hub's on the same task type (§8). A new version starts from the hub's mean.
    pub fn acceptance(&self, agent: AgentId, version: u32, task_type: &TaskType) -> f64 {
        let nothing = Tally::default();
        let own = self.of(agent, version, task_type).unwrap_or(&nothing);
        shrunk_acceptance(own, self.of_hub(task_type).unwrap_or(&nothing))
    }

    /// Every record, by agent, version and task type.
    pub fn iter(&self) -> impl Iterator<Item = (AgentId, u32, &TaskType, &Tally)> {
        self.agents
            .iter()
            .map(|((agent, version, task_type), tally)| (*agent, *version, task_type, tally))
    }
}
