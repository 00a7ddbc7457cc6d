//! Routing: who is asked, decided and recorded before anything is sent.

mod bid;
mod bidding;
mod choose;
pub mod explain;
mod rules;
mod score;
pub mod simulate;
mod track;
pub mod what_if;
mod words;
mod written;

use std::collections::BTreeMap;

use convoke_events::{
    AgentId, Candidate, CandidateStanding, DecisionId, EventId, InvocationEvent, PolicyRef,
    ProposalEvent, RegistryEvent, RoutingEvent, RoutingRules, TaskId, TaskType, Timestamp, Way,
};

use self::bidding::Biddings;
pub(crate) use self::bidding::{close as close_bidding, open as open_bidding, place as place_bid};
pub(crate) use self::choose::{Choice, Question, decide, named, named_set, synthesiser};
pub(crate) use self::rules::{set_policy, set_rules};
use self::track::Track;
use self::words::{Found, Lexicon};
pub(crate) use self::written::found_words;
use crate::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    at: PolicyRef,
    agent: AgentId,
    active: bool,
}

/// The policies of each task type, by priority.
pub(crate) type Policies = BTreeMap<TaskType, BTreeMap<u32, Policy>>;

/// How a hub routes, what it has learned from, and the decisions whose calls may still be sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Routing {
    policies: Policies,
    rules: RoutingRules,
    /// Which version of them; none where nobody has set any.
    rules_version: Option<u32>,
    decisions: BTreeMap<TaskId, BTreeMap<DecisionId, Decided>>,
    /// The words found in the tasks that bids may be asked for.
    words: BTreeMap<TaskId, Found>,
    /// Every word that an agent of the hub is matched by.
    lexicon: Lexicon,
    biddings: Biddings,
    track: Track,
    /// The newest event that decisions by policy rest on: of a policy, or of an agent.
    newest: Option<EventId>,
    /// The newest event of all, on which decisions rest that look at load, budget and record.
    last: Option<EventId>,
}

