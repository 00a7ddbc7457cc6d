//! What was typed.

pub(super) mod agents;
pub(super) mod board;
pub(super) mod calls;
pub(super) mod governing;
pub(super) mod packets;
pub(super) mod policies;
pub(super) mod register;
pub(super) mod report;
pub(super) mod route;
pub(super) mod tasks;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use convoke_events::{
    AccountId, AgentId, CollectiveId, DelegationId, Digest, HubId, IdParseError, Key, Position,
    ProposalId, PublicKey, Slug, TaskId, Timestamp,
};

use self::agents::Agents;
use self::governing::{Attention, Roles};
use self::policies::Policies;
use self::route::{Explain, Route, WhatIf};

const AFTER: &str = "\
Examples:
  convoke run examples/intake.toml --input examples/requests.jsonl
  convoke proposals
  convoke audit --proposal PROPOSAL
  convoke review PROPOSAL --accept --by ada

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by a rule of the federation, 4 the log is
damaged, shorter than it must be, or tampered with.";

/// Governed federations of AI agents, remembered event by event.
///
/// Agents are registered in a hub, requests are routed to them, several of them answer for
/// themselves, and people decide on what they propose. Everything that happens is an event in one
/// log, kept in a data directory; every figure this command prints is counted from that log.
#[derive(Debug, Parser)]
#[command(name = "convoke", version, after_help = AFTER, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Global {
    /// The data directory, which holds the log
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "CONVOKE_DATA",
        default_value = "convoke-data"
    )]
    pub(super) data: PathBuf,
    /// The file with the log's private key, where it was moved out of the data directory
    #[arg(long, global = true, value_name = "FILE", env = "CONVOKE_KEY_FILE")]
    pub(super) key_file: Option<PathBuf>,
    /// Print one-line JSON documents, with stable field names, instead of text for people
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Print no progress and no notes
    #[arg(long, global = true)]
    pub(super) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take a file of requests through a scenario's agents
    ///
    /// Checks both files whole before it touches anything, brings the hub to what the scenario
    /// says, and then handles every request. What is done is not done again: run it a second time
    /// and no event is added; run it after a crash and it goes on where it was.
    Run(Run),
    /// What a run would bring the hub to, and what it would leave as it is; records nothing
    Plan(PlanArguments),
    /// The pieces of work that were handed in, and how each of them ended
    Tasks(tasks::Tasks),
    /// The registered agents
    Agents(Agents),
    /// The results that wait for a person, and those a person decided on
    Proposals(Proposals),
    /// The questions put to several agents, their answers side by side
    Collectives(Collectives),
    /// What may be spent and what was, account by account
    Budgets(Budgets),
    /// The calls of models that have not ended, and what became of those in doubt
    Calls(calls::Calls),
    /// What agents handed to each other under a task, and what came of it
    Delegations(Delegations),
    /// What the log says about agents, money and decisions, as of any moment
    ///
    /// A table for people, JSON or CSV for programs, or one page for a browser.
    Report(report::Report),
    /// What agents may do with what, how many people have to agree to it, and whom to ask
    Policies(Policies),
    /// What agents were told to do on tasks, how far they are, and what they plan
    Packets(packets::Packets),
    /// Who may act as what in a hub
    Roles(Roles),
    /// What waits for a person: since when, what it blocks, what would resolve it
    Attention(Attention),
    /// Accept, reject or revise a proposal
    Review(Review),
    /// The whole story of a task, a proposal or an agent, event by event, in words
    Audit(Audit),
    /// What routing would decide, of agents and bids that are in no log
    Route(Route),
    /// Why a recorded decision fell: made again from the log alone, and compared bit for bit
    Explain(Explain),
    /// Which recorded decisions and refusals would have fallen otherwise, and at what cost
    WhatIf(WhatIf),
    /// What the agents of a task wrote, said and voted together, and who was called in to help
    Board(board::Board),
    /// The log itself
    Log(Log),
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// The scenario: a hub, its agents, policies, prices and budgets, in TOML
    #[arg(value_name = "SCENARIO.toml")]
    pub(super) scenario: PathBuf,
    /// The requests: one JSON object with `id`, `title`, `body` and perhaps `source` per line
    #[arg(long, value_name = "FILE.jsonl")]
    pub(super) input: PathBuf,
    /// Hand in again, once, every request whose newest attempt failed; each attempt is a task of its
    /// own, and the summary speaks of the newest
    #[arg(long)]
    pub(super) retry_failed: bool,
    #[command(flatten)]
    pub(super) by: By,
}

#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    /// The scenario: a hub, its agents, policies, prices and budgets, in TOML
    #[arg(value_name = "SCENARIO.toml")]
    pub(super) scenario: PathBuf,
    #[command(flatten)]
    pub(super) by: By,
}

