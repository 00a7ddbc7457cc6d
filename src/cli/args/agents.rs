//! What was typed after `convoke agents`.

use clap::{Args, Subcommand};
use convoke_events::{Slug, TaskType};

use super::register::AgentFile;
use super::{HubFilter, Why};

#[derive(Debug, Args)]
pub(in crate::cli) struct Agents {
    #[command(flatten)]
    pub(in crate::cli) hub: HubFilter,
    #[command(subcommand)]
    pub(in crate::cli) command: Option<AgentsCommand>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AgentsCommand {
    /// All of them, one per line (this is what happens without a word)
    List,
    /// Everything about one: its versions, how it stands, what it holds, what speaks for it
    Show {
        /// The agent's short name
        slug: Slug,
    },
    /// Take in agents that the hub does not know yet, from a file
    Register(AgentFile),
    /// Bring agents that the hub knows to what a file says of them
    Revise(AgentFile),
    /// Give an agent no more work; what it was asked already goes on
    Deactivate(Named),
    /// Give an agent work again
    Reactivate(Named),
    /// Stop an agent: its leases end, and what it is at is called off and handed over
    Revoke(Named),
    /// Let a revoked agent be asked again, in a new epoch
    Reinstate(Named),
    /// Give an agent the tier that it has earned on a kind of work
    Promote {
        #[command(flatten)]
        agent: Named,
        /// The kind of work
        task_type: TaskType,
    },
}

/// Which agent a person steps in for, and why.
#[derive(Debug, Args)]
pub(in crate::cli) struct Named {
    /// The agent's short name
    pub(in crate::cli) slug: Slug,
    #[command(flatten)]
    pub(in crate::cli) why: Why,
}
