//! The statistics beside reference values of an independent implementation, and what they promise.

use serde::Deserialize;

use super::*;
use crate::{AgentId, Confidence, Credit, HubId, Slug, TaskType, Tier};

#[derive(Deserialize)]
struct Reference {
    wilson: Vec<Bounds>,
    exact: Vec<Bounds>,
    calibrations: Vec<Judged>,
    entropies: Vec<Spread>,
    voices: Vec<Voice>,
    shrinkages: Vec<Shrinkage>,
    suspicions: Vec<Path>,
}

#[derive(Deserialize)]
struct Bounds {
    right: u32,
    tries: u32,
    #[serde(alias = "confidence")]
    z: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Judged {
    told: Vec<f64>,
    right: Vec<bool>,
    mean: f64,
    brier: f64,
    bias: f64,
    pearson: Option<Pearson>,
    ece: Option<f64>,
    bins: Vec<(u32, u32)>,
}

#[derive(Deserialize)]
struct Pearson {
    r: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Spread {
    weights: Vec<f64>,
    entropy: f64,
}

#[derive(Deserialize)]
struct Voice {
    p: f64,
    keys: u32,
    weight: f64,
}

#[derive(Deserialize)]
struct Shrinkage {
    right: u32,
    judged: u32,
    mean: f64,
    pseudo: f64,
    shrunk: f64,
}

#[derive(Deserialize)]
struct Path {
    p0: f64,
    p1: f64,
    failed: Vec<bool>,
    #[serde(rename = "path")]
    evidence: Vec<f64>,
}

fn reference() -> Reference {
    let text = include_str!("../../../tests/fixtures/statistics/reference.json");
    serde_json::from_str(text).unwrap()
}

#[track_caller]
fn same(ours: f64, theirs: f64, what: &str) {
    assert!((ours - theirs).abs() < 1e-9, "{what}: {ours} is not {theirs}");
}

fn judged(case: &Judged) -> Calibration {
    let mut calibration = Calibration::default();
    for (told, right) in case.told.iter().zip(&case.right) {
        calibration.judge(Confidence::new(*told).unwrap(), *right);
    }
    calibration
}

#[test]
fn wilson_bounds_are_those_of_the_reference() {
    for case in reference().wilson {
        let what = format!("{} of {} at {}", case.right, case.tries, case.z);
        let ours = wilson(case.right, case.tries, case.z).unwrap();
        same(ours.low, case.low, &what);
        same(ours.high, case.high, &what);
    }
    assert_eq!(wilson(0, 0, Z_95), None);
}

#[test]
fn exact_bounds_are_those_of_the_reference() {
    for case in reference().exact {
        let what = format!("{} of {} at {}", case.right, case.tries, case.z);
        let ours = clopper_pearson(case.right, case.tries, case.z).unwrap();
        same(ours.low, case.low, &what);
        same(ours.high, case.high, &what);
    }
    assert_eq!(clopper_pearson(0, 0, 0.95), None);
    assert_eq!(clopper_pearson(1, 2, 1.0), None);
}

#[test]
fn calibration_is_that_of_the_reference() {
    for case in reference().calibrations {
        let ours = judged(&case);
        let what = format!("{} judged", case.told.len());
        same(ours.mean_confidence().unwrap(), case.mean, &what);
        same(ours.brier().unwrap(), case.brier, &what);
        same(ours.bias().unwrap(), case.bias, &what);
        assert_eq!(ours.expected_error().is_some(), case.ece.is_some(), "{what}");
        if let Some(ece) = case.ece {
            same(ours.expected_error().unwrap(), ece, &what);
        }
        let bins: Vec<(u32, u32)> = ours.bins().map(|bin| (bin.judged, bin.right)).collect();
        assert_eq!(bins, case.bins, "{what}");
    }
}

#[test]
fn correlation_is_that_of_the_reference_or_undefined() {
    let mut undefined = 0;
    for case in reference().calibrations {
        let ours = judged(&case).correlation();
        let what = format!("{} judged", case.told.len());
        assert_eq!(ours.is_some(), case.pearson.is_some(), "{what}");
        let (Some(ours), Some(theirs)) = (ours, case.pearson) else {
            undefined += 1;
            continue;
        };
        same(ours.r, theirs.r, &what);
        same(ours.interval.low, theirs.low, &what);
        same(ours.interval.high, theirs.high, &what);
    }
    assert!(undefined > 4, "the reference holds too few cases that are undefined");
}

#[test]
fn entropy_weights_and_shrinkage_are_those_of_the_reference() {
    let reference = reference();
    for case in reference.entropies {
        same(normalised_entropy(&case.weights), case.entropy, &format!("{:?}", case.weights));
    }
    for case in reference.voices {
        same(log_odds_weight(case.p, case.keys), case.weight, &format!("p {}", case.p));
    }
    for case in reference.shrinkages {
        let ours = shrunk(case.right, case.judged, case.mean, case.pseudo);
        same(ours, case.shrunk, &format!("{} of {}", case.right, case.judged));
    }
}

#[test]
fn suspicion_goes_the_way_of_the_reference() {
    for case in reference().suspicions {
        let rule = DemotionRule::new(case.p0, case.p1).unwrap();
        let mut evidence = 0.0;
        for (failed, theirs) in case.failed.iter().zip(&case.evidence) {
            evidence = rule.after(evidence, *failed);
            same(evidence, *theirs, "evidence");
        }
    }
}

#[test]
fn a_certain_voice_weighs_a_finite_amount_and_a_guess_nothing() {
    assert!(log_odds_weight(1.0, 2).is_finite());
    same(log_odds_weight(0.5, 2), 0.0, "a coin");
    same(log_odds_weight(0.0, 9), 0.0, "always wrong");
    assert!(log_odds_weight(0.5, 9) > 0.0, "better than a guess among nine");
}

#[test]
fn the_order_of_judgements_changes_nothing() {
    for case in reference().calibrations {
        let forwards = judged(&case);
        let turned = Judged {
            told: case.told.iter().rev().copied().collect(),
            right: case.right.iter().rev().copied().collect(),
            ..case
        };
        assert_eq!(judged(&turned), forwards);
        let mut twice = forwards.clone();
        twice.absorb(&forwards);
        assert_eq!(twice.brier(), forwards.brier());
        assert_eq!(twice.judged(), 2 * forwards.judged());
    }
}

#[test]
fn an_agent_without_a_record_is_as_good_as_the_hub() {
    let (veteran, newcomer) = (agent("veteran"), agent("newcomer"));
    let triage: TaskType = "triage".parse().unwrap();
    let mut records = Records::default();
    same(records.acceptance(newcomer, 1, &triage), PRIOR_ACCEPTANCE, "before any review");
    for _ in 0..20 {
        let (task_type, confidence) = (triage.clone(), None);
        records.credit(&Credit {
            agent: veteran,
            agent_version: 1,
            task_type,
            right: true,
            confidence,
        });
    }
    same(records.acceptance(newcomer, 1, &triage), 0.85, "the hub's mean, half of it the prior");
    same(records.acceptance(veteran, 1, &triage), 0.925, "its own record, half of it the hub's");
    same(records.acceptance(veteran, 2, &triage), 0.85, "a new version starts from the hub's mean");
    let other: TaskType = "synthesis".parse().unwrap();
    same(records.acceptance(veteran, 1, &other), PRIOR_ACCEPTANCE, "another task type");
}

fn agent(slug: &str) -> AgentId {
    let hub: HubId = "intake".parse().unwrap();
    AgentId::derive(&[hub.as_str(), Slug::new(slug).unwrap().as_str()])
}

#[test]
fn a_burst_of_easy_work_neither_promotes_nor_clears() {
    let (demotion, promotion) = (DemotionRule::default(), PromotionRule::default());
    let mut record = TierRecord::at(Tier::T2);
    for _ in 0..3 {
        record.ran(Tier::T2, false, &demotion);
    }
    let before = record;
    for _ in 0..480 {
        record.ran(Tier::T1, true, &demotion);
        assert!(!matches!(promotion.look(record.conduct()), Look::Above { .. }));
    }
    assert_eq!(record, before, "work below its tier left a trace");
    for _ in 0..120 {
        record.ran(Tier::T2, true, &demotion);
    }
    assert!(record.suspicion() < before.suspicion(), "work of its tier does count");
}

#[test]
fn a_gate_is_passed_only_at_a_look() {
    let rule = PromotionRule::default();
    let flawless = |runs| Conduct { runs, compliant: runs, consecutive: runs };
    assert_eq!(rule.look(flawless(0)), Look::NotNow { next: Some(30) });
    assert!(matches!(rule.look(flawless(60)), Look::Below { .. }), "60 of 60 prove no 92 %");
    assert_eq!(rule.look(flawless(119)), Look::NotNow { next: Some(120) });
    assert!(matches!(rule.look(flawless(120)), Look::Above { .. }));
    assert_eq!(rule.look(flawless(121)), Look::NotNow { next: Some(240) });
    assert_eq!(rule.look(flawless(481)), Look::NotNow { next: None });
}

#[test]
fn a_new_prompt_sheds_credit_and_keeps_suspicion() {
    let rule = DemotionRule::default();
    let mut good = TierRecord::at(Tier::T1);
    let mut bad = good;
    for _ in 0..40 {
        good.ran(Tier::T1, true, &rule);
    }
    for _ in 0..3 {
        bad.ran(Tier::T1, false, &rule);
    }
    same(good.suspicion(), DemotionRule::FLOOR, "a long good record");
    let suspicion = bad.suspicion();
    assert!(suspicion > 4.0 && !rule.convicts(suspicion));
    good.revised();
    bad.revised();
    same(good.suspicion(), 0.0, "what spoke for it is gone");
    same(bad.suspicion(), suspicion, "what speaks against it stays");
    assert_eq!(bad.conduct(), Conduct::default());
    bad.ran(Tier::T1, false, &rule);
    assert!(rule.convicts(bad.suspicion()), "the fourth failure convicts");
}

#[test]
fn rules_that_make_no_sense_are_not_made() {
    assert_eq!(DemotionRule::new(0.2, 0.05), None);
    assert_eq!(DemotionRule::new(0.0, 0.5), None);
    assert_eq!(DemotionRule::new(f64::NAN, 0.5), None);
    assert_eq!(PromotionRule::new(1.0), None);
    assert_eq!(PromotionRule::new(f64::NAN), None);
}
