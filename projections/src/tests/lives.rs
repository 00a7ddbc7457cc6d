//! How agents live under leases, and what speaks for and against them.

use std::collections::BTreeSet;

use convoke_events::evidence::LOOKS;
use convoke_events::*;

use super::federation::*;
use super::history::*;
use crate::lifecycle::HandoffStanding;
use crate::trust::{Evidence, Missing};
use crate::*;

fn lease(name: &str) -> LeaseId {
    LeaseId::derive(&[name])
}

fn issue(history: &mut History, name: &str, slug: &str, continues: Option<HandoffId>) {
    let packet = PacketIssued {
        packet: PacketId::derive(&[name]),
        task: task(name),
        agent: agent(slug),
        agent_version: 1,
        task_type: word("implementation"),
        tier: Tier::T0,
        steps: Vec::new(),
        artifacts: Vec::new(),
        forbidden: BTreeSet::new(),
        budget: ErrorBudget::default(),
        continues,
    };
    history.on(name, packet, Texts::none());
}

fn take(history: &mut History, name: &str, slug: &str) {
    let leased = LeaseIssued {
        lease: lease(name),
        packet: PacketId::derive(&[name]),
        task: task(name),
        agent: agent(slug),
        agent_version: 1,
        tier: Tier::T0,
        epoch: 1,
        expires: history.now().plus(std::time::Duration::from_hours(1)),
    };
    history.on(name, leased, Texts::none());
}

fn end(history: &mut History, name: &str, slug: &str, tier: Tier, because: LeaseEnd, good: bool) {
    let ended = LeaseEnded {
        lease: lease(name),
        task: task(name),
        agent: agent(slug),
        agent_version: 1,
        task_type: word("implementation"),
        tier,
        because,
        compliant: good,
    };
    history.on(name, ended, Texts::none());
}

fn runs(history: &mut History, slug: &str, tier: Tier, good: bool, many: u32) {
    for _ in 0..many {
        end(history, "login", slug, tier, LeaseEnd::Released, good);
    }
}

fn revoke(history: &mut History, slug: &str) {
    let (agent, because) = (agent(slug), RevocationReason::ByPerson);
    let revoked = AgentRevoked { agent, agent_version: 1, epoch: 1, lease: None, because };
    history.by_person("Ada");
    history.add(revoked, Texts::none().with(TextName::REASON, "it is not itself"));
    history.by_runtime();
}

fn leave(history: &mut History, name: &str, slug: &str) -> HandoffId {
    let handoff = HandoffId::derive(&[name]);
    let left = HandoffOpened {
        handoff,
        task: task(name),
        from: agent(slug),
        packet: PacketId::derive(&[name]),
        lease: lease(name),
        because: Some(RevocationReason::ByPerson),
        phase: Phase::Execute,
        step: None,
        tried: Vec::new(),
        errors: Vec::new(),
        steps: Vec::new(),
        missing: Vec::new(),
        forbidden: BTreeSet::new(),
        artifacts: Vec::new(),
        plan: None,
    };
    history.on(name, left, Texts::none().with(TextName::NEXT, "verify it"));
    handoff
}

fn evidence(history: &History, slug: &str) -> Evidence {
    let all = view::<Trust>(history).of_agent(agent(slug));
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

#[test]
fn a_lease_is_held_with_its_errors_and_phase_until_it_ends() {
    let mut history = opened();
    submit(&mut history, "login");
    issue(&mut history, "login", "forge", None);
    take(&mut history, "login", "forge");
    let (lease, task, agent) = (lease("login"), task("login"), agent("forge"));
    let phase = Phase::Preflight;
    history.on("login", PhaseEntered { lease, task, agent, phase }, Texts::none());
    let fingerprint = Digest::of(b"no such file");
    let error = ErrorReported { lease, class: word("no-such-file"), fingerprint };
    history.on("login", error, Texts::none());
    let violation = Violation::PlanNotApproved;
    history.on("login", ProcedureViolated { lease, task, agent, violation }, Texts::none());
    let later = history.now().plus(std::time::Duration::from_hours(2));
    history.on("login", LeaseRenewed { lease, expires: later }, Texts::none());
    let lives = view::<Lifecycle>(&history);
    let held: Vec<_> = lives.leases(agent).collect();
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].phase, held[0].expires), (Phase::Preflight, later));
    assert_eq!((held[0].errors, held[0].violations), (1, 1));
    end(&mut history, "login", "forge", Tier::T0, LeaseEnd::Released, false);
    let lives = view::<Lifecycle>(&history);
    assert_eq!(lives.leases(agent).count(), 0);
    let life = lives.agent(agent).unwrap();
    assert_eq!((life.errors, life.violations, life.epoch), (1, 1, 1));
}

