//! What agents may do, and which attempts were denied.

use std::collections::BTreeMap;
use std::time::Duration;

use convoke_events::{
    ActionEvent, ActionRefusal, ActionRefused, AgentId, ArtifactType, AttemptBlocked, BlockReason,
    CollectiveEvent, DelegationEvent, DelegationRefusal, DelegationRefused, Event,
    GovernanceDefault, GovernanceEvent, GovernancePolicySet, HubId, PolicyId, PolicyRef, Position,
    Purpose, Recorded, RegistryEvent, TaskEvent, TaskId, TextName, Timestamp, Verb,
};
use serde::{Deserialize, Serialize};

use crate::names::{Slugs, text, who};
use crate::{Entries, Listed, Page, Paging, Projection};

/// How far back denied attempts are counted.
pub const BLOCKED_WINDOW: Duration = Duration::from_hours(7 * 24);

/// Every hub's default, every policy as it stands, and every denied attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Governance {
    defaults: BTreeMap<HubId, GovernanceDefault>,
    policies: BTreeMap<PolicyId, GovernancePolicy>,
    blocked: Entries<Blocked>,
    /// What the collectives of tasks that have not ended are about.
    artifacts: BTreeMap<TaskId, ArtifactType>,
    versions: BTreeMap<AgentId, u32>,
    slugs: Slugs,
}

/// A governance policy as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GovernancePolicy {
    /// Which policy, in which version.
    pub policy: PolicyRef,
    /// The hub it belongs to.
    pub hub: HubId,
    /// Whom it is about.
    pub agent: AgentId,
    /// Its slug when the policy was set, or its id where no registration is known.
    pub slug: String,
    /// What it is about.
    pub artifact: ArtifactType,
    /// What it allows, as far as the agent's trust level goes.
    pub verbs: Vec<Verb>,
    /// How many people have to agree to what is proposed under it.
    pub reviewers: u32,
    /// Whether it holds.
    pub active: bool,
    /// Since when it is so.
    pub since: Timestamp,
    /// Who set it so, by name where it is a person.
    pub by: String,
}

/// An attempt that was denied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    /// The hub it was denied in.
    pub hub: HubId,
    /// The event that records it.
    pub position: Position,
    /// When it was denied.
    pub at: Timestamp,
    /// Whose attempt.
    pub agent: AgentId,
    /// Its slug, or its id where no registration is known.
    pub slug: String,
    /// In which version.
    pub agent_version: u32,
    /// On which task.
    pub task: TaskId,
    /// What for.
    pub purpose: Purpose,
    /// What it would have done.
    pub verb: Verb,
    /// With what.
    pub artifact: ArtifactType,
    /// Why not.
    pub because: BlockReason,
    /// Why not, in words.
    pub reason: Option<String>,
}

impl Listed for Blocked {
    type Id = Position;

    fn id(&self) -> Position {
        self.position
    }

    fn position(&self) -> Position {
        self.position
    }
}

/// Which denied attempts are asked for; whatever is none passes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockedFilter {
    /// In this hub.
    pub hub: Option<HubId>,
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// With this kind of thing.
    pub artifact: Option<ArtifactType>,
    /// On this task.
    pub task: Option<TaskId>,
    /// Denied at this moment or later.
    pub since: Option<Timestamp>,
}

impl BlockedFilter {
    /// Whether the attempt is among those asked for.
    pub fn takes(&self, blocked: &Blocked) -> bool {
        self.hub.as_ref().is_none_or(|hub| *hub == blocked.hub)
            && self.agent.is_none_or(|agent| agent == blocked.agent)
            && self.artifact.as_ref().is_none_or(|artifact| *artifact == blocked.artifact)
            && self.task.is_none_or(|task| task == blocked.task)
            && self.since.is_none_or(|since| blocked.at >= since)
    }
}

/// Denied attempts of a hub in the last seven days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedCounts {
    /// In all.
    pub total: u64,
    /// By agent.
    pub by_agent: BTreeMap<AgentId, u64>,
    /// By artifact type.
    pub by_artifact: BTreeMap<ArtifactType, u64>,
}