/// A decision that is in the log, or goes into it in the same append as what it lets be sent.
/// Only this room makes one, and no call can be sent without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decided {
    id: DecisionId,
    /// Who could be asked, in order.
    eligible: Vec<AgentId>,
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
    fn new(id: DecisionId, candidates: &[Candidate], selected: Vec<AgentId>) -> Self {
        Self { id, eligible: eligible(candidates).collect(), selected }
    }

    /// The leave to call this agent, if the decision selected it.
    pub(crate) fn authorises(&self, agent: AgentId) -> Option<Authorised> {
        self.selected.contains(&agent).then_some(Authorised { agent, decision: self.id })
    }

    /// The leave to call this agent, if it could be asked when the decision fell: for the next try
    /// of a call.
    pub(crate) fn candidate(&self, agent: AgentId) -> Option<Authorised> {
        self.eligible.contains(&agent).then_some(Authorised { agent, decision: self.id })
    }

    /// The leave to call those who could be asked after this one, in their order: for a call
    /// instead of one that failed.
    pub(crate) fn candidates_after(&self, agent: AgentId) -> impl Iterator<Item = Authorised> {
        let after = self.eligible.iter().skip_while(move |one| **one != agent);
        let others = after.filter(move |one| **one != agent);
        others.map(|one| Authorised { agent: *one, decision: self.id })
    }

    pub(crate) const fn id(&self) -> DecisionId {
        self.id
    }

    /// Who is asked, in order.
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
            RoutingEvent::RoutingRulesSet(set) => {
                self.rules = set.rules.clone();
                self.rules_version = Some(set.version);
            }
            RoutingEvent::RoutingDecided(decided) => {
                self.track.bids_decided(&decided.candidates, &decided.selected);
                let decisions = self.decisions.entry(decided.task).or_default();
                let id = decided.decision;
                let selected = decided.selected.clone();
                decisions.insert(id, Decided::new(id, &decided.candidates, selected));
            }
            RoutingEvent::CandidatesListed(listed) => {
                let decisions = self.decisions.get_mut(&listed.task);
                if let Some(decided) = decisions.and_then(|them| them.get_mut(&listed.decision)) {
                    self.track.bids_decided(&listed.candidates, &decided.selected);
                    decided.eligible.extend(eligible(&listed.candidates));
                }
            }
            RoutingEvent::TaskWordsFound(found) => {
                self.words
                    .entry(found.task)
                    .or_default()
                    .extend(found.words.iter().map(|found| (found.word.clone(), found.whole)));
            }
            RoutingEvent::BiddingOpened(_)
            | RoutingEvent::BidPlaced(_)
            | RoutingEvent::BidRefused(_)
            | RoutingEvent::BiddingClosed(_) => self.biddings.evolve(event),
        }
    }

    /// Notes an event of an agent, on which decisions rest too, before the registry takes it in.
    pub(crate) fn agent_changed(&mut self, id: EventId, event: &RegistryEvent, agents: &Registry) {
        self.newest = Some(id);
        match event {
            RegistryEvent::AgentRegistered(new) => self.lexicon.add((&new.profile).into()),
            RegistryEvent::AgentRevised(new) => {
                self.lexicon.add((&new.profile).into());
                if let Some(old) = agents.get(new.agent) {
                    self.lexicon.remove((&old.profile).into());
                }
            }
            RegistryEvent::AgentDeactivated(_)
            | RegistryEvent::AgentReactivated(_)
            | RegistryEvent::TaskTypeRegistered(_) => {}
        }
    }

    /// Notes that an event happened.
    pub(crate) fn happened(&mut self, id: EventId) {
        self.last = Some(id);
    }

    /// Notes what became of a call.
    pub(crate) fn heard(&mut self, event: &InvocationEvent) {
        self.track.heard(event);
    }

    /// Notes what people think of a result.
    pub(crate) fn judged(&mut self, id: EventId, event: &ProposalEvent) {
        match event {
            ProposalEvent::ProposalMade(made) => {
                if self.words.contains_key(&made.task) {
                    self.track.proposed(made.proposal, made.task);
                }
            }
            ProposalEvent::ReviewRulesSet(_)
            | ProposalEvent::ProposalApplied(_)
            | ProposalEvent::ReviewGiven(_)
            | ProposalEvent::ReviewRefused(_) => {}
            ProposalEvent::ProposalReviewed(reviewed) => {
                let task = self.track.reviewed(reviewed.proposal);
                let words = task.and_then(|task| self.words.remove(&task)).unwrap_or_default();
                self.track.credited(id, &reviewed.credits, &words);
            }
        }
    }

    /// Forgets the decisions of a task that has ended: nothing can be sent by them any more.
    pub(crate) fn forget(&mut self, task: TaskId) {
        self.decisions.remove(&task);
        self.biddings.forget(task);
        if !self.track.awaits_review(task) {
            self.words.remove(&task);
        }
    }

    /// When the next bidding ends, and on which task.
    pub(crate) fn next_bidding_end(&self) -> Option<(Timestamp, TaskId)> {
        self.biddings.next_end()
    }

    /// A recorded decision of a task that has not ended.
    pub(crate) fn recorded(&self, task: TaskId, id: DecisionId) -> Option<Decided> {
        self.decisions.get(&task)?.get(&id).cloned()
    }
}

fn eligible(candidates: &[Candidate]) -> impl Iterator<Item = AgentId> {
    let eligible = candidates.iter().filter(|one| one.standing == CandidateStanding::Eligible);
    eligible.map(|one| one.agent)
}

/// How the tasks of a type find their agents, where no active policy speaks of them.
fn way<'a>(policies: &Policies, rules: &'a RoutingRules, task_type: &TaskType) -> Option<&'a Way> {
    let policies = policies.get(task_type);
    let by_policy = policies.is_some_and(|them| them.values().any(|policy| policy.active));
    rules.ways.get(task_type).filter(|_| !by_policy)
}
