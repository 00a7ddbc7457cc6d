//! What agents were told to do, task by task, and how far they are.

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    AgentId, ArtifactHandedIn, ArtifactName, Digest, ErrorBudget, Event, HandoffId, HandoffOpened,
    HubId, LeaseEnded, LeaseId, LeaseIssued, LifecycleEvent, PacketId, PacketIssued, Permission,
    Phase, PlanDecided, PlanDecision, PlanHandedIn, Recorded, StepName, TaskEvent, TaskId,
    TaskType, TextName, Tier, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::Projection;
use crate::names::{Slugs, text, who};

/// The newest instruction packet of every task that has one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packets {
    by_task: BTreeMap<TaskId, Packet>,
    leases: BTreeMap<LeaseId, TaskId>,
    slugs: Slugs,
}

/// What one agent was told to do on one task, and what was done of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// Which.
    pub packet: PacketId,
    /// Of which hub.
    pub hub: HubId,
    /// On which task.
    pub task: TaskId,
    /// Which agent.
    pub agent: AgentId,
    /// Its slug, or its id where no registration is known.
    pub slug: String,
    /// In which version.
    pub agent_version: u32,
    /// By whom, by name where it is a person.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
    /// What kind of work it is.
    pub task_type: TaskType,
    /// The tier that it takes.
    pub tier: Tier,
    /// What is to be reached.
    pub objective: Option<String>,
    /// What is to be handed in, in words.
    pub deliverables: Option<String>,
    /// What it is about, and what not.
    pub scope: Option<String>,
    /// By what success is told.
    pub criteria: Option<String>,
    /// When a person is to be asked.
    pub escalation: Option<String>,
    /// For whom it is done.
    pub created_for: Option<String>,
    /// What must be done before the work is packaged.
    pub steps: Vec<StepName>,
    /// What must be handed in before the work is verified.
    pub artifacts: Vec<ArtifactName>,
    /// What must not be touched.
    pub forbidden: BTreeSet<Permission>,
    /// How much may go wrong within one lease.
    pub budget: ErrorBudget,
    /// The handoff it takes up, if there is one.
    pub continues: Option<HandoffId>,
    /// How the work stands.
    pub standing: Standing,
    /// Since when somebody has to go on with it, where its agent left before the end.
    pub left: Option<Timestamp>,
    /// The last phase that was entered.
    pub phase: Option<Phase>,
    /// When the lease it is worked on under refuses, while there is one.
    pub expires: Option<Timestamp>,
    /// Steps that were taken, by earlier agents too.
    pub taken: Vec<StepName>,
    /// What was handed in, by earlier agents too.
    pub handed_in: BTreeMap<ArtifactName, Digest>,
    /// The plan of whoever is at work.
    pub plan: Option<Plan>,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its SHA-256.
    pub digest: Digest,
    /// What it says.
    pub content: Option<String>,
    /// Since when it is there.
    pub since: Timestamp,
    /// What was decided on it; none while it waits.
    pub decided: Option<DecidedPlan>,
}

/// A decision on a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedPlan {
    /// What.
    pub decision: PlanDecision,
    /// By whom, by name where it is a person.
    pub by: String,
    /// What there was to note.
    pub note: Option<String>,
}

/// How the work that a packet asks for stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nobody has begun.
    Issued,
    /// Its agent is at work.
    AtWork,
    /// Its agent left before the end: somebody has to be told to go on.
    Left,
    /// Its task has ended.
    Ended,
}

impl Standing {
    /// The same in words.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::AtWork => "at work",
            Self::Left => "left",
            Self::Ended => "ended",
        }
    }
}

impl Packets {
    /// The newest packet of a task.
    pub fn get(&self, task: TaskId) -> Option<&Packet> {
        self.by_task.get(&task)
    }

    /// The newest packet of every task that has one, the longest there first.
    pub fn list(&self) -> Vec<&Packet> {
        let mut all: Vec<&Packet> = self.by_task.values().collect();
        all.sort_by_key(|one| (one.since, one.task));
        all
    }

    fn issued(&mut self, event: &Recorded, facts: &PacketIssued) {
        let before = self.by_task.remove(&facts.task);
        let (taken, handed_in) = before.map(|one| (one.taken, one.handed_in)).unwrap_or_default();
        let packet = Packet {
            packet: facts.packet,
            hub: event.envelope.hub.clone(),
            task: facts.task,
            agent: facts.agent,
            slug: self.slugs.of(facts.agent),
            agent_version: facts.agent_version,
            by: who(event),
            since: event.envelope.decided_at,
            task_type: facts.task_type.clone(),
            tier: facts.tier,
            objective: text(event, &TextName::OBJECTIVE),
            deliverables: text(event, &TextName::DELIVERABLES),
            scope: text(event, &TextName::SCOPE),
            criteria: text(event, &TextName::CRITERIA),
            escalation: text(event, &TextName::ESCALATION),
            created_for: text(event, &TextName::CREATED_FOR),
            steps: facts.steps.clone(),
            artifacts: facts.artifacts.clone(),
            forbidden: facts.forbidden.clone(),
            budget: facts.budget,
            continues: facts.continues,
            standing: Standing::Issued,
            left: None,
            phase: None,
            expires: None,
            taken,
            handed_in,
            plan: None,
        };
        self.by_task.insert(facts.task, packet);
    }

