//! Coordination: votes, boards, messages, and who is called in when, on a manual clock.

use std::time::Duration;

use convoke_events::{
    ActionRefusal, Amount, Ballot, Complexity, CoordinationEvent, CoordinationRules, Event,
    InvocationEvent, Measured, Mediation, MediatorRules, Purpose, Section, TaskOutcome,
    ThresholdReached, Tokens, Trigger, Verb, VoteDecided, VoteResult,
};

use super::actions::{acts, post, posted, refusals, session};
use super::cast::*;
use super::delegations::guild;
use crate::action::{Action, Complete, DeclareComplexity, Vote};
use crate::command::{Command, VoteOpening};
use crate::hub::Input;
use crate::testkit::{Scene, Then, task_rules};

/// A guild of which agents work on request `s` in sessions.
fn at_work() -> Scene {
    let mut scene = guild();
    hand_in(&mut scene, session("s"));
    scene
}

fn reached(then: &Then) -> Vec<&ThresholdReached> {
    found!(then, Event::Coordination(CoordinationEvent::ThresholdReached(one)) => one)
}

fn measured(then: &Then) -> Vec<(Trigger, Measured)> {
    reached(then).into_iter().map(|one| (one.trigger, one.measured.clone())).collect()
}

fn share(millionths: u32) -> Complexity {
    Complexity::from_millionths(millionths).unwrap()
}

/// The rules that hold until somebody says otherwise, with this mediator.
fn rules(mediator: Option<(&str, u64, &[Trigger])>) -> CoordinationRules {
    let mediator = mediator.map(|(slug, share, on)| MediatorRules {
        template: agent(slug),
        share: Tokens::new(share),
        on: on.iter().copied().collect(),
    });
    CoordinationRules { stuck_after_ms: 30_000, conflicts: 3, complexity: share(800_000), mediator }
}

fn with_mediator(share: u64, on: &[Trigger]) -> Scene {
    let mut scene = at_work();
    let rules = rules(Some(("helm", share, on)));
    scene.command(Command::SetCoordinationRules(rules)).leaves(&["CoordinationRulesSet"]);
    scene
}

/// What follows when nothing was heard of the request since its last event.
fn silence(scene: &mut Scene) -> Then {
    let Some(since) = scene.state().silent_since(task("s")) else {
        return Then { events: Vec::new(), answer: Ok(()) };
    };
    scene.when(&Input::Silence { task: task("s"), since })
}

fn is(complexity: f64) -> Action {
    Action::DeclareComplexity(DeclareComplexity { complexity, reason: "r".to_owned() })
}

fn complete() -> Action {
    Action::Complete(Complete { reason: "all done".to_owned() })
}

#[test]
fn a_task_is_stuck_after_thirty_seconds_without_activity_and_only_once() {
    let mut scene = at_work();
    scene.wait(Duration::from_millis(29_999));
    assert_eq!(silence(&mut scene).types(), [""; 0]);
    scene.wait(Duration::from_millis(1));
    let then = silence(&mut scene);
    let idle = Measured::Idle { found: 30_000, limit: 30_000 };
    assert_eq!(measured(&then), [(Trigger::Stuck, idle)]);
    acts(&mut scene, "forge", "s", post(Section::Progress, None));
    scene.wait(Duration::from_mins(10));
    assert_eq!(silence(&mut scene).types(), [""; 0], "once on a task");
}

#[test]
fn whatever_an_agent_does_on_a_task_is_activity() {
    let mut scene = at_work();
    for _ in 0..4 {
        scene.wait(Duration::from_secs(29));
        assert_eq!(silence(&mut scene).types(), [""; 0]);
        acts(&mut scene, "forge", "s", post(Section::Progress, None));
    }
    scene.wait(Duration::from_secs(30));
    assert_eq!(reached(&silence(&mut scene)).len(), 1);
}

#[test]
fn an_agent_whose_model_is_being_called_is_at_work() {
    let mut scene = at_work();
    let delegate = crate::action::Delegate {
        to: word("helm"),
        scope: "look".to_owned(),
        tokens: Some(2_000),
        trim: false,
    };
    acts(&mut scene, "forge", "s", Action::Delegate(delegate));
    scene.wait(Duration::from_mins(2));
    assert_eq!(scene.state().silent_since(task("s")), None);
    let call = only_call(&scene);
    scene.answered(&call, "seen", usage(10, 10));
    assert_eq!(scene.state().silent_since(task("s")), Some(scene.now()));
}

