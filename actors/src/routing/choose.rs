//! Choosing: by policy, by rule, by capability and bid; what is looked at, who stands how, who is
//! asked.

mod bidders;

use convoke_events::{
    AgentId, ArtifactType, Candidate, CandidateStanding, EventId, Evidence, MicroUsd,
    PreferenceRule, Purpose, RoutingRules, TaskId, TaskType, TieBreak, Timestamp, Tokens, Verb,
    Way, Weights,
};

pub(super) use self::bidders::by_bid;
use super::words::Found;
use super::{Decided, Policies, way, written};
use crate::budget;
use crate::decision::{Draft, Story};
use crate::governance::Governance;
use crate::registry::Agent;
use crate::state::State;
use crate::task::request_bytes;

pub(super) const POLICY: &str = "policy";
pub(super) const PREFERENCE: &str = "preference";
pub(super) const NAMED: &str = "named-receiver";
pub(super) const NAMED_SET: &str = "named-set";
pub(super) const SYNTHESISER: &str = "first-participant";

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

/// What a decision rests on: the hub's state, with the policies and rules it is to follow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grounds<'a> {
    pub(super) state: &'a State,
    pub(super) policies: &'a Policies,
    pub(super) governance: &'a Governance,
    pub(super) rules: &'a RoutingRules,
    pub(super) rules_version: Option<u32>,
    /// The words found in the task, where they are not those on record.
    pub(super) words: Option<&'a Found>,
    pub(super) now: Timestamp,
    pub(super) seed: u64,
}

/// Who is to be found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sought<'a> {
    pub(super) task: TaskId,
    pub(super) purpose: Purpose,
    pub(super) task_type: &'a TaskType,
}

/// Who was considered, by which rule, on what, and who is asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chosen {
    pub(super) rule: &'static str,
    pub(super) version: u32,
    pub(super) most: Option<u32>,
    pub(super) rules_version: Option<u32>,
    pub(super) weights: Option<Weights>,
    pub(super) evidence: Option<Evidence>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) selected: Vec<AgentId>,
    pub(super) rests_on: Option<EventId>,
    pub(super) tie_break: TieBreak,
    pub(super) seed: Option<u64>,
}

impl<'a> Grounds<'a> {
    /// What the hub itself goes by.
    pub(super) const fn of(state: &'a State, now: Timestamp, seed: u64) -> Self {
        let routing = &state.routing;
        Self {
            state,
            policies: &routing.policies,
            governance: &state.governance,
            rules: &routing.rules,
            rules_version: routing.rules_version,
            words: None,
            now,
            seed,
        }
    }

    /// What the task type answers with, if the hub knows it.
    fn artifact(self, sought: Sought<'_>) -> Option<ArtifactType> {
        self.state.registry.artifact_of(sought.task_type).ok()
    }

    fn candidate(self, agent: AgentId, priority: u32, standing: CandidateStanding) -> Candidate {
        let agent_version = self.state.registry.get(agent).map_or(0, |known| known.version);
        Candidate { agent, agent_version, policy: None, priority, standing, scored: None }
    }

    /// How an agent stands for a task, before anything is known of what it asks.
    fn standing(
        self,
        sought: Sought<'_>,
        artifact: Option<&ArtifactType>,
        agent: AgentId,
        known: &Agent,
    ) -> CandidateStanding {
        if known.revoked {
            CandidateStanding::Revoked
        } else if !known.active {
            CandidateStanding::AgentInactive
        } else if !self.permitted(sought, artifact, agent) {
            CandidateStanding::Governance
        } else if self.is_down(known) {
            CandidateStanding::BreakerOpen
        } else if !self.affordable(sought, known) {
            CandidateStanding::OverBudget
        } else {
            CandidateStanding::Eligible
        }
    }

    /// Whether the breaker in front of an agent's model lets no call through.
    fn is_down(self, agent: &Agent) -> bool {
        !self.state.resilience.breakers.admits(agent.profile.endpoint, self.now)
    }

    /// Whether governance lets an agent do what it would be asked for.
    fn permitted(
        self,
        sought: Sought<'_>,
        artifact: Option<&ArtifactType>,
        agent: AgentId,
    ) -> bool {
        let verb = match sought.purpose {
            Purpose::Triage | Purpose::Judgement => Verb::Read,
            Purpose::Contribution
            | Purpose::Synthesis
            | Purpose::Arbitration
            | Purpose::Delegation
            | Purpose::Mediation
            | Purpose::Action
            | Purpose::Answer => Verb::Propose,
        };
        let registry = &self.state.registry;
        artifact.is_some_and(|artifact| {
            self.governance.foreseen(registry, agent, verb, artifact).is_ok()
        })
    }

