//! Commands of a person's, given to a hub on a log that is not being run, and that is not run by
//! them: what is under way, calls in flight at a crash included, is left to the next run, which has
//! the keys and the time for it.

use std::sync::Arc;

use convoke_actors::authority::LocalOwner;
use convoke_actors::command::{Answer, Command, CommandError};
use convoke_events::{HubId, Log, Receipt};

use super::failure::Failure;
use super::waiting::wait_for;
use crate::{Runtime, StartError};

/// Gives a command in this person's name, and waits until it is on disk and the log is closed.
pub(super) fn give(log: Log, hub: &HubId, by: &str, command: Command) -> Result<Answer, Failure> {
    let runtime = at_rest(log)?;
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
    let runtime = at_rest(log)?;
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

fn at_rest(log: Log) -> Result<Runtime, StartError> {
    Runtime::builder().on(log).authority(Arc::new(LocalOwner)).at_rest().start()
}

/// Where it was recorded, if there was anything to do.
pub(super) const fn receipt(answer: Answer) -> Option<Receipt> {
    match answer {
        Answer::Done(receipt) => Some(receipt),
        Answer::Unchanged => None,
    }
}
