//! Several agents are asked at once, each for itself, and their answers become one verdict.

use convoke_events::{
    Amount, BlockReason, CollectiveConvened, CollectiveEvent, Conclusion, ConsensusStatus, Event,
    FailureClass, InvocationEvent, Limits, ParticipantStanding, ProposalBasis, ProposalEvent,
    ProposalMade, Purpose, Settlement, TaskOutcome, TaskRules, TextName, Tokens, Usage, Verdict,
    VerdictReached,
};

use super::cast::{
    agent, all_answer, calls_of, ends, found, hand_in, invocation, only_call, question, reason,
    reserved, settled, started, usage, word, workshop,
};
use crate::command::{Command, TaskSubmission};
use crate::hub::{Input, Step, give_up};
use crate::invocation::{Call, Outcome};
use crate::provider::ProviderFailure;
use crate::testkit::{Scene, Then, answer, submission, task_rules};

const CONVENED: &[&str] = &[
    "TaskSubmitted",
    "AccountOpened",
    "RoutingDecided",
    "AttemptBlocked",
    "RoutingDecided",
    "Reserved",
    "CollectiveConvened",
    "Reserved",
    "InvocationStarted",
    "Reserved",
    "InvocationStarted",
    "Reserved",
    "InvocationStarted",
];

fn convened(then: &Then) -> &CollectiveConvened {
    let all = found!(then, Event::Collective(CollectiveEvent::CollectiveConvened(one)) => one);
    all[0]
}

fn verdict(then: &Then) -> &VerdictReached {
    let all = found!(then, Event::Collective(CollectiveEvent::VerdictReached(one)) => one);
    all[0]
}

fn proposal(then: &Then) -> &ProposalMade {
    found!(then, Event::Proposal(ProposalEvent::ProposalMade(made)) => made)[0]
}

fn ask(rules: TaskRules) -> (Scene, Then) {
    let mut scene = workshop();
    let then = hand_in(&mut scene, question("a", rules));
    (scene, then)
}

/// The tokens set aside for the synthesis and each participant, in this order.
fn costs() -> Vec<u64> {
    let (_, then) = ask(task_rules());
    reserved(&then).iter().map(|one| one.amount.tokens.get()).collect()
}

/// The same question where only so many tokens may be spent.
fn ask_for(tokens: u64) -> (Scene, Then) {
    let limits = Limits { tokens: Some(Tokens::new(tokens)), ..Limits::default() };
    let mut scene = workshop();
    let then = hand_in(&mut scene, TaskSubmission { limits, ..question("a", task_rules()) });
    (scene, then)
}

fn fails(scene: &mut Scene, slug: &str) -> Then {
    let call: Call = calls_of(scene, &[slug]).remove(0);
    let failure = ProviderFailure::new(FailureClass::Auth, "a test wanted it so");
    let outcome = Outcome { result: Err(failure), ..answer(&call, "fix", Usage::default()) };
    let mut then = scene.when(&Input::Outcome(outcome));
    then.events.extend(scene.follow().events);
    then
}

#[test]
fn everybody_who_may_and_can_be_paid_is_asked_in_one_append() {
    let mut scene = workshop();
    scene.command(Command::SubmitTask(question("a", task_rules())));
    let step = scene.state().owed().step.unwrap();
    let then = scene.when(&Input::Step(step)).leaves(&CONVENED[2..]);
    let asked: Vec<_> = started(&then).iter().map(|one| one.agent).collect();
    assert_eq!(asked, ["forge", "helm", "quill"].map(agent));
    assert!(started(&then).iter().all(|one| one.purpose == Purpose::Contribution));
    assert_eq!(scene.state().owed().calls.len(), 3);
}

#[test]
fn a_blocked_participant_is_recorded_as_such_and_the_rest_go_on() {
    let (_, then) = ask(task_rules());
    let participants = &convened(&then).participants;
    let order: Vec<_> = participants.iter().map(|one| one.agent).collect();
    assert_eq!(order, ["forge", "mace", "helm", "quill"].map(agent));
    for one in participants {
        if one.agent == agent("mace") {
            let blocked = &one.standing;
            assert!(
                matches!(blocked, ParticipantStanding::Blocked(BlockReason::VerbNotAllowed(_))),
                "{blocked:?}"
            );
        } else {
            assert_eq!(one.standing, ParticipantStanding::Invited);
        }
    }
}

