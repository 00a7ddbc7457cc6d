//! What was typed after `convoke calls`.

use clap::{Args, Subcommand};
use convoke_events::InvocationId;

use super::{HubFilter, Why};

#[derive(Debug, Args)]
pub(in crate::cli) struct Calls {
    #[command(flatten)]
    pub(in crate::cli) hub: HubFilter,
    #[command(subcommand)]
    pub(in crate::cli) command: Option<CallsCommand>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CallsCommand {
    /// All that have not ended: sent, waiting for their next try, or in doubt (this is what happens
    /// without a word)
    List,
    /// Say what became of a call that is in doubt since a crash
    ///
    /// Only you can know it: from the provider's own records, or its invoice. What is to be made
    /// again is made by the next run of its scenario, not by this command.
    Resolve {
        /// The call's id
        id: InvocationId,
        #[command(flatten)]
        verdict: Verdict,
        #[command(flatten)]
        why: Why,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(in crate::cli) struct Verdict {
    /// It did not happen: it is made again, under what is set aside for it
    #[arg(long)]
    pub(in crate::cli) repeat: bool,
    /// It happened, and its answer is lost: it has failed, and what is set aside for it stays charged
    #[arg(long)]
    pub(in crate::cli) failed: bool,
}
