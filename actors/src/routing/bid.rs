//! Bids: what an agent's strategy asks for a task, and how it learns.

use convoke_events::{
    AgentId, BidBasis, BidRecord, BidStrategy, Digest, Measure, Rate, RoutingRules, Score,
};

/// The most that is asked outside one's own field (§4).
const DEAREST_OUTSIDE: u64 = 200;

/// What a strategy asks: its rate, carried by chance, in its field; 1.8 times that outside it, at
/// most 200; adapted by its record once three of its bids were decided; 1 at least, rounded down
/// once each time.
pub(super) fn amount(strategy: &BidStrategy) -> Rate {
    let BidStrategy { rate, in_field, jitter, record } = strategy;
    let base = rate.get().saturating_add_signed(i64::from(*jitter)).max(1);
    let base = if *in_field { base } else { (base.saturating_mul(18) / 10).min(DEAREST_OUTSIDE) };
    let factors = record.map_or_else(Vec::new, learned);
    let adapted = factors.into_iter().fold(base.saturating_mul(1000), |amount, percent| {
        (u128::from(amount) * u128::from(percent) / 100).try_into().unwrap_or(u64::MAX)
    });
    Rate::new((adapted / 1000).max(1))
}

/// What a record changes a bid by, in percent, one factor after the other (§4).
fn learned(record: BidRecord) -> Vec<u32> {
    let BidRecord { bids, won, decided, right, word_wins, word_failures } = record;
    if bids < 3 {
        return Vec::new();
    }
    let above = |part: u32, whole: u32, percent: u64| {
        u64::from(part).saturating_mul(100) > u64::from(whole).saturating_mul(percent)
    };
    let below = |part: u32, whole: u32, percent: u64| {
        u64::from(part).saturating_mul(100) < u64::from(whole).saturating_mul(percent)
    };
    let wins = if above(won, bids, 80) {
        115
    } else if below(won, bids, 20) {
        85
    } else {
        100
    };
    let success = if decided < 2 {
        100
    } else if below(right, decided, 50) {
        125
    } else if above(right, decided, 80) {
        90
    } else {
        100
    };
    let words = if word_wins > word_failures && word_wins >= 2 {
        90
    } else if word_failures > word_wins && word_failures >= 2 {
        115
    } else {
        100
    };
    vec![wins, success, words]
}

/// The bid of an agent's strategy, as an input of its score.
pub(super) fn by_strategy(strategy: BidStrategy) -> Measure {
    Measure::Bid { amount: amount(&strategy), basis: BidBasis::Strategy(strategy) }
}

/// What chance adds to an agent's bid under this seed: from −`jitter` to `jitter`, all alike.
pub(super) fn jitter(rules: &RoutingRules, seed: u64, agent: AgentId) -> i32 {
    let reach = i64::from(rules.jitter.min(1_000_000));
    if reach == 0 {
        return 0;
    }
    let (draw, _) = draws(seed, agent, "jitter");
    let span = reach.saturating_mul(2).saturating_add(1).unsigned_abs();
    let drawn = i64::try_from(draw.checked_rem(span).unwrap_or(0)).unwrap_or(0);
    i32::try_from(drawn.saturating_sub(reach)).unwrap_or(0)
}

/// A standard normal deviate for an agent under this seed (Box and Muller).
pub(super) fn deviate(seed: u64, agent: AgentId) -> Score {
    let (one, other) = draws(seed, agent, "exploration");
    // 53 bits each; the first is never 0, of which there is no logarithm.
    let share = |draw: u64| convoke_events::evidence::real(draw >> 11) / 9_007_199_254_740_992.0;
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - share(one)));
    let deviate = radius * libm::cos(2.0 * std::f64::consts::PI * share(other));
    Score::new(deviate).unwrap_or(Score::ZERO)
}

