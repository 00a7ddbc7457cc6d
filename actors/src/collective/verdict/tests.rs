use convoke_events::{Acceptance, AgentId, ConsensusStatus, Voice};

use super::*;

/// Voices as `family:key` or `family:key:right/all`.
fn basis(voices: &[&str], participants: u32) -> VerdictBasis {
    let voice = |text: &&str| {
        let mut parts = text.split(':');
        let (family, key) = (parts.next().unwrap(), parts.next().unwrap());
        let acceptance = parts.next().map_or(Acceptance::default(), |record| {
            let (right, judged) = record.split_once('/').unwrap();
            Acceptance { right: right.parse().unwrap(), judged: judged.parse().unwrap() }
        });
        Voice {
            agent: AgentId::derive(&[text]),
            agent_version: 1,
            family: family.parse().unwrap(),
            key: key.parse().unwrap(),
            acceptance,
        }
    };
    VerdictBasis {
        voices: voices.iter().map(voice).collect(),
        participants,
        min_contributions: 2,
        one_failure_fails_all: false,
        allowed: 0,
        hub: Acceptance::default(),
    }
}

fn status(rule: VerdictRule, basis: &VerdictBasis) -> ConsensusStatus {
    let reached = reach(rule, basis);
    assert_eq!(reached, reach(rule, basis), "the same basis gives the same verdict");
    reached.verdict.status()
}

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found}, expected {expected}");
}

use ConsensusStatus::{Consensus, Divergent, Insufficient};
use VerdictRule::{Classic, Weighted};

#[test]
fn by_the_classic_rule_contributions_that_name_one_thing_are_a_consensus() {
    let basis = basis(&["a:fix", "a:fix"], 3);
    let reached = reach(Classic, &basis);
    assert_eq!(reached.verdict, Verdict::Consensus { key: "fix".parse().unwrap() });
    assert_eq!(in_words(&reached, &basis), "all 2 contributions name `fix`");
    assert_eq!((reached.figures.contributions, reached.figures.missing), (2, 1));
}

#[test]
fn by_the_classic_rule_a_single_dissent_makes_a_collective_divergent() {
    let reached = reach(Classic, &basis(&["a:fix", "b:fix", "c:wait"], 3));
    assert_eq!(reached.verdict, Verdict::Divergent { leading: vec!["fix".parse().unwrap()] });
    close(reached.figures.share, 2.0 / 3.0);
    close(reached.figures.margin, 1.0 / 3.0);
}

#[test]
fn too_few_contributions_are_insufficient_even_if_they_agree() {
    for rule in [Classic, Weighted] {
        assert_eq!(status(rule, &basis(&["a:fix"], 3)), Insufficient);
        assert_eq!(status(rule, &basis(&[], 3)), Insufficient);
    }
}

#[test]
fn one_missing_participant_is_insufficient_where_one_failure_fails_all() {
    for rule in [Classic, Weighted] {
        let mut basis = basis(&["a:fix", "b:fix"], 3);
        basis.one_failure_fails_all = true;
        let because = Insufficiency::OneMissing;
        assert_eq!(reach(rule, &basis).verdict, Verdict::Insufficient { because });
        basis.participants = 2;
        assert_eq!(status(rule, &basis), Consensus);
    }
}

#[test]
fn two_thirds_of_the_weight_are_a_consensus_however_the_sums_round() {
    for thirds in 1..=12 {
        let voices = |key: &'static str, from: u32, to: u32| {
            (from..to).map(move |family| format!("{family}:{key}"))
        };
        let named: Vec<String> =
            voices("fix", 0, 2 * thirds).chain(voices("wait", 2 * thirds, 3 * thirds)).collect();
        let named: Vec<&str> = named.iter().map(String::as_str).collect();
        assert_eq!(status(Weighted, &basis(&named, 3 * thirds)), Consensus, "{named:?}");
        let fewer: Vec<&str> = named[1..].to_vec();
        assert_eq!(status(Weighted, &basis(&fewer, 3 * thirds)), Divergent, "{fewer:?}");
    }
}

