//! A hub with four agents, and the ways a task can go in it.

use std::collections::BTreeSet;

use convoke_events::*;

use super::history::*;

pub(super) const RULES: TaskRules = TaskRules {
    deadline_ms: 60_000,
    max_output: Tokens::new(200),
    min_contributions: 2,
    one_failure_fails_all: false,
    quorum: None,
    allowed: Vec::new(),
};

pub(super) fn profile(slug: &str, family: &str) -> AgentProfile {
    AgentProfile {
        slug: word(slug),
        provider: ProviderName::Rules,
        model: word("rules-1"),
        family: word(family),
        trust: TrustLevel::Advisory,
        tier: Tier::T0,
        capabilities: vec![word("code")],
        keywords: vec![word("crash")],
        rate: Rate::new(40),
        endpoint: EndpointId::derive(&[slug]),
        prompt_bytes: 12,
        texts: Digest::of(slug.as_bytes()),
    }
}

/// A call's only try has failed, and nothing is done about it.
pub(super) fn call_failed(
    invocation: InvocationId,
    class: FailureClass,
    usage: Usage,
) -> InvocationFailed {
    InvocationFailed {
        invocation,
        attempt: 1,
        class,
        usage,
        latency_us: None,
        billed: Billed::Unknown,
        retry_after_ms: None,
        then: AfterFailure::Stop,
    }
}

/// The hub, its account, four agents, their policies and a price.
pub(super) fn opened() -> History {
    opened_within(Log::in_memory())
}

/// The same in this log, which is empty.
pub(super) fn opened_within(log: Log) -> History {
    let mut history = History::within(log);
    history.by_person("Ada");
    let name = Texts::none().with(TextName::NAME, "Engineering intake");
    history.add(HubOpened { account: account("hub") }, name);
    let limits = Limits { tokens: Some(Tokens::new(100_000)), ..Limits::default() };
    let (account, parent, funded_by) = (account("hub"), None, None);
    history.add(AccountOpened { account, parent, limits, funded_by }, Texts::none());
    for slug in ["scout", "forge", "mace", "helm"] {
        let texts = Texts::none()
            .with(TextName::NAME, slug.to_uppercase())
            .with(TextName::DESCRIPTION, "does its part")
            .with(TextName::SYSTEM_PROMPT, "be brief");
        let profile = profile(slug, slug);
        history.add(AgentRegistered { agent: agent(slug), profile }, texts);
        let policy = policy(&format!("propose {slug}"));
        let verbs = BTreeSet::from([Verb::Read, Verb::Propose]);
        let artifact = word("implementation");
        let set = GovernancePolicySet {
            policy,
            agent: agent(slug),
            artifact,
            verbs,
            reviewers: 1,
            active: true,
        };
        history.add(set, Texts::none());
    }
    for (slug, priority) in [("forge", 1), ("mace", 2), ("helm", 3)] {
        let policy = policy(&format!("route {slug}"));
        let task_type = word("implementation");
        let set =
            RoutingPolicySet { policy, task_type, agent: agent(slug), priority, active: true };
        history.add(set, Texts::none());
    }
    history.by_runtime();
    history
}

pub(super) fn submit(history: &mut History, name: &str) {
    let submitted = TaskSubmitted {
        task: task(name),
        account: account(name),
        plan: TaskPlan::Triage {
            task_type: word("triage"),
            escalate: vec![Escalation { on: word("bug"), to: word("implementation") }],
            rules: RULES,
        },
        content: Digest::of(name.as_bytes()),
        content_bytes: 40,
    };
    let texts = Texts::none()
        .with(TextName::NAME, name)
        .with(TextName::TITLE, format!("{name} crashes"))
        .with(TextName::BODY, "It panics.\nEvery time.")
        .with(TextName::SOURCE, "support");
    history.by_person("Ada");
    history.on(name, submitted, texts);
    history.by_runtime();
    let (tokens, money) = (Some(Tokens::new(5_000)), Some(MicroUsd::new(20_000)));
    let limits = Limits { tokens, money, ..Limits::default() };
    let (account, parent, funded_by) = (account(name), Some(account("hub")), None);
    history.on(name, AccountOpened { account, parent, limits, funded_by }, Texts::none());
}

