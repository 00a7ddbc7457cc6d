//! One agent's call in a collective: what was tried, what came back, what it cost.

use convoke_events::{
    Amount, Confidence, FailureClass, FinishReason, InvocationEvent, InvocationId, Key, ModelName,
    Position, ProviderName, Recorded, TextName, Timestamp, Tokens, Usage,
};
use serde::{Deserialize, Serialize};

use crate::names::text;

/// A call and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its id.
    pub invocation: InvocationId,
    /// How often it was sent; 0 if never.
    pub attempts: u32,
    /// What came back, if it is usable.
    pub answer: Option<Answer>,
    /// Why nothing usable came back, at the newest attempt.
    pub failure: Option<Failure>,
    /// What a late outcome says it used, where one came after the call had ended otherwise.
    pub late: Option<Usage>,
    /// What was set aside for it, all its attempts together.
    pub held: Amount,
    /// What was charged for all its attempts.
    pub charged: Amount,
    /// What was used beyond what had been set aside.
    pub overrun: Amount,
}

/// What an agent answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What it recommends.
    pub key: Key,
    /// How sure it says it is.
    pub confidence: Option<Confidence>,
    /// What it says, as it came.
    pub content: String,
    /// Input tokens, where the provider said.
    pub tokens_in: Option<Tokens>,
    /// Output tokens, where the provider said.
    pub tokens_out: Option<Tokens>,
    /// Who really answered.
    pub provider: ProviderName,
    /// Which model really answered.
    pub model: ModelName,
    /// Why it stopped.
    pub finish: FinishReason,
    /// From sending to answer, in microseconds.
    pub latency_us: u64,
    /// The event that records it.
    pub position: Position,
    /// When it came.
    pub at: Timestamp,
}

/// Why a call has no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure it is.
    pub class: FailureClass,
    /// What the provider or the runtime said.
    pub reason: Option<String>,
    /// The event that records it.
    pub position: Position,
    /// When it ended.
    pub at: Timestamp,
}

impl Call {
    pub(crate) const fn planned(invocation: InvocationId) -> Self {
        Self {
            invocation,
            attempts: 0,
            answer: None,
            failure: None,
            late: None,
            held: Amount::ZERO,
            charged: Amount::ZERO,
            overrun: Amount::ZERO,
        }
    }

    /// All that it cost, overruns included.
    pub const fn spent(&self) -> Amount {
        self.charged.plus(self.overrun)
    }

    pub(crate) fn charge(&mut self, charged: Amount, overrun: Amount) {
        self.charged = self.charged.plus(charged);
        self.overrun = self.overrun.plus(overrun);
    }

    pub(crate) fn fold(&mut self, recorded: &Recorded, event: &InvocationEvent) {
        let (position, at) = (recorded.envelope.position, recorded.envelope.decided_at);
        match event {
            InvocationEvent::InvocationStarted(facts) => {
                self.attempts = self.attempts.max(facts.attempt);
                self.failure = None;
            }
            InvocationEvent::InvocationAnswered(facts) => {
                self.failure = None;
                self.answer = Some(Answer {
                    key: facts.key.clone(),
                    confidence: facts.confidence,
                    content: text(recorded, &TextName::CONTENT).unwrap_or_default(),
                    tokens_in: facts.usage.input,
                    tokens_out: facts.usage.output,
                    provider: facts.provider.clone(),
                    model: facts.model.clone(),
                    finish: facts.finish,
                    latency_us: facts.latency_us,
                    position,
                    at,
                });
            }
            InvocationEvent::InvocationFailed(facts) => {
                let reason = text(recorded, &TextName::REASON);
                self.failure = Some(Failure { class: facts.class, reason, position, at });
            }
            InvocationEvent::OutcomeArrivedLate(facts) => self.late = Some(facts.usage),
            InvocationEvent::InvocationRecovered(_) => {}
        }
    }
}
