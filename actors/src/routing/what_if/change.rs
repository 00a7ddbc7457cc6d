//! Changes: what would have fallen otherwise, one by one and in sum.

use convoke_events::{
    ArtifactType, CollectiveId, DecisionId, MicroUsd, Position, Purpose, TaskId, TaskType, Verb,
    Verdict, VerdictRule,
};
use serde::Serialize;

/// Something that would have fallen otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// Others would have been asked.
    Rerouted(Rerouted),
    /// An attempt that was denied would have been allowed.
    Allowed(Judged),
    /// A call that was made would have been denied.
    Denied(Judged),
    /// A verdict would have been another one.
    Ruled(Ruled),
}

/// A decision that would have chosen others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rerouted {
    /// Where it is recorded.
    pub position: Position,
    /// Which decision.
    pub decision: DecisionId,
    /// On which task.
    pub task: TaskId,
    /// What for.
    pub purpose: Purpose,
    /// For which task type.
    pub task_type: TaskType,
    /// Who was asked, by slug.
    pub asked: Vec<String>,
    /// Who would have been, by slug.
    pub otherwise: Vec<String>,
    /// The most that their calls could cost, as it was and otherwise; none where a price is unknown.
    pub cost: Option<MicroUsd>,
    /// As it would have been.
    pub cost_otherwise: Option<MicroUsd>,
}

/// An attempt on which governance would have decided otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// Where it is recorded.
    pub position: Position,
    /// On which task.
    pub task: TaskId,
    /// Whose, by slug.
    pub agent: String,
    /// What it would do.
    pub verb: Verb,
    /// With what.
    pub artifact: ArtifactType,
    /// Why not: as recorded where it was denied, else as it would have been.
    pub reason: String,
}

/// A verdict that would have been another one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ruled {
    /// Where it is recorded.
    pub position: Position,
    /// On which collective.
    pub collective: CollectiveId,
    /// For which task type.
    pub task_type: TaskType,
    /// By which rule.
    pub rule: VerdictRule,
    /// What it was.
    pub verdict: Verdict,
    /// By which rule it was reached again.
    pub rule_otherwise: VerdictRule,
    /// What it would have been.
    pub verdict_otherwise: Verdict,
}

/// What was looked at, and how much of it would have fallen otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Decisions made again.
    pub decisions: u64,
    /// Those that would have asked others.
    pub rerouted: u64,
    /// Of these, those that found nobody and would have.
    pub found: u64,
    /// Of these, those that found somebody and would not have.
    pub lost: u64,
    /// Attempts that were denied.
    pub refusals: u64,
    /// Those that would have been allowed.
    pub allowed: u64,
    /// Calls that were made.
    pub calls: u64,
    /// Those that would have been denied.
    pub denied: u64,
    /// Rerouted decisions whose costs are both known, and counted below.
    pub priced: u64,
    /// The most their calls could cost.
    pub cost: MicroUsd,
    /// The most they could have cost otherwise.
    pub cost_otherwise: MicroUsd,
    /// Verdicts reached again: all, where the alternative names a rule for them.
    pub verdicts: u64,
    /// Those that would have been others.
    pub ruled: u64,
    /// Of these, those that would have been a consensus and were none.
    pub agreed: u64,
    /// Of these, those that were a consensus and would have been none.
    pub parted: u64,
}