#[test]
fn a_revoked_agent_is_shown_with_who_revoked_it_and_why_until_a_new_epoch_begins() {
    let mut history = opened();
    revoke(&mut history, "forge");
    let lives = view::<Lifecycle>(&history);
    let revoked = lives.agent(agent("forge")).unwrap().revoked.clone().unwrap();
    assert_eq!((revoked.by.as_str(), revoked.because.as_str()), ("Ada", "a person decided so"));
    assert_eq!(revoked.reason.as_deref(), Some("it is not itself"));
    assert_eq!(lives.agent(agent("mace")).unwrap().revoked, None);
    let again = AgentReinstated { agent: agent("forge"), epoch: 2 };
    history.add(again, Texts::none());
    let lives = view::<Lifecycle>(&history);
    let life = lives.agent(agent("forge")).unwrap();
    assert_eq!((life.epoch, &life.revoked), (2, &None));
}

#[test]
fn a_handoff_is_open_until_somebody_is_told_to_go_on_or_its_task_ends() {
    let mut history = opened();
    let standing = |history: &History| {
        let lives = view::<Lifecycle>(history);
        let left = lives.handoffs(agent("forge"));
        left.iter().map(|one| one.standing.clone()).collect::<Vec<_>>()
    };
    let taken = leave(&mut history, "login", "forge");
    leave(&mut history, "search", "forge");
    assert_eq!(standing(&history), [HandoffStanding::Open, HandoffStanding::Open]);
    issue(&mut history, "login", "mace", Some(taken));
    for name in ["login", "search"] {
        let (outcome, because) = (TaskOutcome::Proposed, Conclusion::Consensus);
        let concluded = TaskConcluded { task: task(name), outcome, because };
        history.on(name, concluded, Texts::none());
    }
    let by_mace = HandoffStanding::Taken { by: agent("mace"), slug: "mace".to_owned() };
    assert_eq!(standing(&history), [by_mace, HandoffStanding::Moot]);
}

#[test]
fn trust_shows_the_bound_the_gate_and_the_fewest_runs_that_pass_the_next_look() {
    let mut history = opened();
    runs(&mut history, "forge", Tier::T0, false, 1);
    runs(&mut history, "forge", Tier::T0, true, 40);
    let shown = evidence(&history, "forge");
    let conduct = shown.conduct;
    assert_eq!((conduct.runs, conduct.compliant, conduct.consecutive), (41, 40, 40));
    assert_eq!((shown.tier, shown.next_look), (Tier::T0, Some(LOOKS[1])));
    assert!(shown.bound > 0.0 && shown.bound < shown.gate, "{shown:?}");
    // At 60 runs not even flawless ones pass a gate of 92 %, so the look at 120 is the one.
    let Missing::Runs { more, compliant, look } = shown.missing else { panic!("{shown:?}") };
    assert_eq!((more, look), (79, 120));
    let rule = evidence::PromotionRule::default();
    let bound = |least: u32| {
        rule.bound(evidence::Conduct { runs: 120, compliant: 40 + least, consecutive: 0 })
    };
    assert!(bound(compliant) > shown.gate && bound(compliant - 1) <= shown.gate);
    assert_eq!(view::<Trust>(&history).hubs().count(), 1, "only who has a record");
}