#[test]
fn a_task_that_nobody_has_to_work_on_is_never_stuck() {
    let mut scene = at_work();
    acts(&mut scene, "forge", "s", complete());
    assert_eq!(scene.state().silent_since(task("s")), None);
}

#[test]
fn three_answers_that_stand_against_each_other_are_a_conflict_and_only_once() {
    let mut scene = at_work();
    let solution = |key| post(Section::Solutions, Some(key));
    for (slug, key) in [("forge", "a"), ("helm", "A!"), ("quill", "b"), ("forge", "b")] {
        assert_eq!(reached(&acts(&mut scene, slug, "s", solution(key))).len(), 0, "{key}");
    }
    let then = acts(&mut scene, "helm", "s", solution("c"));
    assert_eq!(measured(&then), [(Trigger::Conflict, Measured::Conflicts { found: 3, limit: 3 })]);
    assert_eq!(reached(&acts(&mut scene, "helm", "s", solution("d"))).len(), 0);
}

#[test]
fn what_consensus_resolved_is_no_conflict() {
    let mut scene = at_work();
    let solution = |key| post(Section::Solutions, Some(key));
    acts(&mut scene, "forge", "s", solution("a"));
    acts(&mut scene, "helm", "s", solution("b"));
    acts(&mut scene, "helm", "s", post(Section::Consensus, None));
    assert_eq!(reached(&acts(&mut scene, "helm", "s", solution("c"))).len(), 0);
}

#[test]
fn contributions_are_in_conflict_as_long_as_there_is_no_verdict() {
    let mut scene = guild();
    scene.command(allow("mace", "implementation", &[Verb::Propose], true));
    hand_in(&mut scene, question("q", task_rules()));
    let then = all_answer(&mut scene, &[("forge", "a"), ("helm", "b"), ("quill", "c")]);
    assert_eq!(measured(&then), [(Trigger::Conflict, Measured::Conflicts { found: 3, limit: 3 })]);
}

#[test]
fn a_conflict_of_contributions_is_the_same_in_whatever_order_they_come() {
    let answers = [("forge", "a"), ("helm", "b"), ("quill", "c"), ("mace", "c")];
    let orders = [[0, 1, 2, 3], [0, 1, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0], [1, 2, 3, 0]];
    for order in orders {
        let mut scene = guild();
        scene.command(allow("mace", "implementation", &[Verb::Propose], true));
        hand_in(&mut scene, question("q", task_rules()));
        let mut found = Vec::new();
        for which in order {
            found.extend(measured(&all_answer(&mut scene, &[answers[which]])));
        }
        let conflict = Measured::Conflicts { found: 3, limit: 3 };
        assert_eq!(found, [(Trigger::Conflict, conflict)], "{order:?}");
    }
}

#[test]
fn a_task_is_too_complex_above_point_eight_and_only_once() {
    let mut scene = at_work();
    assert_eq!(reached(&acts(&mut scene, "forge", "s", is(0.8))).len(), 0);
    let (found, limit) = (share(800_001), share(800_000));
    let then = acts(&mut scene, "forge", "s", is(0.800_001));
    assert_eq!(measured(&then), [(Trigger::Complexity, Measured::Complexity { found, limit })]);
    assert_eq!(reached(&acts(&mut scene, "forge", "s", is(0.9))).len(), 0);
    let then = acts(&mut scene, "forge", "s", is(1.5));
    assert_eq!(refusals(&then)[0].1, &ActionRefusal::Malformed);
}

#[test]
fn the_host_can_say_how_hard_a_task_is() {
    let mut scene = at_work();
    let (complexity, reason) = (share(900_000), "r".to_owned());
    let declare = Command::DeclareComplexity { task: task("s"), complexity, reason };
    scene.command(declare).leaves(&["ComplexityDeclared"]);
    assert_eq!(reached(&scene.follow()).len(), 1);
}

#[test]
fn work_that_is_complete_wants_validation_once() {
    let mut scene = at_work();
    let then = acts(&mut scene, "forge", "s", complete());
    assert_eq!(measured(&then), [(Trigger::Success, Measured::Completed)]);
    assert_eq!(reached(&acts(&mut scene, "helm", "s", complete())).len(), 0);
}

