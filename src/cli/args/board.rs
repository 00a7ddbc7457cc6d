//! What can be typed after `convoke board`.

use clap::Args;
use convoke_events::TaskId;

/// Boards: of one task, or which there are.
#[derive(Debug, Args)]
pub(in crate::cli) struct Board {
    /// Whose board; without it, the tasks are listed that have something on theirs
    #[arg(value_name = "TASK")]
    pub(in crate::cli) task: Option<TaskId>,
}
