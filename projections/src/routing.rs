//! Who is asked for which tasks, and every decision that said so.

use std::collections::BTreeMap;

use convoke_events::{
    AgentId, Candidate, CandidateStanding, CandidatesListed, DecisionId, Event, EventId, Evidence,
    HubId, PolicyId, PolicyRef, Position, Purpose, Recorded, RoutingDecided, RoutingEvent,
    RoutingPolicySet, RuleName, Scored, TaskId, TaskType, TextName, TieBreak, Timestamp, Weights,
};
use serde::{Deserialize, Serialize};

use crate::names::{Slugs, text, who};
use crate::{Entries, Listed, Page, Paging, Projection};

/// Every routing policy as it stands, and every decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    policies: BTreeMap<PolicyId, RoutingPolicy>,
    decisions: Entries<Decision>,
    slugs: Slugs,
}

/// A routing policy as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingPolicy {
    /// Which policy, in which version.
    pub policy: PolicyRef,
    /// The hub it belongs to.
    pub hub: HubId,
    /// For which tasks.
    pub task_type: TaskType,
    /// Whom to ask.
    pub agent: AgentId,
    /// Its slug when the policy was set, or its id where no registration is known.
    pub slug: String,
    /// In which order, 1 first.
    pub priority: u32,
    /// Whether it holds.
    pub active: bool,
    /// Since when it is so.
    pub since: Timestamp,
    /// Who set it so, by name where it is a person.
    pub by: String,
}

/// A recorded decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// The hub it fell in.
    pub hub: HubId,
    /// The event that records it.
    pub position: Position,
    /// When it fell.
    pub at: Timestamp,
    /// On which task.
    pub task: TaskId,
    /// What for.
    pub purpose: Purpose,
    /// By the policies of which task type.
    pub task_type: TaskType,
    /// By which rule.
    pub rule: RuleName,
    /// In which version.
    pub rule_version: u32,
    /// How many are asked at most; none means everyone who can be.
    pub most: Option<u32>,
    /// The version of the hub's routing rules it follows, where it follows them.
    pub rules_version: Option<u32>,
    /// What each component counted, where candidates were scored.
    pub weights: Option<Weights>,
    /// What the scores rest on, where they rest on earlier work.
    pub evidence: Option<Evidence>,
    /// Everyone considered, in order, the excluded ones too.
    pub candidates: Vec<Considered>,
    /// Who is asked, in order.
    pub selected: Vec<AgentId>,
    /// The newest event it rests on.
    pub rests_on: Option<EventId>,
    /// What told equal candidates apart.
    pub tie_break: TieBreak,
    /// The seed, where the rule drew at random.
    pub seed: Option<u64>,
    /// Why, in words.
    pub reason: Option<String>,
}

/// One agent that a decision considered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    /// Which agent.
    pub agent: AgentId,
    /// Its slug, or its id where no registration is known.
    pub slug: String,
    /// In which version.
    pub agent_version: u32,
    /// The routing policy that named it; none where another agent did.
    pub policy: Option<PolicyRef>,
    /// That policy's priority, 1 first.
    pub priority: u32,
    /// Whether it could be asked.
    pub standing: CandidateStanding,
    /// What its score is made of, where candidates were scored.
    pub scored: Option<Scored>,
    /// Whether it is asked.
    pub selected: bool,
}

/// How often an agent was considered and how often it was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingRecord {
    /// Its slug, or its id where no registration is known.
    pub slug: String,
    /// Decisions that considered it, excluded or not.
    pub considered: u64,
    /// Decisions that chose it.
    pub won: u64,
}

impl RoutingRecord {
    /// The share of decisions considering it that chose it; none where there was no decision.
    pub fn win_rate(&self) -> Option<f64> {
        let considered = u32::try_from(self.considered).unwrap_or(u32::MAX);
        let won = u32::try_from(self.won).unwrap_or(u32::MAX);
        (considered > 0).then(|| f64::from(won) / f64::from(considered))
    }
}

/// Which decisions are asked for; whatever is none passes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Of this hub.
    pub hub: Option<HubId>,
    /// For this task type.
    pub task_type: Option<TaskType>,
    /// That considered this agent.
    pub agent: Option<AgentId>,
    /// That fell at this moment or later.
    pub since: Option<Timestamp>,
}

impl DecisionFilter {
    /// Whether the decision is among those asked for.
    pub fn takes(&self, decision: &Decision) -> bool {
        let considers = |agent| decision.candidates.iter().any(|one| one.agent == agent);
        self.hub.as_ref().is_none_or(|hub| *hub == decision.hub)
            && self.task_type.as_ref().is_none_or(|known| *known == decision.task_type)
            && self.agent.is_none_or(considers)
            && self.since.is_none_or(|since| decision.at >= since)
    }
}

impl Listed for Decision {
    type Id = DecisionId;

    fn id(&self) -> DecisionId {
        self.id
    }

    fn position(&self) -> Position {
        self.position
    }
}

