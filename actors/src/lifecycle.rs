//! Lifecycle: agents at work under packets, leases and tiers, and what ends their work.
//!
//! **Invariants.**
//! 1. A lease is judged at the moment of use, by the hub's clock: an expired or ended one refuses. The
//!    hub owes the end of one whose time is over, so the task's lock waits for nobody to ask.
//! 2. A revocation, the end of its leases and their handoffs are one append; nothing of the epoch it
//!    ends is taken afterwards.
//! 3. Tiers and what speaks for and against an agent are folded from runs that were recorded, by the
//!    fold that views have too, so an agent sheds its record neither by crashing nor by a revision.

mod conduct;
mod error_class;
mod lease;
mod packet;
mod phase;
pub(crate) mod refusal;
mod revocation;
mod rules;
mod tier;

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    AgentId, ArtifactName, Digest, EventId, HandedIn, HandoffId, HandoffOpened, Key, LeaseEnded,
    LeaseId, LeaseIssued, LifecycleEvent, LifecycleRules, Met, PacketIssued, Permission, Phase,
    PlanDecision, Principal, StepName, TaskId, Tier, Timestamp,
};

use crate::state::State;

pub use self::conduct::WorkAction;
pub(crate) use self::conduct::act;
pub(crate) use self::lease::expire;
pub(crate) use self::packet::issue;
pub(crate) use self::phase::{approve_use, decide_plan};
pub use self::refusal::LifecycleRefusal;
pub(crate) use self::revocation::{reinstate, revoke};
pub(crate) use self::rules::set_rules;
pub(crate) use self::tier::promote;

/// One agent at work on one task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lease {
    pub(crate) id: LeaseId,
    pub(crate) task: TaskId,
    pub(crate) agent: AgentId,
    agent_version: u32,
    epoch: u32,
    pub(crate) expires: Timestamp,
    phase: Phase,
    taken: Vec<StepName>,
    plan: Option<(Digest, Option<PlanDecision>)>,
    errors: BTreeMap<Digest, Met>,
    violations: u32,
    approved: BTreeMap<Permission, u32>,
    cause: EventId,
}

impl Lease {
    fn meet(&mut self, class: Key, fingerprint: Digest) {
        let met = self.errors.entry(fingerprint).or_insert(Met { class, count: 0 });
        met.count = met.count.saturating_add(1);
    }

    fn plan_approved(&self) -> Option<Digest> {
        match self.plan {
            Some((plan, Some(PlanDecision::Approved))) => Some(plan),
            Some(_) | None => None,
        }
    }
}

/// What an agent was told to do on a task, and what was done of it by whoever was told.
#[derive(Clone, Debug, PartialEq)]
struct Work {
    packet: PacketIssued,
    cause: EventId,
    /// Who holds the lock.
    lease: Option<Lease>,
    /// How many leases there were.
    leases: u32,
    /// What was handed in, by earlier agents too.
    artifacts: BTreeMap<ArtifactName, Digest>,
    /// What was left by the last lease that did not reach EXIT, and not yet taken up.
    handoff: Option<HandoffId>,
    /// Steps that earlier agents took.
    done: Vec<StepName>,
    /// How many packets the task has had.
    packets: u32,
    /// Whether its report was handed in.
    reported: bool,
}

impl Work {
    fn is_step_done(&self, step: &StepName) -> bool {
        let taken = self.lease.iter().flat_map(|lease| &lease.taken);
        self.done.iter().chain(taken).any(|one| one == step)
    }

    fn missing_steps(&self) -> Vec<StepName> {
        self.packet.steps.iter().filter(|step| !self.is_step_done(step)).cloned().collect()
    }

    fn missing_artifacts(&self) -> Vec<ArtifactName> {
        let missing = |one: &&ArtifactName| !self.artifacts.contains_key(*one);
        self.packet.artifacts.iter().filter(missing).cloned().collect()
    }

    fn handed_in(&self) -> Vec<HandedIn> {
        let all = self.artifacts.iter();
        all.map(|(artifact, content)| HandedIn { artifact: artifact.clone(), content: *content })
            .collect()
    }
}

/// The agents of a hub at work, and the rules they live by.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Lifecycle {
    rules: LifecycleRules,
    work: BTreeMap<TaskId, Work>,
    /// On which task a lease that holds is.
    leases: BTreeMap<LeaseId, TaskId>,
    /// When the time of each of them is over.
    expiries: BTreeSet<(Timestamp, LeaseId)>,
}

impl Lifecycle {
    pub(crate) const fn rules(&self) -> &LifecycleRules {
        &self.rules
    }

