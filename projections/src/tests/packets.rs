//! What agents were told to do, how far they are, and what of it waits for a person.

use std::collections::BTreeSet;

use convoke_events::*;

use super::federation::*;
use super::history::*;
use crate::attention::Cause;
use crate::packets::{Packet, Standing};
use crate::*;

fn lease(number: u32) -> LeaseId {
    LeaseId::derive(&["login", &number.to_string()])
}

/// An agent is told to mend the login, and begins.
fn begin(history: &mut History, slug: &str, number: u32, continues: Option<HandoffId>) {
    let packet = PacketId::derive(&[&number.to_string()]);
    let issued = PacketIssued {
        packet,
        task: task("login"),
        agent: agent(slug),
        agent_version: 1,
        task_type: word("implementation"),
        tier: Tier::T1,
        steps: vec![word("run-tests")],
        artifacts: vec![word("patch")],
        forbidden: BTreeSet::from([word("staging")]),
        budget: ErrorBudget::default(),
        continues,
    };
    history.by_person("Ada");
    history.on("login", issued, Texts::none().with(TextName::OBJECTIVE, "mend the login"));
    history.by_runtime();
    let leased = LeaseIssued {
        lease: lease(number),
        packet,
        task: task("login"),
        agent: agent(slug),
        agent_version: 1,
        tier: Tier::T1,
        epoch: 1,
        expires: history.now().plus(std::time::Duration::from_mins(30)),
    };
    history.on("login", leased, Texts::none());
    let (lease, task, agent) = (lease(number), task("login"), agent(slug));
    let phase = Phase::Plan;
    history.on("login", PhaseEntered { lease, task, agent, phase }, Texts::none());
}

fn plan(history: &mut History, number: u32, content: &str) -> Digest {
    let (lease, plan) = (lease(number), Digest::of(content.as_bytes()));
    let texts = Texts::none().with(TextName::CONTENT, content);
    history.on("login", PlanHandedIn { lease, plan }, texts);
    plan
}

fn decide(history: &mut History, number: u32, plan: Digest, decision: PlanDecision) {
    let lease = lease(number);
    history.by_person("Grace");
    let note = Texts::none().with(TextName::NOTE, "as I see it");
    history.on("login", PlanDecided { lease, plan, decision }, note);
    history.by_runtime();
}

/// The lease ends by time, and what was left is handed over.
fn expire(history: &mut History, slug: &str, number: u32) -> HandoffId {
    let (lease, handoff) = (lease(number), HandoffId::derive(&[&number.to_string()]));
    let ended = LeaseEnded {
        lease,
        task: task("login"),
        agent: agent(slug),
        agent_version: 1,
        task_type: word("implementation"),
        tier: Tier::T1,
        because: LeaseEnd::Expired,
        compliant: false,
    };
    history.on("login", ended, Texts::none());
    let left = HandoffOpened {
        handoff,
        task: task("login"),
        from: agent(slug),
        packet: PacketId::derive(&[&number.to_string()]),
        lease,
        because: None,
        phase: Phase::Plan,
        step: None,
        tried: Vec::new(),
        errors: Vec::new(),
        steps: Vec::new(),
        missing: Vec::new(),
        forbidden: BTreeSet::new(),
        artifacts: Vec::new(),
        plan: None,
    };
    history.on("login", left, Texts::none());
    handoff
}

fn packet(history: &History) -> Packet {
    view::<Packets>(history).get(task("login")).unwrap().clone()
}

/// Why something of a packet waits for a person, and what would resolve it.
fn waits(history: &History) -> Vec<(Cause, String)> {
    let waiting = view::<Attention>(history).waiting(history.now());
    let of_work = waiting.into_iter().filter(|one| one.id == task("login").to_string());
    of_work.map(|one| (one.cause, one.resolve)).collect()
}

#[test]
fn a_packet_is_shown_with_what_it_says_and_how_far_its_agent_is() {
    let mut history = opened();
    submit(&mut history, "login");
    begin(&mut history, "forge", 1, None);
    let shown = packet(&history);
    assert_eq!((shown.slug.as_str(), shown.by.as_str()), ("forge", "Ada"));
    assert_eq!(shown.objective.as_deref(), Some("mend the login"));
    assert_eq!((shown.standing, shown.phase), (Standing::AtWork, Some(Phase::Plan)));
    let lease = lease(1);
    history.on("login", StepTaken { lease, step: word("run-tests") }, Texts::none());
    let content = Digest::of(b"patch");
    history.on(
        "login",
        ArtifactHandedIn { lease, artifact: word("patch"), content },
        Texts::none(),
    );
    let later = history.now().plus(std::time::Duration::from_hours(2));
    history.on("login", LeaseRenewed { lease, expires: later }, Texts::none());
    let shown = packet(&history);
    assert_eq!(shown.expires, Some(later));
    assert_eq!((shown.taken, shown.handed_in.len()), (vec![word("run-tests")], 1));
    let (outcome, because) = (TaskOutcome::Proposed, Conclusion::Reported);
    history.on("login", TaskConcluded { task: task("login"), outcome, because }, Texts::none());
    let shown = packet(&history);
    assert_eq!((shown.standing, shown.expires), (Standing::Ended, None));
}

#[test]
fn a_plan_waits_for_a_person_until_it_is_decided_on() {
    let mut history = opened();
    begin(&mut history, "forge", 1, None);
    assert_eq!(waits(&history), []);
    let first = plan(&mut history, 1, "first this");
    let approve = format!("convoke packets approve {}, or reject", task("login"));
    assert_eq!(waits(&history), [(Cause::Plan, approve)]);
    decide(&mut history, 1, first, PlanDecision::Rejected);
    let decided = packet(&history).plan.unwrap().decided.unwrap();
    assert_eq!((decided.decision, decided.by.as_str()), (PlanDecision::Rejected, "Grace"));
    assert_eq!((decided.note.as_deref(), waits(&history)), (Some("as I see it"), Vec::new()));
    plan(&mut history, 1, "then that");
    assert_eq!(waits(&history).len(), 1, "another plan waits anew");
    decide(&mut history, 1, first, PlanDecision::Approved);
    assert_eq!(waits(&history).len(), 1, "a decision is on the plan of its digest");
}

#[test]
fn what_an_agent_left_waits_until_somebody_is_told_to_go_on_and_stays_done() {
    let mut history = opened();
    begin(&mut history, "forge", 1, None);
    plan(&mut history, 1, "first this");
    let step = word("run-tests");
    history.on("login", StepTaken { lease: lease(1), step }, Texts::none());
    let left = expire(&mut history, "forge", 1);
    assert_eq!(packet(&history).standing, Standing::Left);
    let [(Cause::Handoff, resolve)] = &waits(&history)[..] else { panic!("{:?}", waits(&history)) };
    assert!(resolve.contains("convoke packets issue"), "{resolve}");
    begin(&mut history, "mace", 2, Some(left));
    assert_eq!(waits(&history), []);
    let shown = packet(&history);
    assert_eq!((shown.continues, shown.plan), (Some(left), None));
    assert_eq!(shown.taken, [word("run-tests")]);
    assert_eq!(view::<Packets>(&history).list().len(), 1);
}