    fn leased(&mut self, facts: &LeaseIssued) {
        self.leases.insert(facts.lease, facts.task);
        self.change(facts.lease, |packet| {
            packet.standing = Standing::AtWork;
            packet.expires = Some(facts.expires);
            packet.plan = None;
            packet.left = None;
        });
    }

    fn planned(&mut self, event: &Recorded, facts: &PlanHandedIn) {
        let (content, since) = (text(event, &TextName::CONTENT), event.envelope.decided_at);
        let plan = Plan { digest: facts.plan, content, since, decided: None };
        self.change(facts.lease, |packet| packet.plan = Some(plan));
    }

    fn decided(&mut self, event: &Recorded, facts: &PlanDecided) {
        let (by, note) = (who(event), text(event, &TextName::NOTE));
        let decided = DecidedPlan { decision: facts.decision, by, note };
        self.change(facts.lease, |packet| {
            if let Some(plan) = packet.plan.as_mut().filter(|plan| plan.digest == facts.plan) {
                plan.decided = Some(decided);
            }
        });
    }

    fn handed_in(&mut self, facts: &ArtifactHandedIn) {
        self.change(facts.lease, |packet| {
            packet.handed_in.insert(facts.artifact.clone(), facts.content);
        });
    }

    fn ended(&mut self, facts: &LeaseEnded) {
        self.change(facts.lease, |packet| packet.expires = None);
        self.leases.remove(&facts.lease);
    }

    fn left(&mut self, event: &Recorded, facts: &HandoffOpened) {
        if let Some(packet) = self.by_task.get_mut(&facts.task) {
            packet.standing = Standing::Left;
            packet.left = Some(event.envelope.decided_at);
        }
    }

    fn change(&mut self, lease: LeaseId, change: impl FnOnce(&mut Packet)) {
        let task = self.leases.get(&lease);
        if let Some(packet) = task.and_then(|task| self.by_task.get_mut(task)) {
            change(packet);
        }
    }

    fn worked(&mut self, event: &Recorded, lifecycle: &LifecycleEvent) {
        match lifecycle {
            LifecycleEvent::PacketIssued(facts) => self.issued(event, facts),
            LifecycleEvent::LeaseIssued(facts) => self.leased(facts),
            LifecycleEvent::LeaseRenewed(facts) => {
                self.change(facts.lease, |packet| packet.expires = Some(facts.expires));
            }
            LifecycleEvent::PhaseEntered(facts) => {
                self.change(facts.lease, |packet| packet.phase = Some(facts.phase));
            }
            LifecycleEvent::StepTaken(facts) => {
                self.change(facts.lease, |packet| packet.taken.push(facts.step.clone()));
            }
            LifecycleEvent::PlanHandedIn(facts) => self.planned(event, facts),
            LifecycleEvent::PlanDecided(facts) => self.decided(event, facts),
            LifecycleEvent::ArtifactHandedIn(facts) => self.handed_in(facts),
            LifecycleEvent::LeaseEnded(facts) => self.ended(facts),
            LifecycleEvent::HandoffOpened(facts) => self.left(event, facts),
            LifecycleEvent::LifecycleRulesSet(_)
            | LifecycleEvent::UseApproved(_)
            | LifecycleEvent::PermissionUsed(_)
            | LifecycleEvent::ErrorReported(_)
            | LifecycleEvent::ProcedureViolated(_)
            | LifecycleEvent::AgentRevoked(_)
            | LifecycleEvent::AgentReinstated(_)
            | LifecycleEvent::PromotionDue(_)
            | LifecycleEvent::TierChanged(_)
            | LifecycleEvent::AgentStuck(_) => {}
        }
    }
}

impl Projection for Packets {
    const NAME: &'static str = "packets";
    const VERSION: u32 = 1;

    fn quotes(event: &Event) -> bool {
        matches!(event, Event::Lifecycle(_))
    }

    fn fold(&mut self, event: &Recorded) {
        self.slugs.fold(&event.event);
        if let Event::Task(TaskEvent::TaskConcluded(facts)) = &event.event {
            if let Some(packet) = self.by_task.get_mut(&facts.task) {
                packet.standing = Standing::Ended;
                packet.expires = None;
                packet.left = None;
            }
        } else if let Event::Lifecycle(lifecycle) = &event.event {
            self.worked(event, lifecycle);
        }
    }
}
