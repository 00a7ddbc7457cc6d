//! A performance record: figures with what they are worth.

use convoke_events::evidence::{Correlation, Interval, ReliabilityBin, real};
use convoke_events::{AgentId, HubId, MicroUsd, TaskType, Timestamp, Tokens};
use serde::Serialize;

use super::{PERIOD_DAYS, Whose, Work};

const DAY_US: i64 = 86_400_000_000;
const MILLION: f64 = 1_000_000.0;

/// Which records are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Of this hub only.
    pub hub: Option<HubId>,
    /// Of this agent only.
    pub agent: Option<AgentId>,
    /// On this task type only.
    pub task_type: Option<TaskType>,
    /// How many days a period has; 0 is taken as 1.
    pub days: u32,
}

impl Default for Filter {
    /// Everybody's, in periods of 30 days.
    fn default() -> Self {
        Self { hub: None, agent: None, task_type: None, days: PERIOD_DAYS }
    }
}

impl Filter {
    pub(super) fn takes(&self, whose: &Whose) -> bool {
        self.hub.as_ref().is_none_or(|hub| *hub == whose.hub)
            && self.agent.is_none_or(|agent| agent == whose.agent)
            && self.task_type.as_ref().is_none_or(|task_type| *task_type == whose.task_type)
    }
}

/// Some whole days, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Span {
    /// The beginning of the first day.
    pub from: Timestamp,
    /// The beginning of the day after the last.
    pub to: Timestamp,
}

impl Span {
    /// The period that `day` falls in, of periods of so many days the newest of which ends with
    /// `newest`.
    pub(super) fn of(day: i64, newest: i64, days: u32) -> Self {
        let days = i64::from(days.max(1));
        let back = newest.saturating_sub(day).div_euclid(days);
        let end = newest.saturating_add(1).saturating_sub(back.saturating_mul(days));
        let start = |day: i64| Timestamp::from_micros(day.saturating_mul(DAY_US));
        Self { from: start(end.saturating_sub(days)), to: start(end) }
    }
}

/// How one version of an agent performed on one task type in one period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PerformanceRecord {
    /// The hub.
    pub hub: HubId,
    /// Which agent.
    pub agent: AgentId,
    /// Its slug, or its id where no registration is known.
    pub slug: String,
    /// In which version.
    pub agent_version: u32,
    /// On which work; writing a synthesis is work of the type `synthesis`.
    pub task_type: TaskType,
    /// In which period.
    pub period: Span,
    /// What it proposed, and what people decided in this period.
    pub proposals: Proposals,
    /// How sure its proposals said they were, on average.
    pub mean_confidence: Option<f64>,
    /// Work of its that reviews judged.
    pub judged: u32,
    /// Of that, judged right.
    pub right: u32,
    /// The share judged right.
    pub acceptance: Option<f64>,
    /// Between which bounds that share lies (Wilson, 95 %).
    pub acceptance_interval: Option<Interval>,
    /// Brier's score of what it said of its confidence: 0 is best.
    pub brier: Option<f64>,
    /// Mean confidence less share of rights: above 0 it is surer than it is right.
    pub bias: Option<f64>,
    /// Pearson's correlation of confidence and judgement; none where it is undefined.
    pub correlation: Option<Correlation>,
    /// The expected calibration error; none below 100 judgements.
    pub calibration_error: Option<f64>,
    /// How answers fared by their confidence.
    pub reliability: Vec<ReliabilityBin>,
    /// Calls that came back with an answer.
    pub answered: u32,
    /// Calls that did not.
    pub failed: u32,
    /// How long a call took on average, in microseconds.
    pub mean_latency_us: Option<f64>,
    /// How long the slowest took, in microseconds.
    pub slowest_us: Option<u64>,
    /// Input tokens, where the provider said.
    pub tokens_in: Tokens,
    /// Output tokens, where the provider said.
    pub tokens_out: Tokens,
    /// Calls for which the provider did not say.
    pub usage_unknown: u32,
    /// What its calls were charged, in tokens, the worst case where nothing is known.
    pub charged_tokens: Tokens,
    /// What its calls were charged, in micro-dollars.
    pub cost: MicroUsd,
}

/// What became of proposals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Proposals {
    /// Made in the period.
    pub generated: u32,
    /// Accepted in the period, whenever made.
    pub accepted: u32,
    /// Rejected in the period.
    pub rejected: u32,
    /// Revised in the period.
    pub revised: u32,
}

impl PerformanceRecord {
    /// By what records are ordered.
    pub(super) fn order(&self) -> impl Ord + '_ {
        let whose = (&self.hub, &self.slug, self.agent, self.agent_version, &self.task_type);
        (whose, std::cmp::Reverse(self.period))
    }
}

impl Whose {
    pub(super) fn record(&self, slug: &str, period: Span, work: &Work) -> PerformanceRecord {
        let calibration = work.tally.calibration();
        let mean = |sum: f64, count: u32| (count > 0).then(|| sum / f64::from(count));
        PerformanceRecord {
            hub: self.hub.clone(),
            agent: self.agent,
            slug: slug.to_owned(),
            agent_version: self.version,
            task_type: self.task_type.clone(),
            period,
            proposals: Proposals {
                generated: work.proposed,
                accepted: work.accepted,
                rejected: work.rejected,
                revised: work.revised,
            },
            mean_confidence: mean(real(work.confidence) / MILLION, work.told),
            judged: work.tally.judged(),
            right: work.tally.right(),
            acceptance: work.tally.acceptance(),
            acceptance_interval: work.tally.interval(),
            brier: calibration.brier(),
            bias: calibration.bias(),
            correlation: calibration.correlation(),
            calibration_error: calibration.expected_error(),
            reliability: calibration.bins().collect(),
            answered: work.answered,
            failed: work.failed,
            mean_latency_us: mean(real(work.latency_us), work.timed),
            slowest_us: (work.timed > 0).then_some(work.slowest_us),
            tokens_in: work.tokens_in,
            tokens_out: work.tokens_out,
            usage_unknown: work.untold,
            charged_tokens: work.charged.tokens,
            cost: work.charged.money,
        }
    }
}