    /// Whether the task's account holds a call of this agent.
    fn affordable(self, sought: Sought<'_>, known: &Agent) -> bool {
        let Some(task) = self.state.tasks.get(sought.task) else {
            return true;
        };
        let profile = &known.profile;
        let bytes = request_bytes(task, profile.prompt_bytes);
        let input = budget::input_bound(&profile.provider, bytes);
        let model = (&profile.provider, &profile.model);
        let plan = self.state.ledger.plan(task.account, self.now);
        plan.could_reserve(model, (input, task.plan.rules().max_output))
    }

    /// What a thousand tokens of an agent's model cost, at the dearest of its prices.
    fn price(self, known: &Agent) -> Option<MicroUsd> {
        let price = self.state.ledger.price(&known.profile.provider, &known.profile.model)?;
        Some(price.dearest(Tokens::new(1000)))
    }
}

/// Decides whom to ask: by the hub's active policies for the task type, else by its rules.
pub(crate) fn decide(
    state: &State,
    question: Question<'_>,
    choice: Choice,
    now: Timestamp,
    seed: u64,
) -> (Decided, Vec<Draft>) {
    let Question { story, purpose, task_type } = question;
    let sought = Sought { task: story.task, purpose, task_type };
    let chosen = by_way(Grounds::of(state, now, seed), sought, choice);
    written::record(&state.registry, question, chosen, "")
}

/// Who is asked, on these grounds.
pub(super) fn by_way(grounds: Grounds<'_>, sought: Sought<'_>, choice: Choice) -> Chosen {
    match way(grounds.policies, grounds.rules, sought.task_type) {
        None => by_policy(grounds, sought, choice),
        Some(Way::Rule(rule)) => by_rule(grounds, sought, rule, choice),
        Some(Way::Bid(rule)) => by_bid(grounds, sought, rule, choice),
    }
}

/// The agents of the active policies of the task type that are active themselves and whose model
/// is not down, in order of priority.
fn by_policy(grounds: Grounds<'_>, sought: Sought<'_>, choice: Choice) -> Chosen {
    let policies = grounds.policies.get(sought.task_type).into_iter().flatten();
    let candidates = policies.map(|(priority, policy)| {
        let standing = match grounds.state.registry.get(policy.agent) {
            _ if !policy.active => CandidateStanding::PolicyInactive,
            Some(agent) if agent.revoked => CandidateStanding::Revoked,
            Some(agent) if agent.active && grounds.is_down(agent) => CandidateStanding::BreakerOpen,
            Some(agent) if agent.active => CandidateStanding::Eligible,
            Some(_) | None => CandidateStanding::AgentInactive,
        };
        let candidate = grounds.candidate(policy.agent, *priority, standing);
        Candidate { policy: Some(policy.at), ..candidate }
    });
    let candidates: Vec<Candidate> = candidates.collect();
    let most = (choice == Choice::First).then_some(1);
    let selected = first(&candidates, most);
    plain(grounds, POLICY, most, candidates, selected)
}

/// The agents of the rule's models, in its order: the preferred, or its fallbacks where none of
/// those can be asked.
fn by_rule(
    grounds: Grounds<'_>,
    sought: Sought<'_>,
    rule: &PreferenceRule,
    choice: Choice,
) -> Chosen {
    let artifact = grounds.artifact(sought);
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut preferred = 0;
    for (priority, preference) in (1..).zip(rule.preferred.iter().chain(&rule.fallbacks)) {
        for (agent, known) in grounds.state.registry.by_slugs() {
            let model = (&known.profile.provider, &known.profile.model);
            let named_before = candidates.iter().any(|one| one.agent == agent);
            if named_before || model != (&preference.provider, &preference.model) {
                continue;
            }
            let standing = grounds.standing(sought, artifact.as_ref(), agent, known);
            let standing = match (grounds.price(known), rule.max_cost) {
                _ if standing != CandidateStanding::Eligible => standing,
                (None, Some(_)) => CandidateStanding::PriceUnknown,
                (Some(price), Some(most)) if price > most => CandidateStanding::TooDear,
                (Some(_) | None, _) => CandidateStanding::Eligible,
            };
            candidates.push(grounds.candidate(agent, priority, standing));
        }
        if usize::try_from(priority).is_ok_and(|place| place <= rule.preferred.len()) {
            preferred = candidates.len();
        }
    }
    let most = if choice == Choice::First { Some(1) } else { rule.most };
    let (before, after) = candidates.split_at(preferred);
    let selected = first(before, most);
    let selected = if selected.is_empty() { first(after, most) } else { selected };
    let chosen = plain(grounds, PREFERENCE, most, candidates, selected);
    Chosen {
        rules_version: grounds.rules_version,
        rests_on: grounds.state.routing.last,
        tie_break: TieBreak::Preference,
        ..chosen
    }
}

