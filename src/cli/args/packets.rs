//! What was typed after `convoke packets`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use convoke_events::{Digest, Permission, TaskId};

use super::{By, HubFilter, Why};

#[derive(Debug, Args)]
pub(in crate::cli) struct Packets {
    #[command(flatten)]
    pub(in crate::cli) hub: HubFilter,
    #[command(subcommand)]
    pub(in crate::cli) command: Option<PacketsCommand>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PacketsCommand {
    /// The newest of every task, one per line (this is what happens without a word)
    List,
    /// Everything about one: what its agent was told, how far it is, what it plans
    Show {
        /// The task's id
        task: TaskId,
    },
    /// Tell an agent what to do on a task, and within what bounds; it takes up what was left there
    Issue {
        /// The task's id; it must be one that agents work on in sessions
        task: TaskId,
        /// What it is told, in TOML: `agent`, `objective`, and perhaps `tier`, `deliverables`,
        /// `scope`, `criteria`, `escalation`, `created_for`, `steps`, `artifacts`, `forbidden`,
        /// `budget`
        #[arg(long, value_name = "FILE.toml")]
        file: PathBuf,
        #[command(flatten)]
        by: By,
    },
    /// Let the agent at work carry out its plan
    Approve(OnPlan),
    /// Do not let the agent at work carry out its plan; it may hand in another one
    Reject(OnPlan),
    /// Let the agent at work use, once, what each use of takes a person's approval
    Permit {
        /// The task's id
        task: TaskId,
        /// What it may use
        permission: Permission,
        #[command(flatten)]
        why: Why,
    },
}

/// Which plan is decided on.
#[derive(Debug, Args)]
pub(in crate::cli) struct OnPlan {
    /// The task's id
    pub(in crate::cli) task: TaskId,
    /// The digest of what was seen, as `packets show` prints it; refused if it is another by now
    #[arg(long, value_name = "HEX")]
    pub(in crate::cli) digest: Option<Digest>,
    /// What there is to note about it
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) note: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) by: By,
}