/// Two draws for an agent: the seed is the decision's, so who else is considered changes nothing.
fn draws(seed: u64, agent: AgentId, what: &str) -> (u64, u64) {
    let seed = seed.to_le_bytes();
    let digest = Digest::of_parts([&seed[..], agent.to_string().as_bytes(), what.as_bytes()]);
    let mut halves = digest
        .as_bytes()
        .chunks_exact(8)
        .map(|half| half.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)));
    (halves.next().unwrap_or(0), halves.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(rate: u64, in_field: bool, record: Option<BidRecord>) -> u64 {
        amount(&BidStrategy { rate: Rate::new(rate), in_field, jitter: 0, record }).get()
    }

    fn record(bids: u32, won: u32) -> BidRecord {
        BidRecord { bids, won, ..BidRecord::default() }
    }

    #[test]
    fn the_rate_is_asked_in_the_field_and_1_8_times_that_outside_200_at_most() {
        assert_eq!(asks(38, true, None), 38);
        assert_eq!(asks(38, false, None), 68);
        assert_eq!(asks(150, false, None), 200);
        assert_eq!(asks(150, true, None), 150);
        assert_eq!(asks(0, true, None), 1);
    }

    #[test]
    fn a_strategy_learns_nothing_from_fewer_than_three_bids() {
        let success = BidRecord { decided: 9, right: 0, ..record(2, 2) };
        assert_eq!(asks(100, true, Some(success)), 100);
        assert_eq!(asks(100, true, Some(record(3, 3))), 115);
    }

    #[test]
    fn winning_often_makes_dearer_and_seldom_cheaper() {
        for (won, amount) in [(10, 115), (9, 115), (8, 100), (2, 100), (1, 85), (0, 85)] {
            assert_eq!(asks(100, true, Some(record(10, won))), amount, "won {won} of 10");
        }
    }

    #[test]
    fn two_reviews_say_whether_work_is_good_enough_to_ask_less() {
        let with =
            |decided, right| asks(100, true, Some(BidRecord { decided, right, ..record(10, 5) }));
        assert_eq!(with(1, 0), 100);
        assert_eq!(with(2, 0), 125);
        assert_eq!(with(2, 1), 100);
        assert_eq!(with(10, 8), 100);
        assert_eq!(with(10, 9), 90);
    }

    #[test]
    fn what_came_of_tasks_with_the_same_words_counts_from_two_on() {
        let with = |word_wins, word_failures| {
            asks(100, true, Some(BidRecord { word_wins, word_failures, ..record(10, 5) }))
        };
        for (wins, failures, amount) in
            [(1, 0, 100), (2, 0, 90), (2, 2, 100), (0, 1, 100), (0, 2, 115), (3, 4, 115)]
        {
            assert_eq!(with(wins, failures), amount, "{wins} to {failures}");
        }
    }

    #[test]
    fn factors_are_multiplied_before_anything_is_rounded() {
        let all = BidRecord { decided: 2, right: 0, word_failures: 2, ..record(10, 10) };
        // 33 × 1.15 × 1.25 × 1.15 = 54.55
        assert_eq!(asks(33, true, Some(all)), 54);
    }

    #[test]
    fn jitter_stays_in_its_reach_and_takes_every_value_of_it() {
        let rules = RoutingRules { jitter: 2, ..RoutingRules::default() };
        let agent = AgentId::derive(&["forge"]);
        let drawn: std::collections::BTreeSet<i32> =
            (0..200).map(|seed| jitter(&rules, seed, agent)).collect();
        assert_eq!(drawn, std::collections::BTreeSet::from([-2, -1, 0, 1, 2]));
        assert_eq!(jitter(&RoutingRules::default(), 7, agent), 0);
    }

    #[test]
    fn deviates_are_normal_enough_and_belong_to_one_seed_and_agent() {
        let agents = [AgentId::derive(&["forge"]), AgentId::derive(&["mace"])];
        let drawn: Vec<f64> =
            (0..2000).flat_map(|seed| agents.map(|agent| deviate(seed, agent).get())).collect();
        let mean = drawn.iter().sum::<f64>() / 4000.0;
        let square = drawn.iter().map(|one| one * one).sum::<f64>() / 4000.0;
        assert!(mean.abs() < 0.06 && (square - 1.0).abs() < 0.1, "{mean} {square}");
        assert_eq!(deviate(7, agents[0]), deviate(7, agents[0]));
        assert_ne!(deviate(7, agents[0]), deviate(7, agents[1]));
        assert_ne!(deviate(7, agents[0]), deviate(8, agents[0]));
    }
}
