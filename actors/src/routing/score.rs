//! Scores: a candidate's inputs in, its components and their weighted sum out.
//!
//! **Invariant.** A score is a function of what the decision's event says and of the version of the
//! hub's rules it names; a changed formula is a new version of the strategy's rule.

use convoke_events::evidence::{PRIOR_ACCEPTANCE, PSEUDO_OBSERVATIONS, real, shrunk};
use convoke_events::{
    AgentId, Candidate, CandidateStanding, Component, Evidence, Matched, Measure, Rate,
    RoutingRules, Score, Scored, Strategy, Weights,
};

/// A mean latency that scores one half, in microseconds.
const USUAL_LATENCY_US: f64 = 10_000_000.0;
/// A price per 1,000 tokens that scores one half, in micro-dollars.
const USUAL_PRICE: f64 = 10_000.0;

/// The weights by which a strategy adds up.
pub(super) const fn weights(strategy: Strategy, rules: &RoutingRules) -> Weights {
    match strategy {
        Strategy::Classic => Weights::CLASSIC,
        Strategy::Informed => rules.weights,
    }
}

/// Scores a candidate by these inputs, added up in their order; who has no bid among them has no
/// sum.
pub(super) fn scored(
    inputs: Vec<Measure>,
    weights: Weights,
    rules: &RoutingRules,
    evidence: Option<&Evidence>,
) -> Scored {
    let bids = inputs.iter().any(|input| matches!(input, Measure::Bid { .. }));
    let components = inputs.into_iter().map(|input| {
        let score = component(&input, rules, evidence);
        Component { input, score }
    });
    let components: Vec<Component> = components.collect();
    let sum = |sum: f64, one: &Component| {
        sum + f64::from(weight(&one.input, weights)) / 1000.0 * one.score.get()
    };
    let combined = components.iter().fold(0.0, sum);
    Scored { combined: Score::new(combined).filter(|_| bids), components }
}

const fn weight(input: &Measure, weights: Weights) -> u32 {
    match input {
        Measure::Match(_) => weights.matching,
        Measure::Bid { .. } => weights.bid,
        Measure::Acceptance { .. } => weights.acceptance,
        Measure::Load { .. } => weights.load,
        Measure::Latency { .. } => weights.latency,
        Measure::Price { .. } => weights.price,
    }
}

fn component(input: &Measure, rules: &RoutingRules, evidence: Option<&Evidence>) -> Score {
    match input {
        Measure::Match(matched) => words(matched),
        Measure::Bid { amount, .. } => bid(*amount),
        Measure::Acceptance { right, decided, draw } => {
            acceptance((*right, *decided), *draw, rules, evidence)
        }
        Measure::Load { calls } => Score::share(1.0 / (1.0 + f64::from(*calls))),
        Measure::Latency { answers: 0, .. } => Score::share(0.5),
        Measure::Latency { answers, total_us } => {
            let mean = real(*total_us) / f64::from(*answers);
            Score::share(1.0 / (1.0 + mean / USUAL_LATENCY_US))
        }
        // An unknown price is never zero.
        Measure::Price { per_1000: None } => Score::ZERO,
        Measure::Price { per_1000: Some(price) } => {
            Score::share(1.0 / (1.0 + real(price.get()) / USUAL_PRICE))
        }
    }
}

/// +0.3 per keyword, +0.2 per capability, +0.1 per related word, 1.0 at most (§4).
fn words(matched: &Matched) -> Score {
    let Matched { keywords, capabilities, related } = matched;
    let worth = [(keywords, 0.3), (capabilities, 0.2), (related, 0.1)];
    let each = worth.into_iter().flat_map(|(words, worth)| words.iter().map(move |_| worth));
    Score::share(each.fold(0.0, |sum, worth| sum + worth))
}

/// clamp((100 − bid) / 90, 0, 1) (§4).
fn bid(amount: Rate) -> Score {
    Score::share((100.0 - real(amount.get())) / 90.0)
}

/// An agent's share of accepted work, shrunk to the hub's mean on the task type as if `prior` more
/// reviews had shown that, the mean itself shrunk as §8 does; carried as far from there as the draw
/// says, in standard deviations of a share known from so many reviews (Thompson's rule, with the
/// normal curve in place of the beta).
fn acceptance(
    (right, decided): (u32, u32),
    draw: Option<Score>,
    rules: &RoutingRules,
    evidence: Option<&Evidence>,
) -> Score {
    let (hub_right, hub_decided) = evidence.map_or((0, 0), |known| (known.right, known.decided));
    let mean = shrunk(hub_right, hub_decided, PRIOR_ACCEPTANCE, PSEUDO_OBSERVATIONS);
    let prior = f64::from(rules.prior);
    let share = shrunk(right, decided, mean, prior);
    let spread = libm::sqrt(share * (1.0 - share) / (f64::from(decided) + prior + 1.0));
    let reach = f64::from(rules.exploration) / 1000.0;
    Score::share(share + draw.map_or(0.0, |draw| draw.get() * reach * spread))
}

