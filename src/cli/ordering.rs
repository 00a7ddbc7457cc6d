//! One command of a person's, given to a hub on a log that is not being run.

use std::sync::Arc;

use convoke_actors::authority::LocalOwner;
use convoke_actors::command::{Answer, Command, CommandError};
use convoke_events::{HubId, Log, Receipt};

use super::failure::Failure;
use super::waiting::wait_for;
use crate::Runtime;

/// Gives a command in this person's name, and waits until it is on disk and the log is closed.
pub(super) fn give(log: Log, hub: &HubId, by: &str, command: Command) -> Result<Answer, Failure> {
    let runtime = Runtime::builder().on(log).authority(Arc::new(LocalOwner)).start()?;
    wait_for(async {
        let answer = runtime.hub(hub.clone()).as_person(by).command(command).await;
        runtime.shutdown().await?;
        Ok(answer?)
    })
}

/// Gives commands one after the other, up to the first that is refused; what was carried out before
/// it stays.
pub(super) fn give_all(
    log: Log,
    hub: &HubId,
    by: &str,
    commands: Vec<Command>,
) -> Result<Vec<Answer>, Failure> {
    let runtime = Runtime::builder().on(log).authority(Arc::new(LocalOwner)).start()?;
    wait_for(async {
        let acting = runtime.hub(hub.clone()).as_person(by);
        let given = async {
            let mut answers = Vec::new();
            for command in commands {
                answers.push(acting.command(command).await?);
            }
            Ok::<_, CommandError>(answers)
        };
        let answers = given.await;
        runtime.shutdown().await?;
        Ok(answers?)
    })
}

/// Where it was recorded, if there was anything to do.
pub(super) const fn receipt(answer: Answer) -> Option<Receipt> {
    match answer {
        Answer::Done(receipt) => Some(receipt),
        Answer::Unchanged => None,
    }
}
