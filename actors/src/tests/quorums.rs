//! A collective waits for enough, or until the deadline; who comes later is on record and counts for
//! nothing.

use convoke_events::{
    CollectiveEvent, ConsensusStatus, DelegationEvent, Event, FailureClass, InvocationEvent,
    OutcomeArrivedLate, ParticipantStanding, Purpose, Settlement, TaskRules, TextName, Tokens,
    Usage, Verb, VerdictReached,
};

use super::cast::*;
use super::delegations::guild;
use super::failures::{failures, look};
use crate::command::{Command, DelegationRequest, TaskSubmission};
use crate::hub::Input;
use crate::invocation::Call;
use crate::testkit::{Scene, Then, answer, task_rules};

fn verdicts(then: &Then) -> Vec<&VerdictReached> {
    found!(then, Event::Collective(CollectiveEvent::VerdictReached(one)) => one)
}

fn late(then: &Then) -> Vec<&OutcomeArrivedLate> {
    found!(then, Event::Invocation(InvocationEvent::OutcomeArrivedLate(one)) => one)
}

fn waits_for(quorum: u32) -> TaskRules {
    TaskRules { quorum: Some(quorum), ..task_rules() }
}

/// Forge, mace, helm and quill are asked, and so many of them are enough.
fn asked(quorum: u32) -> Scene {
    let mut scene = workshop();
    scene.command(allow("mace", "implementation", &[Verb::Propose], true));
    hand_in(&mut scene, question("a", waits_for(quorum)));
    scene
}

/// The same when three have answered, with the call of the one that is not waited for.
fn over() -> (Scene, Call, Then) {
    let mut scene = asked(3);
    let missing = calls_of(&scene, &["quill"]).remove(0);
    let then = all_answer(&mut scene, &[("helm", "fix"), ("forge", "fix"), ("mace", "fix")]);
    (scene, missing, then)
}

fn arrives(scene: &mut Scene, call: &Call, key: &str, usage: Usage) -> Then {
    scene.when(&Input::Outcome(answer(call, key, usage)))
}

#[test]
fn once_enough_have_answered_the_others_are_called_off_and_the_verdict_falls() {
    let mut scene = asked(3);
    let then = all_answer(&mut scene.clone(), &[("helm", "fix"), ("forge", "fix")]);
    assert!(verdicts(&then).is_empty(), "two of three are not enough");
    let then = all_answer(&mut scene, &[("helm", "fix"), ("forge", "fix"), ("mace", "fix")]);
    let then = then.leaves(&[
        "InvocationAnswered",
        "Settled",
        "ContributionRecorded",
        "InvocationFailed",
        "Settled",
        "VerdictReached",
        "InvocationStarted",
    ]);
    assert_eq!(failures(&then)[0].class, FailureClass::Cancelled);
    assert_eq!(failures(&then)[0].invocation, invocation("a", Purpose::Contribution, "quill"));
    assert_eq!(settled(&then)[1].settlement, Settlement::Unknown, "it was sent: it stays charged");
    let figures = &verdicts(&then)[0].figures;
    assert_eq!((figures.contributions, figures.missing), (3, 1));
    assert_eq!(only_call(&scene).purpose, Purpose::Synthesis);
}

