//! Who takes part: those whom the task names, or all that are routed; and what holds where they are
//! too few.

use convoke_events::{
    CandidateStanding, CollectiveConvened, CollectiveEvent, Conclusion, Event, Insufficiency,
    ParticipantStanding, Purpose, RetryRules, RoutingDecided, RoutingEvent, TaskOutcome, TaskPlan,
    TaskRules, Verb, Verdict, VerdictReached,
};

use super::cast::*;
use super::delegations::SETTINGS;
use super::failures::{fails, unavailable};
use crate::command::{Command, TaskSubmission};
use crate::testkit::{Scene, Then, task_rules};

fn convened(then: &Then) -> &CollectiveConvened {
    found!(then, Event::Collective(CollectiveEvent::CollectiveConvened(one)) => one)[0]
}

fn verdict(then: &Then) -> &VerdictReached {
    found!(then, Event::Collective(CollectiveEvent::VerdictReached(one)) => one)[0]
}

fn decided(then: &Then) -> &RoutingDecided {
    found!(then, Event::Routing(RoutingEvent::RoutingDecided(one)) => one)[0]
}

/// A question to these agents.
fn named(slugs: &[&str], rules: TaskRules) -> TaskSubmission {
    let participants = slugs.iter().map(|slug| word(slug)).collect();
    let plan = TaskPlan::Collective { task_type: word("implementation"), participants, rules };
    TaskSubmission { plan, ..question("a", task_rules()) }
}

/// Nobody was asked, nothing was set aside, and the task has ended for this reason.
#[track_caller]
fn nobody_was_asked(scene: &Scene, then: &Then, because: &str) {
    assert_eq!(ends(then), [(TaskOutcome::Failed, Conclusion::Insufficient)]);
    assert_eq!(reason(then, "TaskConcluded"), because);
    assert_eq!(reason(then, "CollectiveConvened"), because);
    assert_eq!((reserved(then).len(), scene.state().owed().calls.len()), (0, 0));
    let invited = ParticipantStanding::Invited;
    assert!(convened(then).participants.iter().all(|one| one.standing != invited));
}

#[test]
fn those_whom_a_task_names_are_asked_in_its_order_and_nobody_else() {
    let mut scene = workshop();
    let then = hand_in(&mut scene, named(&["quill", "forge", "quill"], task_rules()));
    let asked: Vec<_> = started(&then).iter().map(|one| one.agent).collect();
    assert_eq!(asked, ["quill", "forge"].map(agent));
    let order: Vec<_> = convened(&then).participants.iter().map(|one| one.agent).collect();
    assert_eq!(order, asked);
    assert_eq!(decided(&then).rule.as_str(), "named-set");
    assert_eq!(convened(&then).decision, decided(&then).decision);
    let first = convened(&then).synthesiser.as_ref().unwrap();
    assert_eq!(first.invocation, invocation("a", Purpose::Synthesis, "quill"));
    let then = all_answer(&mut scene, &[("forge", "fix"), ("quill", "fix")]);
    assert_eq!(verdict(&then).figures.missing, 0);
}

#[test]
fn one_that_is_named_needs_no_route_and_every_other_leave() {
    let mut scene = workshop();
    let then = hand_in(&mut scene, named(&["scout", "forge", "helm"], task_rules()));
    let standing = &convened(&then).participants[0].standing;
    assert!(matches!(standing, ParticipantStanding::Blocked(_)), "{standing:?}");
    let mut scene = workshop();
    scene.command(allow("scout", "implementation", &[Verb::Propose], true));
    let then = hand_in(&mut scene, named(&["scout", "forge"], task_rules()));
    assert_eq!(started(&then)[0].agent, agent("scout"));
}

#[test]
fn one_that_is_named_and_cannot_be_asked_is_passed_over_on_record() {
    let mut scene = workshop();
    let rules = RetryRules { max_attempts: 1, breaker_failures: 1, ..RetryRules::default() };
    scene.command(Command::SetRetryRules(rules));
    let model = |slug: &str| {
        let one = crate::testkit::member(slug, SETTINGS);
        Command::RegisterAgent(crate::command::AgentRegistration { model: word("rules-2"), ..one })
    };
    assert_eq!(scene.command(model("scout")).answer, Ok(()));
    hand_in(&mut scene, triage("t"));
    let call = only_call(&scene);
    fails(&mut scene, &call, unavailable());
    let reason = || "r".to_owned();
    scene.command(Command::DeactivateAgent { slug: word("helm"), reason: reason() });
    scene.command(Command::RevokeAgent { slug: word("mace"), reason: reason() });
    let all = ["scout", "helm", "mace", "forge", "quill"];
    let then = hand_in(&mut scene, named(&all, task_rules()));
    let standings: Vec<_> = decided(&then).candidates.iter().map(|one| one.standing).collect();
    assert_eq!(
        standings,
        [
            CandidateStanding::BreakerOpen,
            CandidateStanding::AgentInactive,
            CandidateStanding::Revoked,
            CandidateStanding::Eligible,
            CandidateStanding::Eligible,
        ]
    );
    let asked: Vec<_> = started(&then).iter().map(|one| one.agent).collect();
    assert_eq!(asked, ["forge", "quill"].map(agent));
}

#[test]
fn a_task_that_names_nobody_known_or_too_few_is_refused() {
    let refused = |submission, words: &str| {
        workshop().command(Command::SubmitTask(submission)).is_refused(words);
    };
    let unknown = named(&["forge", "mallory"], task_rules());
    refused(unknown, "no agent `mallory` is registered in hub `workshop`");
    let words = "the number of participants must be the least number of contributions";
    refused(named(&["forge"], task_rules()), words);
    refused(named(&["forge", "forge"], task_rules()), words);
}

#[test]
fn where_more_contributions_are_needed_than_are_routed_nobody_is_asked() {
    let mut scene = workshop();
    let rules = TaskRules { min_contributions: 5, ..task_rules() };
    let then = hand_in(&mut scene, question("a", rules));
    nobody_was_asked(&scene, &then, "5 contributions are needed, and 4 are all who take part");
    let standings: Vec<_> = convened(&then).participants.iter().map(|one| &one.standing).collect();
    assert_eq!(standings[0], &ParticipantStanding::NotAsked);
    assert!(matches!(standings[1], ParticipantStanding::Blocked(_)), "{standings:?}");
    let because = Insufficiency::TooFew;
    assert_eq!(verdict(&then).verdict, Verdict::Insufficient { because });
}

#[test]
fn where_more_contributions_are_needed_than_can_be_asked_nobody_is() {
    let mut scene = workshop();
    let rules = TaskRules { min_contributions: 4, ..task_rules() };
    let then = hand_in(&mut scene, question("a", rules));
    nobody_was_asked(&scene, &then, "4 contributions are needed, and 3 of 4 can be asked");
}

#[test]
fn where_one_failure_fails_all_and_one_cannot_be_asked_nobody_is() {
    let mut scene = workshop();
    let rules = TaskRules { one_failure_fails_all: true, ..task_rules() };
    let then = hand_in(&mut scene, question("a", rules));
    nobody_was_asked(&scene, &then, "3 of 4 can be asked, and one missing fails all");
    assert_eq!(verdict(&then).figures.missing, 4);
}
