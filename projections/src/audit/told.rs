//! What a story has to know before it can be told: names, causes, calls and amounts.

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    AccountId, AgentId, Amount, BudgetEvent, CollectiveEvent, CollectiveId, CoordinationEvent,
    DelegationEvent, DelegationId, DelegationRequested, Event, EventId, HeldFor, HubEvent,
    InvocationEvent, InvocationId, Key, LeaseId, LifecycleEvent, Log, PersonId, Position,
    Principal, ProposalBasis, ProposalEvent, ProposalId, Purpose, Query, ReadError, Recorded,
    RegistryEvent, ReservationId, Slug, TaskEvent, TextName, VoteId,
};

use crate::wishes::Wishes;

/// Names, causes, calls and amounts of the events of one story.
#[derive(Default)]
pub(super) struct Told {
    slugs: BTreeMap<(AgentId, u32), Slug>,
    people: BTreeMap<PersonId, String>,
    positions: BTreeMap<EventId, Position>,
    calls: BTreeMap<InvocationId, Called>,
    amounts: BTreeMap<ReservationId, Amount>,
    accounts: BTreeMap<AccountId, String>,
    members: BTreeMap<CollectiveId, BTreeSet<AgentId>>,
    authors: BTreeMap<ProposalId, BTreeSet<AgentId>>,
    delegations: BTreeMap<DelegationId, HandedOver>,
    votes: BTreeMap<VoteId, Key>,
    leases: BTreeMap<LeaseId, AgentId>,
    pub(super) wishes: Wishes,
}

/// Who is called, and what for.
#[derive(Clone, Copy)]
pub(super) struct Called {
    pub(super) agent: AgentId,
    pub(super) agent_version: u32,
    pub(super) purpose: Purpose,
}

/// Who handed something to whom.
#[derive(Clone, Copy)]
pub(super) struct HandedOver {
    pub(super) from: AgentId,
    pub(super) to: AgentId,
}

/// The call an event is about, if it is about one.
pub(super) fn call_of(event: &Event) -> Option<InvocationId> {
    match event {
        Event::Invocation(InvocationEvent::InvocationStarted(facts)) => Some(facts.invocation),
        Event::Invocation(InvocationEvent::InvocationAnswered(facts)) => Some(facts.invocation),
        Event::Invocation(InvocationEvent::InvocationFailed(facts)) => Some(facts.invocation),
        Event::Invocation(InvocationEvent::OutcomeArrivedLate(facts)) => Some(facts.invocation),
        Event::Invocation(InvocationEvent::InvocationRecovered(facts)) => Some(facts.invocation),
        Event::Budget(BudgetEvent::Reserved(facts)) => facts.held_for.call(),
        Event::Budget(BudgetEvent::Settled(facts)) => facts.held_for.call(),
        Event::Budget(BudgetEvent::OverrunCharged(facts)) => facts.held_for.call(),
        Event::Budget(
            BudgetEvent::PriceSet(_)
            | BudgetEvent::AccountOpened(_)
            | BudgetEvent::AccountLimitsSet(_)
            | BudgetEvent::AccountClosed(_)
            | BudgetEvent::AccountReopened(_),
        )
        | Event::Hub(_)
        | Event::Resilience(_)
        | Event::Registry(_)
        | Event::Governance(_)
        | Event::Routing(_)
        | Event::Task(_)
        | Event::Collective(_)
        | Event::Delegation(_)
        | Event::Proposal(_)
        | Event::Action(_)
        | Event::Coordination(_)
        | Event::Lifecycle(_)
        | Event::Host(_) => None,
    }
}

impl Told {
    /// Knows what every agent was called in each of its versions, and the hubs' accounts.
    pub(super) fn with_names(log: &Log, head: Position) -> Result<Self, ReadError> {
        let mut told = Self::default();
        for event_type in ["HubOpened", "AgentRegistered", "AgentRevised"] {
            for event in log.read(Query::event_type(event_type).to(head)) {
                told.learn_name(&event?.event);
            }
        }
        Ok(told)
    }

