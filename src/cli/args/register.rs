//! What was typed to take in agents, or to revise them.

use std::path::PathBuf;

use clap::Args;

use super::By;

#[derive(Debug, Args)]
pub(in crate::cli) struct AgentFile {
    /// The agents, in TOML: `[[agents]]` tables as a scenario has them, one or more, nothing else
    #[arg(long, value_name = "FILE.toml")]
    pub(in crate::cli) file: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) by: By,
}
