//! What was done on one record in some time: sums that can be put together.

use convoke_events::evidence::Tally;
use convoke_events::{Amount, Confidence, InvocationEvent, ReviewDecision, Tokens, Usage};
use serde::{Deserialize, Serialize};

/// Calls, proposals and judgements of some days, in whole numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Proposals made.
    pub proposed: u32,
    /// Of these and earlier ones, accepted as they stood.
    pub accepted: u32,
    /// Rejected.
    pub rejected: u32,
    /// Put in the reviewer's own words.
    pub revised: u32,
    /// Proposals that said how sure they were.
    pub told: u32,
    /// The sum of what they said, in millionths.
    pub confidence: u64,
    /// Calls that came back with an answer.
    pub answered: u32,
    /// Calls that did not.
    pub failed: u32,
    /// Calls of either kind whose time was measured.
    pub timed: u32,
    /// Their time in all, in microseconds.
    pub latency_us: u64,
    /// The longest of them, in microseconds.
    pub slowest_us: u64,
    /// Input tokens, where the provider said.
    pub tokens_in: Tokens,
    /// Output tokens, where the provider said.
    pub tokens_out: Tokens,
    /// Calls for which the provider did not say.
    pub untold: u32,
    /// What the calls were charged, overruns included.
    pub charged: Amount,
    /// What reviews said.
    pub tally: Tally,
}

impl Work {
    /// Takes in the end of a call.
    pub(super) fn called(&mut self, event: &InvocationEvent) {
        match event {
            InvocationEvent::InvocationStarted(_) | InvocationEvent::InvocationRecovered(_) => {}
            InvocationEvent::InvocationAnswered(facts) => {
                self.answered = self.answered.saturating_add(1);
                self.timed(Some(facts.latency_us));
                self.used(&facts.usage);
            }
            InvocationEvent::InvocationFailed(facts) => {
                self.failed = self.failed.saturating_add(1);
                self.timed(facts.latency_us);
                self.used(&facts.usage);
            }
            InvocationEvent::OutcomeArrivedLate(facts) => self.used(&facts.usage),
        }
    }

    fn timed(&mut self, latency_us: Option<u64>) {
        if let Some(latency_us) = latency_us {
            self.timed = self.timed.saturating_add(1);
            self.latency_us = self.latency_us.saturating_add(latency_us);
            self.slowest_us = self.slowest_us.max(latency_us);
        }
    }

    fn used(&mut self, usage: &Usage) {
        self.tokens_in = self.tokens_in.plus(usage.input.unwrap_or_default());
        self.tokens_out = self.tokens_out.plus(usage.output.unwrap_or_default());
        self.untold = self.untold.saturating_add(u32::from(usage.total().is_none()));
    }

    pub(super) fn proposed(&mut self, confidence: Option<Confidence>) {
        self.proposed = self.proposed.saturating_add(1);
        if let Some(confidence) = confidence {
            self.told = self.told.saturating_add(1);
            self.confidence = self.confidence.saturating_add(u64::from(confidence.millionths()));
        }
    }

    pub(super) fn reviewed(&mut self, decision: ReviewDecision) {
        let counter = match decision {
            ReviewDecision::Accepted => &mut self.accepted,
            ReviewDecision::Rejected => &mut self.rejected,
            ReviewDecision::Revised => &mut self.revised,
        };
        *counter = counter.saturating_add(1);
    }

    /// Takes in everything that another has taken in.
    pub fn absorb(&mut self, other: &Self) {
        let add = |mine: &mut u32, more: u32| *mine = mine.saturating_add(more);
        add(&mut self.proposed, other.proposed);
        add(&mut self.accepted, other.accepted);
        add(&mut self.rejected, other.rejected);
        add(&mut self.revised, other.revised);
        add(&mut self.told, other.told);
        add(&mut self.answered, other.answered);
        add(&mut self.failed, other.failed);
        add(&mut self.timed, other.timed);
        add(&mut self.untold, other.untold);
        self.confidence = self.confidence.saturating_add(other.confidence);
        self.latency_us = self.latency_us.saturating_add(other.latency_us);
        self.slowest_us = self.slowest_us.max(other.slowest_us);
        self.tokens_in = self.tokens_in.plus(other.tokens_in);
        self.tokens_out = self.tokens_out.plus(other.tokens_out);
        self.charged = self.charged.plus(other.charged);
        self.tally.absorb(&other.tally);
    }
}
