//! A recorded verdict is what the log before it gives, bit for bit; nothing it rests on can be left
//! out of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use convoke_events::{
    CollectiveEvent, CollectiveId, CollectiveRules, ConsensusStatus, Digest, Event, FailureClass,
    FinishReason, ModelFamily, OnDivergence, Position, ProposalEvent, ProposalId, Recorded,
    ReviewDecision, TaskPlan, TaskRules, TaskType, Usage, Verb, VerdictReached, VerdictRule,
};
use serde_json::json;

use super::cast::{allow, task, triage, word};
use super::crashes::{STORMY, drive};
use super::explaining::{appends, without_one};
use crate::command::{AgentRegistration, Command, Review, TaskSubmission};
use crate::driver::scheduler::Dice;
use crate::hub::State;
use crate::provider::rules::Rules;
use crate::provider::{
    CallFuture, Cancel, Deltas, ModelRequest, ModelResponse, Part, Provider, ProviderFailure,
    Safety,
};
use crate::routing::what_if::{Alternative, Change, Ruled, WhatIf};
use crate::testkit::{hub, member, orders, task_rules};
use crate::verdict::{ExplainError, explain, reach};

const AGENTS: usize = 5;
const KEYS: [&str; 4] = ["fix", "fix-it", "wait", "look"];
const KIND: &str = "requirement_draft";

/// Agents of many opinions, some of whom do not answer; and a judge for whom to fix is to fix it.
struct Opinions {
    seed: u64,
}

impl Provider for Opinions {
    fn safety(&self) -> Safety {
        Safety::Repeatable
    }

    fn call(&self, request: ModelRequest, deltas: Deltas, cancel: Cancel) -> CallFuture {
        let drawn = Digest::of(format!("{} {:?}", self.seed, request.messages).as_bytes());
        let drawn = usize::from(drawn.as_bytes()[0]);
        let schema = request.schema.as_ref().unwrap();
        let answer = match schema.name {
            "contribution" if drawn.is_multiple_of(9) => {
                let failure = ProviderFailure::new(FailureClass::Auth, "it has no opinion");
                return Box::pin(std::future::ready(Err(failure)));
            }
            "contribution" => {
                // Most of them agree, or there would hardly be a consensus.
                let key = KEYS[if drawn < 150 { drawn % 2 } else { drawn % 4 }];
                json!({"recommendation": key, "body": "because", "confidence": 0.7})
            }
            "judgement" => {
                let keys = &schema.json["properties"]["groups"]["items"]["items"]["enum"];
                let keys = keys.as_array().unwrap().iter().map(|key| key.as_str().unwrap());
                let (same, others): (Vec<&str>, Vec<&str>) =
                    keys.partition(|key| key.starts_with("fix"));
                let mut groups: Vec<Vec<&str>> = others.into_iter().map(|key| vec![key]).collect();
                groups.push(same);
                json!({"recommendation": "grouped", "body": "so", "confidence": 1.0, "groups": groups})
            }
            _ => return Rules.call(request, deltas, cancel),
        };
        Box::pin(std::future::ready(Ok(ModelResponse {
            provider: request.provider,
            model: request.model,
            upstream: None,
            parts: vec![Part::Text(answer.to_string())],
            finish: FinishReason::Stop,
            usage: Usage::default(),
        })))
    }
}

/// Agents of few families, rules for verdicts that change, questions for all of them, and reviews
/// of what came of earlier ones.
fn commands(dice: &mut Dice) -> Vec<Command> {
    let mut commands = orders();
    for (number, priority) in (0..AGENTS).zip(1..) {
        let slug = format!("voice-{number}");
        let family: ModelFamily = word(["ash", "birch", "cedar"][dice.below(3)]);
        let settings = r#"{"rules":[{"any":["odd"],"recommend":"look","confidence":0.9,"reason":"odd"}],"otherwise":{"recommend":"fix","confidence":0.5,"reason":"x"}}"#;
        commands.extend([
            Command::RegisterAgent(AgentRegistration { family, ..member(&slug, settings) }),
            allow(&slug, "requirement", &[Verb::Propose], true),
            Command::SetRoutingPolicy {
                task_type: word(KIND),
                agent: word(&slug),
                priority,
                active: true,
            },
        ]);
    }
    commands.push(allow("scout", "requirement", &[Verb::Read], true));
    for round in 0..6 {
        commands.push(Command::SetCollectiveRules(CollectiveRules {
            verdict: [VerdictRule::Classic, VerdictRule::Weighted][dice.below(2)],
            judge: (dice.below(2) == 0).then(|| word("scout")),
            on_divergence: OnDivergence::People,
        }));
        for number in 0..3 {
            let any = dice.below(2) == 0;
            let allowed = if any { Vec::new() } else { ["fix", "wait", "look"].map(word).into() };
            let least = u32::try_from(1 + dice.below(AGENTS + 1)).unwrap();
            let rules = TaskRules {
                min_contributions: least,
                one_failure_fails_all: dice.below(6) == 0,
                quorum: (dice.below(3) == 0).then_some(least.max(3)),
                allowed,
                ..task_rules()
            };
            let plan =
                TaskPlan::Collective { task_type: word(KIND), participants: Vec::new(), rules };
            let submission = TaskSubmission { plan, ..triage(&format!("{round}-{number}")) };
            commands.push(Command::SubmitTask(submission));
        }
        for _ in 0..8 {
            let earlier = format!("{}-{}", dice.below(round + 1), dice.below(3));
            let accepted = dice.below(3) > 0;
            commands.push(Command::ReviewProposal(Review {
                proposal: ProposalId::derive(&[&task(&earlier).to_string()]),
                decision: [ReviewDecision::Rejected, ReviewDecision::Accepted]
                    [usize::from(accepted)],
                digest: None,
                // What diverges credits nobody, unless the reviewer says what holds.
                key: (accepted && dice.below(2) == 0).then(|| word("fix")),
                note: None,
                revision: None,
            }));
        }
    }
    commands
}