impl Governance {
    /// A page of the denied attempts that pass.
    pub fn page(&self, filter: &BlockedFilter, paging: Paging) -> Page<'_, Blocked> {
        self.blocked.page(|one| filter.takes(one), paging)
    }

    /// What holds in the hub where no policy speaks: `deny` until it chooses otherwise.
    pub fn default_of(&self, hub: &HubId) -> GovernanceDefault {
        self.defaults.get(hub).copied().unwrap_or(GovernanceDefault::Deny)
    }

    /// Every hub that chose a default, set a policy or denied an attempt.
    pub fn hubs(&self) -> impl Iterator<Item = &HubId> {
        let of_policies = self.policies.values().map(|policy| &policy.hub);
        self.defaults.keys().chain(of_policies).chain(self.blocked.iter().map(|one| &one.hub))
    }

    /// Every policy of the hub, by artifact and agent, the ones switched off too.
    pub fn policies(&self, hub: &HubId) -> Vec<&GovernancePolicy> {
        let mut policies: Vec<_> = self.policies.values().filter(|one| one.hub == *hub).collect();
        policies.sort_by_key(|one| (&one.artifact, &one.slug, one.policy.id));
        policies
    }

    /// The hub's policy for an agent and an artifact type, switched off or not.
    pub fn policy(
        &self,
        hub: &HubId,
        agent: AgentId,
        artifact: &ArtifactType,
    ) -> Option<&GovernancePolicy> {
        let mut policies = self.policies.values().filter(|one| one.hub == *hub);
        policies.find(|one| one.agent == agent && one.artifact == *artifact)
    }

    /// The hub's policies that hold.
    pub fn in_force(&self, hub: &HubId) -> Vec<&GovernancePolicy> {
        let mut policies = self.policies(hub);
        policies.retain(|one| one.active);
        policies
    }

    /// Every denied attempt of the hub, newest first.
    pub fn blocked(&self, hub: &HubId) -> impl Iterator<Item = &Blocked> {
        self.blocked.iter().rev().filter(move |one| one.hub == *hub)
    }

    /// The hub's denied attempts in the seven days up to `now`, newest first.
    pub fn blocked_lately(&self, hub: &HubId, now: Timestamp) -> impl Iterator<Item = &Blocked> {
        let recent = move |one: &&Blocked| one.at <= now && now.since(one.at) < BLOCKED_WINDOW;
        self.blocked(hub).filter(recent)
    }

    /// How many they are: in all, by agent, by artifact type.
    pub fn blocked_counts(&self, hub: &HubId, now: Timestamp) -> BlockedCounts {
        let mut counts = BlockedCounts::default();
        for one in self.blocked_lately(hub, now) {
            counts.total = counts.total.saturating_add(1);
            let by_agent = counts.by_agent.entry(one.agent).or_default();
            *by_agent = by_agent.saturating_add(1);
            let by_artifact = counts.by_artifact.entry(one.artifact.clone()).or_default();
            *by_artifact = by_artifact.saturating_add(1);
        }
        counts
    }

    fn policy_set(&mut self, event: &Recorded, facts: &GovernancePolicySet) {
        let policy = GovernancePolicy {
            policy: facts.policy,
            hub: event.envelope.hub.clone(),
            agent: facts.agent,
            slug: self.slugs.of(facts.agent),
            artifact: facts.artifact.clone(),
            verbs: facts.verbs.iter().copied().collect(),
            reviewers: facts.reviewers,
            active: facts.active,
            since: event.envelope.decided_at,
            by: who(event),
        };
        self.policies.insert(facts.policy.id, policy);
    }

    fn attempt_blocked(&mut self, event: &Recorded, facts: &AttemptBlocked) {
        self.blocked.add(Blocked {
            hub: event.envelope.hub.clone(),
            position: event.envelope.position,
            at: event.envelope.decided_at,
            agent: facts.agent,
            slug: self.slugs.of(facts.agent),
            agent_version: facts.agent_version,
            task: facts.task,
            purpose: facts.purpose,
            verb: facts.verb,
            artifact: facts.artifact.clone(),
            because: facts.because.clone(),
            reason: text(event, &TextName::REASON),
        });
    }

    /// What governance denied an agent when something was to be handed over.
    fn delegation_refused(&mut self, event: &Recorded, facts: &DelegationRefused) {
        let DelegationRefusal::Blocked { agent, verb, because } = &facts.because else {
            return;
        };
        let Some(artifact) = self.artifacts.get(&facts.task) else {
            return;
        };
        self.blocked.add(Blocked {
            hub: event.envelope.hub.clone(),
            position: event.envelope.position,
            at: event.envelope.decided_at,
            agent: *agent,
            slug: self.slugs.of(*agent),
            agent_version: self.versions.get(agent).copied().unwrap_or_default(),
            task: facts.task,
            purpose: Purpose::Delegation,
            verb: *verb,
            artifact: artifact.clone(),
            because: because.clone(),
            reason: text(event, &TextName::REASON),
        });
    }
}

impl Governance {
    /// What governance denied an agent that wanted to act.
    fn action_refused(&mut self, event: &Recorded, facts: &ActionRefused) {
        let ActionRefusal::Blocked { verb, artifact, because } = &facts.because else {
            return;
        };
        self.blocked.add(Blocked {
            hub: event.envelope.hub.clone(),
            position: event.envelope.position,
            at: event.envelope.decided_at,
            agent: facts.agent,
            slug: self.slugs.of(facts.agent),
            agent_version: facts.agent_version,
            task: facts.task,
            purpose: Purpose::Action,
            verb: *verb,
            artifact: artifact.clone(),
            because: because.clone(),
            reason: text(event, &TextName::REASON),
        });
    }
}

impl Projection for Governance {
    const NAME: &'static str = "governance";
    const VERSION: u32 = 4;

    fn quotes(event: &Event) -> bool {
        matches!(event, Event::Governance(_) | Event::Delegation(_))
    }

    fn fold(&mut self, event: &Recorded) {
        self.slugs.fold(&event.event);
        if let Event::Governance(governance) = &event.event {
            match governance {
                GovernanceEvent::GovernanceDefaultSet(facts) => {
                    self.defaults.insert(event.envelope.hub.clone(), facts.default);
                }
                GovernanceEvent::GovernancePolicySet(facts) => self.policy_set(event, facts),
                GovernanceEvent::AttemptBlocked(facts) => self.attempt_blocked(event, facts),
            }
        } else if let Event::Delegation(DelegationEvent::DelegationRefused(facts)) = &event.event {
            self.delegation_refused(event, facts);
        } else if let Event::Action(ActionEvent::ActionRefused(facts)) = &event.event {
            self.action_refused(event, facts);
        } else if let Event::Collective(CollectiveEvent::CollectiveConvened(facts)) = &event.event {
            self.artifacts.insert(facts.task, facts.artifact.clone());
        } else if let Event::Task(TaskEvent::TaskConcluded(facts)) = &event.event {
            self.artifacts.remove(&facts.task);
        } else if let Event::Registry(RegistryEvent::AgentRegistered(facts)) = &event.event {
            self.versions.insert(facts.agent, 1);
        } else if let Event::Registry(RegistryEvent::AgentRevised(facts)) = &event.event {
            self.versions.insert(facts.agent, facts.version);
        }
    }
}