    /// Whether an agent holds a task's lock, by a lease that has not ended.
    pub(crate) fn is_locked(&self, task: TaskId) -> bool {
        self.work.get(&task).is_some_and(|work| work.lease.is_some())
    }

    /// Every lease that has not ended.
    pub(crate) fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.work.values().filter_map(|work| work.lease.as_ref())
    }

    /// When the next lease's time is over, and which it is.
    pub(crate) fn next_expiry(&self) -> Option<(Timestamp, LeaseId)> {
        self.expiries.first().copied()
    }

    /// The lease under which a task is worked on, if there is one.
    pub(crate) fn lease_on(&self, task: TaskId) -> Option<&Lease> {
        self.work.get(&task)?.lease.as_ref()
    }

    /// The task on which an event shows that somebody works.
    pub(crate) fn worked_on(&self, event: &LifecycleEvent) -> Option<TaskId> {
        let lease = match event {
            LifecycleEvent::PacketIssued(packet) => return Some(packet.task),
            LifecycleEvent::LeaseIssued(leased) => return Some(leased.task),
            LifecycleEvent::PhaseEntered(entered) => return Some(entered.task),
            LifecycleEvent::LeaseRenewed(renewed) => renewed.lease,
            LifecycleEvent::StepTaken(step) => step.lease,
            LifecycleEvent::PlanHandedIn(handed) => handed.lease,
            LifecycleEvent::PlanDecided(decided) => decided.lease,
            LifecycleEvent::ArtifactHandedIn(handed) => handed.lease,
            LifecycleEvent::UseApproved(approved) => approved.lease,
            LifecycleEvent::PermissionUsed(used) => used.lease,
            LifecycleEvent::ErrorReported(error) => error.lease,
            LifecycleEvent::LifecycleRulesSet(_)
            | LifecycleEvent::LeaseEnded(_)
            | LifecycleEvent::HandoffOpened(_)
            | LifecycleEvent::AgentRevoked(_)
            | LifecycleEvent::AgentReinstated(_)
            | LifecycleEvent::PromotionDue(_)
            | LifecycleEvent::TierChanged(_)
            | LifecycleEvent::ProcedureViolated(_)
            | LifecycleEvent::AgentStuck(_) => return None,
        };
        self.leases.get(&lease).copied()
    }

    /// Forgets the work on a task that has ended.
    pub(crate) fn forget(&mut self, task: TaskId) {
        if let Some(lease) = self.work.remove(&task).and_then(|work| work.lease) {
            self.leases.remove(&lease.id);
            self.expiries.remove(&(lease.expires, lease.id));
        }
    }

    pub(crate) fn evolve(&mut self, id: EventId, event: &LifecycleEvent) {
        match event {
            LifecycleEvent::LifecycleRulesSet(set) => self.rules = set.rules.clone(),
            LifecycleEvent::PacketIssued(packet) => self.issued(id, packet),
            LifecycleEvent::LeaseIssued(leased) => self.leased(id, leased),
            LifecycleEvent::LeaseEnded(ended) => self.ended(ended),
            LifecycleEvent::HandoffOpened(handoff) => self.handed_over(handoff),
            LifecycleEvent::LeaseRenewed(renewed) => {
                let mut expired = None;
                self.change(renewed.lease, id, |lease| {
                    expired = Some(lease.expires);
                    lease.expires = renewed.expires;
                });
                if let Some(expired) = expired {
                    self.expiries.remove(&(expired, renewed.lease));
                    self.expiries.insert((renewed.expires, renewed.lease));
                }
            }
            LifecycleEvent::PhaseEntered(entered) => {
                self.change(entered.lease, id, |lease| lease.phase = entered.phase);
            }
            LifecycleEvent::StepTaken(step) => {
                self.change(step.lease, id, |lease| lease.taken.push(step.step.clone()));
            }
            LifecycleEvent::PlanHandedIn(handed) => {
                self.change(handed.lease, id, |lease| lease.plan = Some((handed.plan, None)));
            }
            LifecycleEvent::PlanDecided(decided) => self.change(decided.lease, id, |lease| {
                lease.plan = Some((decided.plan, Some(decided.decision)));
            }),
            LifecycleEvent::ArtifactHandedIn(handed) => {
                self.change(handed.lease, id, |_| {});
                let task = self.leases.get(&handed.lease);
                if let Some(work) = task.and_then(|task| self.work.get_mut(task)) {
                    work.artifacts.insert(handed.artifact.clone(), handed.content);
                }
            }
            LifecycleEvent::UseApproved(approved) => self.change(approved.lease, id, |lease| {
                let uses = lease.approved.entry(approved.permission.clone()).or_default();
                *uses = uses.saturating_add(1);
            }),
            LifecycleEvent::PermissionUsed(used) => self.change(used.lease, id, |lease| {
                if let Some(uses) = lease.approved.get_mut(&used.permission) {
                    *uses = uses.saturating_sub(1);
                }
            }),
            LifecycleEvent::ErrorReported(error) => self.change(error.lease, id, |lease| {
                lease.meet(error.class.clone(), error.fingerprint);
            }),
            LifecycleEvent::ProcedureViolated(violated) => {
                self.change(violated.lease, id, |lease| {
                    lease.violations = lease.violations.saturating_add(1);
                });
            }
            // Who is out of work the registry knows, and who stands where the tiers.
            LifecycleEvent::AgentRevoked(_)
            | LifecycleEvent::AgentReinstated(_)
            | LifecycleEvent::PromotionDue(_)
            | LifecycleEvent::TierChanged(_)
            | LifecycleEvent::AgentStuck(_) => {}
        }
    }

    /// Notes that the report on a task was handed in.
    pub(crate) fn reported(&mut self, task: TaskId) {
        if let Some(work) = self.work.get_mut(&task) {
            work.reported = true;
        }
    }

    fn change(&mut self, lease: LeaseId, cause: EventId, change: impl FnOnce(&mut Lease)) {
        let task = self.leases.get(&lease);
        let work = task.and_then(|task| self.work.get_mut(task));
        if let Some(lease) = work.and_then(|work| work.lease.as_mut()) {
            change(lease);
            lease.cause = cause;
        }
    }

    fn issued(&mut self, cause: EventId, packet: &PacketIssued) {
        let new = || Work {
            packet: packet.clone(),
            cause,
            lease: None,
            leases: 0,
            artifacts: BTreeMap::new(),
            handoff: None,
            done: Vec::new(),
            packets: 0,
            reported: false,
        };
        let work = self.work.entry(packet.task).or_insert_with(new);
        work.packet = packet.clone();
        work.cause = cause;
        work.handoff = None;
        work.packets = work.packets.saturating_add(1);
    }

    fn leased(&mut self, id: EventId, leased: &LeaseIssued) {
        let Some(work) = self.work.get_mut(&leased.task) else {
            return;
        };
        work.leases = work.leases.saturating_add(1);
        self.leases.insert(leased.lease, leased.task);
        self.expiries.insert((leased.expires, leased.lease));
        work.lease = Some(Lease {
            id: leased.lease,
            task: leased.task,
            agent: leased.agent,
            agent_version: leased.agent_version,
            epoch: leased.epoch,
            expires: leased.expires,
            phase: Phase::Bootstrap,
            taken: Vec::new(),
            plan: None,
            errors: BTreeMap::new(),
            violations: 0,
            approved: BTreeMap::new(),
            cause: id,
        });
    }

    fn ended(&mut self, ended: &LeaseEnded) {
        self.leases.remove(&ended.lease);
        if let Some(work) = self.work.get_mut(&ended.task)
            && let Some(lease) = work.lease.take_if(|lease| lease.id == ended.lease)
        {
            self.expiries.remove(&(lease.expires, lease.id));
            work.done.extend(lease.taken);
        }
    }

    fn handed_over(&mut self, handoff: &HandoffOpened) {
        if let Some(work) = self.work.get_mut(&handoff.task) {
            work.handoff = Some(handoff.handoff);
        }
    }
}

/// Refuses an agent that may not work: a revoked one, one that is deactivated.
fn fit(state: &State, agent: AgentId) -> Result<(), LifecycleRefusal> {
    let slug = || state.registry.slug(agent);
    let Some(known) = state.registry.get(agent).filter(|known| !known.revoked) else {
        return Err(LifecycleRefusal::Revoked { agent: slug() });
    };
    if known.active { Ok(()) } else { Err(LifecycleRefusal::Inactive { agent: slug() }) }
}

/// Refuses what only people decide.
fn by_person(principal: &Principal, what: &'static str) -> Result<(), LifecycleRefusal> {
    let is_person = matches!(principal, Principal::Person(_));
    if is_person { Ok(()) } else { Err(LifecycleRefusal::NotAPerson { what }) }
}

/// The class of an error and what tells it from others, for who reports one.
pub(crate) fn class_of(message: &str) -> (Key, Digest) {
    error_class::of(message)
}

/// The rules of a tier, the lowest where the hub's rules leave it out.
fn of_tier(rules: &LifecycleRules, tier: Tier) -> Option<&convoke_events::TierRules> {
    rules.tiers.iter().find(|one| one.tier == tier)
}