fn lived(seed: u64) -> Vec<Recorded> {
    let mut dice = Dice::new(seed);
    drive(seed, STORMY, Arc::new(Opinions { seed }), commands(&mut dice)).events
}

fn reached(append: &[Recorded]) -> Option<&VerdictReached> {
    append.iter().find_map(|recorded| {
        if let Event::Collective(CollectiveEvent::VerdictReached(reached)) = &recorded.event {
            Some(reached)
        } else {
            None
        }
    })
}

/// Whether the record of the verdict on this collective is what the log before it gives, were it not
/// for this event.
fn agrees(events: &[Recorded], collective: CollectiveId, without: Option<Position>) -> bool {
    let mut state = State::empty(hub());
    let mut append = Vec::new();
    for recorded in events {
        append.push(recorded.clone());
        if recorded.envelope.index + 1 < recorded.envelope.count {
            continue;
        }
        append.retain(|one| Some(one.envelope.position) != without);
        if reached(&append).is_some_and(|reached| reached.collective == collective) {
            let explained = explain(&state, &append, collective);
            return explained.is_ok_and(|explained| explained.differences.is_empty());
        }
        for one in append.drain(..) {
            state.evolve(one.envelope.id, one.envelope.decided_at, &one.event);
        }
    }
    panic!("there is no verdict on {collective}");
}

#[test]
fn every_verdict_of_random_collectives_is_what_the_log_before_it_gives() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |what: String| *seen.entry(what).or_default() += 1;
    for seed in 0..12 {
        for (state, append) in appends(lived(seed)) {
            let Some(recorded) = reached(&append) else { continue };
            let explained = explain(&state, &append, recorded.collective).unwrap();
            assert_eq!(explained.differences, [], "seed {seed}: {recorded:?}");
            assert_eq!(explained.recorded, *recorded);
            count(format!("{} {}", recorded.rule, recorded.verdict.status()));
            if recorded.basis.voices.iter().any(|voice| voice.acceptance.judged > 0) {
                count("with a record".to_owned());
            }
            if recorded.basis.voices.is_empty() {
                count("without a voice".to_owned());
            }
        }
    }
    for rule in ["classic", "weighted"] {
        for status in ["consensus", "divergent", "insufficient"] {
            let what = format!("{rule} {status}");
            assert!(seen.get(&what).is_some_and(|count| *count > 2), "{what}: {seen:?}");
        }
    }
    for what in ["with a record", "without a voice"] {
        assert!(seen.get(what).is_some_and(|count| *count > 5), "{what}: {seen:?}");
    }
}

#[test]
fn a_verdict_without_any_one_part_of_its_record_is_not_explained() {
    let mut tried = 0;
    for seed in 0..3 {
        for (state, mut append) in appends(lived(seed)) {
            let Some(recorded) = reached(&append).cloned() else { continue };
            let whole = serde_json::to_value(&recorded).unwrap();
            for less in without_one(&whole) {
                // What cannot even be read is not explained either.
                let Ok(less) = serde_json::from_value::<VerdictReached>(less) else { continue };
                if less == recorded {
                    continue;
                }
                replace(&mut append, &less);
                let explained = explain(&state, &append, recorded.collective);
                let agrees = explained.is_ok_and(|explained| explained.differences.is_empty());
                assert!(!agrees, "seed {seed}: {less:?}");
                tried += 1;
            }
            replace(&mut append, &recorded);
            for one in &mut append {
                one.texts = convoke_events::Texts::none();
            }
            let explained = explain(&state, &append, recorded.collective).unwrap();
            assert_eq!(explained.differences[0].at, "reason");
        }
    }
    assert!(tried > 1_000, "only {tried}");
}

