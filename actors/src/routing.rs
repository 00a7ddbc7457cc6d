//! Routing: who is asked, decided and recorded before anything is sent.

use std::collections::BTreeMap;

use convoke_events::{
    AgentId, Candidate, CandidateStanding, CorrelationId, DecisionId, EventId, HubId, PolicyId,
    PolicyRef, Purpose, RoutingDecided, RoutingEvent, RoutingPolicySet, Slug, StreamId, TaskId,
    TaskType, TextName, Texts, TieBreak,
};

use crate::decision::{Draft, Story, rule_name};
use crate::refusal::Refusal;
use crate::registry::Registry;
use crate::task::artifact_of;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Policy {
    at: PolicyRef,
    agent: AgentId,
    active: bool,
}

/// The routing policies of a hub, and the decisions whose calls may still be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Routing {
    policies: BTreeMap<TaskType, BTreeMap<u32, Policy>>,
    decisions: BTreeMap<TaskId, BTreeMap<DecisionId, Decided>>,
    /// The newest event that decisions rest on: of a policy, or of an agent.
    newest: Option<EventId>,
}

/// A decision that is in the log, or goes into it in the same append as what it lets be sent.
/// Only this room makes one, and no call can be sent without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decided {
    id: DecisionId,
    candidates: Vec<Candidate>,
    selected: Vec<AgentId>,
}

/// One agent that a decision lets be called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Authorised {
    agent: AgentId,
    decision: DecisionId,
}

impl Authorised {
    pub(crate) const fn agent(self) -> AgentId {
        self.agent
    }

    pub(crate) const fn decision(self) -> DecisionId {
        self.decision
    }
}

impl Decided {
    /// The leave to call this agent, if the decision selected it.
    pub(crate) fn authorises(&self, agent: AgentId) -> Option<Authorised> {
        self.selected.contains(&agent).then_some(Authorised { agent, decision: self.id })
    }

    pub(crate) const fn id(&self) -> DecisionId {
        self.id
    }

    /// Who is asked, in order of priority.
    pub(crate) fn selected(&self) -> &[AgentId] {
        &self.selected
    }
}

impl Routing {
    pub(crate) fn evolve(&mut self, id: EventId, event: &RoutingEvent) {
        match event {
            RoutingEvent::RoutingPolicySet(set) => {
                self.newest = Some(id);
                let policy = Policy { at: set.policy, agent: set.agent, active: set.active };
                let policies = self.policies.entry(set.task_type.clone()).or_default();
                policies.insert(set.priority, policy);
            }
            RoutingEvent::RoutingDecided(decided) => {
                let decisions = self.decisions.entry(decided.task).or_default();
                let id = decided.decision;
                let (candidates, selected) = (decided.candidates.clone(), decided.selected.clone());
                decisions.insert(id, Decided { id, candidates, selected });
            }
            RoutingEvent::CandidatesListed(listed) => {
                let decisions = self.decisions.get_mut(&listed.task);
                if let Some(decided) = decisions.and_then(|them| them.get_mut(&listed.decision)) {
                    decided.candidates.extend(listed.candidates.iter().cloned());
                }
            }
            RoutingEvent::RoutingRulesSet(_)
            | RoutingEvent::TaskWordsFound(_)
            | RoutingEvent::BiddingOpened(_)
            | RoutingEvent::BidPlaced(_)
            | RoutingEvent::BidRefused(_)
            | RoutingEvent::BiddingClosed(_) => {}
        }
    }

    /// Notes an event of an agent, on which decisions rest too.
    pub(crate) fn agent_changed(&mut self, id: EventId) {
        self.newest = Some(id);
    }

    /// Forgets the decisions of a task that has ended: nothing can be sent by them any more.
    pub(crate) fn forget(&mut self, task: TaskId) {
        self.decisions.remove(&task);
    }

    /// A recorded decision of a task that has not ended.
    pub(crate) fn recorded(&self, task: TaskId, id: DecisionId) -> Option<Decided> {
        self.decisions.get(&task)?.get(&id).cloned()
    }
}

/// What a decision is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) story: Story,
    pub(crate) purpose: Purpose,
    pub(crate) task_type: &'a TaskType,
}

/// Which of the eligible candidates are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The first.
    First,
    /// Every one.
    All,
}

/// Decides by the hub's routing policies: the agents of the active policies of this task type that
/// are active themselves, in order of priority.
pub(crate) fn by_policy(
    (routing, registry): (&Routing, &Registry),
    question: Question<'_>,
    choice: Choice,
) -> (Decided, Draft) {
    let policies = routing.policies.get(question.task_type);
    let candidates = policies.into_iter().flatten().map(|(priority, policy)| {
        let agent = registry.get(policy.agent);
        let standing = match agent {
            _ if !policy.active => CandidateStanding::PolicyInactive,
            Some(agent) if agent.revoked => CandidateStanding::Revoked,
            Some(agent) if agent.active => CandidateStanding::Eligible,
            Some(_) | None => CandidateStanding::AgentInactive,
        };
        Candidate {
            agent: policy.agent,
            agent_version: agent.map_or(0, |agent| agent.version),
            policy: Some(policy.at),
            priority: *priority,
            standing,
            scored: None,
        }
    });
    let candidates = candidates.collect();
    let chosen = Chosen { rule: RULE_POLICY, candidates, rests_on: routing.newest };
    record(registry, question, chosen, choice, "")
}

