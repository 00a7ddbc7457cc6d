//! What was typed about decisions: simulated, explained, made again.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use convoke_events::{HubId, Strategy, VerdictRule, Weights};
use convoke_projections::Moment;

use crate::decisions::Sought;

#[derive(Debug, Args)]
pub(in crate::cli) struct Route {
    #[command(subcommand)]
    pub(in crate::cli) command: RouteCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RouteCommand {
    /// What routing by bid would decide, of agents and bids from files; nothing is recorded
    ///
    /// One line per task: who is selected, how everyone's words match, what every bid comes to with
    /// them, and why.
    Simulate(Simulate),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Simulate {
    /// The agents: a JSON object of slugs, each with its `capabilities` and `keywords`
    #[arg(long, value_name = "FILE.json")]
    pub(in crate::cli) agents: PathBuf,
    /// The tasks: one JSON object with `task` and `bids`, a list of [slug, amount], per line
    #[arg(long, value_name = "FILE.jsonl")]
    pub(in crate::cli) tasks: PathBuf,
    /// How candidates are scored: `classic` or `informed`
    #[arg(long, value_name = "NAME", default_value = "informed")]
    pub(in crate::cli) strategy: Strategy,
    /// Let chance explore, drawn from this number; without it, nothing is left to chance
    #[arg(long, value_name = "N")]
    pub(in crate::cli) seed: Option<u64>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Explain {
    /// A decision's id as `convoke audit` names it, a collective's for its verdict, or the id of the
    /// event that records either
    #[arg(value_name = "DECISION")]
    pub(in crate::cli) what: Sought,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("otherwise").args(["policy", "strategy", "weights", "verdict"]).required(true).multiple(true)))]
pub(in crate::cli) struct WhatIf {
    /// Other policies: a TOML file with `[[routing]]` and `[[policies]]`, as in a scenario
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) policy: Option<PathBuf>,
    /// Everything by bid, scored `classic` or `informed`
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) strategy: Option<Strategy>,
    /// Other weights of the informed strategy, such as `acceptance=0.7,bid=0.1`; what is not named
    /// counts nothing
    #[arg(long, value_name = "NAME=SHARE,…", value_parser = weights)]
    pub(in crate::cli) weights: Option<Weights>,
    /// Every verdict by this rule, `classic` or `weighted`, on what the recorded one rests on
    #[arg(long, value_name = "RULE")]
    pub(in crate::cli) verdict: Option<VerdictRule>,
    /// Only decisions from this position or moment on
    #[arg(long, value_name = "T|POSITION", default_value = "1")]
    pub(in crate::cli) since: Moment,
    /// Only decisions up to this position or moment
    #[arg(long, value_name = "T|POSITION")]
    pub(in crate::cli) until: Option<Moment>,
    /// The hub, where the log holds several
    #[arg(long, value_name = "HUB")]
    pub(in crate::cli) hub: Option<HubId>,
}

/// Reads weights from their names and shares.
fn weights(text: &str) -> Result<Weights, String> {
    let mut weights = Weights { matching: 0, bid: 0, acceptance: 0, load: 0, latency: 0, price: 0 };
    for part in text.split(',') {
        let (name, share) =
            part.split_once('=').ok_or_else(|| format!("`{part}` is not NAME=SHARE"))?;
        let weight = match name.trim() {
            "matching" => &mut weights.matching,
            "bid" => &mut weights.bid,
            "acceptance" => &mut weights.acceptance,
            "load" => &mut weights.load,
            "latency" => &mut weights.latency,
            "price" => &mut weights.price,
            _ => {
                return Err(format!(
                    "`{name}` is not a weight: expected matching, bid, acceptance, load, latency, \
                     price"
                ));
            }
        };
        *weight = thousandths(share.trim()).ok_or_else(|| {
            format!("`{share}` is not a share: expected 0 to 1000, to thousandths")
        })?;
    }
    Ok(weights)
}

/// A number with at most three decimals, in thousandths.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u32 = whole.parse().ok().filter(|whole| *whole <= 1000)?;
    let part: u32 = format!("{part:0<3}").parse().ok()?;
    whole.checked_mul(1000)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use convoke_events::Weights;

    use super::weights;

    #[test]
    fn weights_are_read_to_the_thousandth_and_the_rest_counts_nothing() {
        let read = weights("acceptance=0.7, bid=0.125,price=2").unwrap();
        let nothing = Weights { matching: 0, bid: 0, acceptance: 0, load: 0, latency: 0, price: 0 };
        assert_eq!(read, Weights { acceptance: 700, bid: 125, price: 2000, ..nothing });
    }

    #[test]
    fn what_is_no_weight_is_named() {
        for (text, word) in [
            ("luck=1", "`luck` is not a weight"),
            ("bid", "`bid` is not NAME=SHARE"),
            ("bid=-1", "`-1` is not a share"),
            ("bid=0.0001", "`0.0001` is not a share"),
            ("bid=NaN", "`NaN` is not a share"),
        ] {
            let error = weights(text).unwrap_err();
            assert!(error.starts_with(word), "{error}");
        }
    }
}
