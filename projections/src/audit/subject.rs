//! Whose story is told, and which events belong to it.

use convoke_events::{
    ActionEvent, AgentId, BudgetEvent, CollectiveEvent, CoordinationEvent, CorrelationId,
    DelegationEvent, DelegationId, Event, GovernanceEvent, HeldFor, InvocationEvent, Log,
    Mediation, Position, Principal, ProposalEvent, ProposalId, Query, ReadError, Recorded,
    RegistryEvent, RoutingEvent, TaskId,
};

use super::lifecycle;
use super::told::{Told, call_of};

/// Whose story is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A task's, from its submission to the review of its proposal.
    Task(TaskId),
    /// That of the task a proposal came from.
    Proposal(ProposalId),
    /// An agent's: its registration, its policies, and everything it was asked and did.
    Agent(AgentId),
}

/// The events a story is told from.
pub(super) enum Scope {
    Task(TaskId),
    Agent(AgentId),
}

impl Subject {
    /// Finds the events; nothing where the log knows no such proposal.
    pub(super) fn scope(self, log: &Log, head: Position) -> Result<Option<Scope>, ReadError> {
        match self {
            Self::Task(task) => Ok(Some(Scope::Task(task))),
            Self::Agent(agent) => Ok(Some(Scope::Agent(agent))),
            Self::Proposal(proposal) => {
                for event in log.read(Query::event_type("ProposalMade").to(head)) {
                    if let Event::Proposal(ProposalEvent::ProposalMade(facts)) = event?.event
                        && facts.proposal == proposal
                    {
                        return Ok(Some(Scope::Task(facts.task)));
                    }
                }
                Ok(None)
            }
        }
    }
}

impl Scope {
    /// The events to learn from and to tell.
    pub(super) fn query(&self, head: Position) -> Query {
        match self {
            Self::Task(task) => Query::correlation(CorrelationId::of_task(*task)).to(head),
            Self::Agent(_) => Query::all().to(head),
        }
    }

    /// Whether the event belongs to the story.
    pub(super) fn concerns(&self, event: &Recorded, told: &Told) -> bool {
        match self {
            Self::Task(_) => true,
            Self::Agent(agent) => {
                event.envelope.principal == Principal::Agent(*agent)
                    || names(&event.event, *agent, told)
            }
        }
    }
}

fn names(event: &Event, agent: AgentId, told: &Told) -> bool {
    if let Some(invocation) = call_of(event) {
        return told.call(invocation).is_some_and(|call| call.agent == agent);
    }
    match event {
        Event::Registry(registry) => {
            Some(agent)
                == match registry {
                    RegistryEvent::AgentRegistered(facts) => Some(facts.agent),
                    RegistryEvent::AgentRevised(facts) => Some(facts.agent),
                    RegistryEvent::AgentDeactivated(facts) => Some(facts.agent),
                    RegistryEvent::AgentReactivated(facts) => Some(facts.agent),
                    RegistryEvent::TaskTypeRegistered(_) => None,
                }
        }
        Event::Governance(governance) => match governance {
            GovernanceEvent::GovernancePolicySet(facts) => facts.agent == agent,
            GovernanceEvent::AttemptBlocked(facts) => facts.agent == agent,
            GovernanceEvent::GovernanceDefaultSet(_) => false,
        },
        Event::Routing(routing) => match routing {
            RoutingEvent::RoutingPolicySet(facts) => facts.agent == agent,
            RoutingEvent::RoutingDecided(facts) => {
                facts.candidates.iter().any(|one| one.agent == agent)
            }
            RoutingEvent::CandidatesListed(facts) => {
                facts.candidates.iter().any(|one| one.agent == agent)
            }
            RoutingEvent::BidPlaced(facts) => facts.agent == agent,
            RoutingEvent::BidRefused(facts) => facts.agent == agent,
            RoutingEvent::RoutingRulesSet(_)
            | RoutingEvent::TaskWordsFound(_)
            | RoutingEvent::BiddingOpened(_)
            | RoutingEvent::BiddingClosed(_) => false,
        },
        Event::Collective(collective) => match collective {
            CollectiveEvent::CollectiveConvened(facts) => told.takes_part(facts.collective, agent),
            CollectiveEvent::ContributionRecorded(facts) => facts.agent == agent,
            CollectiveEvent::VerdictReached(facts) => told.takes_part(facts.collective, agent),
            CollectiveEvent::KeysGrouped(facts) => {
                facts.agent == agent || told.takes_part(facts.collective, agent)
            }
            CollectiveEvent::CollectiveRulesSet(_) => false,
        },
        Event::Delegation(delegation) => names_delegation(delegation, agent, told),
        Event::Action(ActionEvent::ActionRefused(facts)) => facts.agent == agent,
        Event::Coordination(together) => names_together(together, agent),
        Event::Proposal(proposal) => {
            let proposal = match proposal {
                ProposalEvent::ReviewRulesSet(_) => return false,
                ProposalEvent::ProposalMade(facts) => facts.proposal,
                ProposalEvent::ProposalApplied(facts) => facts.proposal,
                ProposalEvent::ReviewGiven(facts) => facts.proposal,
                ProposalEvent::ReviewRefused(facts) => facts.proposal,
                ProposalEvent::ProposalReviewed(facts) => facts.proposal,
            };
            told.contributed_to(proposal, agent)
        }
        Event::Invocation(
            InvocationEvent::InvocationStarted(_)
            | InvocationEvent::InvocationAnswered(_)
            | InvocationEvent::InvocationFailed(_)
            | InvocationEvent::OutcomeArrivedLate(_)
            | InvocationEvent::InvocationRecovered(_),
        )
        | Event::Resilience(_)
        | Event::Hub(_)
        | Event::Task(_)
        | Event::Host(_) => false,
        Event::Lifecycle(facts) => lifecycle::names(facts, told) == Some(agent),
        Event::Budget(budget) => budgeted(budget).is_some_and(|id| is_party(told, id, agent)),
    }
}