/// Decides who puts contributions together: of the candidates of an earlier decision those who may
/// still be asked, the first by priority.
pub(crate) fn synthesiser(
    (routing, registry): (&Routing, &Registry),
    question: Question<'_>,
    participants: &Decided,
    permitted: &[AgentId],
) -> (Decided, Draft) {
    let mut candidates = participants.candidates.clone();
    candidates.retain(|candidate| permitted.contains(&candidate.agent));
    let chosen = Chosen { rule: RULE_SYNTHESISER, candidates, rests_on: routing.newest };
    record(registry, question, chosen, Choice::First, "")
}

/// Decides for the receiver that a sender named; there is nobody else to choose from.
pub(crate) fn named(
    (routing, registry): (&Routing, &Registry),
    question: Question<'_>,
    receiver: AgentId,
    what: &str,
) -> (Decided, Draft) {
    let candidate = Candidate {
        agent: receiver,
        agent_version: registry.get(receiver).map_or(0, |agent| agent.version),
        policy: None,
        priority: 1,
        standing: CandidateStanding::Eligible,
        scored: None,
    };
    let chosen = Chosen { rule: RULE_NAMED, candidates: vec![candidate], rests_on: routing.newest };
    record(registry, question, chosen, Choice::First, what)
}

const RULE_POLICY: &str = "policy";
const RULE_NAMED: &str = "named-receiver";
const RULE_SYNTHESISER: &str = "first-participant";
const RULE_VERSION: u32 = 1;

/// Who was considered, by which rule, on what.
struct Chosen {
    rule: &'static str,
    candidates: Vec<Candidate>,
    rests_on: Option<EventId>,
}

/// Records a decision; `what` tells it from others of the same task, purpose and type.
fn record(
    registry: &Registry,
    Question { story, purpose, task_type }: Question<'_>,
    Chosen { rule, candidates, rests_on }: Chosen,
    choice: Choice,
    what: &str,
) -> (Decided, Draft) {
    let eligible = candidates.iter().filter(|one| one.standing == CandidateStanding::Eligible);
    let mut selected: Vec<AgentId> = Vec::new();
    for agent in eligible.map(|one| one.agent) {
        // Two policies may name one agent: it is asked once, at the higher priority.
        if !selected.contains(&agent) {
            selected.push(agent);
        }
    }
    if choice == Choice::First {
        selected.truncate(1);
    }
    let id =
        DecisionId::derive(&[&story.task.to_string(), purpose.as_str(), task_type.as_str(), what]);
    let reason = in_words(registry, rule, task_type, &candidates, &selected);
    let decided = RoutingDecided {
        decision: id,
        task: story.task,
        purpose,
        task_type: task_type.clone(),
        rule: rule_name(rule),
        rule_version: RULE_VERSION,
        most: (choice == Choice::First).then_some(1),
        rules_version: None,
        weights: None,
        evidence: None,
        candidates: candidates.clone(),
        more_pages: 0,
        selected: selected.clone(),
        rests_on,
        tie_break: TieBreak::Priority,
        seed: None,
    };
    let draft = story.on_task(decided, Texts::none().with(TextName::REASON, reason));
    (Decided { id, candidates, selected }, draft)
}

fn in_words(
    registry: &Registry,
    rule: &str,
    task_type: &TaskType,
    candidates: &[Candidate],
    selected: &[AgentId],
) -> String {
    if candidates.is_empty() {
        return format!("no routing policy names an agent for task type `{task_type}`");
    }
    let chosen: Vec<String> = selected.iter().map(|agent| registry.slug(*agent)).collect();
    let passed = candidates.iter().filter(|one| one.standing != CandidateStanding::Eligible);
    let passed: Vec<String> =
        passed.map(|one| format!("{} ({})", registry.slug(one.agent), one.standing)).collect();
    let mut words = if chosen.is_empty() {
        format!("no agent routed to `{task_type}` can be asked")
    } else {
        let chosen = chosen.join(", ");
        match rule {
            RULE_NAMED => format!("named by who hands the sub-task over: {chosen}"),
            RULE_SYNTHESISER => {
                format!("the first participant by priority that may be asked: {chosen}")
            }
            _ => format!("routed to `{task_type}` in this order of priority: {chosen}"),
        }
    };
    if !passed.is_empty() {
        words.push_str("; passed over: ");
        words.push_str(&passed.join(", "));
    }
    words
}

pub(crate) fn set_policy(
    hub: &HubId,
    (routing, registry): (&Routing, &Registry),
    task_type: &TaskType,
    slug: &Slug,
    priority: u32,
    active: bool,
) -> Result<Vec<Draft>, Refusal> {
    artifact_of(task_type)?;
    if priority == 0 {
        return Err(Refusal::PriorityZero);
    }
    let agent = registry.by_slug(hub, slug)?;
    let known = routing.policies.get(task_type).and_then(|policies| policies.get(&priority));
    if known.is_some_and(|known| known.agent == agent && known.active == active) {
        return Ok(Vec::new());
    }
    let id =
        PolicyId::derive(&["routing", hub.as_str(), task_type.as_str(), &priority.to_string()]);
    let version = known.map_or(1, |known| known.at.version.saturating_add(1));
    let policy = PolicyRef { id, version };
    let event = RoutingPolicySet { policy, task_type: task_type.clone(), agent, priority, active };
    Ok(vec![Draft {
        stream: StreamId::policy(id),
        correlation: CorrelationId::of_agent(agent),
        cause: None,
        event: event.into(),
        texts: Texts::none(),
    }])
}
