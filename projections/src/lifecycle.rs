//! How agents live: their epochs and revocations, the leases they hold, what they leave to others.

mod handoff;

use std::collections::BTreeMap;

use convoke_events::{
    AgentId, AgentRevoked, Event, HandoffId, HandoffOpened, HubId, LeaseId, LeaseIssued,
    LifecycleEvent, Phase, Recorded, RegistryEvent, TaskEvent, TaskId, TextName, Tier, Timestamp,
};
use serde::{Deserialize, Serialize};

pub use handoff::{Handoff, HandoffFilter, HandoffStanding};

use crate::audit::revocation;
use crate::names::{Slugs, text, who};
use crate::{Entries, Page, Paging, Projection};

/// Every agent's life, every lease that is held, every handoff.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    agents: BTreeMap<AgentId, Life>,
    leases: BTreeMap<LeaseId, Lease>,
    handoffs: Entries<Handoff>,
    /// What was left of the tasks that have not ended.
    left: BTreeMap<TaskId, Vec<HandoffId>>,
    slugs: Slugs,
}

/// How one agent lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// In which hub.
    pub hub: HubId,
    /// Which epoch it is in, from 1; a revocation ends one.
    pub epoch: u32,
    /// How it was revoked, where it is.
    pub revoked: Option<Revoked>,
    /// Errors it reported in its life.
    pub errors: u64,
    /// Procedure violations in its life.
    pub violations: u64,
    /// How often nothing was heard of it for too long.
    pub stuck: u64,
}

/// How an agent was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// When.
    pub at: Timestamp,
    /// Why, in words.
    pub because: String,
    /// Who decided it, by name where it is a person.
    pub by: String,
    /// What they gave as their reason.
    pub reason: Option<String>,
}

/// A lease that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Which.
    pub lease: LeaseId,
    /// On which task.
    pub task: TaskId,
    /// Whose.
    pub agent: AgentId,
    /// Of which tier.
    pub tier: Tier,
    /// In which of the agent's epochs.
    pub epoch: u32,
    /// From when on it refuses.
    pub expires: Timestamp,
    /// The last phase that was entered under it.
    pub phase: Phase,
    /// Errors that were met under it.
    pub errors: u32,
    /// Procedure violations under it.
    pub violations: u32,
}

impl Lifecycle {
    /// Every hub that registered an agent.
    pub fn hubs(&self) -> impl Iterator<Item = &HubId> {
        self.agents.values().map(|life| &life.hub)
    }

    /// How an agent lives.
    pub fn agent(&self, agent: AgentId) -> Option<&Life> {
        self.agents.get(&agent)
    }

    /// Every agent of the hub with its slug, by slug.
    pub fn of_hub(&self, hub: &HubId) -> Vec<(String, AgentId, &Life)> {
        let agents = self.agents.iter().filter(|(_, life)| life.hub == *hub);
        let mut agents: Vec<_> = agents.map(|(id, life)| (self.slugs.of(*id), *id, life)).collect();
        agents.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
        agents
    }

    /// The leases that an agent holds; one whose time is over refuses all the same.
    pub fn leases(&self, agent: AgentId) -> impl Iterator<Item = &Lease> {
        self.leases.values().filter(move |lease| lease.agent == agent)
    }

    /// What an agent left to others, the longest ago first.
    pub fn handoffs(&self, from: AgentId) -> Vec<&Handoff> {
        self.handoffs.iter().filter(|one| one.from == from).collect()
    }

