//! What was typed to govern a hub: its policies, its roles, and what waits for a person.

use clap::{Args, Subcommand};
use convoke_events::{ArtifactType, Role, Slug, Verb};

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
    /// Say what an agent may do with an artifact type
    Set {
        /// The agent's short name
        agent: Slug,
        /// The artifact type
        artifact: ArtifactType,
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
        /// The agent's short name
        agent: Slug,
        /// The artifact type
        artifact: ArtifactType,
        #[command(flatten)]
        by: By,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Roles {
    #[command(flatten)]
    pub(in crate::cli) hub: HubFilter,
    #[command(subcommand)]
    pub(in crate::cli) command: Option<RolesCommand>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RolesCommand {
    /// Who may act as what (this is what happens without a word)
    List,
    /// Let a person act in a role
    Grant(Held),
    /// No longer let a person act in a role
    Withdraw(Held),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Held {
    /// The person's name
    pub(in crate::cli) name: String,
    /// The role: owner, operator, reviewer or auditor
    pub(in crate::cli) role: Role,
    #[command(flatten)]
    pub(in crate::cli) by: By,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Attention {
    #[command(flatten)]
    pub(in crate::cli) hub: HubFilter,
}
