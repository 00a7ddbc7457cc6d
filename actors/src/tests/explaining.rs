//! A recorded decision is what the log before it gives, bit for bit; nothing can be left out of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use convoke_events::{
    BidRule, DecisionId, Event, Preference, PreferenceRule, ProposalId, ProviderName, Rate,
    Recorded, ReviewDecision, RoutingDecided, RoutingEvent, RoutingRules, Strategy, TaskPlan, Verb,
    Way, Weights,
};
use serde_json::Value;

use super::cast::{allow, task, triage, word};
use super::choosing::drafting;
use super::crashes::{STORMY, drive};
use crate::command::{AgentRegistration, Command, Review, TaskSubmission};
use crate::driver::scheduler::Dice;
use crate::hub::State;
use crate::provider::rules::Rules;
use crate::routing::explain::{ExplainError, explain};
use crate::routing::what_if::{Alternative, Change, WhatIf};
use crate::testkit::{hub, member, orders, task_rules};

const WORDS: [&str; 6] = ["crash", "export", "licence", "bug", "code", "odd"];

/// The small federation with a random way for every task type, and requests of random words; some
/// of what it proposes is reviewed on the way.
fn commands(dice: &mut Dice) -> Vec<Command> {
    let mut commands = orders();
    let settings = r#"{"rules":[{"any":["odd"],"recommend":"look","confidence":0.9,"reason":"odd"}],"otherwise":{"recommend":"fix","confidence":0.5,"reason":"x"}}"#;
    for number in 0..4 {
        let slug = format!("bidder-{number}");
        let mut words = || WORDS[dice.below(WORDS.len())];
        let (keywords, capabilities) = (vec![word(words())], vec![word(words())]);
        let registration = member(&slug, settings);
        commands.push(Command::RegisterAgent(AgentRegistration {
            keywords,
            capabilities,
            rate: Rate::new(u64::try_from(10 + dice.below(120)).unwrap()),
            ..registration
        }));
        if dice.below(4) > 0 {
            commands.push(allow(&slug, "requirement", &[Verb::Propose], true));
        }
        if dice.below(4) > 0 {
            commands.push(allow(&slug, "policy", &[Verb::Propose], true));
        }
    }
    for round in 0..3 {
        commands.push(Command::SetRoutingRules(random_rules(dice)));
        for number in 0..4 {
            let request = format!("{round}-{number}");
            let body: Vec<&str> = (0..4).map(|_| WORDS[dice.below(WORDS.len())]).collect();
            let submission = if dice.below(3) == 0 {
                TaskSubmission { body: body.join(" "), ..triage(&request) }
            } else {
                drafting(&request, &body.join(" "))
            };
            commands.push(Command::SubmitTask(submission));
            let earlier = format!("{}-{}", dice.below(round + 1), dice.below(4));
            let decision = if dice.below(2) == 0 {
                ReviewDecision::Accepted
            } else {
                ReviewDecision::Rejected
            };
            let proposal = ProposalId::derive(&[&task(&earlier).to_string()]);
            commands.push(Command::ReviewProposal(Review {
                proposal,
                decision,
                digest: None,
                key: None,
                note: None,
                revision: None,
            }));
        }
    }
    commands
}

fn random_rules(dice: &mut Dice) -> RoutingRules {
    let strategies = [Strategy::Classic, Strategy::Informed];
    let mut way = || {
        let most = (dice.below(2) == 0).then_some(3);
        if dice.below(4) == 0 {
            let preference = Preference { provider: ProviderName::Rules, model: word("rules-1") };
            let preferred = vec![preference];
            let fallbacks = Vec::new();
            return Way::Rule(PreferenceRule { preferred, fallbacks, max_cost: None, most });
        }
        let strategy = strategies[dice.below(2)];
        let window_ms = if dice.below(3) == 0 { 20 } else { 0 };
        Way::Bid(BidRule { strategy, window_ms, standing_bids: true, most })
    };
    let ways = BTreeMap::from([(word("requirement_draft"), way()), (word("policy_check"), way())]);
    let mut number = |below| u32::try_from(dice.below(below)).unwrap();
    RoutingRules {
        ways,
        weights: Weights { bid: number(1000), load: number(1000), ..Weights::INFORMED },
        prior: number(30),
        exploration: number(2) * 1000,
        jitter: number(2) * 9,
        adaptive: number(2) == 0,
    }
}

