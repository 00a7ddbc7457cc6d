//! Where the hub says so, one stronger agent chooses among contributions that do not agree.

use convoke_events::{
    CollectiveEvent, CollectiveRules, Conclusion, Event, Limits, OnDivergence, ProposalBasis,
    ProposalEvent, ProposalMade, Purpose, RoutingEvent, Settlement, TaskOutcome, Tokens, Verb,
    Verdict,
};

use super::cast::*;
use super::delegations::SETTINGS;
use super::failures::failures;
use crate::command::{AgentRegistration, Command, TaskSubmission};
use crate::hub::Input;
use crate::provider::Part;
use crate::testkit::{Scene, Then, answer, member, task_rules};

const AT_ODDS: [(&str, &str); 3] = [("forge", "fix"), ("helm", "look"), ("quill", "wait")];

fn proposal(then: &Then) -> &ProposalMade {
    found!(then, Event::Proposal(ProposalEvent::ProposalMade(made)) => made)[0]
}

fn route(slug: &str) -> Command {
    let (task_type, agent) = (word("synthesis"), word(slug));
    Command::SetRoutingPolicy { task_type, agent, priority: 1, active: true }
}

fn may_propose() -> Command {
    allow("scout", "implementation", &[Verb::Propose], true)
}

/// A hub that sends what diverges to one stronger agent, set up by these commands beside.
fn hub_of(commands: Vec<Command>) -> Scene {
    let mut scene = workshop();
    let rules =
        CollectiveRules { on_divergence: OnDivergence::Agent, ..CollectiveRules::default() };
    for command in std::iter::once(Command::SetCollectiveRules(rules)).chain(commands) {
        assert_eq!(scene.command(command).answer, Ok(()));
    }
    scene
}

/// A question to forge, helm and quill, who do not agree.
fn at_odds(commands: Vec<Command>, limits: Limits) -> (Scene, Then) {
    let mut scene = hub_of(commands);
    hand_in(&mut scene, TaskSubmission { limits, ..question("a", task_rules()) });
    let then = all_answer(&mut scene, &AT_ODDS);
    (scene, then)
}

fn chooses(scene: &mut Scene, key: &str) -> Then {
    let call = only_call(scene);
    assert_eq!((call.purpose, call.agent), (Purpose::Arbitration, agent("scout")));
    let mut outcome = answer(&call, key, usage(10, 10));
    let dissent: Vec<_> = AT_ODDS
        .iter()
        .filter(|(_, named)| *named != key)
        .map(|(by, named)| serde_json::json!({"recommendation": named, "by": [by], "why": "w"}))
        .collect();
    let content = serde_json::json!({
        "recommendation": key, "body": "b", "confidence": 0.9, "assumptions": [], "cites": [],
        "dissent": dissent,
    });
    outcome.result.as_mut().unwrap().parts = vec![Part::Text(content.to_string())];
    let mut then = scene.when(&Input::Outcome(outcome));
    then.events.extend(scene.follow().events);
    then
}

#[test]
fn what_diverges_goes_to_one_stronger_agent_by_a_decision_a_grant_and_a_reservation_of_its_own() {
    let (mut scene, then) = at_odds(vec![route("scout"), may_propose()], Limits::default());
    let then = then.leaves(&[
        "InvocationAnswered",
        "Settled",
        "ContributionRecorded",
        "ThresholdReached",
        "VerdictReached",
        "Settled",
        "RoutingDecided",
        "Reserved",
        "InvocationStarted",
    ]);
    assert_eq!(settled(&then)[1].settlement, Settlement::Released, "nobody synthesises");
    let decided = found!(then, Event::Routing(RoutingEvent::RoutingDecided(one)) => one)[0];
    let start = started(&then)[0];
    assert_eq!((decided.purpose, start.decision), (Purpose::Arbitration, decided.decision));
    assert_eq!((start.verb, start.granted_by.is_some()), (Verb::Propose, true));
    let then = chooses(&mut scene, "look");
    let made = proposal(&then);
    assert!(
        matches!(made.basis, ProposalBasis::Arbitration { agent: by, .. } if by == agent("scout"))
    );
    assert_eq!(made.key, Some(word("look")));
    assert_eq!(ends(&then), [(TaskOutcome::Proposed, Conclusion::Divergence)]);
    let words = "the collective does not agree; scout chose `look`, which waits for review";
    assert_eq!(reason(&then, "TaskConcluded"), words);
}

