//! Samples of what a federation does: tasks, calls, collectives, proposals and the host's records.

use super::collectives::{self, collective};
use super::coordination;
use super::delegations::{self, delegation};
use super::federation::{
    account, agent, decision, endpoint, invocation, policy, reason, reservation, task,
};
use crate::testkit::{NOON, word};
use crate::{
    AfterFailure, Billed, BreakerClosed, BreakerHalfOpened, BreakerOpened, Conclusion, Confidence,
    Digest, Escalation, Event, FailureClass, FinishReason, InteractionRecorded, InvocationAnswered,
    InvocationFailed, InvocationId, InvocationRecovered, InvocationStarted, MediaType, MicroUsd,
    OutcomeArrivedLate, OutcomeRecorded, ProviderName, Purpose, Recourse, Recovery, RetryRules,
    RetryRulesSet, TaskConcluded, TaskOutcome, TaskPlan, TaskRules, TaskSubmitted, TextName, Texts,
    Tokens, Usage, Verb,
};

pub(super) fn samples() -> Vec<(Event, Texts)> {
    let mut samples = tasks();
    samples.extend(invocations());
    samples.extend(resilience());
    samples.extend(delegations::samples());
    samples.extend(collectives::samples());
    samples.extend(super::proposals::samples());
    samples.extend(coordination::samples());
    samples.extend(super::lifecycle::samples());
    samples.extend(host());
    samples
}

pub(super) fn rules() -> TaskRules {
    TaskRules {
        deadline_ms: 60_000,
        max_output: Tokens::new(200),
        min_contributions: 3,
        one_failure_fails_all: true,
        quorum: Some(4),
        allowed: vec![word("fix-it"), word("leave-it")],
    }
}

pub(super) fn confidence() -> Option<Confidence> {
    Confidence::from_millionths(875_000)
}

const USAGE: Usage = Usage {
    input: Some(Tokens::new(1_000)),
    cached: Some(Tokens::new(100)),
    cache_write: Some(Tokens::new(50)),
    output: Some(Tokens::new(300)),
    reasoning: Some(Tokens::new(70)),
    cost: Some(MicroUsd::new(1_234)),
};

pub(super) fn answer() -> Texts {
    let content = r#"{"recommendation":"fix it","body":"…","confidence":0.875}"#;
    Texts::none().with_media(TextName::CONTENT, MediaType::Json, content)
}

fn tasks() -> Vec<(Event, Texts)> {
    let submitted = TaskSubmitted {
        task: task(),
        account: account(),
        plan: TaskPlan::Triage {
            task_type: word("triage"),
            escalate: vec![Escalation { on: word("bug"), to: word("implementation") }],
            rules: rules(),
        },
        content: Digest::of(b"title, body and source"),
        content_bytes: 420,
    };
    let concluded = TaskConcluded {
        task: task(),
        outcome: TaskOutcome::Proposed,
        because: Conclusion::Consensus,
    };
    let texts = Texts::none()
        .with(TextName::TITLE, "it crashes")
        .with(TextName::BODY, "every time:\n- on start\n- on stop\n")
        .with(TextName::SOURCE, "support");
    vec![(submitted.into(), texts), (concluded.into(), reason())]
}

fn invocations() -> Vec<(Event, Texts)> {
    let (provider, invocation, attempt) = (ProviderName::Gemini, invocation(), 2);
    let started = InvocationStarted {
        invocation,
        task: task(),
        collective: Some(collective()),
        delegation: Some(delegation()),
        purpose: Purpose::Synthesis,
        attempt,
        mends: Some(1),
        instead_of: Some(InvocationId::derive(&["another"])),
        agent: agent(),
        agent_version: 2,
        provider: provider.clone(),
        model: word("gemini-x"),
        endpoint: endpoint(),
        decision: decision(),
        verb: Verb::Propose,
        artifact: word("synthesis"),
        granted_by: Some(policy()),
        reservation: reservation(),
        max_output: Tokens::new(200),
        deadline: NOON,
    };
    let answered = InvocationAnswered {
        invocation,
        attempt,
        provider,
        model: word("gemini-x-002"),
        upstream: Some(word("cloud-a")),
        finish: FinishReason::Length,
        usage: USAGE,
        key: word("fix-it"),
        confidence: confidence(),
        latency_us: 1_500_000,
    };
    let class = FailureClass::InDoubt;
    vec![
        (started.into(), reason()),
        (answered.into(), answer()),
        (
            InvocationFailed {
                invocation,
                attempt,
                class,
                usage: USAGE,
                latency_us: Some(1_234_567),
                billed: Billed::No,
                retry_after_ms: Some(2_000),
                then: AfterFailure::Again { at: NOON, reservation: reservation(), mend: true },
            }
            .into(),
            answer().with(TextName::REASON, "the process ended during the call"),
        ),
        (OutcomeArrivedLate { invocation, attempt, usage: USAGE }.into(), answer()),
        (
            InvocationRecovered {
                invocation,
                attempt,
                found: Recovery::InDoubt,
                then: Recourse::Person,
            }
            .into(),
            reason(),
        ),
    ]
}

fn resilience() -> Vec<(Event, Texts)> {
    let rules = RetryRules {
        max_attempts: 4,
        base_ms: 250,
        cap_ms: 60_000,
        breaker_failures: 6,
        breaker_open_ms: 45_000,
        per_agent: 8,
        per_provider: 32,
        in_doubt: Recourse::Person,
    };
    let opened = BreakerOpened {
        endpoint: endpoint(),
        provider: ProviderName::OpenAi,
        model: word("gpt-x"),
        failures: 6,
        until: NOON,
    };
    vec![
        (RetryRulesSet { rules }.into(), reason()),
        (opened.into(), reason()),
        (BreakerHalfOpened { endpoint: endpoint(), probe: invocation() }.into(), reason()),
        (BreakerClosed { endpoint: endpoint() }.into(), reason()),
    ]
}

fn host() -> Vec<(Event, Texts)> {
    let body = |json| Texts::none().with_media(TextName::BODY, MediaType::Json, json);
    vec![
        (InteractionRecorded {}.into(), body(r#"{"asked":"why?"}"#)),
        (OutcomeRecorded {}.into(), body(r#"{"merged":true}"#)),
    ]
}