/// Decides who puts contributions together: of the participants of an earlier decision those whom
/// governance lets, the first in its order.
pub(crate) fn synthesiser(
    state: &State,
    question: Question<'_>,
    participants: &Decided,
    now: Timestamp,
) -> (Decided, Vec<Draft>) {
    let Question { story, purpose, task_type } = question;
    let sought = Sought { task: story.task, purpose, task_type };
    let grounds = Grounds::of(state, now, 0);
    let chosen = first_participant(grounds, sought, &participants.selected);
    written::record(&state.registry, question, chosen, "")
}

/// The first participant whom governance lets propose.
pub(super) fn first_participant(
    grounds: Grounds<'_>,
    sought: Sought<'_>,
    participants: &[AgentId],
) -> Chosen {
    let artifact = grounds.artifact(sought);
    let candidates = (1..).zip(participants).map(|(priority, agent)| {
        let standing = if grounds.permitted(sought, artifact.as_ref(), *agent) {
            CandidateStanding::Eligible
        } else {
            CandidateStanding::Governance
        };
        grounds.candidate(*agent, priority, standing)
    });
    let candidates: Vec<Candidate> = candidates.collect();
    let selected = first(&candidates, Some(1));
    plain(grounds, SYNTHESISER, Some(1), candidates, selected)
}

/// Decides for the receiver that a sender named; there is nobody else to choose from.
pub(crate) fn named(
    state: &State,
    question: Question<'_>,
    (receiver, what): (AgentId, &str),
    now: Timestamp,
) -> (Decided, Vec<Draft>) {
    let chosen = the_named(Grounds::of(state, now, 0), receiver);
    written::record(&state.registry, question, chosen, what)
}

/// The one that was named.
pub(super) fn the_named(grounds: Grounds<'_>, receiver: AgentId) -> Chosen {
    let candidate = grounds.candidate(receiver, 1, CandidateStanding::Eligible);
    plain(grounds, NAMED, Some(1), vec![candidate], vec![receiver])
}

/// Decides for the agents that the host named, in their order, those of them that can be asked.
pub(crate) fn named_set(
    state: &State,
    question: Question<'_>,
    agents: &[AgentId],
    now: Timestamp,
) -> (Decided, Vec<Draft>) {
    let chosen = the_named_set(Grounds::of(state, now, 0), agents);
    written::record(&state.registry, question, chosen, "")
}

/// Those that were named and can be asked.
pub(super) fn the_named_set(grounds: Grounds<'_>, agents: &[AgentId]) -> Chosen {
    let candidates = (1..).zip(agents).map(|(priority, agent)| {
        let standing = match grounds.state.registry.get(*agent) {
            Some(known) if known.revoked => CandidateStanding::Revoked,
            Some(known) if known.active && grounds.is_down(known) => CandidateStanding::BreakerOpen,
            Some(known) if known.active => CandidateStanding::Eligible,
            Some(_) | None => CandidateStanding::AgentInactive,
        };
        grounds.candidate(*agent, priority, standing)
    });
    let candidates: Vec<Candidate> = candidates.collect();
    let selected = first(&candidates, None);
    plain(grounds, NAMED_SET, None, candidates, selected)
}

/// A choice that nothing was scored for.
fn plain(
    grounds: Grounds<'_>,
    rule: &'static str,
    most: Option<u32>,
    candidates: Vec<Candidate>,
    selected: Vec<AgentId>,
) -> Chosen {
    Chosen {
        rule,
        version: 1,
        most,
        rules_version: None,
        weights: None,
        evidence: None,
        candidates,
        selected,
        rests_on: grounds.state.routing.newest,
        tie_break: TieBreak::Priority,
        seed: None,
    }
}

/// The first candidates that can be asked, each agent once, at its first place.
fn first(candidates: &[Candidate], most: Option<u32>) -> Vec<AgentId> {
    let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let mut selected: Vec<AgentId> = Vec::new();
    for one in candidates.iter().filter(|one| one.standing == CandidateStanding::Eligible) {
        if selected.len() < most && !selected.contains(&one.agent) {
            selected.push(one.agent);
        }
    }
    selected
}