    fn learn_name(&mut self, event: &Event) {
        if let Event::Hub(HubEvent::HubOpened(facts)) = event {
            self.accounts.insert(facts.account, "the hub's account".to_owned());
        } else if let Event::Registry(RegistryEvent::AgentRegistered(facts)) = event {
            self.slugs.insert((facts.agent, 1), facts.profile.slug.clone());
        } else if let Event::Registry(RegistryEvent::AgentRevised(facts)) = event {
            self.slugs.insert((facts.agent, facts.version), facts.profile.slug.clone());
        }
    }

    /// Takes in an event of the story.
    pub(super) fn learn(&mut self, recorded: &Recorded) {
        self.positions.insert(recorded.envelope.id, recorded.envelope.position);
        // Not the ends of tasks: what was wished is told afterwards.
        if matches!(recorded.event, Event::Delegation(_)) {
            self.wishes.fold(recorded);
        }
        if let (Principal::Person(person), Some(name)) =
            (&recorded.envelope.principal, recorded.texts.get(&TextName::PRINCIPAL))
        {
            self.people.insert(*person, name.to_owned());
        }
        if let Event::Budget(BudgetEvent::Reserved(facts)) = &recorded.event {
            self.amounts.insert(facts.reservation, facts.amount);
        } else if let Event::Task(TaskEvent::TaskSubmitted(facts)) = &recorded.event {
            self.accounts.insert(facts.account, "the task's account".to_owned());
        } else if let Event::Invocation(InvocationEvent::InvocationStarted(facts)) = &recorded.event
        {
            let (agent, agent_version) = (facts.agent, facts.agent_version);
            let called = Called { agent, agent_version, purpose: facts.purpose };
            self.calls.insert(facts.invocation, called);
        } else if let Event::Delegation(DelegationEvent::DelegationRequested(facts)) =
            &recorded.event
        {
            self.learn_delegation(facts);
        } else if let Event::Coordination(CoordinationEvent::VoteOpened(facts)) = &recorded.event {
            self.votes.insert(facts.vote, facts.subject.clone());
        } else if let Event::Collective(collective) = &recorded.event {
            self.learn_collective(collective);
        } else if let Event::Lifecycle(LifecycleEvent::LeaseIssued(facts)) = &recorded.event {
            self.leases.insert(facts.lease, facts.agent);
        } else if let Event::Proposal(ProposalEvent::ProposalMade(facts)) = &recorded.event {
            let members = facts.collective.and_then(|id| self.members.get(&id));
            let mut authors = members.cloned().unwrap_or_default();
            if let ProposalBasis::Synthesis { agent, .. } | ProposalBasis::Answer { agent, .. } =
                facts.basis
            {
                authors.insert(agent);
            }
            self.authors.insert(facts.proposal, authors);
        }
    }

    fn learn_delegation(&mut self, facts: &DelegationRequested) {
        let handed_over = HandedOver { from: facts.from, to: facts.to };
        self.delegations.insert(facts.delegation, handed_over);
        let account = format!("the account of {}", self.delegation_in_words(facts.delegation));
        self.accounts.insert(facts.account, account);
    }

    fn learn_collective(&mut self, event: &CollectiveEvent) {
        let CollectiveEvent::CollectiveConvened(facts) = event else {
            return;
        };
        let mut members = BTreeSet::new();
        for chosen in &facts.participants {
            members.insert(chosen.agent);
            let (agent, agent_version) = (chosen.agent, chosen.agent_version);
            let called = Called { agent, agent_version, purpose: Purpose::Contribution };
            self.calls.entry(chosen.invocation).or_insert(called);
        }
        if let Some(chosen) = &facts.synthesiser {
            members.insert(chosen.agent);
            let participant = facts.participants.iter().find(|one| one.agent == chosen.agent);
            let agent_version = participant.map_or(1, |one| one.agent_version);
            let called = Called { agent: chosen.agent, agent_version, purpose: Purpose::Synthesis };
            self.calls.entry(chosen.invocation).or_insert(called);
        }
        self.members.insert(facts.collective, members);
    }

    /// `forge (v1)`: what the agent was called in that version.
    pub(super) fn agent(&self, agent: AgentId, version: u32) -> String {
        format!("{} (v{version})", self.slug(agent, version))
    }