#[test]
fn who_is_not_waited_for_is_on_record_when_it_comes_and_counts_for_nothing() {
    let (mut scene, missing, then) = over();
    let reached = verdicts(&then)[0].clone();
    let before = scene.state().clone();
    let then = arrives(&mut scene, &missing, "look", usage(10, 10)).leaves(&["OutcomeArrivedLate"]);
    assert_eq!(late(&then)[0].invocation, missing.invocation);
    let said = then.events[0].texts.get(&TextName::CONTENT).unwrap();
    assert!(said.contains(r#""recommendation":"look""#), "{said}");
    assert_eq!(scene.state().owed(), before.owed(), "nothing follows from it");
    let again = arrives(&mut scene, &missing, "look", usage(10, 10));
    again.leaves(&[]);
    let synthesis = only_call(&scene);
    let then = scene.answered(&synthesis, "fix", usage(10, 10));
    assert_eq!(reached.verdict.key(), Some(&word("fix")));
    assert_eq!(ends(&then).len(), 1, "{:?}", then.types());
}

#[test]
fn who_comes_when_everything_is_over_is_on_record_and_its_excess_is_charged() {
    let (mut scene, missing, _) = over();
    let synthesis = only_call(&scene);
    scene.answered(&synthesis, "fix", usage(10, 10));
    let within = arrives(&mut scene.clone(), &missing, "look", usage(1, 1));
    within.leaves(&["OutcomeArrivedLate"]);
    let beyond = arrives(&mut scene, &missing, "look", usage(5_000, 5_000));
    beyond.leaves(&["OutcomeArrivedLate", "OverrunCharged"]);
}

#[test]
fn a_quorum_waits_for_no_failure_and_for_nobody_who_was_not_asked() {
    // Mace may not propose: three are asked, two are enough, one of them fails.
    let mut scene = workshop();
    hand_in(&mut scene, question("a", waits_for(2)));
    let call = calls_of(&scene, &["forge"]).remove(0);
    let failure = crate::provider::ProviderFailure::new(FailureClass::Auth, "no key");
    super::failures::fails(&mut scene, &call, failure);
    let then = all_answer(&mut scene, &[("helm", "fix"), ("quill", "fix")]);
    assert_eq!(verdicts(&then)[0].figures.missing, 2);
    assert_eq!(verdicts(&then)[0].verdict.status(), ConsensusStatus::Consensus);
}

#[test]
fn who_is_not_waited_for_is_called_off_at_once_whatever_else_is_under_way() {
    let mut scene = guild();
    hand_in(&mut scene, question("q", waits_for(2)));
    let sub_task = DelegationRequest {
        task: task("q"),
        parent: None,
        from: word("forge"),
        to: word("mace"),
        scope: "look at it".to_owned(),
        tokens: Some(Tokens::new(2_000)),
        trim: false,
    };
    scene.command(allow("mace", "implementation", &[Verb::Propose], true));
    let handed = scene.command(Command::Delegate(sub_task));
    let handed = found!(handed, Event::Delegation(DelegationEvent::DelegationRequested(one)) => one.delegation);
    assert_eq!(handed.len(), 1);
    let then = all_answer(&mut scene, &[("forge", "fix"), ("helm", "fix")]);
    assert_eq!(failures(&then)[0].invocation, invocation("q", Purpose::Contribution, "quill"));
    assert!(verdicts(&then).is_empty(), "the verdict waits for the sub-task");
    let then = all_answer(&mut scene, &[("mace", "seen")]);
    assert_eq!(verdicts(&then)[0].figures.contributions, 2);
}

#[test]
fn rules_that_no_collective_could_keep_are_refused() {
    let refused = |rules: TaskRules, words: &str| {
        workshop().command(Command::SubmitTask(question("a", rules))).is_refused(words);
    };
    let words = "the quorum of a collective must be the least number of contributions";
    refused(waits_for(1), words);
    let all = TaskRules { one_failure_fails_all: true, ..waits_for(2) };
    let words = "a quorum waits for some and `one_failure_fails_all` for everybody: a collective \
                 has one of the two";
    refused(all, words);
    let same = TaskRules { allowed: vec![word("fix"), word("fix")], ..task_rules() };
    refused(same, "the number of allowed recommendations must be 2, or none at all");
}

#[test]
fn who_does_not_answer_by_the_deadline_is_missing_and_late() {
    let mut scene = workshop();
    hand_in(&mut scene, question("a", task_rules()));
    let silent = calls_of(&scene, &["helm"]).remove(0);
    let then = all_answer(&mut scene, &[("forge", "fix"), ("quill", "fix")]);
    assert!(verdicts(&then).is_empty(), "helm is waited for");
    let then = look(&mut scene);
    assert_eq!(scene.now(), silent.deadline);
    let failed = failures(&then)[0];
    assert_eq!((failed.invocation, failed.class), (silent.invocation, FailureClass::Timeout));
    assert_eq!(verdicts(&then)[0].figures.missing, 2);
    assert_eq!(verdicts(&then)[0].verdict.status(), ConsensusStatus::Consensus);
    arrives(&mut scene, &silent, "look", usage(1, 1)).leaves(&["OutcomeArrivedLate"]);
}

#[test]
fn everybody_silent_is_insufficient_by_the_deadline() {
    let mut scene = workshop();
    hand_in(&mut scene, question("a", task_rules()));
    let mut then = look(&mut scene);
    for _ in 0..2 {
        assert!(verdicts(&then).is_empty());
        then = look(&mut scene);
    }
    assert_eq!(verdicts(&then)[0].verdict.status(), ConsensusStatus::Insufficient);
    let words = "0 contributions of the 2 needed, 4 missing";
    assert_eq!(reason(&then, "TaskConcluded"), words);
}

#[test]
fn who_is_over_budget_or_blocked_is_no_part_of_a_quorum() {
    let costs: Vec<u64> = {
        let then = hand_in(&mut workshop(), question("a", waits_for(2)));
        reserved(&then).iter().map(|one| one.amount.tokens.get()).collect()
    };
    let limits = convoke_events::Limits {
        tokens: Some(Tokens::new(costs.iter().sum::<u64>() - 1)),
        ..convoke_events::Limits::default()
    };
    let mut scene = workshop();
    let then = hand_in(&mut scene, TaskSubmission { limits, ..question("a", waits_for(2)) });
    let convened = found!(then, Event::Collective(CollectiveEvent::CollectiveConvened(one)) => one);
    let standings: Vec<_> = convened[0].participants.iter().map(|one| &one.standing).collect();
    assert!(
        matches!(
            standings[..],
            [
                ParticipantStanding::Invited,
                ParticipantStanding::Blocked(_),
                ParticipantStanding::Invited,
                ParticipantStanding::OverBudget { .. },
            ]
        ),
        "{standings:?}"
    );
    let then = all_answer(&mut scene, &[("forge", "fix"), ("helm", "fix")]);
    assert!(failures(&then).is_empty(), "nobody is left to be called off");
    assert_eq!(verdicts(&then)[0].figures.missing, 2);
}