#[test]
fn thresholds_are_the_hubs_own_and_hold_from_then_on() {
    let mut scene = at_work();
    acts(&mut scene, "forge", "s", is(0.5));
    let mut rules = rules(None);
    (rules.stuck_after_ms, rules.complexity) = (5_000, share(400_000));
    let set = Command::SetCoordinationRules(rules.clone());
    scene.command(set.clone()).leaves(&["CoordinationRulesSet"]);
    let (found, limit) = (share(500_000), share(400_000));
    let expected = [(Trigger::Complexity, Measured::Complexity { found, limit })];
    assert_eq!(measured(&scene.follow()), expected);
    scene.command(set).leaves(&[]);
    scene.wait(Duration::from_secs(5));
    assert_eq!(reached(&silence(&mut scene)).len(), 1);
    rules.conflicts = 1;
    let refused = scene.command(Command::SetCoordinationRules(rules));
    refused.is_refused("the number of answers in conflict must be 2");
}

#[test]
fn nobody_is_called_in_where_the_hub_names_nobody() {
    let mut scene = with_mediator(10_000, &[Trigger::Success]);
    let then = acts(&mut scene, "forge", "s", is(0.9));
    assert_eq!(reached(&then)[0].mediation, Mediation::Nobody);
    assert_eq!(scene.state().owed().calls, []);
}

#[test]
fn a_mediator_is_called_under_governance_and_a_reservation_like_anybody() {
    let mut scene = with_mediator(10_000, &[Trigger::Complexity]);
    let then = acts(&mut scene, "forge", "s", is(0.9));
    assert_eq!(
        then.types(),
        [
            "ComplexityDeclared",
            "ThresholdReached",
            "RoutingDecided",
            "Reserved",
            "InvocationStarted"
        ]
    );
    let start = started(&then)[0];
    assert_eq!(
        (start.purpose, start.agent, start.verb),
        (Purpose::Mediation, agent("helm"), Verb::Propose)
    );
    let Mediation::Called { agent_version, invocation, .. } = reached(&then)[0].mediation else {
        panic!()
    };
    assert_eq!((agent_version, invocation), (start.agent_version, start.invocation));
    assert!(reserved(&then)[0].amount.tokens <= Tokens::new(10_000));
    let call = only_call(&scene);
    let then = scene.answered(&call, "split-it", usage(10, 10));
    assert_eq!(then.types(), ["InvocationAnswered", "Settled"]);
    assert!(ends(&then).is_empty(), "a mediator ends nothing");
}

#[test]
fn a_mediator_that_may_not_or_cannot_be_paid_does_not_come() {
    let mut scene = with_mediator(100, &[Trigger::Complexity]);
    let then = acts(&mut scene, "forge", "s", is(0.9));
    let Mediation::OverBudget { needed } = &reached(&then)[0].mediation else { panic!() };
    assert!(*needed != Amount::ZERO && started(&then).is_empty());
    let mut scene = with_mediator(10_000, &[Trigger::Complexity]);
    scene.command(allow("helm", "implementation", &[Verb::Read], true));
    let then = acts(&mut scene, "forge", "s", is(0.9));
    assert!(matches!(reached(&then)[0].mediation, Mediation::Blocked(_)));
    let mut scene = with_mediator(10_000, &[Trigger::Complexity]);
    scene.command(Command::DeactivateAgent { slug: word("helm"), reason: "r".to_owned() });
    let then = acts(&mut scene, "forge", "s", is(0.9));
    assert_eq!(reached(&then)[0].mediation, Mediation::Unavailable);
}

#[test]
fn a_mediator_acts_like_anybody_and_its_task_waits_for_it() {
    let mut scene = with_mediator(10_000, &[Trigger::Complexity]);
    acts(&mut scene, "forge", "s", is(0.9));
    let (outcome, reason) = (TaskOutcome::Completed, "r".to_owned());
    let conclude = Command::ConcludeTask { task: task("s"), outcome, reason };
    assert!(scene.command(conclude.clone()).answer.is_err());
    let call = only_call(&scene);
    let mut outcome = crate::testkit::answer(&call, "split", usage(10, 10));
    let content = r#"{"recommendation":"split","body":"b","confidence":1,"assumptions":[],
        "actions":[{"post":{"section":"consensus","text":"split it"}}]}"#;
    outcome.result.as_mut().unwrap().parts = vec![crate::provider::Part::Text(content.to_owned())];
    let then = scene.when(&Input::Outcome(outcome));
    assert_eq!(posted(&then)[0].agent, agent("helm"));
    scene.command(conclude).leaves(&["TaskConcluded"]);
}

