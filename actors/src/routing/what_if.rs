//! What if: recorded decisions, refusals and verdicts made again under other policies, another
//! strategy, other weights or another rule for verdicts, each on the history as it was.
//!
//! Nothing follows from a decision that would have fallen otherwise: the next one is made on what
//! really happened. So every line stands for itself, and their sum is no second history.

mod change;

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    AgentId, ArtifactType, BidRule, CollectiveEvent, ConsensusStatus, Event, GovernanceEvent,
    GovernancePolicySet, HubId, InvocationEvent, MicroUsd, PolicyId, PolicyRef, Recorded,
    RoutingDecided, RoutingEvent, RoutingRules, Slug, Strategy, TaskEvent, TaskId, TaskType,
    TextName, Verb, Verdict, VerdictReached, VerdictRule, Weights,
};

pub use self::change::{Change, Judged, Rerouted, Ruled, Totals};
use super::choose::{Grounds, NAMED, NAMED_SET, SYNTHESISER, Sought, by_bid, by_way};
use super::explain::choice;
use super::words::Found;
use super::{Policies, Policy};
use crate::budget;
use crate::collective::verdict::reach;
use crate::governance::{Governance, in_words};
use crate::state::State;
use crate::task::request_bytes;

/// What would have been otherwise. What it does not speak of is as it was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alternative {
    /// Whom to ask for a task type, in order of priority, instead of the policies it had.
    pub routes: BTreeMap<TaskType, Vec<Slug>>,
    /// What an agent may do with an artifact type, instead of the policy that was.
    pub permissions: BTreeMap<(Slug, ArtifactType), BTreeSet<Verb>>,
    /// Every task type by bid, scored so; an agent's bid is its strategy's.
    pub strategy: Option<Strategy>,
    /// The weights of the informed strategy.
    pub weights: Option<Weights>,
    /// Every verdict by this rule, on what the recorded one rests on.
    pub verdict: Option<VerdictRule>,
}

/// Makes a hub's recorded decisions again, one append after the other.
#[derive(Debug)]
pub struct WhatIf {
    state: State,
    alternative: Alternative,
    under: Under,
    words: BTreeMap<TaskId, Found>,
    totals: Totals,
}

/// The policies and rules of the alternative, as they stand now.
#[derive(Debug, Default)]
struct Under {
    policies: Policies,
    governance: Governance,
    rules: RoutingRules,
}

impl WhatIf {
    /// A hub of which nothing has been read yet.
    pub fn new(hub: HubId, alternative: Alternative) -> Self {
        let state = State::empty(hub);
        let (under, words) = (Under::default(), BTreeMap::new());
        Self { state, alternative, under, words, totals: Totals::default() }
    }

    /// What was looked at so far.
    pub const fn totals(&self) -> Totals {
        self.totals
    }

    /// Takes the next append in, without making anything in it again.
    pub fn pass(&mut self, append: &[Recorded]) {
        for recorded in append {
            self.read(recorded);
            self.state.evolve(recorded.envelope.id, recorded.envelope.decided_at, &recorded.event);
            if let Event::Registry(_) | Event::Governance(_) | Event::Routing(_) = &recorded.event {
                self.refresh(&recorded.event);
            }
        }
    }

    /// Takes the next append in, and says what in it would have fallen otherwise. Texts of tasks are
    /// read where words decide: the append must come with its bodies.
    pub fn take(&mut self, append: &[Recorded]) -> Vec<Change> {
        let changes = append.iter().filter_map(|recorded| self.otherwise(recorded)).collect();
        self.pass(append);
        changes
    }

