//! What can be typed after `convoke board`.

use clap::Args;
use convoke_events::TaskId;

/// The board of one task.
#[derive(Debug, Args)]
pub(in crate::cli) struct Board {
    /// Whose board
    #[arg(value_name = "TASK")]
    pub(in crate::cli) task: TaskId,
}
