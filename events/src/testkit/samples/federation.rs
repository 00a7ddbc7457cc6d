//! Samples of what a federation is: hub, agents, policies and budgets.

use crate::testkit::{NOON, word};
use crate::{
    AccountClosed, AccountId, AccountLimitsSet, AccountOpened, AccountReopened, AgentDeactivated,
    AgentId, AgentProfile, AgentReactivated, AgentRegistered, AgentRevised, Amount, AttemptBlocked,
    BlockReason, DecisionId, Digest, EndpointId, Event, GovernanceDefault, GovernanceDefaultSet,
    GovernancePolicySet, HeldFor, HubOpened, InvocationId, Limits, MediaType, MicroUsd,
    OverrunCharged, Period, PolicyId, PolicyRef, PriceSet, Principal, ProviderName, Purpose, Rate,
    ReservationId, Reserved, Role, RoleGranted, RoleWithdrawn, Settled, Settlement, TaskId,
    TaskTypeRegistered, TextName, Texts, Tier, Tokens, TrustLevel, Verb,
};

pub(super) fn samples() -> Vec<(Event, Texts)> {
    let mut samples = hub();
    samples.extend(registry());
    samples.extend(governance());
    samples.extend(super::routing::samples());
    samples.extend(budget());
    samples
}

pub(super) fn agent() -> AgentId {
    AgentId::derive(&["sample"])
}

pub(super) fn policy() -> PolicyRef {
    PolicyRef { id: PolicyId::derive(&["sample"]), version: 3 }
}

pub(super) fn account() -> AccountId {
    AccountId::derive(&["sample"])
}

pub(super) fn reservation() -> ReservationId {
    ReservationId::derive(&["sample"])
}

pub(super) fn invocation() -> InvocationId {
    InvocationId::derive(&["sample"])
}

pub(super) fn decision() -> DecisionId {
    DecisionId::derive(&["sample"])
}

pub(super) fn endpoint() -> EndpointId {
    EndpointId::derive(&["sample"])
}

pub(super) fn task() -> TaskId {
    TaskId::derive(&["sample"])
}

pub(super) fn reason() -> Texts {
    Texts::none().with(TextName::REASON, "because it is a sample – naïvely so")
}

pub(super) fn by_ada() -> Texts {
    Texts::none().with(TextName::PRINCIPAL, "Ada Lovelace")
}

const fn amount(tokens: u64, money: u64) -> Amount {
    Amount { tokens: Tokens::new(tokens), money: MicroUsd::new(money) }
}

fn hub() -> Vec<(Event, Texts)> {
    let principal = || Principal::person(&word("samples"), "Ada");
    vec![
        (
            HubOpened { account: account() }.into(),
            by_ada().with(TextName::NAME, "Engineering intake"),
        ),
        (RoleGranted { principal: principal(), role: Role::Reviewer }.into(), by_ada()),
        (RoleWithdrawn { principal: principal(), role: Role::Operator }.into(), by_ada()),
    ]
}

fn profile() -> AgentProfile {
    AgentProfile {
        slug: word("forge"),
        provider: ProviderName::Host(word("in-house")),
        model: word("vendor/model-4.1 (preview)"),
        family: word("model"),
        trust: TrustLevel::Elevated,
        tier: Tier::T2,
        capabilities: vec![word("write code"), word("review")],
        keywords: vec![word("rust"), word("sql")],
        rate: Rate::new(40),
        endpoint: endpoint(),
        prompt_bytes: 1_200,
        texts: Digest::of(b"all texts"),
    }
}

fn registry() -> Vec<(Event, Texts)> {
    let texts = || {
        by_ada()
            .with(TextName::NAME, "Forge")
            .with(TextName::DESCRIPTION, "writes code")
            .with(TextName::SYSTEM_PROMPT, "You write code.\nNothing else.")
            .with(TextName::BASE_URL, "https://models.example/v1")
            .with_media(TextName::SETTINGS, MediaType::Json, r#"{"temperature":0}"#)
    };
    let task_type =
        TaskTypeRegistered { task_type: word("release_notes"), artifact: word("document") };
    vec![
        (AgentRegistered { agent: agent(), profile: profile() }.into(), texts()),
        (AgentRevised { agent: agent(), version: 2, profile: profile() }.into(), texts()),
        (AgentDeactivated { agent: agent() }.into(), reason()),
        (AgentReactivated { agent: agent() }.into(), reason()),
        (task_type.into(), by_ada()),
    ]
}

fn governance() -> Vec<(Event, Texts)> {
    let set = GovernancePolicySet {
        policy: policy(),
        agent: agent(),
        artifact: word("implementation"),
        verbs: [Verb::Read, Verb::Propose].into(),
        reviewers: 2,
        active: true,
    };
    let blocked = AttemptBlocked {
        agent: agent(),
        agent_version: 2,
        task: task(),
        purpose: Purpose::Contribution,
        verb: Verb::Propose,
        artifact: word("policy"),
        because: BlockReason::BeyondTrust { policy: Some(policy()), trust: TrustLevel::Advisory },
    };
    vec![
        (GovernanceDefaultSet { default: GovernanceDefault::Permit }.into(), by_ada()),
        (set.into(), by_ada()),
        (blocked.into(), reason()),
    ]
}

fn budget() -> Vec<(Event, Texts)> {
    let limits = Limits {
        tokens: Some(Tokens::new(50_000)),
        money: Some(MicroUsd::new(1_000_000)),
        period: Period::Month,
    };
    let price = PriceSet {
        provider: ProviderName::OpenRouter,
        model: word("vendor/model-4.1"),
        input: MicroUsd::new(150_000),
        cached: MicroUsd::new(15_000),
        output: MicroUsd::new(600_000),
        from: NOON,
    };
    let parent = Some(AccountId::derive(&["parent"]));
    let (reservation, account) = (reservation(), account());
    let held_for = HeldFor::Call(invocation());
    let funded_by = Some(reservation);
    let settled = Settled {
        reservation,
        held_for,
        account,
        settlement: Settlement::Exceeded,
        charged: amount(300, 400),
        uncertain: amount(100, 200),
        overrun: amount(20, 30),
    };
    let overrun =
        OverrunCharged { reservation, held_for, account, since: NOON, overrun: amount(1, 2) };
    vec![
        (price.into(), by_ada()),
        (AccountOpened { account, parent, limits, funded_by }.into(), by_ada()),
        (AccountLimitsSet { account, limits }.into(), by_ada()),
        (AccountClosed { account }.into(), reason()),
        (AccountReopened { account }.into(), reason()),
        (Reserved { reservation, held_for, account, amount: amount(300, 400) }.into(), reason()),
        (settled.into(), reason()),
        (overrun.into(), reason()),
    ]
}