#[test]
fn easier_work_than_the_tiers_is_no_evidence_and_a_move_starts_anew() {
    let mut history = opened();
    let (agent, task_type) = (agent("forge"), word::<TaskType>("implementation"));
    let (from, to, evidence_) = (Tier::T0, Tier::T1, TierEvidence::Person);
    runs(&mut history, "forge", Tier::T0, false, 3);
    assert!(evidence(&history, "forge").suspicion > 0.0);
    let moved = TierChanged { agent, agent_version: 1, task_type, from, to, evidence: evidence_ };
    history.add(moved, Texts::none());
    runs(&mut history, "forge", Tier::T0, true, 30);
    let shown = evidence(&history, "forge");
    assert_eq!((shown.tier, shown.conduct.runs), (Tier::T1, 0));
    assert!(shown.suspicion.abs() < 1e-9, "{}", shown.suspicion);
}

#[test]
fn another_prompt_takes_what_spoke_for_an_agent_and_leaves_what_speaks_against_it() {
    let mut history = opened();
    runs(&mut history, "forge", Tier::T0, false, 2);
    let before = evidence(&history, "forge").suspicion;
    let mut profile = profile("forge", "forge");
    profile.rate = Rate::new(41);
    let revised = AgentRevised { agent: agent("forge"), version: 2, profile: profile.clone() };
    history.add(revised, Texts::none());
    assert_eq!(evidence(&history, "forge").conduct.runs, 2, "a price is no other agent");
    profile.texts = Digest::of(b"another prompt");
    history.add(AgentRevised { agent: agent("forge"), version: 3, profile }, Texts::none());
    let after = evidence(&history, "forge");
    assert_eq!((after.conduct.runs, after.suspicion), (0, before));
}

#[test]
fn a_promotion_that_is_due_waits_for_a_person_until_they_give_the_tier() {
    let mut history = opened();
    runs(&mut history, "forge", Tier::T0, true, 120);
    let (agent, task_type) = (agent("forge"), word::<TaskType>("implementation"));
    let conduct =
        TierEvidence::Conduct { runs: 120, compliant: 120, bound: 956_000, gate: 920_000 };
    let due = PromotionDue {
        agent,
        agent_version: 1,
        task_type: task_type.clone(),
        to: Tier::T3,
        evidence: conduct,
    };
    history.add(due, Texts::none());
    let since = history.now();
    assert_eq!(evidence(&history, "forge").missing, Missing::Signature { to: Tier::T3 });
    let waiting = view::<Attention>(&history).waiting(history.now());
    let due: Vec<_> =
        waiting.iter().filter(|one| one.cause == attention::Cause::PromotionDue).collect();
    assert_eq!(due.len(), 1, "{waiting:?}");
    assert_eq!((due[0].since, due[0].id.clone()), (since, agent.to_string()));
    assert!(due[0].resolve.contains("convoke agents promote forge implementation"));
    let (from, to, evidence) = (Tier::T0, Tier::T3, TierEvidence::Person);
    let moved = TierChanged { agent, agent_version: 1, task_type, from, to, evidence };
    history.add(moved, Texts::none());
    assert_eq!(view::<Attention>(&history).waiting(history.now()), []);
    assert_eq!(view::<Trust>(&history).due().count(), 0);
}

#[test]
fn a_hubs_own_gate_and_rates_are_those_that_trust_shows() {
    let mut history = opened();
    let trial = Trial { task_type: word("implementation"), borne: 10_000, unborne: 900_000 };
    let rules = LifecycleRules {
        tiers: Vec::new(),
        budget: ErrorBudget::default(),
        plans_need_a_person: true,
        gate: 500_000,
        trials: vec![trial],
    };
    history.add(LifecycleRulesSet { rules }, Texts::none());
    runs(&mut history, "forge", Tier::T0, false, 1);
    let shown = evidence(&history, "forge");
    assert!((shown.gate - 0.5).abs() < 1e-9, "{}", shown.gate);
    assert!((shown.suspicion - 90_f64.ln()).abs() < 1e-9, "{}", shown.suspicion);
    assert!(matches!(shown.missing, Missing::Runs { look: 30, .. }), "{:?}", shown.missing);
}
