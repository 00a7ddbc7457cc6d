//! Why a command did not do what it was told, in words, with a hint and an exit code.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use convoke_actors::command::CommandError;
use convoke_events::proof::{ProofError, ProofParseError};
use convoke_events::{
    AppendError, BackupError, CheckpointError, ExportError, HubId, KeyFileError, OpenError,
    Position, ProveError, ReadError, RepairError, RestoreError, VouchError,
};

use convoke_projections::Breakdown;

use crate::config::ConfigError;
use crate::decisions::DecisionError;
use crate::{ShutdownError, StartError};

/// Why a command did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// A scenario or its requests hold mistakes.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The log cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The log is not what was written.
    #[error("the log is damaged or was tampered with, first at position {first_bad}: {why}")]
    Broken { first_bad: Position, why: String },
    /// The log agrees with itself, and the key that was given does not vouch for it.
    #[error("every record and every link agree, but {why}")]
    Unvouched { why: String },
    /// A recorded decision cannot be made again.
    #[error(transparent)]
    Decision(#[from] DecisionError),
    /// A recorded decision is not what the log before it gives.
    #[error("{what} is not what the log before it gives, in {places} places")]
    Disagrees { what: String, places: usize },
    /// The runtime cannot be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The runtime did not end in good order.
    #[error(transparent)]
    Shutdown(#[from] ShutdownError),
    /// A hub did not carry out a command.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The log did not take what the host recorded.
    #[error("line {line} of the input was not recorded")]
    Append { line: usize, source: AppendError },
    /// A line of the host's holds a mistake.
    #[error("line {line} of the input: {field}found {found}, expected {allowed}")]
    Line { line: usize, field: String, found: String, allowed: String },
    /// Requests are known with another content; nothing was submitted.
    #[error(
        "{} handed in before with another content: {}",
        if requests.len() == 1 { "a request was" } else { "requests were" },
        requests.join(", ")
    )]
    RequestsDiffer { requests: Vec<String> },
    /// Agents to be registered are registered; nothing was recorded.
    #[error("registered already: {}", agents.join(", "))]
    AgentsKnown { agents: Vec<String> },
    /// Nothing has this name or id.
    #[error("there is no {what} `{name}` in this log")]
    Unknown { what: &'static str, name: String },
    /// Several hubs have one of this name.
    #[error("{what} `{name}` exists in several hubs: {}", names(.hubs))]
    Ambiguous { what: &'static str, name: String, hubs: Vec<HubId> },
    /// The log has no event of the hub that was named.
    #[error("the log holds no hub `{hub}`: it holds {}", names(.known))]
    NoHub { hub: HubId, known: Vec<HubId> },
    /// Nobody has opened a hub.
    #[error("the log holds no hub")]
    Hubless,
    /// One hub is meant, and none was named.
    #[error("the log holds {}: name one with --hub", names(.hubs))]
    SeveralHubs { hubs: Vec<HubId> },
    /// A proof cannot be given.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// There is no signed checkpoint for it.
    #[error("there is no signed checkpoint to prove it by")]
    Vouch(#[from] VouchError),
    /// A proof proves nothing.
    #[error("{} proves nothing", .file.display())]
    Proof { file: PathBuf, source: ProofError },
    /// A file holds no proof.
    #[error("{} proves nothing", .file.display())]
    NoProof { file: PathBuf, source: ProofParseError },
    /// A file holds no checkpoint.
    #[error("{} is no signed checkpoint", .file.display())]
    NoCheckpoint { file: PathBuf, source: CheckpointError },
    /// A file of the caller's cannot be written.
    #[error("{} cannot be written", .file.display())]
    Write { file: PathBuf, source: io::Error },
    /// A file of the caller's cannot be read.
    #[error("{} cannot be read", .file.display())]
    File { file: PathBuf, source: io::Error },
    /// A file is not a version that a reviewer could put in a proposal's place.
    #[error("{}: found {found}, expected {allowed}", .file.display())]
    Revision { file: PathBuf, found: String, allowed: &'static str },
    /// The threads that wait for answers cannot be had.
    #[error("the command cannot wait for its answers")]
    Waiting { source: io::Error },
    /// The log could not be backed up.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// A backup could not be restored.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// Nothing could be saved of a damaged log.
    #[error(transparent)]
    Repair(#[from] RepairError),
    /// A view that a report rests on stopped at an event.
    #[error("the view `{projection}` stopped")]
    View { projection: &'static str, source: Breakdown },
    /// Standard input cannot be read.
    #[error("standard input cannot be read")]
    Input { source: io::Error },
    /// Standard output cannot be written.
    #[error("standard output cannot be written")]
    Output(#[from] io::Error),
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Read(error) => Self::Read(error),
            // Whoever reads it may have heard enough.
            ExportError::Write(error) => Self::Output(error),
        }
    }
}

fn names(hubs: &[HubId]) -> String {
    let names: Vec<&str> = hubs.iter().map(HubId::as_str).collect();
    match &names[..] {
        [] => "none".to_owned(),
        [others @ .., last] if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => names.concat(),
    }
}

/// Writes a line to standard error, if anybody reads it.
pub(in crate::cli) fn complain(kind: &str, line: &str) {
    let _ = writeln!(io::stderr(), "{kind}: {line}");
}

const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;
const REFUSED: u8 = 3;
const DAMAGED: u8 = 4;

impl Failure {
    /// Whether whoever read the answer has simply heard enough.
    fn is_quiet(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        if self.is_quiet() {
            return ExitCode::SUCCESS;
        }
        ExitCode::from(match self {
            Self::Config(_)
            | Self::Line { .. }
            | Self::Revision { .. }
            | Self::Ambiguous { .. }
            | Self::SeveralHubs { .. } => WRONG_USAGE,
            Self::Open(error) | Self::Start(StartError::Log(error)) => opening(error),
            Self::Read(error) if !error.is_retryable() => DAMAGED,
            Self::Restore(RestoreError::Open(error)) | Self::Repair(RepairError::Open(error)) => {
                opening(error)
            }
            Self::Decision(DecisionError::Read(error)) if !error.is_retryable() => DAMAGED,
            Self::Broken { .. }
            | Self::Unvouched { .. }
            | Self::Disagrees { .. }
            | Self::Backup(BackupError::Damaged { .. })
            | Self::Restore(RestoreError::Damaged { .. })
            | Self::Repair(RepairError::Broken { .. })
            | Self::Proof { .. }
            | Self::NoProof { .. }
            | Self::NoCheckpoint { .. }
            | Self::Vouch(VouchError::Contradicts { .. }) => DAMAGED,
            Self::Command(CommandError::Refused(_))
            | Self::RequestsDiffer { .. }
            | Self::AgentsKnown { .. } => REFUSED,
            // What is too large for an event is a mistake in the line.
            Self::Append { source, .. } if !source.is_retryable() => WRONG_USAGE,
            Self::Read(_)
            | Self::Decision(_)
            | Self::Backup(_)
            | Self::Restore(_)
            | Self::Repair(_)
            | Self::Start(StartError::Federation(_))
            | Self::Shutdown(_)
            | Self::Command(
                CommandError::Unknown { .. }
                | CommandError::Stopped { .. }
                | CommandError::InDoubt { .. }
                | CommandError::Overloaded { .. },
            )
            | Self::Append { .. }
            | Self::Unknown { .. }
            | Self::NoHub { .. }
            | Self::Hubless
            | Self::Prove(_)
            | Self::Vouch(_)
            | Self::Write { .. }
            | Self::File { .. }
            | Self::Waiting { .. }
            | Self::View { .. }
            | Self::Input { .. }
            | Self::Output(_) => FAILED,
        })
    }

    /// What may help.
    fn hint(&self) -> Option<String> {
        match self {
            Self::Config(ConfigError::Mistaken { .. }) => {
                Some("nothing was done; correct the file and run it again".to_owned())
            }
            Self::Open(error) | Self::Start(StartError::Log(error)) => opening_hint(error),
            Self::Broken { .. }
            | Self::Backup(BackupError::Damaged { .. })
            | Self::Vouch(VouchError::Contradicts { .. }) => Some(DAMAGE_HINT.to_owned()),
            Self::Read(error) if !error.is_retryable() => Some(DAMAGE_HINT.to_owned()),
            Self::Unvouched { .. } => Some(
                "compare the key with the one that was noted: if that is the one given, this is not \
                 the log it signed, or it lacks what was signed"
                    .to_owned(),
            ),
            Self::Unknown { what, .. } => Some(match *what {
                "event at position" => {
                    "`convoke log stats` says how many events there are".to_owned()
                }
                "task" => "`convoke proposals --json` names the task of every proposal".to_owned(),
                "account" => "`convoke budgets --json` names every account's id".to_owned(),
                "policy" => "`convoke policies` lists what there is".to_owned(),
                "routing policy" => "`convoke policies routing` lists what there is".to_owned(),
                _ => format!("`convoke {what}s` lists what there is"),
            }),
            Self::Ambiguous { .. } => Some("name one of them with --hub".to_owned()),
            Self::AgentsKnown { .. } => {
                Some("nothing was recorded; `convoke agents revise` changes them".to_owned())
            }
            Self::RequestsDiffer { .. } => {
                Some("nothing was submitted; a changed request needs an id of its own".to_owned())
            }
            Self::Command(CommandError::Unknown { .. } | CommandError::Stopped { .. }) => {
                Some("run the same command again: what was done is not done twice".to_owned())
            }
            Self::Command(CommandError::InDoubt { .. }) => {
                Some("`convoke attention` says how to".to_owned())
            }
            Self::Append { source, .. } if source.is_retryable() => Some(
                "lines without a receipt may be recorded or not: compare with `convoke log tail`"
                    .to_owned(),
            ),
            Self::Line { .. } | Self::Append { .. } => {
                Some("every line before it was recorded; nothing from it on was".to_owned())
            }
            Self::Vouch(VouchError::Nobody { .. }) => Some(
                "only whoever holds the log's key can sign one: --key-file names it".to_owned(),
            ),
            Self::View { .. } => Some(
                "`convoke log verify` says what the log has lost; other reports are not touched by it"
                    .to_owned(),
            ),
            Self::Proof { .. } => {
                Some("whoever gave it does not have the log this key signed".to_owned())
            }
            Self::Decision(DecisionError::Unknown { .. }) => {
                Some(
                "`convoke audit --task ID` names the decisions of a task; a verdict goes by the id of \
                 its collective, as `convoke collectives` lists it"
                    .to_owned(),
            )
            }
            Self::Config(ConfigError::Unreadable { .. })
            | Self::Decision(_)
            | Self::Disagrees { .. }
            | Self::Backup(_)
            | Self::Restore(_)
            | Self::Repair(_)
            | Self::Prove(_)
            | Self::Vouch(_)
            | Self::NoProof { .. }
            | Self::NoCheckpoint { .. }
            | Self::Write { .. }
            | Self::Read(_)
            | Self::Start(StartError::Federation(_))
            | Self::Shutdown(_)
            | Self::Command(CommandError::Refused(_) | CommandError::Overloaded { .. })
            | Self::File { .. }
            | Self::Revision { .. }
            | Self::NoHub { .. }
            | Self::Hubless
            | Self::SeveralHubs { .. }
            | Self::Waiting { .. }
            | Self::Input { .. }
            | Self::Output(_) => None,
        }
    }

    /// Tells it on standard error: what, why, and what may help.
    pub(super) fn tell(&self) {
        if self.is_quiet() {
            return;
        }
        let mut message = self.to_string();
        let mut source = self.source();
        while let Some(why) = source {
            message = format!("{message}: {why}");
            source = why.source();
        }
        for line in message.lines() {
            complain("error", line);
        }
        if let Some(hint) = self.hint() {
            complain("hint", &hint);
        }
    }
}

const DAMAGE_HINT: &str = "keep the directory as it is; `convoke log repair TO` makes a new one of \
                           everything that is provably intact";

fn opening(error: &OpenError) -> u8 {
    if error.is_damage() { DAMAGED } else { FAILED }
}

fn opening_hint(error: &OpenError) -> Option<String> {
    match error {
        OpenError::NotFound { .. } => Some(
            "name the directory with --data DIR or CONVOKE_DATA; `convoke run` makes one"
                .to_owned(),
        ),
        OpenError::InUse { .. } => Some(
            "one directory has one owner: wait for it to end, or name another --data".to_owned(),
        ),
        // No event is in doubt, and a repair has no other key.
        OpenError::KeyFile(KeyFileError::Absent { .. } | KeyFileError::Malformed { .. })
        | OpenError::AnotherKey { .. } => {
            Some("name the file with the log's key with --key-file or CONVOKE_KEY_FILE".to_owned())
        }
        OpenError::KeyFile(KeyFileError::Exposed { .. }) => {
            Some("`chmod 600` it, and think of who may have read it".to_owned())
        }
        OpenError::ClockBehind { .. } => Some("set the machine's clock".to_owned()),
        OpenError::Format { .. }
        | OpenError::Io { .. }
        | OpenError::KeyFile(KeyFileError::Io { .. })
        | OpenError::Writer { .. } => None,
        OpenError::NoFormat { .. }
        | OpenError::Store { .. }
        | OpenError::Blobs { .. }
        | OpenError::Unreadable { .. }
        | OpenError::Disagreement(_)
        | OpenError::Checkpoints(_)
        | OpenError::Contradicted { .. }
        | OpenError::Damaged { .. }
        | OpenError::Facts { .. } => error.is_damage().then(|| DAMAGE_HINT.to_owned()),
    }
}