#[test]
fn a_participant_over_budget_is_recorded_with_its_need_and_the_rest_go_on() {
    let costs = costs();
    let (mut scene, then) = ask_for(costs.iter().sum::<u64>() - 1);
    let last = &convened(&then).participants[3];
    assert_eq!(last.agent, agent("quill"));
    let ParticipantStanding::OverBudget { needed } = &last.standing else {
        panic!("{:?}", last.standing);
    };
    assert_eq!(needed.tokens.get(), costs[3]);
    assert_eq!(started(&then).len(), 2);
    let then = all_answer(&mut scene, &[("forge", "fix"), ("helm", "fix")]);
    assert_eq!(
        (verdict(&then).verdict.status(), verdict(&then).figures.missing),
        (ConsensusStatus::Consensus, 2)
    );
}

#[test]
fn where_too_few_can_be_paid_it_is_insufficient_and_nobody_is_asked() {
    let costs = costs();
    let (scene, then) = ask_for(costs[0] + costs[1]);
    let mut expected = CONVENED[..5].to_vec();
    expected.extend(["CollectiveConvened", "VerdictReached", "TaskConcluded"]);
    let then = then.leaves(&expected);
    assert_eq!(convened(&then).synthesiser, None);
    let standings: Vec<_> = convened(&then).participants.iter().map(|one| &one.standing).collect();
    assert_eq!(standings[0], &ParticipantStanding::NotAsked, "it could have been paid");
    assert!(!standings.contains(&&ParticipantStanding::Invited), "{standings:?}");
    assert_eq!(verdict(&then).verdict.status(), ConsensusStatus::Insufficient);
    assert_eq!(ends(&then), [(TaskOutcome::Failed, Conclusion::Insufficient)]);
    let words = "2 contributions are needed, and 1 of 4 can be asked";
    assert_eq!(reason(&then, "TaskConcluded"), words);
    assert_eq!(scene.state().owed().calls, []);
}

#[test]
fn where_the_synthesis_cannot_be_paid_nobody_is_asked_for_nothing() {
    let (scene, then) = ask_for(costs()[0] - 1);
    assert_eq!(ends(&then), [(TaskOutcome::Failed, Conclusion::Insufficient)]);
    assert!(reason(&then, "TaskConcluded").starts_with("the synthesis cannot be paid: it needs "));
    assert_eq!((reserved(&then).len(), scene.state().owed().calls.len()), (0, 0));
}

#[test]
fn where_nobody_may_propose_it_ends_blocked() {
    let mut scene = workshop();
    for slug in ["forge", "helm", "quill"] {
        scene.command(super::cast::allow(slug, "implementation", &[], true));
    }
    let then = hand_in(&mut scene, question("a", task_rules()));
    assert_eq!(then.types().iter().filter(|one| **one == "AttemptBlocked").count(), 4);
    assert_eq!(ends(&then), [(TaskOutcome::Blocked, Conclusion::Governance)]);
    assert_eq!(reserved(&then).len(), 0);
}

#[test]
fn those_who_agree_are_put_together_by_the_first_who_was_asked() {
    let (mut scene, _) = ask(task_rules());
    let then = all_answer(&mut scene, &[("quill", "fix"), ("helm", "Fix"), ("forge", "FIX")]);
    let then = then.leaves(&[
        "InvocationAnswered",
        "Settled",
        "ContributionRecorded",
        "VerdictReached",
        "InvocationStarted",
    ]);
    let reached = verdict(&then);
    assert_eq!(reached.verdict, Verdict::Consensus { key: word("fix") });
    assert_eq!(
        (reached.figures.contributions, reached.figures.leading, reached.figures.keys),
        (3, 3, 1)
    );
    assert_eq!((reached.figures.families, reached.figures.missing), (3, 1));
    let call = only_call(&scene);
    assert_eq!((call.agent, call.purpose), (agent("forge"), Purpose::Synthesis));
    assert_eq!(call.invocation, invocation("a", Purpose::Synthesis, "forge"));
    let then = scene.answered(&call, "fix", usage(50, 50));
    let made = proposal(&then);
    assert!(
        matches!(made.basis, ProposalBasis::Synthesis { agent: who, .. } if who == agent("forge"))
    );
    assert_eq!(made.key, Some(word("fix")));
    assert_eq!(ends(&then), [(TaskOutcome::Proposed, Conclusion::Consensus)]);
}