pub(super) fn decide(
    history: &mut History,
    name: &str,
    purpose: Purpose,
    slugs: &[(&str, CandidateStanding)],
) -> DecisionId {
    let decision = DecisionId::derive(&[name, purpose.as_str()]);
    let candidates = slugs.iter().zip(1..).map(|((slug, standing), priority)| Candidate {
        agent: agent(slug),
        agent_version: 1,
        policy: Some(policy(&format!("route {slug}"))),
        priority,
        standing: *standing,
        scored: None,
    });
    let eligible = slugs.iter().filter(|(_, standing)| *standing == CandidateStanding::Eligible);
    let decided = RoutingDecided {
        decision,
        task: task(name),
        purpose,
        task_type: word("implementation"),
        rule: word("by-policy"),
        rule_version: 1,
        most: None,
        rules_version: None,
        weights: None,
        evidence: None,
        candidates: candidates.collect(),
        more_pages: 0,
        selected: eligible.map(|(slug, _)| agent(slug)).collect(),
        rests_on: None,
        tie_break: TieBreak::Priority,
        seed: None,
    };
    history.on(name, decided, Texts::none().with(TextName::REASON, "all that may, by priority"));
    decision
}

pub(super) fn start(history: &mut History, name: &str, purpose: Purpose, slug: &str) {
    let (invocation, reservation) =
        (call(name, purpose.as_str(), slug), reservation(name, purpose.as_str(), slug));
    let started = InvocationStarted {
        invocation,
        task: task(name),
        collective: (purpose != Purpose::Triage).then(|| collective(name)),
        delegation: None,
        purpose,
        attempt: 1,
        mends: None,
        instead_of: None,
        endpoint: EndpointId::derive(&["rules"]),
        agent: agent(slug),
        agent_version: 1,
        provider: ProviderName::Rules,
        model: word("rules-1"),
        decision: DecisionId::derive(&[name, purpose.as_str()]),
        verb: Verb::Propose,
        artifact: word("implementation"),
        granted_by: Some(policy(&format!("propose {slug}"))),
        reservation,
        max_output: Tokens::new(200),
        deadline: history.now(),
    };
    history.on(name, started, Texts::none());
    let (account, amount) = (account(name), tokens(412));
    let held_for = HeldFor::Call(invocation);
    history.on(name, Reserved { reservation, held_for, account, amount }, Texts::none());
}

pub(super) fn settle(
    history: &mut History,
    name: &str,
    purpose: Purpose,
    slug: &str,
    settlement: Settlement,
    (charged, overrun): (u64, u64),
) {
    let settled = Settled {
        reservation: reservation(name, purpose.as_str(), slug),
        held_for: HeldFor::Call(call(name, purpose.as_str(), slug)),
        account: account(name),
        settlement,
        charged: tokens(charged),
        uncertain: tokens(if settlement == Settlement::Unknown { charged } else { 0 }),
        overrun: tokens(overrun),
    };
    history.on(name, settled, Texts::none());
}

pub(super) fn answer(history: &mut History, name: &str, purpose: Purpose, slug: &str, key: &str) {
    let answered = InvocationAnswered {
        invocation: call(name, purpose.as_str(), slug),
        attempt: 1,
        provider: ProviderName::Rules,
        model: word("rules-1"),
        upstream: None,
        finish: FinishReason::Stop,
        usage: Usage {
            input: Some(Tokens::new(200)),
            output: Some(Tokens::new(100)),
            ..Usage::default()
        },
        key: word(key),
        confidence: Confidence::new(0.9),
        latency_us: 1_500,
    };
    let content = format!(r#"{{"recommendation":"{key}","body":"{slug} says {key}\nbecause"}}"#);
    history.on(name, answered, Texts::none().with(TextName::CONTENT, content));
    settle(history, name, purpose, slug, Settlement::Confirmed, (300, 0));
    if purpose == Purpose::Contribution {
        let recorded = ContributionRecorded {
            collective: collective(name),
            agent: agent(slug),
            agent_version: 1,
            invocation: call(name, purpose.as_str(), slug),
            key: word(key),
            confidence: Confidence::new(0.9),
        };
        history.on(name, recorded, Texts::none());
    }
}

pub(super) fn collective(name: &str) -> CollectiveId {
    CollectiveId::derive(&[name])
}

pub(super) fn proposal(name: &str) -> ProposalId {
    ProposalId::derive(&[name])
}
