//! The live views of a runtime.

use convoke_events::Log;
use convoke_projections::{
    Agents, Budgets, Collectives, Delegations, Estimates, Governance, Proposals, Routing, Runner,
    StartError, Tasks,
};

/// Read models that follow the log; each can be waited for, so that a caller reads its own writes.
pub struct Views {
    /// The agents and their versions.
    pub agents: Runner<Agents>,
    /// The pieces of work and how they ended.
    pub tasks: Runner<Tasks>,
    /// The results that wait for people.
    pub proposals: Runner<Proposals>,
    /// The questions put to several agents.
    pub collectives: Runner<Collectives>,
    /// What agents handed to each other.
    pub delegations: Runner<Delegations>,
    /// What may be spent and what was.
    pub budgets: Runner<Budgets>,
    /// What calls were thought to use, and what they used.
    pub estimates: Runner<Estimates>,
    /// Who is asked, and who was.
    pub routing: Runner<Routing>,
    /// What agents may do, and what was denied.
    pub governance: Runner<Governance>,
}

impl Views {
    pub(crate) fn follow(log: &Log) -> Result<Self, StartError> {
        Ok(Self {
            agents: Runner::start(log.clone(), None)?,
            tasks: Runner::start(log.clone(), None)?,
            proposals: Runner::start(log.clone(), None)?,
            collectives: Runner::start(log.clone(), None)?,
            delegations: Runner::start(log.clone(), None)?,
            budgets: Runner::start(log.clone(), None)?,
            estimates: Runner::start(log.clone(), None)?,
            routing: Runner::start(log.clone(), None)?,
            governance: Runner::start(log.clone(), None)?,
        })
    }

    /// Ends the threads that follow the log, and waits for them.
    pub(crate) fn stop(&self) {
        let Self { agents, tasks, proposals, collectives, routing, governance, .. } = self;
        let Self { delegations, budgets, estimates, .. } = self;
        agents.stop();
        tasks.stop();
        proposals.stop();
        collectives.stop();
        delegations.stop();
        budgets.stop();
        estimates.stop();
        routing.stop();
        governance.stop();
    }
}