    fn otherwise(&mut self, recorded: &Recorded) -> Option<Change> {
        let position = recorded.envelope.position;
        if let Event::Routing(RoutingEvent::RoutingDecided(decided)) = &recorded.event {
            return self.rerouted(recorded, decided).map(Change::Rerouted);
        }
        if let Event::Governance(GovernanceEvent::AttemptBlocked(blocked)) = &recorded.event {
            self.totals.refusals = self.totals.refusals.saturating_add(1);
            let (agent, verb, artifact) = (blocked.agent, blocked.verb, &blocked.artifact);
            let allowed = self.permits(agent, verb, artifact).is_ok();
            self.totals.allowed = self.totals.allowed.saturating_add(u64::from(allowed));
            let (task, artifact) = (blocked.task, artifact.clone());
            let (agent, reason) = (self.state.registry.slug(agent), in_words(&blocked.because));
            let judged = Judged { position, task, agent, verb, artifact, reason };
            return allowed.then_some(Change::Allowed(judged));
        }
        if let Event::Collective(CollectiveEvent::VerdictReached(reached)) = &recorded.event {
            return self.ruled(recorded, reached).map(Change::Ruled);
        }
        let Event::Invocation(InvocationEvent::InvocationStarted(started)) = &recorded.event else {
            return None;
        };
        self.totals.calls = self.totals.calls.saturating_add(1);
        let (agent, verb, artifact) = (started.agent, started.verb, &started.artifact);
        let reason = self.permits(agent, verb, artifact).err()?;
        self.totals.denied = self.totals.denied.saturating_add(1);
        let (task, artifact) = (started.task, artifact.clone());
        let agent = self.state.registry.slug(agent);
        Some(Change::Denied(Judged { position, task, agent, verb, artifact, reason }))
    }

    fn ruled(&mut self, recorded: &Recorded, reached: &VerdictReached) -> Option<Ruled> {
        let rule_otherwise = self.alternative.verdict?;
        self.totals.verdicts = self.totals.verdicts.saturating_add(1);
        let VerdictReached { collective, rule, ref verdict, ref basis, .. } = *reached;
        let verdict_otherwise = reach(rule_otherwise, basis).verdict;
        if verdict_otherwise == *verdict {
            return None;
        }
        let task_type = self.state.collectives.task_type(collective)?.clone();
        let agrees = |verdict: &Verdict| verdict.status() == ConsensusStatus::Consensus;
        let (did, would) = (agrees(verdict), agrees(&verdict_otherwise));
        let totals = &mut self.totals;
        totals.ruled = totals.ruled.saturating_add(1);
        totals.agreed = totals.agreed.saturating_add(u64::from(would && !did));
        totals.parted = totals.parted.saturating_add(u64::from(did && !would));
        let (position, verdict) = (recorded.envelope.position, verdict.clone());
        Some(Ruled {
            position,
            collective,
            task_type,
            rule,
            verdict,
            rule_otherwise,
            verdict_otherwise,
        })
    }

    fn permits(&self, agent: AgentId, verb: Verb, artifact: &ArtifactType) -> Result<(), String> {
        let registry = &self.state.registry;
        let foreseen = self.under.governance.foreseen(registry, agent, verb, artifact);
        foreseen.map_err(|because| in_words(&because))
    }

    fn rerouted(&mut self, recorded: &Recorded, decided: &RoutingDecided) -> Option<Rerouted> {
        let RoutingDecided { task, purpose, ref task_type, .. } = *decided;
        // Nobody chooses where a sender names the receiver or the participants are given.
        if [NAMED, NAMED_SET, SYNTHESISER].contains(&decided.rule.as_str()) {
            return None;
        }
        self.totals.decisions = self.totals.decisions.saturating_add(1);
        let sought = Sought { task, purpose, task_type };
        let grounds = Grounds {
            policies: &self.under.policies,
            governance: &self.under.governance,
            rules: &self.under.rules,
            words: self.words.get(&task),
            ..Grounds::of(&self.state, recorded.envelope.decided_at, seed(decided))
        };
        let chosen = match self.alternative.strategy {
            Some(strategy) if !self.alternative.routes.contains_key(task_type) => {
                let asked = u32::try_from(decided.selected.len()).unwrap_or(u32::MAX);
                let most = decided.most.unwrap_or(asked).max(1);
                let rule =
                    BidRule { strategy, window_ms: 0, standing_bids: true, most: Some(most) };
                by_bid(grounds, sought, &rule, choice(purpose))
            }
            _ => by_way(grounds, sought, choice(purpose)),
        };
        if chosen.selected == decided.selected {
            return None;
        }
        let cost = self.cost(task, &decided.selected);
        let cost_otherwise = self.cost(task, &chosen.selected);
        let totals = &mut self.totals;
        totals.rerouted = totals.rerouted.saturating_add(1);
        totals.found = totals.found.saturating_add(u64::from(decided.selected.is_empty()));
        totals.lost = totals.lost.saturating_add(u64::from(chosen.selected.is_empty()));
        if let (Some(cost), Some(otherwise)) = (cost, cost_otherwise) {
            totals.priced = totals.priced.saturating_add(1);
            totals.cost = totals.cost.plus(cost);
            totals.cost_otherwise = totals.cost_otherwise.plus(otherwise);
        }
        let slugs = |agents: &[AgentId]| -> Vec<String> {
            agents.iter().map(|agent| self.state.registry.slug(*agent)).collect()
        };
        Some(Rerouted {
            position: recorded.envelope.position,
            decision: decided.decision,
            task,
            purpose,
            task_type: task_type.clone(),
            asked: slugs(&decided.selected),
            otherwise: slugs(&chosen.selected),
            cost,
            cost_otherwise,
        })
    }

