//! Calls of agents' models.

use serde::{Deserialize, Serialize};

use super::{Billed, PolicyRef, ProviderName, Recourse, Recovery, Verb, enumeration};
use crate::upcast::Upcast;
use crate::{
    AgentId, ArtifactType, CollectiveId, Confidence, DecisionId, DelegationId, EndpointId,
    InvocationId, Key, MicroUsd, ModelName, ReservationId, TaskId, Timestamp, Tokens, UpstreamName,
};

enumeration! {
    /// What an agent is called for.
    Purpose "purpose" {
        /// To say what a task is.
        Triage = "triage",
        /// To contribute to a collective.
        Contribution = "contribution",
        /// To put a collective's contributions together.
        Synthesis = "synthesis",
        /// To do what another agent handed over.
        Delegation = "delegation",
        /// To help agents that are stuck, in conflict, out of their depth, or done.
        Mediation = "mediation",
        /// To act beside answering: nobody is called for it.
        Action = "action",
        /// To answer a task alone; the answer is a proposal.
        Answer = "answer",
        /// To say which of a collective's recommendations mean the same.
        Judgement = "judgement",
        /// To choose among the recommendations of a collective that does not agree.
        Arbitration = "arbitration",
    }
}

/// A call is about to be sent: the intent, written with its reservation in one append.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvocationStarted {
    /// Which call.
    pub invocation: InvocationId,
    /// On which task.
    pub task: TaskId,
    /// For which collective, if for one.
    pub collective: Option<CollectiveId>,
    /// For which delegation, if for one.
    pub delegation: Option<DelegationId>,
    /// What for.
    pub purpose: Purpose,
    /// Which try, from 1.
    pub attempt: u32,
    /// The try whose answer this one is to mend, if it is to mend one: it is told what was wrong.
    pub mends: Option<u32>,
    /// The call that failed and that this one is sent instead of, if of one.
    pub instead_of: Option<InvocationId>,
    /// Whom.
    pub agent: AgentId,
    /// In which version.
    pub agent_version: u32,
    /// Who serves the model.
    pub provider: ProviderName,
    /// Which model.
    pub model: ModelName,
    /// Where: what a breaker stands in front of.
    pub endpoint: EndpointId,
    /// The recorded decision that lets it be sent.
    pub decision: DecisionId,
    /// What governance was asked to allow.
    pub verb: Verb,
    /// With what.
    pub artifact: ArtifactType,
    /// The policy that allowed it; none where the hub permits by default.
    pub granted_by: Option<PolicyRef>,
    /// What was set aside for it.
    pub reservation: ReservationId,
    /// The most it may put out.
    pub max_output: Tokens,
    /// When it is given up.
    pub deadline: Timestamp,
}

/// What a call used, as its provider said; what it did not say is unknown, never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// All input tokens, cached ones included.
    pub input: Option<Tokens>,
    /// Of these, read from a cache.
    pub cached: Option<Tokens>,
    /// Of these, written to a cache.
    pub cache_write: Option<Tokens>,
    /// All output tokens, reasoning included.
    pub output: Option<Tokens>,
    /// Of these, reasoning.
    pub reasoning: Option<Tokens>,
    /// The cost, where the provider says it.
    pub cost: Option<MicroUsd>,
}

impl Usage {
    /// Input and output together, where both are known.
    pub fn total(&self) -> Option<Tokens> {
        Some(self.input?.plus(self.output?))
    }
}

enumeration! {
    /// Why a model stopped.
    FinishReason "finish reason" {
        /// It was done.
        Stop = "stop",
        /// It reached its bound on output.
        Length = "length",
        /// It asks for tools.
        ToolCalls = "tool_calls",
        /// Its provider withheld the rest.
        ContentFilter = "content_filter",
        /// Something else.
        Other = "other",
    }
}

/// A call came back with an answer of the shape asked for. Text: `content`, as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvocationAnswered {
    /// Which call.
    pub invocation: InvocationId,
    /// Which try.
    pub attempt: u32,
    /// Who really answered.
    pub provider: ProviderName,
    /// Which model really answered.
    pub model: ModelName,
    /// To whom the provider passed the call on, where it says so.
    pub upstream: Option<UpstreamName>,
    /// Why it stopped.
    pub finish: FinishReason,
    /// What it used.
    pub usage: Usage,
    /// What it recommends, in canonical form.
    pub key: Key,
    /// How sure it says it is.
    pub confidence: Option<Confidence>,
    /// From sending to answer, in microseconds.
    pub latency_us: u64,
}

