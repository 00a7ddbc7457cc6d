//! Every request is handed in and waited for, a bounded number of them at a time.

use convoke_actors::command::{CommandError, TaskSubmission};
use convoke_events::HubId;
use tokio::task::{JoinError, JoinSet};

use super::progress::Progress;
use crate::cli::failure::Failure;
use crate::{Acting, Runtime};

/// How many requests are under way at the same time.
const IN_FLIGHT: usize = 32;

/// Handles all of them; the first failure ends it.
pub(super) async fn all(
    runtime: &Runtime,
    hub: &HubId,
    acting: &Acting,
    submissions: Vec<TaskSubmission>,
    progress: &Progress,
) -> Result<(), Failure> {
    let hub = runtime.hub(hub.clone());
    let mut under_way: JoinSet<Result<(), CommandError>> = JoinSet::new();
    for submission in submissions {
        if under_way.len() >= IN_FLIGHT
            && let Some(handled) = under_way.join_next().await
        {
            outcome(handled)?;
            progress.step();
        }
        let (hub, acting) = (hub.clone(), acting.clone());
        under_way.spawn(async move {
            let task = acting.submit(submission).await?;
            hub.concluded(task).await?;
            Ok(())
        });
    }
    while let Some(handled) = under_way.join_next().await {
        outcome(handled)?;
        progress.step();
    }
    Ok(())
}

fn outcome(handled: Result<Result<(), CommandError>, JoinError>) -> Result<(), Failure> {
    match handled {
        Ok(done) => Ok(done?),
        Err(broken) => Err(CommandError::Stopped { why: broken.to_string() }.into()),
    }
}
