//! The live views of a runtime.

use convoke_events::Log;
use convoke_projections::{
    Agents, Boards, Budgets, Calls, Collectives, Delegations, Estimates, Governance, Held,
    Lifecycle, Lineup, Live, Packets, Performance, Proposals, Routing, Runner, StartError, Tasks,
    Trust,
};

/// Read models that follow the log; each can be waited for, so that a caller reads its own writes.
pub struct Views {
    /// The agents and their versions.
    pub agents: Live<Agents>,
    /// The pieces of work and how they ended.
    pub tasks: Live<Tasks>,
    /// The results that wait for people.
    pub proposals: Live<Proposals>,
    /// The questions put to several agents.
    pub collectives: Live<Collectives>,
    /// What agents handed to each other.
    pub delegations: Live<Delegations>,
    /// What agents of one task do together.
    pub boards: Live<Boards>,
    /// What may be spent and what was.
    pub budgets: Live<Budgets>,
    /// The calls of models that have not ended.
    pub calls: Live<Calls>,
    /// What calls were thought to use, and what they used.
    pub estimates: Live<Estimates>,
    /// How agents perform, and what people made of it.
    pub performance: Live<Performance>,
    /// Who is asked, and who was.
    pub routing: Live<Routing>,
    /// What agents may do, and what was denied.
    pub governance: Live<Governance>,
    /// Epochs, leases, revocations and handoffs.
    pub lifecycle: Live<Lifecycle>,
    /// What agents were told to do, and how far they are.
    pub packets: Live<Packets>,
    /// What speaks for and against agents, and what they lack to go up a tier.
    pub trust: Live<Trust>,
    runner: Runner,
}

impl Views {
    pub(crate) fn follow(log: &Log) -> Result<Self, StartError> {
        let mut lineup = Lineup::of(log.clone());
        Ok(Self {
            agents: lineup.add(),
            tasks: lineup.add(),
            proposals: lineup.add(),
            collectives: lineup.add(),
            delegations: lineup.add(),
            boards: lineup.add(),
            budgets: lineup.add(),
            calls: lineup.add(),
            estimates: lineup.add(),
            performance: lineup.add(),
            routing: lineup.add(),
            governance: lineup.add(),
            lifecycle: lineup.add(),
            packets: lineup.add(),
            trust: lineup.add(),
            runner: lineup.start()?,
        })
    }

    /// Holds all views at one position while the answer is held: what they then say, they say as of
    /// the same event.
    pub fn hold(&self) -> Held<'_> {
        self.runner.hold()
    }

    /// Ends the thread that follows the log, and waits for it.
    pub(crate) fn stop(&self) {
        self.runner.stop();
    }
}