/// Every append of a run, with the state before it.
pub(super) fn appends(events: Vec<Recorded>) -> Vec<(State, Vec<Recorded>)> {
    let mut state = State::empty(hub());
    let (mut appends, mut append) = (Vec::new(), Vec::new());
    for recorded in events {
        let is_last = recorded.envelope.index + 1 == recorded.envelope.count;
        append.push(recorded);
        if is_last {
            let whole = std::mem::take(&mut append);
            appends.push((state.clone(), whole.clone()));
            for one in &whole {
                state.evolve(one.envelope.id, one.envelope.decided_at, &one.event);
            }
        }
    }
    appends
}

fn decisions(append: &[Recorded]) -> Vec<RoutingDecided> {
    let decisions = append.iter().filter_map(|recorded| {
        if let Event::Routing(RoutingEvent::RoutingDecided(decided)) = &recorded.event {
            Some(decided.clone())
        } else {
            None
        }
    });
    decisions.collect()
}

fn lived(seed: u64) -> Vec<(State, Vec<Recorded>)> {
    let mut dice = Dice::new(seed);
    let report = drive(seed, STORMY, Arc::new(Rules), commands(&mut dice));
    appends(report.events)
}

#[test]
fn every_decision_of_random_federations_is_what_the_log_before_it_gives() {
    let mut rules: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..16 {
        for (state, append) in lived(seed) {
            for decided in decisions(&append) {
                let explained = explain(&state, &append, decided.decision).unwrap();
                assert_eq!(explained.differences, [], "seed {seed}: {decided:?}");
                *rules.entry(decided.rule.to_string()).or_default() += 1;
            }
        }
    }
    for rule in ["policy", "preference", "classic", "informed", "first-participant"] {
        assert!(rules.get(rule).is_some_and(|count| *count > 5), "{rules:?}");
    }
}

/// Every document in which one thing of this one is missing: an element of a list, or the value of
/// a field.
pub(super) fn without_one(whole: &Value) -> Vec<Value> {
    match whole {
        Value::Array(elements) => {
            let mut all = Vec::new();
            for (place, element) in elements.iter().enumerate() {
                let mut shorter = elements.clone();
                shorter.remove(place);
                all.push(Value::Array(shorter));
                for less in without_one(element) {
                    let mut other = elements.clone();
                    other[place] = less;
                    all.push(Value::Array(other));
                }
            }
            all
        }
        Value::Object(fields) => {
            let mut all = Vec::new();
            for (name, value) in fields {
                let mut smaller = fields.clone();
                smaller.insert(name.clone(), Value::Null);
                all.push(Value::Object(smaller));
                for less in without_one(value) {
                    let mut other = fields.clone();
                    other.insert(name.clone(), less);
                    all.push(Value::Object(other));
                }
            }
            all
        }
        Value::Null | Value::Bool(_) | Value::String(_) => Vec::new(),
        // A number that is not there counts as 0.
        Value::Number(number) => {
            if number.as_f64() == Some(0.0) {
                Vec::new()
            } else {
                vec![Value::from(0)]
            }
        }
    }
}