    /// What the agent was called last.
    pub(super) fn newest(&self, agent: AgentId) -> String {
        self.slug(agent, u32::MAX)
    }

    fn slug(&self, agent: AgentId, version: u32) -> String {
        let known = self.slugs.range((agent, 0)..=(agent, version)).next_back();
        known.map_or_else(|| format!("agent {agent}"), |(_, slug)| slug.to_string())
    }

    /// The person's name, where an event of the story tells it.
    pub(super) fn person(&self, person: PersonId) -> String {
        self.people.get(&person).cloned().unwrap_or_else(|| format!("person {person}"))
    }

    /// Who caused something.
    pub(super) fn principal(&self, principal: &Principal) -> String {
        match principal {
            Principal::Person(person) => self.person(*person),
            Principal::Service(name) => format!("service {name}"),
            Principal::Agent(agent) => self.newest(*agent),
            Principal::Runtime => "runtime".to_owned(),
        }
    }

    /// Where an event of the story is.
    pub(super) fn position(&self, event: EventId) -> Option<Position> {
        self.positions.get(&event).copied()
    }

    /// Who is called in a call of the story.
    pub(super) fn call(&self, invocation: InvocationId) -> Option<Called> {
        self.calls.get(&invocation).copied()
    }

    /// `forge (v1)'s contribution`: the call, in words.
    pub(super) fn call_in_words(&self, invocation: InvocationId) -> String {
        match self.call(invocation) {
            Some(Called { agent, agent_version, purpose }) => {
                format!("the {purpose} of {}", self.agent(agent, agent_version))
            }
            None => format!("call {invocation}"),
        }
    }

    /// What a vote is called.
    pub(super) fn vote(&self, vote: VoteId) -> String {
        self.votes.get(&vote).map_or_else(|| vote.to_string(), ToString::to_string)
    }

    /// Who handed a sub-task to whom, if the story tells it.
    pub(super) fn handed_over(&self, delegation: DelegationId) -> Option<HandedOver> {
        self.delegations.get(&delegation).copied()
    }

    /// `the delegation from quill to strata`.
    pub(super) fn delegation_in_words(&self, delegation: DelegationId) -> String {
        match self.handed_over(delegation) {
            Some(HandedOver { from, to }) => {
                format!("the delegation from {} to {}", self.newest(from), self.newest(to))
            }
            None => format!("delegation {delegation}"),
        }
    }

    /// Who works under a lease of the story.
    pub(super) fn lessee(&self, lease: LeaseId) -> Option<AgentId> {
        self.leases.get(&lease).copied()
    }

    /// Who works under a lease, in words.
    pub(super) fn leased(&self, lease: LeaseId) -> String {
        self.lessee(lease).map_or_else(|| format!("lease {lease}"), |agent| self.newest(agent))
    }

    /// What an amount is set aside for, in words.
    pub(super) fn held_for(&self, held_for: HeldFor) -> String {
        match held_for {
            HeldFor::Call(invocation) => self.call_in_words(invocation),
            HeldFor::Delegation(delegation) => self.delegation_in_words(delegation),
        }
    }

    /// Who answered in a call.
    pub(super) fn caller(&self, invocation: InvocationId) -> String {
        match self.call(invocation) {
            Some(called) => self.agent(called.agent, called.agent_version),
            None => format!("call {invocation}"),
        }
    }

    /// How much was set aside.
    pub(super) fn amount(&self, reservation: ReservationId) -> Option<Amount> {
        self.amounts.get(&reservation).copied()
    }

    /// An account, in words.
    pub(super) fn account(&self, account: AccountId) -> String {
        self.accounts.get(&account).cloned().unwrap_or_else(|| format!("account {account}"))
    }

    /// Whether the agent is a participant or the synthesiser of the collective.
    pub(super) fn takes_part(&self, collective: CollectiveId, agent: AgentId) -> bool {
        self.members.get(&collective).is_some_and(|members| members.contains(&agent))
    }

    /// Whether the proposal rests on the agent's work.
    pub(super) fn contributed_to(&self, proposal: ProposalId, agent: AgentId) -> bool {
        self.authors.get(&proposal).is_some_and(|authors| authors.contains(&agent))
    }
}