impl Routing {
    /// A page of the decisions that pass.
    pub fn page(&self, filter: &DecisionFilter, paging: Paging) -> Page<'_, Decision> {
        self.decisions.page(|one| filter.takes(one), paging)
    }

    /// Every policy of the hub, by task type and priority, the ones switched off too.
    pub fn policies(&self, hub: &HubId) -> Vec<&RoutingPolicy> {
        let mut policies: Vec<_> = self.policies.values().filter(|one| one.hub == *hub).collect();
        policies.sort_by_key(|one| (&one.task_type, one.priority, one.policy.id));
        policies
    }

    /// The hub's policy for a task type at a priority, switched off or not.
    pub fn policy(
        &self,
        hub: &HubId,
        task_type: &TaskType,
        priority: u32,
    ) -> Option<&RoutingPolicy> {
        let mut policies = self.policies.values().filter(|one| one.hub == *hub);
        policies.find(|one| one.task_type == *task_type && one.priority == priority)
    }

    /// How many decisions looked at whom a policy names, and how many chose them, in all its
    /// versions.
    pub fn record_of(&self, policy: PolicyId) -> RoutingRecord {
        let mut record = RoutingRecord::default();
        let considered = self.decisions.iter().flat_map(|decision| &decision.candidates);
        for one in considered.filter(|one| one.policy.is_some_and(|named| named.id == policy)) {
            record.slug.clone_from(&one.slug);
            record.considered = record.considered.saturating_add(1);
            record.won = record.won.saturating_add(u64::from(one.selected));
        }
        record
    }

    /// The hub's policies that hold for a task type, the highest priority first.
    pub fn in_force(&self, hub: &HubId, task_type: &TaskType) -> Vec<&RoutingPolicy> {
        let mut policies = self.policies(hub);
        policies.retain(|one| one.active && one.task_type == *task_type);
        policies
    }

    /// The decision with this id.
    pub fn decision(&self, id: DecisionId) -> Option<&Decision> {
        self.decisions.get(id)
    }

    /// Every decision of every hub, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().rev()
    }

    /// The newest decisions on a task, at most `limit`, newest first.
    pub fn of_task(&self, task: TaskId, limit: usize) -> Vec<&Decision> {
        self.newest_first().filter(|decision| decision.task == task).take(limit).collect()
    }

    /// The newest decisions that considered an agent, at most `limit`, newest first.
    pub fn of_agent(&self, agent: AgentId, limit: usize) -> Vec<&Decision> {
        let considers =
            |decision: &&Decision| decision.candidates.iter().any(|one| one.agent == agent);
        self.newest_first().filter(considers).take(limit).collect()
    }

    /// How often each of the hub's agents was considered and chosen, by agent.
    pub fn records(&self, hub: &HubId) -> BTreeMap<AgentId, RoutingRecord> {
        let mut records: BTreeMap<AgentId, RoutingRecord> = BTreeMap::new();
        let decisions = self.decisions.iter().filter(|decision| decision.hub == *hub);
        for one in decisions.flat_map(|decision| &decision.candidates) {
            let record = records.entry(one.agent).or_default();
            record.slug.clone_from(&one.slug);
            record.considered = record.considered.saturating_add(1);
            record.won = record.won.saturating_add(u64::from(one.selected));
        }
        records
    }

    fn policy_set(&mut self, event: &Recorded, facts: &RoutingPolicySet) {
        let policy = RoutingPolicy {
            policy: facts.policy,
            hub: event.envelope.hub.clone(),
            task_type: facts.task_type.clone(),
            agent: facts.agent,
            slug: self.slugs.of(facts.agent),
            priority: facts.priority,
            active: facts.active,
            since: event.envelope.decided_at,
            by: who(event),
        };
        self.policies.insert(facts.policy.id, policy);
    }

    /// Takes in a further page of the decision before it.
    fn listed(&mut self, facts: &CandidatesListed) {
        let Some(decision) = self.decisions.get_mut(facts.decision) else { return };
        let page = considered(&self.slugs, &facts.candidates, &decision.selected);
        decision.candidates.extend(page);
    }

    fn decided(&mut self, event: &Recorded, facts: &RoutingDecided) {
        let decision = Decision {
            id: facts.decision,
            hub: event.envelope.hub.clone(),
            position: event.envelope.position,
            at: event.envelope.decided_at,
            task: facts.task,
            purpose: facts.purpose,
            task_type: facts.task_type.clone(),
            rule: facts.rule.clone(),
            rule_version: facts.rule_version,
            most: facts.most,
            rules_version: facts.rules_version,
            weights: facts.weights,
            evidence: facts.evidence.clone(),
            candidates: considered(&self.slugs, &facts.candidates, &facts.selected),
            selected: facts.selected.clone(),
            rests_on: facts.rests_on,
            tie_break: facts.tie_break,
            seed: facts.seed,
            reason: text(event, &TextName::REASON),
        };
        self.decisions.add(decision);
    }
}

fn considered(slugs: &Slugs, page: &[Candidate], selected: &[AgentId]) -> Vec<Considered> {
    let considered = page.iter().map(|one| Considered {
        agent: one.agent,
        slug: slugs.of(one.agent),
        agent_version: one.agent_version,
        policy: one.policy,
        priority: one.priority,
        standing: one.standing,
        scored: one.scored.clone(),
        selected: selected.contains(&one.agent),
    });
    considered.collect()
}

impl Projection for Routing {
    const NAME: &'static str = "routing";
    const VERSION: u32 = 4;

    fn quotes(event: &Event) -> bool {
        matches!(event, Event::Routing(_))
    }

    fn fold(&mut self, event: &Recorded) {
        self.slugs.fold(&event.event);
        let Event::Routing(routing) = &event.event else {
            return;
        };
        match routing {
            RoutingEvent::RoutingPolicySet(facts) => self.policy_set(event, facts),
            RoutingEvent::RoutingDecided(facts) => self.decided(event, facts),
            RoutingEvent::CandidatesListed(facts) => self.listed(facts),
            RoutingEvent::RoutingRulesSet(_)
            | RoutingEvent::TaskWordsFound(_)
            | RoutingEvent::BiddingOpened(_)
            | RoutingEvent::BidPlaced(_)
            | RoutingEvent::BidRefused(_)
            | RoutingEvent::BiddingClosed(_) => {}
        }
    }
}