enumeration! {
    /// Why a call has no answer, and whether the same call may succeed later.
    FailureClass "failure class" {
        /// The provider could not be reached, or broke off. Retry.
        Unavailable = "unavailable",
        /// The provider does not let us in, or no key is configured. No retry.
        Auth = "auth",
        /// The provider wants money first. No retry.
        Billing = "billing",
        /// The provider or its policy refused the content. No retry.
        Refused = "refused",
        /// The answer has not the shape asked for. No retry of the same call.
        Malformed = "malformed",
        /// The deadline passed. No retry.
        Timeout = "timeout",
        /// It was called off. No retry.
        Cancelled = "cancelled",
        /// The process ended during the call, and the provider cannot be asked twice. No retry.
        InDoubt = "in_doubt",
        /// No provider of this name is configured. No retry.
        NoProvider = "no_provider",
        /// The provider's code panicked. No retry.
        Panicked = "panicked",
        /// A limit on requests or tokens per time was reached. Retry, not before the provider says.
        RateLimited = "rate_limited",
        /// The provider is too busy, or still starts. Retry, not before the provider says.
        Overloaded = "overloaded",
        /// A limit that no short wait lifts was reached, such as one per day. No retry.
        Quota = "quota",
        /// The provider does not take the request as it is. No retry.
        InvalidRequest = "invalid_request",
        /// The provider serves no such model, or none that can do what is asked. No retry.
        NoModel = "no_model",
        /// The bound on output was reached before there was an answer. No retry.
        Truncated = "truncated",
        /// It was not sent: what let it be sent no longer holds. No retry.
        Withheld = "withheld",
        /// It was not sent: the breaker in front of its endpoint is open. Retry, not before that
        /// is tried again.
        BreakerOpen = "breaker_open",
    }
}

/// What the hub decided to do about a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterFailure {
    /// Nothing: the call has ended.
    Stop,
    /// The same agent is asked once more.
    Again {
        /// Not before this moment.
        at: Timestamp,
        /// From what is set aside here: the same as before where the failed try is known not to be
        /// billed, else anew.
        reservation: ReservationId,
        /// Whether it is told what was wrong with its answer.
        mend: bool,
    },
    /// The call has ended, and the next candidate of its decision is asked instead.
    FallBack {
        /// In this call.
        invocation: InvocationId,
    },
}

impl AfterFailure {
    /// Whether the call that failed has ended for good.
    pub const fn ends_call(self) -> bool {
        !matches!(self, Self::Again { .. })
    }
}

/// A try of a call ended without a usable answer, or was not sent after all. Texts: `reason`,
/// `content` if anything came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvocationFailed {
    /// Which call.
    pub invocation: InvocationId,
    /// Which try.
    pub attempt: u32,
    /// Why.
    pub class: FailureClass,
    /// What it used all the same.
    pub usage: Usage,
    /// From sending to failure, in microseconds, where that was measured.
    pub latency_us: Option<u64>,
    /// Whether its provider may ask money for it.
    pub billed: Billed,
    /// How long to wait at least before another try may succeed, in milliseconds; none where no
    /// other try can.
    pub retry_after_ms: Option<u64>,
    /// What is done about it.
    pub then: AfterFailure,
}

/// [`InvocationFailed`] as version 1 had it, which did not say how long the call had taken, and was always
/// the end of it.
#[derive(Deserialize)]
pub(super) struct InvocationFailedV1 {
    invocation: InvocationId,
    attempt: u32,
    class: FailureClass,
    usage: Usage,
}

impl Upcast<InvocationFailed> for InvocationFailedV1 {
    fn upcast(self) -> InvocationFailed {
        let Self { invocation, attempt, class, usage } = self;
        InvocationFailed {
            invocation,
            attempt,
            class,
            usage,
            latency_us: None,
            billed: Billed::Unknown,
            retry_after_ms: None,
            then: AfterFailure::Stop,
        }
    }
}

/// A call was in flight when the process ended, or waits for a person since: what became of it, as
/// far as can be told, and what is done about it. Text: `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvocationRecovered {
    /// Which call.
    pub invocation: InvocationId,
    /// Which try.
    pub attempt: u32,
    /// What became of it.
    pub found: Recovery,
    /// What is done about it.
    pub then: Recourse,
}

/// An outcome came after its call had ended otherwise: kept, fenced, and charged where it exceeds.
/// Text: `content`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeArrivedLate {
    /// Which call.
    pub invocation: InvocationId,
    /// Which try.
    pub attempt: u32,
    /// What it used.
    pub usage: Usage,
}