/// The person who gives a command.
#[derive(Debug, Args)]
pub(super) struct By {
    /// Who does this, as the log will name them [default: $USER, else `local`]
    #[arg(long, value_name = "NAME", value_parser = person)]
    by: Option<String>,
}

impl By {
    /// The name given, else the system's user, else `local`.
    pub(super) fn name(&self) -> String {
        let given = self.by.clone();
        let user =
            || ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
        let name = given.or_else(user).and_then(|name| person(&name).ok());
        name.unwrap_or_else(|| "local".to_owned())
    }
}

/// Takes a name that stands for a person on one line.
fn person(name: &str) -> Result<String, String> {
    let name = name.trim();
    if name.is_empty() || name.len() > 128 || name.chars().any(char::is_control) {
        return Err("a person's name has 1 to 128 bytes on one line".to_owned());
    }
    Ok(name.to_owned())
}

#[derive(Debug, Args)]
pub(super) struct HubFilter {
    /// Only this hub, where the log holds several
    #[arg(long, global = true, value_name = "HUB")]
    pub(super) hub: Option<HubId>,
}

impl HubFilter {
    pub(super) fn takes(&self, hub: &HubId) -> bool {
        self.hub.as_ref().is_none_or(|wanted| wanted == hub)
    }
}

#[derive(Debug, Args)]
pub(super) struct Proposals {
    #[command(flatten)]
    pub(super) hub: HubFilter,
    #[command(subcommand)]
    pub(super) command: Option<ProposalsCommand>,
}

#[derive(Debug, Subcommand)]
pub(super) enum ProposalsCommand {
    /// All of them, one per line (this is what happens without a word)
    List,
    /// Everything about one, its content and its review too
    Show {
        /// The proposal's id
        id: ProposalId,
    },
}

#[derive(Debug, Args)]
pub(super) struct Collectives {
    #[command(flatten)]
    pub(super) hub: HubFilter,
    #[command(subcommand)]
    pub(super) command: Option<CollectivesCommand>,
}

#[derive(Debug, Subcommand)]
pub(super) enum CollectivesCommand {
    /// All of them, one per line (this is what happens without a word)
    List,
    /// One of them: contributions side by side, the verdict, who is missing and why
    Show {
        /// The collective's id
        id: CollectiveId,
    },
}

#[derive(Debug, Args)]
pub(super) struct Budgets {
    #[command(flatten)]
    pub(super) hub: HubFilter,
    #[command(subcommand)]
    pub(super) command: Option<BudgetsCommand>,
}

#[derive(Debug, Subcommand)]
pub(super) enum BudgetsCommand {
    /// All accounts as a tree (this is what happens without a word)
    List,
    /// Let an account that an overrun closed be spent from again
    Reopen {
        /// The account's id
        account: AccountId,
        #[command(flatten)]
        why: Why,
    },
}

/// A person's reason for stepping in.
#[derive(Debug, Args)]
pub(super) struct Why {
    /// Why, as the log will tell it
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
    #[command(flatten)]
    pub(super) by: By,
}

#[derive(Debug, Args)]
pub(super) struct Delegations {
    #[command(flatten)]
    pub(super) hub: HubFilter,
    #[command(subcommand)]
    pub(super) command: Option<DelegationsCommand>,
}

#[derive(Debug, Subcommand)]
pub(super) enum DelegationsCommand {
    /// All of them, those that were refused too (this is what happens without a word)
    List,
    /// Everything about one: who handed what to whom, what it might spend, what came of it
    Show {
        /// The delegation's id
        id: DelegationId,
    },
    /// Call one off that is under way, and everything under it
    Cancel {
        /// The delegation's id
        id: DelegationId,
        #[command(flatten)]
        why: Why,
    },
}

#[derive(Debug, Args)]
pub(super) struct Review {
    /// The proposal's id
    #[arg(value_name = "PROPOSAL")]
    pub(super) proposal: ProposalId,
    #[command(flatten)]
    pub(super) decision: Decision,
    /// The digest of what was seen, as `proposals show` prints it; refused if it is another by now
    #[arg(long, value_name = "HEX")]
    pub(super) digest: Option<Digest>,
    /// The right recommendation, where the proposal names none or is revised; by it contributors
    /// are judged
    #[arg(long, value_name = "RECOMMENDATION")]
    pub(super) key: Option<Key>,
    /// What there is to note about it
    #[arg(long, value_name = "TEXT")]
    pub(super) note: Option<String>,
    #[command(flatten)]
    pub(super) by: By,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Decision {
    /// It holds as it stands
    #[arg(long)]
    pub(super) accept: bool,
    /// It does not hold
    #[arg(long)]
    pub(super) reject: bool,
    /// It holds in the version in this file
    #[arg(long, value_name = "FILE")]
    pub(super) revise: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(flatten)]
    pub(super) subject: Subject,
    #[command(flatten)]
    pub(super) hub: HubFilter,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Subject {
    /// The story of this task
    #[arg(long, value_name = "ID")]
    pub(super) task: Option<TaskId>,
    /// The story of this proposal, from its request on
    #[arg(long, value_name = "ID")]
    pub(super) proposal: Option<ProposalId>,
    /// The story of this agent
    #[arg(long, value_name = "SLUG-OR-ID")]
    pub(super) agent: Option<AgentName>,
}

/// An agent, by id or by slug.
#[derive(Clone, Debug)]
pub(super) enum AgentName {
    Id(AgentId),
    Slug(Slug),
}

impl std::str::FromStr for AgentName {
    type Err = convoke_events::WordError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id: Result<AgentId, IdParseError> = text.parse();
        id.map(Self::Id).or_else(|_| text.parse().map(Self::Slug))
    }
}