#[test]
fn a_decision_without_any_one_of_its_inputs_is_not_explained() {
    let mut tried = 0;
    for seed in 0..3 {
        for (state, append) in lived(seed) {
            for decided in decisions(&append) {
                let whole = serde_json::to_value(&decided).unwrap();
                for less in without_one(&whole) {
                    // What cannot even be read is not explained either.
                    let Ok(less) = serde_json::from_value::<RoutingDecided>(less) else { continue };
                    if less == decided {
                        continue;
                    }
                    let append = replaced(&append, &less);
                    let agrees = explain(&state, &append, decided.decision)
                        .is_ok_and(|explained| explained.differences.is_empty());
                    assert!(!agrees, "seed {seed}: {less:?}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 2_000, "only {tried}");
}

/// The append with another record of a decision.
fn replaced(append: &[Recorded], by: &RoutingDecided) -> Vec<Recorded> {
    let mut append = append.to_vec();
    for recorded in &mut append {
        if let Event::Routing(RoutingEvent::RoutingDecided(decided)) = &mut recorded.event
            && decided.decision == by.decision
        {
            *decided = by.clone();
        }
    }
    append
}

#[test]
fn a_rule_or_a_version_of_it_that_is_not_known_is_named() {
    let (state, append) = lived(1).into_iter().find(|(_, it)| !decisions(it).is_empty()).unwrap();
    let decided = decisions(&append).remove(0);
    let other = RoutingDecided { rule_version: 7, ..decided.clone() };
    let error = explain(&state, &replaced(&append, &other), decided.decision).unwrap_err();
    assert!(error.to_string().ends_with("version 7 is unknown to this version of Convoke"));
    let decision = DecisionId::derive(&["elsewhere"]);
    let error = explain(&state, &append, decision).unwrap_err();
    assert_eq!(error, ExplainError::NotHere { decision });
}

#[test]
fn nothing_would_have_been_otherwise_under_what_was() {
    for seed in 0..10 {
        let mut what_if = WhatIf::new(hub(), Alternative::default());
        for (_, append) in lived(seed) {
            assert_eq!(what_if.take(&append), [], "seed {seed}");
        }
        let totals = what_if.totals();
        assert!(totals.decisions > 10 && totals.calls > 10, "seed {seed}: {totals:?}");
        assert_eq!((totals.rerouted, totals.allowed, totals.denied), (0, 0, 0));
    }
}

#[test]
fn what_would_have_been_found_allowed_and_denied_is_counted_with_its_cost() {
    let routes = BTreeMap::from([(word("triage"), vec![word("helm")])]);
    let permissions = BTreeMap::from([
        ((word("mace"), word("implementation")), [Verb::Propose].into()),
        ((word("forge"), word("implementation")), [].into()),
    ]);
    let alternative = Alternative { routes, permissions, ..Alternative::default() };
    let mut what_if = WhatIf::new(hub(), alternative);
    let mut commands = orders();
    let plan = TaskPlan::Collective {
        task_type: word("implementation"),
        participants: Vec::new(),
        rules: task_rules(),
    };
    commands.push(Command::SubmitTask(triage("a")));
    commands.push(Command::SubmitTask(TaskSubmission { plan, ..triage("b") }));
    let report = drive(3, STORMY, Arc::new(Rules), commands);
    let appends = appends(report.events);
    let changes: Vec<Change> =
        appends.iter().flat_map(|(_, append)| what_if.take(append)).collect();
    let rerouted: Vec<_> = changes
        .iter()
        .filter_map(|change| if let Change::Rerouted(one) = change { Some(one) } else { None })
        .collect();
    assert_eq!(rerouted.len(), 1);
    assert_eq!(
        (&rerouted[0].asked[..], &rerouted[0].otherwise[..]),
        (&["scout".to_owned()][..], &["helm".to_owned()][..])
    );
    assert!(rerouted[0].cost.is_some_and(|cost| cost.get() > 0));
    let totals = what_if.totals();
    assert_eq!((totals.priced, totals.found, totals.lost), (1, 0, 0));
    assert_eq!(
        (totals.cost, totals.cost_otherwise),
        (rerouted[0].cost.unwrap(), rerouted[0].cost_otherwise.unwrap())
    );
    assert!(totals.allowed > 0 && totals.allowed == totals.refusals, "{totals:?}");
    assert!(totals.denied > 0 && totals.denied < totals.calls, "{totals:?}");
}
