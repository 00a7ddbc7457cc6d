//! An agent says which recommendations mean the same, and its grouping is on record.

use convoke_events::{
    CollectiveEvent, CollectiveRules, ConsensusStatus, Event, Insufficiency, Key, KeysGrouped,
    Purpose, Settlement, TaskRules, Verb, Verdict, VerdictReached,
};

use super::cast::*;
use super::failures::failures;
use super::stage::Stage;
use crate::authority::LocalOwner;
use crate::command::Command;
use crate::hub::Input;
use crate::invocation::{Call, Outcome};
use crate::provider::Part;
use crate::testkit::{Scene, Then, answer, said, task_rules};
use convoke_events::testkit::NOON;

fn verdict(then: &Then) -> &VerdictReached {
    found!(then, Event::Collective(CollectiveEvent::VerdictReached(one)) => one)[0]
}

fn grouped(then: &Then) -> Vec<&KeysGrouped> {
    found!(then, Event::Collective(CollectiveEvent::KeysGrouped(one)) => one)
}

/// The hub's rules, by which scout judges.
fn rules() -> Command {
    let judge = Some(word("scout"));
    Command::SetCollectiveRules(CollectiveRules { judge, ..CollectiveRules::default() })
}

fn may_read() -> Command {
    allow("scout", "implementation", &[Verb::Read], true)
}

/// A question to forge, helm and quill, of which scout is the judge.
fn asked(allowed: &[&str]) -> (Scene, Then) {
    let mut scene = workshop();
    scene.command(may_read()).leaves(&["GovernancePolicySet"]);
    scene.command(rules()).leaves(&["CollectiveRulesSet"]);
    let allowed = allowed.iter().map(|key| word(key)).collect();
    let then = hand_in(&mut scene, question("a", TaskRules { allowed, ..task_rules() }));
    (scene, then)
}

/// What a judge answers that puts these together.
fn says(call: &Call, groups: &[&[&str]]) -> Outcome {
    let mut outcome = answer(call, "grouped", usage(10, 10));
    let content = serde_json::json!({
        "recommendation": "grouped", "body": "b", "confidence": 1, "assumptions": [],
        "groups": groups,
    });
    outcome.result.as_mut().unwrap().parts = vec![Part::Text(content.to_string())];
    outcome
}

fn judges(scene: &mut Scene, groups: &[&[&str]]) -> Then {
    let call = only_call(scene);
    assert_eq!((call.purpose, call.agent), (Purpose::Judgement, agent("scout")));
    let mut then = scene.when(&Input::Outcome(says(&call, groups)));
    then.events.extend(scene.follow().events);
    then
}

const IN_OTHER_WORDS: [(&str, &str); 3] =
    [("forge", "fix"), ("helm", "repair"), ("quill", "Mend it")];

#[test]
fn what_means_the_same_counts_as_one_and_the_grouping_is_on_record() {
    let (mut scene, _) = asked(&[]);
    let then = all_answer(&mut scene, &IN_OTHER_WORDS);
    let then = then.leaves(&[
        "InvocationAnswered",
        "Settled",
        "ContributionRecorded",
        "ThresholdReached",
        "InvocationStarted",
    ]);
    assert_eq!(started(&then)[0].verb, Verb::Read);
    let then = judges(&mut scene, &[&["fix", "Mend it"], &["repair"]]).leaves(&[
        "InvocationAnswered",
        "Settled",
        "KeysGrouped",
        "VerdictReached",
        "InvocationStarted",
    ]);
    let groups: Vec<(&str, Vec<&str>)> = grouped(&then)[0]
        .groups
        .iter()
        .map(|one| (one.key.as_str(), one.members.iter().map(Key::as_str).collect()))
        .collect();
    assert_eq!(groups, [("fix", vec!["fix", "mend-it"]), ("repair", vec!["repair"])]);
    let reached = verdict(&then);
    assert_eq!(reached.verdict, Verdict::Consensus { key: word("fix") });
    let voices: Vec<&str> = reached.basis.voices.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(voices, ["fix", "repair", "fix"]);
}

#[test]
fn a_judge_is_not_asked_where_all_say_the_same_and_costs_nothing() {
    let (mut scene, asked) = asked(&[]);
    let aside = reserved(&asked)[1].reservation;
    let then = all_answer(&mut scene, &[("forge", "fix"), ("helm", "Fix!"), ("quill", "FIX")]);
    assert_eq!(only_call(&scene).purpose, Purpose::Synthesis);
    let back = settled(&then).into_iter().find(|one| one.reservation == aside).unwrap();
    assert_eq!(back.settlement, Settlement::Released);
}

