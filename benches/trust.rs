//! How the rules that move agents between tiers treat agents of a known quality.
//!
//! Seeded simulations, thousands of agents each, under the default rules. No figure has a floor of
//! its own kind; the aim stands in its place, and a ratio of at most 1 reaches it, for
//! `promoted_at_98` at least 1.
#![allow(clippy::unwrap_used, reason = "a bench that cannot run has no figure")]

use convoke_benches::{Draws, Figure, float, median};
use convoke_events::Tier;
use convoke_events::evidence::{DemotionRule, LOOKS, Look, PromotionRule, TierRecord};

const AGENTS: u64 = 20_000;
/// An agent that is caught at all is caught long before.
const AT_MOST: u32 = 5_000;

fn main() {
    let aim = |name, ours, unit, floor| Figure { name, ours, unit, floor }.print();
    let demoted = count(|draws| demoted_within(draws, 0.05, 500));
    aim("demoted_good_500", demoted, "share", 0.01);
    aim("caught_20_median", middle(|draws| caught_after(draws, 0, 0.20)), "tasks", 35.0);
    aim("caught_40_median", middle(|draws| caught_after(draws, 0, 0.40)), "tasks", 14.0);
    aim("caught_turned_median", middle(|draws| caught_after(draws, 500, 0.20)), "tasks", 60.0);
    let gate = PromotionRule::default().gate();
    aim("promoted_at_gate", count(|draws| promoted(draws, 1.0 - gate)), "share", 0.02);
    // What the gate is for: an agent well above it does pass.
    aim("promoted_at_98", count(|draws| promoted(draws, 0.02)), "share", 0.5);
}

/// The share of agents for which this holds.
fn count(holds: impl Fn(&mut Draws) -> bool) -> f64 {
    let held = (0..AGENTS).filter(|seed| holds(&mut Draws::of(*seed))).count();
    float(u64::try_from(held).unwrap()) / float(AGENTS)
}

fn middle(tasks: impl Fn(&mut Draws) -> u32) -> f64 {
    median((0..AGENTS).map(|seed| f64::from(tasks(&mut Draws::of(seed)))).collect())
}

/// Whether an agent that fails at this rate goes down within so many tasks.
fn demoted_within(draws: &mut Draws, rate: f64, tasks: u32) -> bool {
    let rule = DemotionRule::default();
    let mut record = TierRecord::at(Tier::T2);
    (0..tasks).any(|_| {
        record.ran(Tier::T2, draws.share() >= rate, &rule);
        rule.convicts(record.suspicion())
    })
}

/// After how many tasks an agent goes down that fails at this rate, having been a good one for
/// `good` tasks before; those that did not go down before it turned.
fn caught_after(draws: &mut Draws, good: u32, rate: f64) -> u32 {
    let rule = DemotionRule::default();
    let mut record = TierRecord::at(Tier::T2);
    for _ in 0..good {
        record.ran(Tier::T2, draws.share() >= 0.05, &rule);
        if rule.convicts(record.suspicion()) {
            record.moved(Tier::T2);
        }
    }
    (1..AT_MOST)
        .find(|_| {
            record.ran(Tier::T2, draws.share() >= rate, &rule);
            rule.convicts(record.suspicion())
        })
        .unwrap_or(AT_MOST)
}

/// Whether an agent that fails at this rate passes the gate at any look.
fn promoted(draws: &mut Draws, rate: f64) -> bool {
    let (demotion, promotion) = (DemotionRule::default(), PromotionRule::default());
    let mut record = TierRecord::at(Tier::T1);
    let last = LOOKS.into_iter().max().unwrap_or(0);
    (0..last).any(|_| {
        record.ran(Tier::T1, draws.share() >= rate, &demotion);
        matches!(promotion.look(record.conduct()), Look::Above { .. })
    })
}
