//! What was typed after `convoke report`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use convoke_projections::Moment;

use super::HubFilter;

#[derive(Debug, Args)]
pub(in crate::cli) struct Report {
    /// What about
    #[arg(required_unless_present = "html", value_name = "VIEW")]
    pub(in crate::cli) about: Option<About>,
    /// As of when: a position, or a time like 2026-03-01T09:00:00Z [default: now]
    #[arg(long, value_name = "POSITION|TIME")]
    pub(in crate::cli) as_of: Option<Moment>,
    /// In which format [default: table, or json with --json]
    #[arg(long, value_name = "FORMAT", conflicts_with = "html")]
    pub(in crate::cli) format: Option<Format>,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE", conflicts_with = "html")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// How many days a period of the performance records has
    #[arg(
        long,
        value_name = "N",
        default_value_t = convoke_projections::performance::PERIOD_DAYS,
        value_parser = clap::value_parser!(u32).range(1..=36_500)
    )]
    pub(in crate::cli) days: u32,
    /// Write everything to this file as one page that any browser shows, without network or script
    #[arg(long, value_name = "FILE", conflicts_with = "about")]
    pub(in crate::cli) html: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) hub: HubFilter,
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum About {
    /// What every version of every agent did, and what reviews made of it
    Performance,
    /// How often agents were considered and chosen
    Routing,
    /// What agents may do, what was denied in the last seven days, how agents live and what speaks
    /// for them
    Governance,
    /// Epochs, revocations, leases, errors and handoffs of every agent
    Lifecycle,
    /// What speaks for and against every agent, and what it lacks to go up a tier
    Trust,
    /// What may be spent and what was, account by account
    Budgets,
    /// What agents handed to each other
    Delegations,
    /// Questions put to several agents, and their verdicts
    Collectives,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// For people
    Table,
    /// One JSON document per line, with everything known
    Json,
    /// For spreadsheets: the columns of the table, numbers unformatted
    Csv,
}
