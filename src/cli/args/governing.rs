//! What was typed about people: their roles, and what waits for them.

use clap::{Args, Subcommand};
use convoke_events::Role;

use super::{By, HubFilter};

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