    /// The most that a call of each of these agents could cost; none where a price is unknown.
    fn cost(&self, task: TaskId, agents: &[AgentId]) -> Option<MicroUsd> {
        let task = self.state.tasks.get(task)?;
        let cost = |agent: &AgentId| {
            let profile = &self.state.registry.get(*agent)?.profile;
            let price = self.state.ledger.price(&profile.provider, &profile.model)?;
            let bytes = request_bytes(task, profile.prompt_bytes);
            let input = budget::input_bound(&profile.provider, bytes);
            Some(price.worst(input, task.plan.rules().max_output))
        };
        agents.iter().map(cost).sum()
    }

    /// Finds the words of a task that comes in, and forgets those of one that has ended.
    fn read(&mut self, recorded: &Recorded) {
        let Event::Task(event) = &recorded.event else {
            return;
        };
        match event {
            TaskEvent::TaskSubmitted(submitted) => {
                if self.alternative.strategy.is_some() {
                    let text = |name| recorded.texts.get(&name).unwrap_or_default();
                    let (title, body) = (text(TextName::TITLE), text(TextName::BODY));
                    let found = self.state.routing.lexicon.found_in(&format!("{title}\n{body}"));
                    self.words.insert(submitted.task, found);
                }
            }
            TaskEvent::TaskConcluded(concluded) => {
                self.words.remove(&concluded.task);
            }
        }
    }

    /// Lays the alternative over what holds after this event.
    fn refresh(&mut self, event: &Event) {
        if let Event::Routing(
            RoutingEvent::RoutingDecided(_)
            | RoutingEvent::CandidatesListed(_)
            | RoutingEvent::TaskWordsFound(_),
        )
        | Event::Governance(GovernanceEvent::AttemptBlocked(_)) = event
        {
            return;
        }
        let Self { state, alternative, under, .. } = self;
        let agent = |slug: &Slug| state.registry.by_slug(&state.hub, slug).ok();
        under.policies.clone_from(&state.routing.policies);
        for (task_type, slugs) in &alternative.routes {
            let policies = (1..).zip(slugs).filter_map(|(priority, slug)| {
                let at = otherwise(&["routing", task_type.as_str(), &priority.to_string()]);
                Some((priority, Policy { at, agent: agent(slug)?, active: true }))
            });
            under.policies.insert(task_type.clone(), policies.collect());
        }
        under.governance.clone_from(&state.governance);
        for ((slug, artifact), verbs) in &alternative.permissions {
            if let Some(agent) = agent(slug) {
                let policy = otherwise(&["governance", slug.as_str(), artifact.as_str()]);
                let (artifact, verbs) = (artifact.clone(), verbs.clone());
                let (reviewers, active) = (1, true);
                let set = GovernancePolicySet { policy, agent, artifact, verbs, reviewers, active };
                under.governance.evolve(&GovernanceEvent::GovernancePolicySet(set));
            }
        }
        under.rules.clone_from(&state.routing.rules);
        if let Some(weights) = alternative.weights {
            under.rules.weights = weights;
        }
    }
}

/// A policy that is in no log.
fn otherwise(parts: &[&str]) -> PolicyRef {
    PolicyRef { id: PolicyId::derive(parts), version: 0 }
}

/// The seed a decision drew from; one that drew nothing draws from its own id.
fn seed(decided: &RoutingDecided) -> u64 {
    let id = decided.decision.to_string();
    let digest = convoke_events::Digest::of(id.as_bytes());
    let own = digest.as_bytes().iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    decided.seed.unwrap_or(own)
}