    /// A page of the handoffs that pass.
    pub fn page(&self, filter: &HandoffFilter, paging: Paging) -> Page<'_, Handoff> {
        self.handoffs.page(|one| filter.takes(one), paging)
    }

    fn revoked(&mut self, event: &Recorded, facts: &AgentRevoked) {
        if let Some(life) = self.agents.get_mut(&facts.agent) {
            life.revoked = Some(Revoked {
                at: event.envelope.decided_at,
                because: revocation(&facts.because),
                by: who(event),
                reason: text(event, &TextName::REASON),
            });
        }
    }

    fn leased(&mut self, facts: &LeaseIssued) {
        let lease = Lease {
            lease: facts.lease,
            task: facts.task,
            agent: facts.agent,
            tier: facts.tier,
            epoch: facts.epoch,
            expires: facts.expires,
            phase: Phase::Bootstrap,
            errors: 0,
            violations: 0,
        };
        self.leases.insert(facts.lease, lease);
    }

    fn left(&mut self, event: &Recorded, facts: &HandoffOpened) {
        let time = || "its lease expired".to_owned();
        let handoff = Handoff {
            handoff: facts.handoff,
            hub: event.envelope.hub.clone(),
            position: event.envelope.position,
            task: facts.task,
            from: facts.from,
            slug: self.slugs.of(facts.from),
            since: event.envelope.decided_at,
            because: facts.because.as_ref().map_or_else(time, revocation),
            phase: facts.phase,
            next: text(event, &TextName::NEXT),
            standing: HandoffStanding::Open,
        };
        self.handoffs.add(handoff);
        self.left.entry(facts.task).or_default().push(facts.handoff);
    }

    fn erred(&mut self, lease: LeaseId) {
        if let Some(lease) = self.leases.get_mut(&lease) {
            lease.errors = lease.errors.saturating_add(1);
            if let Some(life) = self.agents.get_mut(&lease.agent) {
                life.errors = life.errors.saturating_add(1);
            }
        }
    }

    fn violated(&mut self, lease: LeaseId, agent: AgentId) {
        if let Some(lease) = self.leases.get_mut(&lease) {
            lease.violations = lease.violations.saturating_add(1);
        }
        if let Some(life) = self.agents.get_mut(&agent) {
            life.violations = life.violations.saturating_add(1);
        }
    }

    /// The work on a task is over, and nobody takes up what was left of it.
    fn ended(&mut self, task: TaskId) {
        self.leases.retain(|_, lease| lease.task != task);
        for left in self.left.remove(&task).into_iter().flatten() {
            if let Some(handoff) = self.handoffs.get_mut(left)
                && handoff.standing == HandoffStanding::Open
            {
                handoff.standing = HandoffStanding::Moot;
            }
        }
    }

    fn lived(&mut self, event: &Recorded, lifecycle: &LifecycleEvent) {
        match lifecycle {
            LifecycleEvent::PacketIssued(facts) => {
                let taken = facts.continues.and_then(|handoff| self.handoffs.get_mut(handoff));
                if let Some(handoff) = taken {
                    let (by, slug) = (facts.agent, self.slugs.of(facts.agent));
                    handoff.standing = HandoffStanding::Taken { by, slug };
                }
            }
            LifecycleEvent::LeaseIssued(facts) => self.leased(facts),
            LifecycleEvent::LeaseRenewed(facts) => {
                if let Some(lease) = self.leases.get_mut(&facts.lease) {
                    lease.expires = facts.expires;
                }
            }
            LifecycleEvent::LeaseEnded(facts) => {
                self.leases.remove(&facts.lease);
            }
            LifecycleEvent::PhaseEntered(facts) => {
                if let Some(lease) = self.leases.get_mut(&facts.lease) {
                    lease.phase = facts.phase;
                }
            }
            LifecycleEvent::ErrorReported(facts) => self.erred(facts.lease),
            LifecycleEvent::ProcedureViolated(facts) => self.violated(facts.lease, facts.agent),
            LifecycleEvent::AgentStuck(facts) => {
                if let Some(life) = self.agents.get_mut(&facts.agent) {
                    life.stuck = life.stuck.saturating_add(1);
                }
            }
            LifecycleEvent::AgentRevoked(facts) => self.revoked(event, facts),
            LifecycleEvent::AgentReinstated(facts) => {
                if let Some(life) = self.agents.get_mut(&facts.agent) {
                    life.revoked = None;
                    life.epoch = facts.epoch;
                }
            }
            LifecycleEvent::HandoffOpened(facts) => self.left(event, facts),
            LifecycleEvent::LifecycleRulesSet(_)
            | LifecycleEvent::StepTaken(_)
            | LifecycleEvent::PlanHandedIn(_)
            | LifecycleEvent::PlanDecided(_)
            | LifecycleEvent::ArtifactHandedIn(_)
            | LifecycleEvent::UseApproved(_)
            | LifecycleEvent::PermissionUsed(_)
            | LifecycleEvent::PromotionDue(_)
            | LifecycleEvent::TierChanged(_) => {}
        }
    }
}

impl Projection for Lifecycle {
    const NAME: &'static str = "lifecycle";
    const VERSION: u32 = 2;

    fn quotes(event: &Event) -> bool {
        matches!(event, Event::Lifecycle(_))
    }

    fn fold(&mut self, event: &Recorded) {
        self.slugs.fold(&event.event);
        if let Event::Registry(RegistryEvent::AgentRegistered(facts)) = &event.event {
            let hub = event.envelope.hub.clone();
            let (epoch, revoked, errors, violations, stuck) = (1, None, 0, 0, 0);
            let life = Life { hub, epoch, revoked, errors, violations, stuck };
            self.agents.entry(facts.agent).or_insert(life);
        } else if let Event::Task(TaskEvent::TaskConcluded(facts)) = &event.event {
            self.ended(facts.task);
        } else if let Event::Lifecycle(lifecycle) = &event.event {
            self.lived(event, lifecycle);
        }
    }
}