#[test]
fn those_who_disagree_are_shown_to_people_and_the_synthesis_is_given_back() {
    let (mut scene, asked) = ask(task_rules());
    let then = all_answer(&mut scene, &[("forge", "fix"), ("helm", "look"), ("quill", "wait")]);
    assert_eq!(verdict(&then).verdict.status(), ConsensusStatus::Divergent);
    assert_eq!((verdict(&then).figures.leading, verdict(&then).verdict.key()), (1, None));
    let given_back = settled(&then)[1];
    assert_eq!(given_back.settlement, Settlement::Released);
    assert_eq!(given_back.reservation, reserved(&asked)[0].reservation);
    assert_eq!(proposal(&then).basis, ProposalBasis::Divergence);
    let made = then.events.iter().find(|one| one.event.event_type() == "ProposalMade").unwrap();
    assert_eq!(
        made.texts.get(&TextName::CONTENT).unwrap(),
        r#"{"positions":[{"agent":"forge","confidence":0.8,"recommendation":"fix"},{"agent":"helm","confidence":0.8,"recommendation":"look"},{"agent":"quill","confidence":0.8,"recommendation":"wait"}],"status":"divergent"}"#
    );
    assert_eq!(ends(&then), [(TaskOutcome::Proposed, Conclusion::Divergence)]);
    assert_eq!(scene.state().owed().calls, [], "nobody synthesises");
}

#[test]
fn what_was_contributed_counts_in_the_same_order_whoever_answered_first() {
    let contents = [["forge", "helm", "quill"], ["quill", "forge", "helm"]].map(|order| {
        let (mut scene, _) = ask(task_rules());
        let key = |slug: &str| match slug {
            "forge" => "fix",
            "helm" => "look",
            _ => "wait",
        };
        let then = all_answer(&mut scene, &order.map(|slug| (slug, key(slug))));
        proposal(&then).digest
    });
    assert_eq!(contents[0], contents[1]);
}

#[test]
fn a_failed_participant_is_missing_and_the_rest_go_on() {
    let (mut scene, _) = ask(task_rules());
    fails(&mut scene, "helm").leaves(&["InvocationFailed", "Settled"]);
    let then = all_answer(&mut scene, &[("forge", "fix"), ("quill", "fix")]);
    assert_eq!(
        (verdict(&then).verdict.status(), verdict(&then).figures.missing),
        (ConsensusStatus::Consensus, 2)
    );
}

#[test]
fn too_few_answers_are_insufficient_and_the_synthesis_is_given_back() {
    let (mut scene, _) = ask(task_rules());
    all_answer(&mut scene, &[("forge", "fix")]);
    fails(&mut scene, "helm");
    let then = fails(&mut scene, "quill");
    assert_eq!(verdict(&then).verdict.status(), ConsensusStatus::Insufficient);
    assert_eq!(settled(&then)[1].settlement, Settlement::Released);
    assert_eq!(ends(&then), [(TaskOutcome::Failed, Conclusion::Insufficient)]);
}