fn replace(append: &mut [Recorded], by: &VerdictReached) {
    for recorded in append {
        if let Event::Collective(CollectiveEvent::VerdictReached(reached)) = &mut recorded.event {
            *reached = by.clone();
        }
    }
}

/// What of a verdict's grounds this event is; a grouping that puts nothing together changes nothing.
fn rests_on(event: &Event, collective: CollectiveId) -> Option<&'static str> {
    let kind: TaskType = word(KIND);
    let (what, is_it) = if let Event::Collective(event) = event {
        match event {
            CollectiveEvent::CollectiveConvened(one) => ("convened", one.collective == collective),
            CollectiveEvent::ContributionRecorded(one) => {
                ("contribution", one.collective == collective)
            }
            CollectiveEvent::KeysGrouped(one) => {
                let groups = one.groups.iter().any(|group| group.members.len() > 1);
                ("grouping", one.collective == collective && groups)
            }
            CollectiveEvent::CollectiveRulesSet(_) | CollectiveEvent::VerdictReached(_) => {
                return None;
            }
        }
    } else if let Event::Proposal(ProposalEvent::ProposalReviewed(review)) = event {
        ("review", review.credits.iter().any(|credit| credit.task_type == kind))
    } else {
        return None;
    };
    is_it.then_some(what)
}

#[test]
fn a_verdict_without_any_one_event_that_it_rests_on_is_not_explained() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..4 {
        let events = lived(seed);
        let verdicts = events.iter().enumerate().filter_map(|(place, recorded)| {
            reached(std::slice::from_ref(recorded)).map(|one| (place, one.collective))
        });
        for (place, collective) in verdicts {
            assert!(agrees(&events, collective, None), "seed {seed}");
            let inputs = events[..place].iter().filter_map(|recorded| {
                Some((recorded.envelope.position, rests_on(&recorded.event, collective)?))
            });
            for (position, what) in inputs {
                let agrees = agrees(&events, collective, Some(position));
                assert!(!agrees, "seed {seed}: {collective} without {what}");
                *seen.entry(what).or_default() += 1;
            }
        }
    }
    for what in ["convened", "contribution", "grouping", "review"] {
        assert!(seen.get(what).is_some_and(|count| *count > 5), "{what}: {seen:?}");
    }
}

#[test]
fn a_verdict_that_is_not_there_or_by_an_unknown_version_is_named() {
    let all = appends(lived(1));
    let (state, append) = all.into_iter().find(|(_, one)| reached(one).is_some()).unwrap();
    let recorded = reached(&append).unwrap().clone();
    let mut newer = append.clone();
    replace(&mut newer, &VerdictReached { rule_version: 7, ..recorded.clone() });
    let error = explain(&state, &newer, recorded.collective).unwrap_err();
    assert!(error.to_string().ends_with("version 7 is unknown to this version of Convoke"));
    let collective = CollectiveId::derive(&["elsewhere"]);
    let error = explain(&state, &append, collective).unwrap_err();
    assert_eq!(error, ExplainError::NotHere { collective });
}

#[test]
fn what_another_rule_would_have_said_is_listed_and_counted() {
    let (mut listed, mut to, mut from) = (0, 0, 0);
    for seed in 0..8 {
        for rule in [VerdictRule::Classic, VerdictRule::Weighted] {
            let alternative = Alternative { verdict: Some(rule), ..Alternative::default() };
            let mut what_if = WhatIf::new(hub(), alternative);
            let (mut expected, mut found) = (Vec::new(), Vec::new());
            let mut verdicts = 0;
            for (_, append) in appends(lived(seed)) {
                if let Some(recorded) = reached(&append) {
                    verdicts += 1;
                    let otherwise = reach(rule, &recorded.basis).verdict;
                    if otherwise != recorded.verdict {
                        expected.push((recorded.collective, recorded.verdict.clone(), otherwise));
                    }
                }
                for change in what_if.take(&append) {
                    let Change::Ruled(Ruled { collective, verdict, verdict_otherwise, .. }) =
                        change
                    else {
                        panic!("{change:?}");
                    };
                    found.push((collective, verdict, verdict_otherwise));
                }
            }
            assert_eq!(found, expected, "seed {seed}");
            let totals = what_if.totals();
            let consensus =
                |one: &convoke_events::Verdict| one.status() == ConsensusStatus::Consensus;
            let agreed = found.iter().filter(|(_, was, is)| !consensus(was) && consensus(is));
            let parted = found.iter().filter(|(_, was, is)| consensus(was) && !consensus(is));
            let counts = [found.len(), agreed.count(), parted.count()]
                .map(|count| u64::try_from(count).unwrap());
            assert_eq!([totals.ruled, totals.agreed, totals.parted], counts);
            assert_eq!(totals.verdicts, verdicts);
            (listed, to, from) = (listed + counts[0], to + counts[1], from + counts[2]);
        }
    }
    assert!(listed > 20 && to > 5 && from > 5, "{listed} {to} {from}");
}