#[test]
fn a_tie_is_divergent_and_names_every_leader() {
    let reached = reach(Weighted, &basis(&["a:wait", "b:fix"], 2));
    let leading = vec!["fix".parse().unwrap(), "wait".parse().unwrap()];
    assert_eq!(reached.verdict, Verdict::Divergent { leading });
    close(reached.figures.margin, 0.0);
    close(reached.figures.entropy, 1.0);
}

#[test]
fn one_family_alone_is_no_consensus_however_many_it_sends() {
    let alone = basis(&["a:fix", "a:fix", "a:fix"], 3);
    assert_eq!(status(Weighted, &alone), Divergent);
    assert_eq!(status(Weighted, &basis(&["a:fix", "a:fix", "b:fix"], 3)), Consensus);
    let reached = reach(Weighted, &alone);
    assert_eq!(
        in_words(&reached, &alone),
        "3 of 3 contributions name the leading recommendation, all of one model family"
    );
}

#[test]
fn a_family_has_one_weight_which_its_members_share() {
    let found = reach(Weighted, &basis(&["a:fix", "a:fix", "a:wait", "b:wait"], 4));
    // Nobody is known: p is 0.7, and of two recommendations each family weighs ln(0.7 / 0.3).
    let family = f64::ln(0.7 / 0.3);
    for (weight, expected) in found.figures.weights.iter().zip([3.0, 3.0, 3.0, 1.0]) {
        close(*weight, family / expected);
    }
    close(found.figures.share, 2.0 / 3.0);
}

#[test]
fn weights_follow_the_formula_from_record_hub_and_allowed_keys() {
    let mut basis = basis(&["a:fix:27/30", "b:fix:0/0", "c:wait:3/10"], 3);
    basis.allowed = 4;
    basis.hub = Acceptance { right: 30, judged: 40 };
    // By hand: hub (30 + 20 × 0.7) / 60 = 0.7333…; a (27 + 20 × 0.7333…) / 50 = 0.8333…;
    // c (3 + 20 × 0.7333…) / 30 = 0.58888…; each weighs ln(3 p / (1 − p)).
    let hub = 44.0 / 60.0;
    let expected = [(27.0 + 20.0 * hub) / 50.0, hub, (3.0 + 20.0 * hub) / 30.0];
    let figures = reach(Weighted, &basis).figures;
    for (weight, p) in figures.weights.iter().zip(expected) {
        close(*weight, f64::ln(3.0 * p / (1.0 - p)));
    }
    close(figures.weights[0], 2.708_050_201_102_210_3);
}

#[test]
fn contributors_known_to_be_no_better_than_chance_weigh_nothing() {
    let basis = basis(&["a:fix:0/400", "b:fix:0/400"], 2);
    let because = Insufficiency::NoWeight;
    assert_eq!(reach(Weighted, &basis).verdict, Verdict::Insufficient { because });
    assert_eq!(reach(Weighted, &basis).figures.weights, [0.0, 0.0]);
}

#[test]
fn a_record_can_outweigh_heads() {
    let heads = basis(&["a:wait:60/60", "b:wait:60/60", "c:fix:20/60", "d:fix:20/60"], 4);
    assert_eq!(status(Weighted, &heads), Consensus);
    assert_eq!(status(Classic, &heads), Divergent);
}

#[test]
fn entropy_is_measured_against_all_that_could_be_named() {
    let mut basis = basis(&["a:fix", "b:wait"], 2);
    basis.allowed = 4;
    close(reach(Weighted, &basis).figures.entropy, 0.5);
    let agreed = self::basis(&["a:fix", "b:fix"], 2);
    let entropy = reach(Weighted, &agreed).figures.entropy;
    assert_eq!(entropy.to_bits(), 0.0_f64.to_bits(), "none at all is 0, not -0");
}

#[test]
fn the_same_basis_gives_the_same_bits_of_every_figure() {
    let basis = basis(&["a:fix:27/31", "b:fix:4/9", "c:wait:3/10", "c:fix:1/3"], 5);
    let bits = || -> Vec<u64> {
        let VerdictFigures { share, margin, entropy, weights, .. } =
            reach(Weighted, &basis).figures;
        [share, margin, entropy].iter().chain(&weights).map(|one| one.to_bits()).collect()
    };
    assert_eq!(bits(), bits());
}
