//! Agents are revoked at any moment, everything crashes at any moment: what a revocation ends stays
//! ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use convoke_events::{
    AgentId, DelegationEvent, Event, InvocationEvent, InvocationId, LeaseId, LifecycleEvent,
    LifecycleRules, Phase, Principal, Recorded, Recourse, Tier, TrustLevel, Verb,
};

use super::cast::{allow, question, task, word};
use super::lifecycle::desk::{
    SETTINGS, enter, error, packet, patch, permission, plan, report, tests_run,
};
use crate::action::{Act, Action, Complete, Delegate, Post};
use crate::command::{Caller, Command, Order, Packet};
use crate::driver::scheduler::{Dice, Faults, Report, World};
use crate::hub::State;
use crate::lifecycle::WorkAction;
use crate::provider::rules::Rules;
use crate::provider::{CallFuture, Cancel, Deltas, ModelRequest, Part, Provider, Safety};
use crate::testkit::{hub, member, orders, task_rules};

/// Who works, is asked and is revoked.
const CREW: [&str; 3] = ["forge", "helm", "quill"];

/// `rules` agents that want something beside every answer: to say something, and to use a permission
/// that the packet of those who have one forbids.
struct Busy(Safety);

impl Provider for Busy {
    fn safety(&self) -> Safety {
        self.0
    }

