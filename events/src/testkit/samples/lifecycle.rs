//! Samples of the governed life of an agent on a task.

use std::collections::BTreeSet;

use super::federation::{agent, reason, task};
use crate::testkit::{NOON, word};
use crate::{
    AgentReinstated, AgentRevoked, AgentStuck, ArtifactHandedIn, Digest, ErrorBudget,
    ErrorReported, Event, HandedIn, HandoffId, HandoffOpened, LeaseEnd, LeaseEnded, LeaseId,
    LeaseIssued, LeaseRenewed, LifecycleRules, LifecycleRulesSet, Met, PacketId, PacketIssued,
    PermissionUsed, Phase, PhaseEntered, PlanDecided, PlanDecision, PlanHandedIn,
    ProcedureViolated, PromotionDue, RevocationReason, StepTaken, TextName, Texts, Tier,
    TierChanged, TierEvidence, TierRules, Trial, UseApproved, Violation,
};

fn lease() -> LeaseId {
    LeaseId::derive(&["sample"])
}

fn packet() -> PacketId {
    PacketId::derive(&["sample"])
}

fn handoff() -> HandoffId {
    HandoffId::derive(&["sample"])
}

fn note() -> Texts {
    Texts::none().with(TextName::NOTE, "as agreed")
}

fn content() -> Texts {
    Texts::none().with(TextName::CONTENT, "first this, then that")
}

pub(super) fn samples() -> Vec<(Event, Texts)> {
    let mut samples = vec![rules()];
    samples.extend(leases());
    samples.extend(work());
    samples.extend(ends());
    samples.extend(tiers());
    samples
}

fn rules() -> (Event, Texts) {
    let tier = TierRules {
        tier: Tier::T1,
        permissions: BTreeSet::from([word("read"), word("sandbox")]),
        lease_ms: 1_800_000,
        approve_each_use: true,
    };
    let trial = Trial { task_type: word("implementation"), borne: 50_000, unborne: 200_000 };
    let rules = LifecycleRules {
        tiers: vec![tier],
        budget: ErrorBudget { errors: 8, repeats: 2, violations: 1 },
        plans_need_a_person: true,
        gate: 920_000,
        trials: vec![trial],
    };
    (LifecycleRulesSet { rules }.into(), reason())
}

fn leases() -> Vec<(Event, Texts)> {
    let (lease, packet, task, agent, agent_version) = (lease(), packet(), task(), agent(), 2);
    let (task_type, tier, expires) = (word("implementation"), Tier::T2, NOON);
    let issued = PacketIssued {
        packet,
        task,
        agent,
        agent_version,
        task_type,
        tier,
        steps: vec![word("run-tests")],
        artifacts: vec![word("patch")],
        forbidden: BTreeSet::from([word("staging")]),
        budget: ErrorBudget::default(),
        continues: Some(handoff()),
    };
    let texts = Texts::none()
        .with(TextName::OBJECTIVE, "no more crashes")
        .with(TextName::DELIVERABLES, "a patch")
        .with(TextName::SCOPE, "the parser")
        .with(TextName::CRITERIA, "the tests pass")
        .with(TextName::ESCALATION, "ask when the format would change")
        .with(TextName::CREATED_FOR, "Grace Hopper");
    let epoch = 3;
    let leased = LeaseIssued { lease, packet, task, agent, agent_version, tier, epoch, expires };
    let ended = LeaseEnded {
        lease,
        task,
        agent,
        agent_version,
        task_type: word("implementation"),
        tier,
        because: LeaseEnd::Revoked,
        compliant: true,
    };
    vec![
        (issued.into(), texts),
        (leased.into(), note()),
        (LeaseRenewed { lease, expires }.into(), note()),
        (ended.into(), reason()),
    ]
}

fn work() -> Vec<(Event, Texts)> {
    let (lease, task, agent, plan) = (lease(), task(), agent(), Digest::of(b"plan"));
    let permission = word::<crate::Permission>("sandbox");
    let handed = ArtifactHandedIn { lease, artifact: word("patch"), content: plan };
    let approved = UseApproved { lease, permission: permission.clone() };
    let used = PermissionUsed { lease, permission };
    let fingerprint = Digest::of(b"connection refused");
    let error = ErrorReported { lease, class: word("connection-refused"), fingerprint };
    let violation = Violation::PhaseSkipped { from: Phase::Preflight, to: Phase::Execute };
    let violated = ProcedureViolated { lease, task, agent, violation };
    let evidence = Texts::none().with(TextName::EVIDENCE, "it asked for EXECUTE without a plan");
    vec![
        (PhaseEntered { lease, task, agent, phase: Phase::Preflight }.into(), note()),
        (StepTaken { lease, step: word("run-tests") }.into(), note()),
        (PlanHandedIn { lease, plan }.into(), content()),
        (PlanDecided { lease, plan, decision: PlanDecision::Approved }.into(), note()),
        (handed.into(), content()),
        (approved.into(), reason()),
        (used.into(), note()),
        (error.into(), reason()),
        (violated.into(), evidence),
        (AgentStuck { lease, task, agent, silent_ms: 30_001 }.into(), reason()),
    ]
}

fn ends() -> Vec<(Event, Texts)> {
    let because =
        RevocationReason::SameError { class: word("connection-refused"), count: 2, limit: 2 };
    let revoked = AgentRevoked {
        agent: agent(),
        agent_version: 2,
        epoch: 3,
        lease: Some(lease()),
        because: because.clone(),
    };
    let handoff = HandoffOpened {
        handoff: handoff(),
        task: task(),
        from: agent(),
        packet: packet(),
        lease: lease(),
        because: Some(because),
        phase: Phase::Execute,
        step: Some(word("run-tests")),
        tried: vec![word("run-tests")],
        errors: vec![Met { class: word("connection-refused"), count: 3 }],
        steps: vec![word("review")],
        missing: vec![word("changelog")],
        forbidden: BTreeSet::from([word("staging")]),
        artifacts: vec![HandedIn { artifact: word("patch"), content: Digest::of(b"patch") }],
        plan: Some(Digest::of(b"plan")),
    };
    let texts = reason()
        .with(TextName::TRIED, "ran the tests against staging")
        .with(TextName::BLOCKING, "connection refused")
        .with(TextName::NEXT, "review it; hand in the changelog");
    vec![
        (revoked.into(), reason()),
        (AgentReinstated { agent: agent(), epoch: 4 }.into(), reason()),
        (handoff.into(), texts),
    ]
}

fn tiers() -> Vec<(Event, Texts)> {
    let (agent, agent_version) = (agent(), 2);
    let task_type = word::<crate::TaskType>("implementation");
    let evidence =
        TierEvidence::Conduct { runs: 120, compliant: 119, bound: 947_113, gate: 920_000 };
    let due =
        PromotionDue { agent, agent_version, task_type: task_type.clone(), to: Tier::T3, evidence };
    let evidence = TierEvidence::Failures { runs: 40, compliant: 31, suspicion: 5_300_000 };
    let (from, to) = (Tier::T2, Tier::T1);
    let changed = TierChanged { agent, agent_version, task_type, from, to, evidence };
    vec![(due.into(), reason()), (changed.into(), reason())]
}