#[test]
fn a_collective_waits_for_its_mediator_before_its_verdict() {
    let mut scene = guild();
    scene.command(Command::SetCoordinationRules(rules(Some((
        "scout",
        10_000,
        &[Trigger::Conflict],
    )))));
    for slug in ["mace", "scout"] {
        scene.command(allow(slug, "implementation", &[Verb::Propose], true));
    }
    hand_in(&mut scene, question("q", task_rules()));
    let then = all_answer(&mut scene, &[("forge", "a"), ("helm", "b"), ("quill", "c")]);
    assert!(matches!(reached(&then)[0].mediation, Mediation::Called { .. }));
    let last = calls_of(&scene, &["mace", "scout"]);
    let then = scene.answered(&last[0], "a", usage(10, 10));
    assert!(!then.types().contains(&"VerdictReached"), "{:?}", then.types());
    let then = scene.answered(&last[1], "a", usage(10, 10));
    assert!(then.types().contains(&"VerdictReached"), "{:?}", then.types());
    let settled = settled(&then).len();
    assert!(
        settled >= 1
            && scene.state().owed().calls.iter().all(|call| call.purpose != Purpose::Mediation)
    );
}

#[test]
fn what_calls_for_a_mediator_names_what_caused_it() {
    let mut scene = at_work();
    let then = acts(&mut scene, "forge", "s", is(0.9));
    let reached = then.events.iter().find(|one| one.event.event_type() == "ThresholdReached");
    assert!(reached.unwrap().cause.is_some());
    let _ = found!(then, Event::Invocation(InvocationEvent::InvocationStarted(one)) => one);
}

fn opening(required: &[&str]) -> VoteOpening {
    VoteOpening {
        task: task("s"),
        proposal: None,
        subject: "Ship it".to_owned(),
        question: "do we?".to_owned(),
        required: required.iter().map(|slug| word(slug)).collect(),
    }
}

fn ballot(ballot: Ballot) -> Action {
    Action::Vote(Vote { on: "ship it!".to_owned(), ballot, reason: "r".to_owned() })
}

fn decided(then: &Then) -> Vec<&VoteDecided> {
    found!(then, Event::Coordination(CoordinationEvent::VoteDecided(one)) => one)
}

/// A vote that takes the votes of these agents.
fn voting(required: &[&str]) -> Scene {
    let mut scene = at_work();
    scene.command(allow("mace", "implementation", &[Verb::Propose], true));
    scene.command(Command::OpenVote(opening(required))).leaves(&["VoteOpened"]);
    scene
}

#[test]
fn a_vote_passes_once_all_required_agents_voted_and_more_are_for_it() {
    let mut scene = voting(&["forge", "helm"]);
    for (slug, vote) in [("quill", Ballot::Reject), ("forge", Ballot::Accept)] {
        assert_eq!(acts(&mut scene, slug, "s", ballot(vote)).types(), ["VoteCast"]);
    }
    let then = acts(&mut scene, "helm", "s", ballot(Ballot::Accept));
    let end = decided(&then)[0];
    let count = (end.accepts, end.rejects, end.abstentions);
    assert_eq!((end.result, count), (VoteResult::Passed, (2, 1, 0)));
    let then = acts(&mut scene, "mace", "s", ballot(Ballot::Reject));
    assert_eq!(refusals(&then)[0].1, &ActionRefusal::VoteDecided);
}

#[test]
fn a_required_agents_reject_ends_a_vote_at_once() {
    let mut scene = voting(&["forge", "helm"]);
    acts(&mut scene, "quill", "s", ballot(Ballot::Accept));
    let then = acts(&mut scene, "helm", "s", ballot(Ballot::Reject));
    assert_eq!(decided(&then)[0].result, VoteResult::Vetoed);
}