#[test]
fn where_the_judge_has_no_usable_answer_the_verdict_falls_without_it() {
    let (mut scene, _) = asked(&[]);
    all_answer(&mut scene, &IN_OTHER_WORDS);
    let then = judges(&mut scene, &[&["fix", "burn"], &["repair"], &["mend-it"]]);
    assert_eq!(only_call(&scene).purpose, Purpose::Judgement, "it is asked to mend it");
    assert_eq!(failures(&then).len(), 1);
    let then = judges(&mut scene, &[&["fix", "repair"]]);
    let words = "`groups` does not name `mend-it`";
    assert_eq!(reason(&then, "InvocationFailed"), words);
    assert_eq!(grouped(&then), Vec::<&KeysGrouped>::new());
    assert_eq!(verdict(&then).verdict.status(), ConsensusStatus::Divergent);
}

#[test]
fn a_judge_that_may_not_read_is_denied_on_record_and_nobody_judges() {
    let mut scene = workshop();
    scene.command(rules());
    let then = hand_in(&mut scene, question("a", task_rules()));
    let denied = then.types().iter().filter(|one| **one == "AttemptBlocked").count();
    assert_eq!(denied, 2, "mace, and the judge");
    let then = all_answer(&mut scene, &IN_OTHER_WORDS);
    assert_eq!(verdict(&then).verdict.status(), ConsensusStatus::Divergent);
}

#[test]
fn what_is_in_other_words_than_were_allowed_counts_as_what_the_judge_says_it_means() {
    let (mut scene, _) = asked(&["roll-back", "wait"]);
    // Nobody named what it means.
    all_answer(&mut scene, &[("forge", "revert"), ("helm", "revert"), ("quill", "revert")]);
    let then = judges(&mut scene, &[&["roll-back", "revert"], &["wait"]]);
    assert_eq!(grouped(&then)[0].groups.len(), 1, "nobody named the other");
    assert_eq!(verdict(&then).verdict, Verdict::Consensus { key: word("roll-back") });
}

#[test]
fn no_verdict_falls_on_what_was_not_allowed() {
    let (mut scene, _) = asked(&["roll-back", "wait"]);
    all_answer(&mut scene, &[("forge", "revert"), ("helm", "revert"), ("quill", "wait")]);
    let mut alone = scene.clone();
    let then = judges(&mut alone, &[&["revert"], &["wait"]]);
    let because = Insufficiency::TooFew;
    assert_eq!(verdict(&then).verdict, Verdict::Insufficient { because });
    let voices: Vec<&str> =
        verdict(&then).basis.voices.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(voices, ["wait"]);
    let then = judges(&mut scene, &[&["roll-back", "wait", "revert"]]);
    let words =
        "`groups` puts `roll-back` and `wait` together, and an answer could choose between them";
    assert_eq!(reason(&then, "InvocationFailed"), words);
}

#[test]
fn without_a_judge_what_was_not_allowed_is_asked_for_again_and_then_does_not_count() {
    let mut scene = workshop();
    let allowed = vec![word("fix"), word("wait")];
    hand_in(&mut scene, question("a", TaskRules { allowed, ..task_rules() }));
    let then = all_answer(&mut scene, &[("forge", "burn")]);
    let words = "`recommendation` is `burn`, expected one of: fix, wait";
    assert_eq!(reason(&then, "InvocationFailed"), words);
    assert_eq!(started(&then)[0].mends, Some(1));
    let then = all_answer(&mut scene, &[("forge", "burn"), ("helm", "fix"), ("quill", "fix")]);
    assert_eq!(verdict(&then).figures.missing, 2);
}

#[test]
fn a_judge_is_shown_what_was_recommended_and_nothing_else_of_what_anybody_wrote() {
    let mut stage = Stage::workshop(LocalOwner);
    stage.done(may_read());
    stage.done(rules());
    let allowed = vec![word("roll-back"), word("wait")];
    let asked = question("a", TaskRules { allowed, ..task_rules() });
    let mut calls = stage.done(Command::SubmitTask(asked)).calls;
    calls.sort_by_key(|call| call.agent != agent("forge"));
    let mut judge = Vec::new();
    for (call, key) in calls.iter().zip(["revert", "wait", "wait"]) {
        judge.extend(stage.returns(answer(call, key, usage(10, 10)), NOON).calls);
    }
    let request = stage.request(&judge[0]);
    let said = said(&request).join("\n");
    let lines: Vec<&str> = said.lines().collect();
    let allowed = lines.iter().rposition(|line| *line == "roll-back").unwrap();
    assert_eq!(lines[allowed + 1], "wait");
    assert!(lines[..allowed].contains(&"revert") && lines[..allowed].contains(&"wait"), "{said}");
    assert!(!said.contains("because"), "{said}");
    assert!(request.tools.is_empty());
    let schema = request.schema.unwrap().json;
    let keys = &schema["properties"]["groups"]["items"]["items"]["enum"];
    let mut keys: Vec<&str> =
        keys.as_array().unwrap().iter().filter_map(|key| key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["revert", "roll-back", "wait"]);
}