#[test]
fn one_failure_fails_all_where_the_rules_say_so() {
    let rules = TaskRules { one_failure_fails_all: true, ..task_rules() };
    let mut scene = workshop();
    scene.command(super::cast::allow(
        "mace",
        "implementation",
        &[convoke_events::Verb::Propose],
        true,
    ));
    hand_in(&mut scene, question("a", rules));
    let mut whole = scene.clone();
    all_answer(&mut scene, &[("forge", "fix"), ("mace", "fix"), ("helm", "fix")]);
    let then = fails(&mut scene, "quill");
    assert_eq!(
        (verdict(&then).verdict.status(), verdict(&then).figures.missing),
        (ConsensusStatus::Insufficient, 1)
    );
    let everybody = [("forge", "fix"), ("mace", "fix"), ("helm", "fix"), ("quill", "fix")];
    assert_eq!(
        verdict(&all_answer(&mut whole, &everybody)).verdict.status(),
        ConsensusStatus::Consensus
    );
}

#[test]
fn a_synthesis_that_fails_ends_the_task_as_failed() {
    let (mut scene, _) = ask(task_rules());
    all_answer(&mut scene, &[("forge", "fix"), ("helm", "fix"), ("quill", "fix")]);
    let then = fails(&mut scene, "forge");
    assert_eq!(ends(&then), [(TaskOutcome::Failed, Conclusion::CallFailed)]);
    assert!(reason(&then, "TaskConcluded").starts_with("the synthesis failed: auth: "));
}

#[test]
fn a_synthesiser_that_was_deactivated_meanwhile_is_not_asked_and_costs_nothing() {
    let (mut scene, asked) = ask(task_rules());
    all_answer(&mut scene, &[("forge", "fix"), ("helm", "fix")]);
    let (slug, reason) = (word("forge"), "it rests".to_owned());
    scene.command(Command::DeactivateAgent { slug, reason });
    let then = all_answer(&mut scene, &[("quill", "fix")]);
    assert_eq!(verdict(&then).verdict.status(), ConsensusStatus::Consensus);
    assert_eq!(started(&then).len(), 0);
    assert_eq!(settled(&then)[1].reservation, reserved(&asked)[0].reservation);
    assert_eq!(settled(&then)[1].settlement, Settlement::Released);
    assert_eq!(ends(&then), [(TaskOutcome::Failed, Conclusion::CallFailed)]);
}

#[test]
fn a_verdict_that_cannot_be_recorded_gives_the_synthesis_back_and_ends_the_task() {
    let (mut scene, asked) = ask(task_rules());
    let calls = calls_of(&scene, &["forge", "helm", "quill"]);
    for call in &calls {
        scene.when(&Input::Outcome(answer(call, "fix", usage(10, 10))));
    }
    let step @ Step::Collective(_) = scene.state().owed().step.unwrap() else {
        panic!("a verdict is owed");
    };
    let decision = give_up(scene.state(), step, "it is too large", scene.now());
    let then = Then { events: decision.events, answer: decision.answer };
    let then = then.leaves(&["Settled", "TaskConcluded"]);
    assert_eq!(settled(&then)[0].reservation, reserved(&asked)[0].reservation);
    assert_eq!(settled(&then)[0].charged, Amount::ZERO);
    for draft in &then.events {
        scene.happened(&draft.event);
    }
    assert_eq!(scene.state().owed().step, None);
}

#[test]
fn triage_takes_a_task_on_to_its_collective() {
    let mut scene = workshop();
    hand_in(&mut scene, TaskSubmission { limits: Limits::default(), ..submission("a", "crash") });
    let scout = only_call(&scene);
    let then = scene.answered(&scout, "bug", usage(5, 5));
    let mut expected = vec!["InvocationAnswered", "Settled"];
    expected.extend(&CONVENED[2..]);
    then.leaves(&expected);
}

#[test]
fn every_contribution_names_the_call_it_came_from() {
    let (mut scene, _) = ask(task_rules());
    let then = all_answer(&mut scene, &[("helm", "look")]);
    let recorded =
        found!(then, Event::Collective(CollectiveEvent::ContributionRecorded(one)) => one);
    let answered = found!(then, Event::Invocation(InvocationEvent::InvocationAnswered(one)) => one);
    assert_eq!(recorded[0].invocation, answered[0].invocation);
    assert_eq!((recorded[0].agent, recorded[0].key.as_str()), (agent("helm"), "look"));
}