    fn call(&self, request: ModelRequest, deltas: Deltas, cancel: Cancel) -> CallFuture {
        let answer = Rules.call(request, deltas, cancel);
        Box::pin(async move {
            let mut response = answer.await?;
            response.parts.extend(
                [
                    ("post", r#"{"section":"progress","text":"before"}"#),
                    ("work", r#"{"use_permission":{"permission":"sandbox-admin"}}"#),
                    ("post", r#"{"section":"progress","text":"after"}"#),
                ]
                .map(|(name, arguments)| Part::ToolCall {
                    id: "1".to_owned(),
                    name: name.to_owned(),
                    arguments: arguments.to_owned(),
                }),
            );
            Ok(response)
        })
    }
}

fn act(slug: &str, request: &str, action: Action) -> (Caller, Command) {
    let act = Act { task: task(request), delegation: None, action };
    (Caller::Agent(word(slug)), Command::Act(act))
}

fn person(command: Command) -> (Caller, Command) {
    (Caller::Person("ada".to_owned()), command)
}

/// The crew, and the rules it works by.
fn set_up() -> Vec<(Caller, Command)> {
    let mut commands = orders();
    for slug in CREW {
        let mut known = member(slug, SETTINGS);
        known.trust = TrustLevel::Elevated;
        known.tier = Tier::T2;
        commands.push(Command::RegisterAgent(known));
        let verbs = [Verb::Read, Verb::Propose, Verb::Delegate];
        commands.push(allow(slug, "implementation", &verbs, true));
    }
    let rules = LifecycleRules { plans_need_a_person: false, ..LifecycleRules::default() };
    commands.push(Command::SetLifecycleRules(rules));
    commands.into_iter().map(person).collect()
}

/// What an agent does on one task from its packet to its EXIT, with a sub-task for another.
fn run_of(slug: &str, other: &str, request: &str) -> Vec<(Caller, Command)> {
    let given = Packet { task: task(request), ..packet(slug) };
    let delegate = |to: &str| {
        let (to, scope) = (word(to), format!("look at {request}"));
        Action::Delegate(Delegate { to, scope, tokens: Some(2_000), trim: true })
    };
    // Who is asked while it works under its lease does what its packet forbids.
    let back = act(other, request, delegate(slug));
    let post = Action::Post(Post {
        section: convoke_events::Section::Progress,
        key: None,
        text: "so far so good".to_owned(),
    });
    let complete = Action::Complete(Complete { reason: "it is done".to_owned() });
    let work = |action| act(slug, request, Action::Work(action));
    let mut run = vec![
        person(Command::SubmitTask(super::actions::session(request))),
        person(Command::IssuePacket(given)),
    ];
    let steps: [WorkAction; 9] = [
        enter(Phase::Bootstrap),
        enter(Phase::Preflight),
        enter(Phase::Plan),
        plan(),
        enter(Phase::Execute),
        permission("read"),
        patch(),
        tests_run(),
        error("no route"),
    ];
    run.extend(steps.map(work));
    run.extend([delegate(other), post].map(|action| act(slug, request, action)));
    run.push(back);
    run.push(work(WorkAction::RenewLease {}));
    run.extend([Phase::Verify, Phase::Package, Phase::Report].map(|phase| work(enter(phase))));
    run.extend([work(report()), act(slug, request, complete), work(enter(Phase::Exit))]);
    run
}

/// All that is asked of the hub, in an order that the seed draws: the runs of the crew and questions
/// to it go on side by side, while people revoke and reinstate.
fn script(seed: u64) -> Vec<(Caller, Command)> {
    let mut dice = Dice::new(seed);
    let mut lanes = vec![
        run_of("forge", "helm", "job-a"),
        run_of("helm", "quill", "job-b"),
        run_of("quill", "forge", "job-c"),
        (0..4)
            .map(|number| question(&format!("q-{number}"), task_rules()))
            .map(|question| person(Command::SubmitTask(question)))
            .collect(),
    ];
    let mut script = set_up();
    while let Some(most) = lanes.len().checked_sub(1) {
        let lane = dice.below(most + 1);
        script.push(lanes[lane].remove(0));
        lanes.retain(|lane| !lane.is_empty());
        let (slug, reason) = (word(CREW[dice.below(3)]), "as I see it".to_owned());
        match dice.below(12) {
            0 => script.push(person(Command::RevokeAgent { slug, reason })),
            1 => script.push(person(Command::ReinstateAgent { slug, reason })),
            _ => {}
        }
    }
    script
}

fn live(seed: u64, faults: Faults) -> Report {
    let orders = script(seed).into_iter().enumerate().map(|(number, (caller, command))| {
        Order::new(caller, command).with_key(format!("order {number}").parse().unwrap())
    });
    let safety = if seed.is_multiple_of(2) { Safety::Repeatable } else { Safety::AtMostOnce };
    World::new(seed, hub(), Arc::new(Busy(safety)), orders.collect(), faults).run()
}

/// What is known of agents, leases and calls while a run is read from its start.
#[derive(Default)]
struct Fence {
    /// Who is revoked, and where that is recorded.
    revoked: BTreeMap<AgentId, u64>,
    leases: BTreeMap<LeaseId, (AgentId, u32)>,
    /// The last epoch of an agent that was ended.
    ended: BTreeMap<AgentId, u32>,
    calls: BTreeMap<InvocationId, AgentId>,
    /// Calls of an agent that was revoked meanwhile.
    stopped: BTreeSet<InvocationId>,
}

impl Fence {
    /// What is wrong with an event, if anything is.
    fn breach(&mut self, recorded: &Recorded) -> Option<&'static str> {
        let event = &recorded.event;
        let is_out = |agent: &AgentId| self.revoked.contains_key(agent);
        // The append in which an agent is revoked for what it did is still its doing.
        let began = recorded.envelope.position.get() - u64::from(recorded.envelope.index);
        let by_itself = match &recorded.envelope.principal {
            Principal::Agent(agent) => self.revoked.get(agent).is_some_and(|at| *at < began),
            Principal::Person(_) | Principal::Service(_) | Principal::Runtime => false,
        };
        let wrong = match event {
            _ if by_itself => Some("it acts"),
            Event::Lifecycle(LifecycleEvent::LeaseEnded(one)) => {
                self.leases.remove(&one.lease);
                None
            }
            Event::Lifecycle(LifecycleEvent::HandoffOpened(_)) => None,
            Event::Lifecycle(LifecycleEvent::PacketIssued(one)) if is_out(&one.agent) => {
                Some("it is given a packet")
            }
            Event::Lifecycle(LifecycleEvent::LeaseIssued(one)) => {
                let old = self.ended.get(&one.agent).is_some_and(|ended| one.epoch <= *ended);
                self.leases.insert(one.lease, (one.agent, one.epoch));
                (old || is_out(&one.agent)).then_some("it is given a lease")
            }
            Event::Lifecycle(event) => lease_of(event)
                .filter(|lease| !self.leases.contains_key(lease))
                .map(|_| "something happens under a lease that has ended"),
            Event::Invocation(InvocationEvent::InvocationStarted(one)) => {
                self.calls.insert(one.invocation, one.agent);
                is_out(&one.agent).then_some("it is called")
            }
            Event::Invocation(InvocationEvent::InvocationAnswered(one)) => {
                self.stopped.contains(&one.invocation).then_some("its answer counts")
            }
            Event::Invocation(InvocationEvent::InvocationRecovered(one)) => {
                let again = one.then != Recourse::Fail;
                (again && self.stopped.contains(&one.invocation)).then_some("it is called again")
            }
            Event::Invocation(InvocationEvent::InvocationFailed(one)) => {
                let again = self.stopped.contains(&one.invocation) && !one.then.ends_call();
                if one.then.ends_call() {
                    self.calls.remove(&one.invocation);
                    self.stopped.remove(&one.invocation);
                }
                again.then_some("it is to be called again")
            }
            Event::Delegation(DelegationEvent::DelegationRequested(one)) => {
                (is_out(&one.from) || is_out(&one.to)).then_some("it is in a delegation")
            }
            Event::Hub(_)
            | Event::Registry(_)
            | Event::Governance(_)
            | Event::Routing(_)
            | Event::Budget(_)
            | Event::Task(_)
            | Event::Invocation(_)
            | Event::Resilience(_)
            | Event::Delegation(_)
            | Event::Collective(_)
            | Event::Proposal(_)
            | Event::Action(_)
            | Event::Coordination(_)
            | Event::Host(_) => None,
        };
        self.note(recorded);
        wrong
    }

    fn note(&mut self, recorded: &Recorded) {
        if let Event::Invocation(InvocationEvent::InvocationAnswered(one)) = &recorded.event {
            self.calls.remove(&one.invocation);
        } else if let Event::Lifecycle(LifecycleEvent::AgentRevoked(one)) = &recorded.event {
            self.revoked.insert(one.agent, recorded.envelope.position.get());
            self.ended.insert(one.agent, one.epoch);
            let its = self.calls.iter().filter(|(_, agent)| **agent == one.agent);
            self.stopped.extend(its.map(|(call, _)| *call));
        } else if let Event::Lifecycle(LifecycleEvent::AgentReinstated(one)) = &recorded.event {
            self.revoked.remove(&one.agent);
        }
    }

    /// Leases that hold of an epoch that was ended.
    fn left(&self) -> Vec<LeaseId> {
        let old = |(agent, epoch): &(AgentId, u32)| {
            self.ended.get(agent).is_some_and(|ended| epoch <= ended)
        };
        self.leases.iter().filter(|(_, of)| old(of)).map(|(lease, _)| *lease).collect()
    }
}

/// The lease under which something happens.
const fn lease_of(event: &LifecycleEvent) -> Option<LeaseId> {
    match event {
        LifecycleEvent::PhaseEntered(one) => Some(one.lease),
        LifecycleEvent::LeaseRenewed(one) => Some(one.lease),
        LifecycleEvent::StepTaken(one) => Some(one.lease),
        LifecycleEvent::PlanHandedIn(one) => Some(one.lease),
        LifecycleEvent::PlanDecided(one) => Some(one.lease),
        LifecycleEvent::ArtifactHandedIn(one) => Some(one.lease),
        LifecycleEvent::UseApproved(one) => Some(one.lease),
        LifecycleEvent::PermissionUsed(one) => Some(one.lease),
        LifecycleEvent::ErrorReported(one) => Some(one.lease),
        LifecycleEvent::ProcedureViolated(one) => Some(one.lease),
        LifecycleEvent::LifecycleRulesSet(_)
        | LifecycleEvent::PacketIssued(_)
        | LifecycleEvent::LeaseIssued(_)
        | LifecycleEvent::LeaseEnded(_)
        | LifecycleEvent::AgentStuck(_)
        | LifecycleEvent::AgentRevoked(_)
        | LifecycleEvent::AgentReinstated(_)
        | LifecycleEvent::HandoffOpened(_)
        | LifecycleEvent::PromotionDue(_)
        | LifecycleEvent::TierChanged(_) => None,
    }
}

/// Holds a run to what a revocation promises, event by event.
fn check(report: &Report, seed: u64) {
    let mut fence = Fence::default();
    let mut replayed = State::empty(hub());
    for recorded in &report.events {
        let what = recorded.event.event_type();
        let at = recorded.envelope.position;
        let breach = fence.breach(recorded);
        assert_eq!(breach, None, "seed {seed}: {what} at {at}: the agent was revoked, and ");
        // Within an append its events follow from each other.
        if recorded.envelope.index + 1 == recorded.envelope.count {
            assert_eq!(fence.left(), [], "seed {seed}: after {what} at {at} a lease is left");
        }
        replayed.evolve(recorded.envelope.id, recorded.envelope.decided_at, &recorded.event);
    }
    assert_eq!(fence.stopped, BTreeSet::new(), "seed {seed}: a call was not called off");
    assert_eq!(report.state, replayed, "seed {seed}: what was lived is not what is replayed");
}

#[test]
fn nothing_of_a_revoked_agent_follows_its_revocation_whatever_crashes_when() {
    let mut seen = BTreeMap::<String, usize>::new();
    let mut crashes = 0;
    for seed in 0..40 {
        let clock_step = Duration::from_millis(if seed % 3 == 0 { 120_000 } else { 5 });
        let report = live(seed, Faults { crashes: 6, clock_step });
        check(&report, seed);
        crashes += report.crashes;
        for recorded in &report.events {
            let told = format!("{:?}", recorded.event);
            for what in [
                "AgentRevoked",
                "because: ByPerson",
                "because: ForbiddenAction",
                "AgentReinstated",
                "class: Cancelled",
                "InvocationRecovered",
                "DelegationRequested",
                "ArtifactHandedIn",
                "HandoffOpened",
                "because: Expired",
                "because: Released",
                "ActionRefused",
            ] {
                if told.contains(what) {
                    *seen.entry(what.to_owned()).or_default() += 1;
                }
            }
        }
    }
    assert_eq!(seen.len(), 12, "not everything happened: {seen:?}");
    assert!(crashes > 40, "only {crashes} crashes in 40 runs");
}