/// Who is asked: of the candidates that could be, those of the highest sums, the earlier one first
/// where two are equal.
pub(super) fn ranked(candidates: &[Candidate], most: Option<u32>) -> Vec<AgentId> {
    let sum = |one: &Candidate| one.scored.as_ref().and_then(|scored| scored.combined);
    let eligible = candidates.iter().filter(|one| one.standing == CandidateStanding::Eligible);
    let mut ranked: Vec<(Score, AgentId)> =
        eligible.filter_map(|one| Some((sum(one)?, one.agent))).collect();
    // The sort is stable: the earlier of two equal ones stays first.
    ranked.sort_by(|(one, _), (other, _)| other.cmp(one));
    let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    ranked.into_iter().take(most).map(|(_, agent)| agent).collect()
}

#[cfg(test)]
mod tests {
    use convoke_events::testkit::word;
    use convoke_events::{BidBasis, MicroUsd};

    use super::*;

    fn rules() -> RoutingRules {
        RoutingRules::default()
    }

    fn one(input: &Measure) -> f64 {
        component(input, &rules(), None).get()
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }

    fn offer(amount: u64) -> Measure {
        Measure::Bid { amount: Rate::new(amount), basis: BidBasis::Placed }
    }

    fn candidate(name: &str, standing: CandidateStanding, amount: Option<u64>) -> Candidate {
        let inputs = amount.map(offer).into_iter().collect();
        let scored = scored(inputs, Weights::CLASSIC, &rules(), None);
        Candidate {
            agent: AgentId::derive(&[name]),
            agent_version: 1,
            policy: None,
            priority: 1,
            standing,
            scored: Some(scored),
        }
    }

    #[test]
    fn a_bid_scores_from_1_at_10_to_0_at_100() {
        for (amount, score) in [(0, 1.0), (10, 1.0), (55, 0.5), (100, 0.0), (u64::MAX, 0.0)] {
            close(one(&offer(amount)), score);
        }
    }

    #[test]
    fn words_count_by_their_kind_and_1_at_most() {
        let matched = |keywords: usize, capabilities: usize, related: usize| {
            let words = |count: usize| vec![word("x"); count];
            let (keywords, capabilities) = (words(keywords), words(capabilities));
            one(&Measure::Match(Matched { keywords, capabilities, related: words(related) }))
        };
        close(matched(0, 0, 0), 0.0);
        close(matched(1, 0, 0), 0.3);
        close(matched(1, 1, 1), 0.6);
        close(matched(4, 4, 4), 1.0);
    }

    #[test]
    fn work_that_was_accepted_counts_once_there_is_enough_of_it() {
        let share = |right, decided| one(&Measure::Acceptance { right, decided, draw: None });
        close(share(0, 0), 0.7);
        close(share(8, 8), (8.0 + 8.0 * 0.7) / 16.0);
        assert!(share(1, 1) > share(0, 0) && share(0, 0) > share(0, 1));
        assert!(share(90, 100) > 0.88);
    }

    #[test]
    fn chance_carries_an_unknown_agent_further_than_a_known_one() {
        let carried = |decided: u32| {
            let right = decided / 10 * 7;
            let share =
                |draw: f64| one(&Measure::Acceptance { right, decided, draw: Score::new(draw) });
            share(1.0) - share(0.0)
        };
        assert!(carried(0) > carried(10) && carried(10) > carried(1000) && carried(1000) > 0.0);
    }

    #[test]
    fn an_idle_fast_and_cheap_agent_scores_higher_and_an_unknown_price_scores_nothing() {
        let load = |calls| one(&Measure::Load { calls });
        let latency = |total_us| one(&Measure::Latency { answers: 1, total_us });
        let price = |price: u64| one(&Measure::Price { per_1000: Some(MicroUsd::new(price)) });
        close(load(0), 1.0);
        close(load(1), 0.5);
        close(latency(10_000_000), 0.5);
        assert!(latency(1) > latency(20_000_000));
        close(one(&Measure::Latency { answers: 0, total_us: 0 }), 0.5);
        close(price(10_000), 0.5);
        assert!(price(0) > price(1));
        close(one(&Measure::Price { per_1000: None }), 0.0);
    }

    #[test]
    fn the_highest_sum_wins_the_earlier_bid_breaks_a_tie_and_who_did_not_bid_has_no_sum() {
        use CandidateStanding::{Eligible, NoBid, OverBudget};
        let candidates = [
            candidate("dear", Eligible, Some(90)),
            candidate("silent", NoBid, None),
            candidate("cheap", Eligible, Some(20)),
            candidate("as cheap", Eligible, Some(20)),
            candidate("too poor", OverBudget, Some(10)),
        ];
        let names = |names: &[&str]| -> Vec<AgentId> {
            names.iter().map(|name| AgentId::derive(&[name])).collect()
        };
        assert_eq!(ranked(&candidates, None), names(&["cheap", "as cheap", "dear"]));
        assert_eq!(ranked(&candidates, Some(1)), names(&["cheap"]));
        assert_eq!(candidates[1].scored.as_ref().unwrap().combined, None);
        assert_eq!(ranked(&[], Some(1)), []);
    }
}
