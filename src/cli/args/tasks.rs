//! What was typed after `convoke tasks`.

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use convoke_events::{TaskId, TaskOutcome};

use super::HubFilter;

/// The word for a task that has not ended.
pub(in crate::cli) const OPEN: &str = "open";

#[derive(Debug, Args)]
pub(in crate::cli) struct Tasks {
    #[command(flatten)]
    pub(in crate::cli) hub: HubFilter,
    /// Only those that are under way (`open`), or that ended like this
    #[arg(long, global = true, value_name = "STATUS", value_parser = status())]
    pub(in crate::cli) status: Option<Status>,
    #[command(subcommand)]
    pub(in crate::cli) command: Option<TasksCommand>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TasksCommand {
    /// All of them, in the order in which they were handed in (this is what happens without a word)
    List,
    /// Everything about one: what was asked, how it ended and why, and every attempt at its request
    Show {
        /// The task's id
        id: TaskId,
    },
}

/// How far a task is: the outcome it ended with, or none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Status(pub(in crate::cli) Option<TaskOutcome>);

impl FromStr for Status {
    type Err = convoke_events::UnknownWord;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        if word == OPEN { Ok(Self(None)) } else { word.parse().map(|outcome| Self(Some(outcome))) }
    }
}

fn status() -> impl TypedValueParser<Value = Status> {
    let outcomes = TaskOutcome::ALL.iter().map(|outcome| outcome.as_str());
    PossibleValuesParser::new(std::iter::once(OPEN).chain(outcomes))
        .try_map(|word| word.parse::<Status>())
}
