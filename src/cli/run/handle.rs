//! Every request is handed in, one after the other, and a bounded number of them waited for.

use convoke_actors::command::{CommandError, TaskSubmission};
use convoke_events::HubId;
use tokio::task::{JoinError, JoinSet};

use super::progress::Progress;
use crate::cli::failure::Failure;
use crate::{Acting, Runtime};

/// How many requests are under way at the same time.
const IN_FLIGHT: usize = 32;

/// Handles all of them, but for those that wait for a person to speak; the first failure ends it.
/// What is handed over looks at the requests before
/// it, so they are handed in in the order of the file, each once the one before it is on disk.
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
            note(handled, progress)?;
        }
        let (hub, task) = (hub.clone(), acting.submit(submission).await?);
        under_way.spawn(async move { hub.concluded(task).await.map(drop) });
    }
    while let Some(handled) = under_way.join_next().await {
        note(handled, progress)?;
    }
    Ok(())
}

fn note(
    handled: Result<Result<(), CommandError>, JoinError>,
    progress: &Progress,
) -> Result<(), Failure> {
    match handled {
        Ok(Ok(())) => progress.step(),
        // It may take days: the others go on, and the summary tells of it.
        Ok(Err(CommandError::InDoubt { .. })) => {}
        Ok(Err(error)) => return Err(error.into()),
        Err(broken) => return Err(CommandError::Stopped { why: broken.to_string() }.into()),
    }
    Ok(())
}
