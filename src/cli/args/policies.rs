//! What was typed after `convoke policies`.

use clap::{Args, Subcommand};
use convoke_events::{ArtifactType, Slug, TaskType, Verb};

use super::{By, HubFilter};

#[derive(Debug, Args)]
pub(in crate::cli) struct Policies {
    #[command(flatten)]
    pub(in crate::cli) hub: HubFilter,
    #[command(subcommand)]
    pub(in crate::cli) command: Option<PoliciesCommand>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PoliciesCommand {
    /// All of them, those that are switched off too (this is what happens without a word)
    List,
    /// Everything about one: what it allows, who set it, what was denied
    Show {
        #[command(flatten)]
        at: Governed,
    },
    /// Say what an agent may do with an artifact type
    Set {
        #[command(flatten)]
        at: Governed,
        /// What it may do: read, propose, delegate, `auto_apply`; nothing without this
        #[arg(long, value_name = "VERBS", value_delimiter = ',')]
        allow: Vec<Verb>,
        /// How many people have to agree to what it proposes: 1 or 2
        #[arg(long, value_name = "N", default_value_t = 1)]
        reviewers: u32,
        #[command(flatten)]
        by: By,
    },
    /// Switch a governance policy off that holds, or on that does not
    Toggle {
        #[command(flatten)]
        at: Governed,
        #[command(flatten)]
        by: By,
    },
    /// The policies by which routing goes: whom to ask for a task type, in which order
    Routing(RoutingPolicies),
}

/// Which governance policy.
#[derive(Debug, Args)]
pub(in crate::cli) struct Governed {
    /// The agent's short name
    pub(in crate::cli) agent: Slug,
    /// The artifact type
    pub(in crate::cli) artifact: ArtifactType,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RoutingPolicies {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<RoutingCommand>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RoutingCommand {
    /// All of them, those that are switched off too (this is what happens without a word)
    List,
    /// Everything about one: whom it names, who set it, what came of it
    Show {
        #[command(flatten)]
        at: Routed,
    },
    /// Say whom to ask for a task type at a priority
    Set {
        #[command(flatten)]
        at: Routed,
        /// The agent's short name
        agent: Slug,
        #[command(flatten)]
        by: By,
    },
    /// Switch a routing policy off that holds, or on that does not
    Toggle {
        #[command(flatten)]
        at: Routed,
        #[command(flatten)]
        by: By,
    },
}

/// Which routing policy.
#[derive(Debug, Args)]
pub(in crate::cli) struct Routed {
    /// The task type
    pub(in crate::cli) task_type: TaskType,
    /// In which order its agents are asked: 1 first
    pub(in crate::cli) priority: u32,
}