fn names_together(event: &CoordinationEvent, agent: AgentId) -> bool {
    match event {
        CoordinationEvent::CoordinationRulesSet(facts) => {
            facts.rules.mediator.as_ref().is_some_and(|mediator| mediator.template == agent)
        }
        CoordinationEvent::BoardPosted(facts) => facts.agent == agent,
        CoordinationEvent::MessageSent(facts) => facts.from == agent || facts.to == Some(agent),
        CoordinationEvent::VoteOpened(facts) => facts.required.contains(&agent),
        CoordinationEvent::VoteCast(facts) => facts.agent == agent,
        CoordinationEvent::VoteDecided(_) => false,
        CoordinationEvent::ComplexityDeclared(facts) => facts.by.is_some_and(|(by, _)| by == agent),
        CoordinationEvent::CompletionDeclared(facts) => facts.agent == agent,
        CoordinationEvent::ThresholdReached(facts) => {
            matches!(facts.mediation, Mediation::Called { agent: called, .. } if called == agent)
        }
    }
}

fn names_delegation(event: &DelegationEvent, agent: AgentId, told: &Told) -> bool {
    let delegation = match event {
        DelegationEvent::DelegationRequested(facts) => {
            return facts.from == agent || facts.to == agent;
        }
        DelegationEvent::DelegationRefused(facts) => {
            return facts.from == agent || facts.to == Some(agent);
        }
        DelegationEvent::DelegationWished(facts) => return facts.from == agent,
        DelegationEvent::DelegationCompleted(facts) => facts.delegation,
        DelegationEvent::DelegationFailed(facts) => facts.delegation,
        DelegationEvent::DelegationCancelled(facts) => facts.delegation,
    };
    is_party(told, delegation, agent)
}

fn is_party(told: &Told, delegation: DelegationId, agent: AgentId) -> bool {
    told.handed_over(delegation).is_some_and(|one| one.from == agent || one.to == agent)
}

/// The delegation that something is set aside for or settled, if it is for one.
const fn budgeted(event: &BudgetEvent) -> Option<DelegationId> {
    let held_for = match event {
        BudgetEvent::Reserved(facts) => facts.held_for,
        BudgetEvent::Settled(facts) => facts.held_for,
        BudgetEvent::OverrunCharged(facts) => facts.held_for,
        BudgetEvent::PriceSet(_)
        | BudgetEvent::AccountOpened(_)
        | BudgetEvent::AccountLimitsSet(_)
        | BudgetEvent::AccountClosed(_)
        | BudgetEvent::AccountReopened(_) => return None,
    };
    match held_for {
        HeldFor::Delegation(delegation) => Some(delegation),
        HeldFor::Call(_) => None,
    }
}