#[test]
fn its_choice_leaves_the_verdict_as_it_is() {
    let (mut scene, then) = at_odds(vec![route("scout"), may_propose()], Limits::default());
    let verdicts = |then: &Then| found!(then, Event::Collective(CollectiveEvent::VerdictReached(one)) => one.verdict.clone());
    let leading = vec![word("fix"), word("look"), word("wait")];
    assert_eq!(verdicts(&then), [Verdict::Divergent { leading }]);
    assert_eq!(verdicts(&chooses(&mut scene, "look")), []);
}

#[test]
fn an_agent_that_chooses_what_nobody_named_is_asked_once_more_and_then_people_look() {
    let (mut scene, _) = at_odds(vec![route("scout"), may_propose()], Limits::default());
    let then = chooses(&mut scene, "burn");
    let words = "the synthesis recommends `burn`, which nobody named";
    assert_eq!(reason(&then, "InvocationFailed"), words);
    assert_eq!(started(&then)[0].mends, Some(1));
    let then = chooses(&mut scene, "burn");
    assert_eq!(failures(&then).len(), 1);
    assert_eq!((&proposal(&then).basis, &proposal(&then).key), (&ProposalBasis::Divergence, &None));
    assert_eq!(ends(&then), [(TaskOutcome::Proposed, Conclusion::Divergence)]);
    let words = "the agent that was to choose did not (malformed): what each contributed waits for \
                 review";
    assert_eq!(reason(&then, "TaskConcluded"), words);
}

#[track_caller]
fn people_look(then: &Then, because: &str) {
    assert_eq!(proposal(then).basis, ProposalBasis::Divergence);
    let reason = reason(then, "TaskConcluded");
    assert!(reason.starts_with(because), "{reason}");
    assert_eq!(started(then).len(), 0);
}

#[test]
fn where_nobody_is_routed_to_choose_people_look() {
    let (_, then) = at_odds(vec![may_propose()], Limits::default());
    people_look(&then, "no agent is routed to `synthesis` that could choose");
}

#[test]
fn where_governance_denies_who_would_choose_that_is_on_record_and_people_look() {
    let (_, then) = at_odds(vec![route("scout")], Limits::default());
    assert!(then.types().contains(&"AttemptBlocked"), "{:?}", then.types());
    people_look(&then, "the agent that would have chosen was denied");
}

#[test]
fn where_who_would_choose_cannot_be_paid_people_look() {
    let wordy =
        AgentRegistration { system_prompt: "wordy ".repeat(600), ..member("scout", SETTINGS) };
    let wordy = || vec![Command::RegisterAgent(wordy.clone()), route("scout"), may_propose()];
    let asked = hand_in(&mut hub_of(wordy()), question("a", task_rules()));
    let whole: u64 = reserved(&asked).iter().map(|one| one.amount.tokens.get()).sum();
    let limits = Limits { tokens: Some(Tokens::new(whole)), ..Limits::default() };
    let (_, then) = at_odds(wordy(), limits);
    people_look(&then, "the agent that would choose cannot be paid (it needs ");
}

#[test]
fn what_agrees_is_not_arbitrated() {
    let mut scene = hub_of(vec![route("scout"), may_propose()]);
    hand_in(&mut scene, question("a", task_rules()));
    all_answer(&mut scene, &[("forge", "fix"), ("helm", "fix"), ("quill", "fix")]);
    assert_eq!(only_call(&scene).purpose, Purpose::Synthesis);
}