#[derive(Debug, Args)]
pub(super) struct Log {
    #[command(subcommand)]
    pub(super) command: LogCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum LogCommand {
    /// Record what the host saw: one JSON object per line of standard input
    ///
    /// Each line is {"stream": NAME, "kind": "interaction" | "outcome", "body": TEXT OR JSON}. For
    /// each one a receipt {"position": N, "hash": HEX} is printed, in order, once it is on disk.
    Append {
        /// The hub it is recorded for
        #[arg(long, value_name = "HUB", default_value = "host")]
        hub: HubId,
    },
    /// The newest events, the newest last
    Tail {
        /// How many
        #[arg(short = 'n', long = "number", value_name = "N", default_value_t = 10)]
        number: usize,
    },
    /// Everything about the event at one position
    Show {
        /// Its place in the log, from 1
        position: Position,
    },
    /// How much there is of what
    Stats,
    /// Every event as a JSON line: its envelope, its facts, its texts, its hash
    Export(Export),
    /// Copy the log, to a directory that does not exist
    ///
    /// Every record and every text is checked on the way. The signer's private key is copied too
    /// where it lies in the data directory: keep the backup as safe as that.
    Backup {
        /// The directory to make
        #[arg(value_name = "DIR")]
        to: PathBuf,
    },
    /// Make the data directory, which must not exist, from a backup
    Restore {
        /// The backup's directory
        #[arg(value_name = "FROM")]
        from: PathBuf,
    },
    /// Save what is intact of a damaged data directory in a new one, and say what is not
    ///
    /// Nothing in the damaged one is changed. The new log goes as far as records follow one
    /// another; whole records behind the first gap are kept beside it in salvage.jsonl, and the
    /// report in repair.json.
    Repair {
        /// The directory to make
        #[arg(value_name = "TO")]
        to: PathBuf,
    },
    /// Check every record, the hash chain over all of them, and every signed checkpoint
    ///
    /// Without a key that you trust the log can only vouch for itself, and the answer says
    /// `self-asserted`. With one, it must be the log's, and it or a key it handed over to must have
    /// signed the newest checkpoint.
    Verify {
        /// The log's public key, as you know it from elsewhere: 64 hex digits or a C2SP verifier key
        #[arg(long, value_name = "PUBKEY")]
        key: Option<PublicKey>,
    },
    /// Prove to somebody without the log that an event is in it, or that it only grew
    ///
    /// The proof is one line of JSON; `convoke log check-proof` checks it, as anybody can who knows
    /// RFC 6962 and C2SP checkpoints.
    Prove {
        /// The event's place in the log, from 1
        #[arg(required_unless_present = "consistency")]
        position: Option<Position>,
        /// Prove that the first FROM events are the beginning of the first TO
        #[arg(long, num_args = 2, value_names = ["FROM", "TO"], conflicts_with = "position")]
        consistency: Option<Vec<u64>>,
        /// Where to write the proof, instead of standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Check a proof; needs neither the log nor a data directory
    CheckProof {
        /// The proof
        file: PathBuf,
        /// The log's public key, as you know it from elsewhere: 64 hex digits or a C2SP verifier key
        #[arg(long, value_name = "PUBKEY")]
        key: PublicKey,
        /// A signed checkpoint that was kept elsewhere: the proof must lead to it or start from it
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// In which format
    #[arg(long, value_name = "FORMAT", default_value = "jsonl", value_parser = ["jsonl"])]
    format: String,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Only events from this position on
    #[arg(long, value_name = "POSITION")]
    pub(super) from: Option<Position>,
    /// Only events up to this position
    #[arg(long, value_name = "POSITION")]
    pub(super) to: Option<Position>,
    /// Only events recorded at this moment or later
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<Timestamp>,
    /// Only events recorded at this moment or earlier
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<Timestamp>,
}
