//! Routing rules: how the task types are routed that no routing policy speaks of.

use convoke_events::{
    BidRule, MicroUsd, ModelName, Preference, PreferenceRule, RoutingRules, Strategy, Way, Weights,
};

use super::agents::known_provider;
use super::fields::{Field, Fields, every};
use super::known::Known;

/// Reads `[routing_rules]`; what it does not say is as it is by default.
pub(super) fn routing_rules(field: &Field<'_>, known: &Known) -> Option<RoutingRules> {
    let usual = RoutingRules::default();
    let mut fields = field.table()?;
    let weights =
        fields.get("weights").map_or(Some(usual.weights), |weights| self::weights(&weights));
    let prior = small(&mut fields, "prior", 0..=1_000_000, usual.prior);
    let exploration = small(&mut fields, "exploration", 0..=10_000, usual.exploration);
    let jitter = small(&mut fields, "jitter", 0..=1_000_000, usual.jitter);
    let adaptive = fields.get("adaptive").map_or(Some(usual.adaptive), |truth| truth.truth());
    let ways = fields.get("ways").map_or_else(
        || Some(Vec::new()),
        |ways| {
            every(ways.table()?.all().iter().map(|(name, way)| {
                let task_type = known.task_type_of(name, way);
                let way = self::way(way);
                Some((task_type?, way?))
            }))
        },
    );
    fields.finish();
    Some(RoutingRules {
        ways: ways?.into_iter().collect(),
        weights: weights?,
        prior: prior?,
        exploration: exploration?,
        jitter: jitter?,
        adaptive: adaptive?,
    })
}

/// A whole number that is not said, or within its bound.
fn small(
    fields: &mut Fields<'_>,
    name: &'static str,
    bound: std::ops::RangeInclusive<u64>,
    usual: u32,
) -> Option<u32> {
    let number = |field: Field<'_>| field.number(bound).and_then(|number| number.try_into().ok());
    fields.get(name).map_or(Some(usual), number)
}

/// Weights in thousandths; one that is not named counts nothing.
fn weights(field: &Field<'_>) -> Option<Weights> {
    let mut fields = field.table()?;
    let mut weight = |name| small(&mut fields, name, 0..=1_000_000, 0);
    let (matching, bid, acceptance) = (weight("matching"), weight("bid"), weight("acceptance"));
    let (load, latency, price) = (weight("load"), weight("latency"), weight("price"));
    fields.finish();
    Some(Weights {
        matching: matching?,
        bid: bid?,
        acceptance: acceptance?,
        load: load?,
        latency: latency?,
        price: price?,
    })
}

fn way(field: &Field<'_>) -> Option<Way> {
    let mut fields = field.table()?;
    let by = fields.need("by")?;
    let most = fields
        .get("most")
        .map_or(Some(None), |most| most.number(1..=1_000).map(|most| u32::try_from(most).ok()));
    let way = match by.as_str() {
        Some("rule") => {
            let preferred = fields.need("preferred").and_then(|list| preferences(&list, 1));
            let fallbacks = fields
                .get("fallbacks")
                .map_or_else(|| Some(Vec::new()), |list| preferences(&list, 0));
            let max_cost = fields.get("max_micro_usd_per_1000").map_or(Some(None), |most| {
                most.number(0..=u64::MAX).map(|most| Some(MicroUsd::new(most)))
            });
            let (preferred, fallbacks, max_cost) = (preferred?, fallbacks?, max_cost?);
            Way::Rule(PreferenceRule { preferred, fallbacks, max_cost, most: most? })
        }
        Some("bid") => {
            let strategy =
                fields.get("strategy").map_or(Some(Strategy::Informed), |word| word.word());
            let window = fields.get("window_ms");
            let window_ms = window.as_ref().map_or(Some(0), |window| window.number(0..=86_400_000));
            let standing = fields.get("standing_bids");
            let standing_bids = standing.as_ref().map_or(Some(true), Field::truth);
            if let (Some(0), Some(false), Some(field)) = (window_ms, standing_bids, standing) {
                field.unlike("true, where there is no `window_ms` in which anybody could bid");
            }
            let (strategy, window_ms) = (strategy?, window_ms?);
            Way::Bid(BidRule { strategy, window_ms, standing_bids: standing_bids?, most: most? })
        }
        Some(_) | None => {
            by.unlike("rule or bid");
            return None;
        }
    };
    fields.finish();
    Some(way)
}

fn preferences(field: &Field<'_>, least: usize) -> Option<Vec<Preference>> {
    every(field.list(least..=64)?.iter().map(|one| {
        let mut fields = one.table()?;
        let provider = fields.need("provider").and_then(|provider| known_provider(&provider));
        let model = fields.need("model").and_then(|model| model.word::<ModelName>());
        fields.finish();
        Some(Preference { provider: provider?, model: model? })
    }))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use convoke_events::{RoutingRules, Way};

    use crate::config::{ConfigError, Scenario, parse_scenario};

    const EXAMPLE: &str = include_str!("../../examples/intake.toml");

    fn with(rules: &str) -> Result<Scenario, ConfigError> {
        parse_scenario(Path::new("s.toml"), &format!("{EXAMPLE}\n{rules}"))
    }

    #[test]
    fn what_routing_rules_do_not_say_is_as_it_is_by_default() {
        assert_eq!(with("").unwrap().routing_rules, None);
        let rules = with("[routing_rules]\njitter = 5\n").unwrap().routing_rules.unwrap();
        assert_eq!(rules, RoutingRules { jitter: 5, ..RoutingRules::default() });
    }

    #[test]
    fn a_way_by_rule_and_one_by_bid_are_read_whole() {
        let rules = with(
            "[routing_rules.ways.synthesis]\nby = \"rule\"\nmax_micro_usd_per_1000 = 9\nmost = 2\n\
             preferred = [{ provider = \"openai\", model = \"m\" }]\n\
             [routing_rules.ways.policy_check]\nby = \"bid\"\nstrategy = \"classic\"\n\
             window_ms = 15000\nstanding_bids = false\n",
        );
        let ways = rules.unwrap().routing_rules.unwrap().ways;
        let Way::Rule(rule) = &ways[&"synthesis".parse().unwrap()] else { unreachable!() };
        let facts =
            (rule.preferred.len(), rule.max_cost.map(convoke_events::MicroUsd::get), rule.most);
        assert_eq!(facts, (1, Some(9), Some(2)));
        let Way::Bid(rule) = &ways[&"policy_check".parse().unwrap()] else { unreachable!() };
        assert_eq!((rule.strategy.as_str(), rule.window_ms), ("classic", 15_000));
        assert!(!rule.standing_bids);
    }

    #[test]
    fn every_mistake_in_routing_rules_is_named_with_what_is_allowed() {
        for (rules, words) in [
            ("ways.cooking.by = \"bid\"", "found the task type `cooking`, expected one that"),
            ("ways.triage.by = \"luck\"", "expected rule or bid"),
            ("ways.triage = { by = \"bid\", standing_bids = false }", "expected true, where"),
            ("ways.triage.by = \"rule\"", "preferred"),
            ("weights = { luck = 3 }", "luck"),
            ("prior = -1", "expected a whole number from 0 to 1000000"),
        ] {
            let error = with(&format!("[routing_rules]\n{rules}\n")).unwrap_err().to_string();
            assert!(error.contains(words), "{words} is not in {error}");
        }
    }
}