#[test]
fn a_tie_does_not_pass() {
    let mut scene = voting(&["forge"]);
    acts(&mut scene, "quill", "s", ballot(Ballot::Reject));
    let then = acts(&mut scene, "forge", "s", ballot(Ballot::Accept));
    assert_eq!(decided(&then)[0].result, VoteResult::Failed);
    let mut scene = voting(&["forge"]);
    let then = acts(&mut scene, "forge", "s", ballot(Ballot::Abstain));
    assert_eq!(decided(&then)[0].result, VoteResult::Failed);
}

#[test]
fn everybody_votes_once_and_only_where_there_is_a_vote() {
    let mut scene = voting(&["forge", "helm"]);
    acts(&mut scene, "forge", "s", ballot(Ballot::Accept));
    let then = acts(&mut scene, "forge", "s", ballot(Ballot::Reject));
    assert_eq!(refusals(&then)[0].1, &ActionRefusal::VotedBefore);
    let mut scene = at_work();
    let then = acts(&mut scene, "forge", "s", ballot(Ballot::Accept));
    assert_eq!(refusals(&then)[0].1, &ActionRefusal::VoteUnknown);
}

#[test]
fn a_vote_that_was_opened_is_not_opened_again() {
    let mut scene = voting(&["forge", "helm"]);
    scene.command(Command::OpenVote(opening(&["helm", "forge"]))).leaves(&[]);
    let other = scene.command(Command::OpenVote(opening(&["helm"])));
    other.is_refused("the task has a vote on `ship-it` with other required agents");
    let nobody = scene.command(Command::OpenVote(opening(&[])));
    nobody.is_refused("the number of agents who have to vote must be 1");
}

#[test]
fn a_vote_on_a_proposal_goes_on_when_its_task_has_ended() {
    let mut scene = guild();
    hand_in(&mut scene, question("q", task_rules()));
    all_answer(&mut scene, &[("forge", "a"), ("helm", "a"), ("quill", "a")]);
    let then = all_answer(&mut scene, &[("forge", "a")]);
    assert_eq!(ends(&then).len(), 1);
    let made = found!(then, Event::Proposal(convoke_events::ProposalEvent::ProposalMade(one)) => one.proposal);
    let opening =
        VoteOpening { task: task("q"), proposal: Some(made[0]), ..opening(&["forge", "helm"]) };
    let open = Command::OpenVote(opening.clone());
    scene.command(open).leaves(&["VoteOpened"]);
    acts(&mut scene, "forge", "q", ballot(Ballot::Accept));
    let then = acts(&mut scene, "helm", "q", ballot(Ballot::Accept));
    assert_eq!(decided(&then)[0].result, VoteResult::Passed);
    let ended = Command::OpenVote(VoteOpening { proposal: None, ..opening });
    let words = format!("task {} has ended, or its work is over", task("q"));
    scene.command(ended).is_refused(&words);
}

mod property {
    use proptest::prelude::*;

    use super::*;

    const SLUGS: [&str; 4] = ["forge", "helm", "quill", "mace"];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        #[test]
        fn a_vote_passes_only_as_the_rule_says(
            ballots in proptest::collection::vec((0..4_usize, 0..3_usize), 0..12),
            required in proptest::sample::subsequence(SLUGS.to_vec(), 1..=4),
        ) {
            let mut scene = voting(&required);
            let mut cast: Vec<(&str, Ballot)> = Vec::new();
            let mut results = Vec::new();
            for (who, what) in ballots {
                let (slug, what) = (SLUGS[who], Ballot::ALL[what]);
                let then = acts(&mut scene, slug, "s", ballot(what));
                let open = results.is_empty() && !cast.iter().any(|(one, _)| *one == slug);
                prop_assert_eq!(then.answer.is_ok(), open);
                if open {
                    cast.push((slug, what));
                }
                results.extend(decided(&then).into_iter().map(|one| one.result));
            }
            let of = |ballot| cast.iter().filter(|(_, one)| *one == ballot).count();
            let all = required.iter().all(|slug| cast.iter().any(|(one, _)| one == slug));
            let vetoed = cast.iter().any(|one| {
                one.1 == Ballot::Reject && required.contains(&one.0)
            });
            let passes = all && !vetoed && of(Ballot::Accept) > of(Ballot::Reject);
            prop_assert!(results.len() <= 1);
            prop_assert_eq!(results.contains(&VoteResult::Passed), passes);
            prop_assert_eq!(results.contains(&VoteResult::Vetoed), vetoed);
        }
    }
}
