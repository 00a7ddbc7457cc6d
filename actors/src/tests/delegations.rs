//! Delegations: bounded sub-tasks under a budget that no number of them overspends.

use std::time::Duration;

use convoke_events::{
    BudgetEvent, DelegationEvent, DelegationId, DelegationRefusal, Event, FailureClass, HeldFor,
    InvocationEvent, Limits, Settlement, Tokens, TrustLevel, Usage, Verb,
};

use super::books::Books;
use super::cast::*;
use crate::command::{Command, DelegationRequest};
use crate::hub::Input;
use crate::invocation::{Call, Outcome};
use crate::provider::ProviderFailure;
use crate::testkit::{Scene, Then, hub, member, orders, task_rules};

pub(super) const SETTINGS: &str = r#"{"rules":[{"any":["x"],"recommend":"a","confidence":1,"reason":"r"}],
    "otherwise":{"recommend":"b","confidence":1,"reason":"r"}}"#;

/// The small federation, in which forge, helm and quill may delegate.
pub(super) fn guild() -> Scene {
    let mut commands = orders();
    for slug in ["forge", "helm", "quill"] {
        let mut agent = member(slug, SETTINGS);
        agent.trust = TrustLevel::Elevated;
        commands.push(Command::RegisterAgent(agent));
        commands.push(allow(slug, "implementation", &[Verb::Propose, Verb::Delegate], true));
    }
    Scene::given(hub(), commands)
}

/// A guild at work on request `q`, whose account has this much left besides.
fn at_work(left: Option<u64>) -> Scene {
    let mut scene = guild();
    let ask = |limits| crate::command::TaskSubmission { limits, ..question("q", task_rules()) };
    let then = hand_in(&mut scene.clone(), ask(Limits::default()));
    let aside: u64 = reserved(&then).iter().map(|one| one.amount.tokens.get()).sum();
    let tokens = left.map(|left| Tokens::new(aside + left));
    hand_in(&mut scene, ask(Limits { tokens, ..Limits::default() }));
    scene
}

fn wish(from: &str, to: &str, scope: &str, tokens: u64) -> DelegationRequest {
    DelegationRequest {
        task: task("q"),
        parent: None,
        from: word(from),
        to: word(to),
        scope: scope.to_owned(),
        tokens: Some(Tokens::new(tokens)),
        trim: false,
    }
}

fn delegate(scene: &mut Scene, request: DelegationRequest) -> Then {
    let mut then = scene.command(Command::Delegate(request));
    then.events.extend(scene.follow().events);
    then
}

/// The delegation that was granted.
fn granted(then: &Then) -> DelegationId {
    let requested =
        found!(then, Event::Delegation(DelegationEvent::DelegationRequested(one)) => one);
    assert_eq!(requested.len(), 1, "{:?}", then.answer);
    requested[0].delegation
}

fn refused(then: &Then) -> Vec<&DelegationRefusal> {
    found!(then, Event::Delegation(DelegationEvent::DelegationRefused(one)) => &one.because)
}

fn call_for(scene: &Scene, delegation: DelegationId) -> Call {
    let calls = scene.state().owed().calls;
    calls.into_iter().find(|call| call.delegation == Some(delegation)).expect("its call")
}

fn funds(then: &Then) -> Vec<(Settlement, u64, u64, u64)> {
    let settled = settled(then);
    let funds = settled.iter().filter(|one| matches!(one.held_for, HeldFor::Delegation(_)));
    let tokens = |one: &&&convoke_events::Settled| {
        (
            one.settlement,
            one.charged.tokens.get(),
            one.uncertain.tokens.get(),
            one.overrun.tokens.get(),
        )
    };
    funds.map(|one| tokens(&one)).collect()
}

#[test]
fn eight_delegations_of_900_under_a_ceiling_of_1000_share_what_there_is() {
    let mut scene = at_work(Some(1_000));
    let mut refusals = 0;
    for number in 0..8 {
        let then = delegate(&mut scene, wish("forge", "helm", &format!("part {number}"), 900));
        if number == 0 {
            granted(&then);
            continue;
        }
        let refusal = then.answer.as_ref().unwrap_err().to_string();
        assert_eq!(refusal, "the delegation was refused: it needs 900 tokens, and 100 are left");
        let exhausted = |one: &&&DelegationRefusal| matches!(one, DelegationRefusal::Exhausted { left: Some(left), .. } if left.get() == 100);
        refusals += refused(&then).iter().filter(exhausted).count();
    }
    assert_eq!(refusals, 7);
}

#[test]
fn a_delegation_is_granted_in_one_append() {
    let mut scene = at_work(None);
    scene.command(Command::Delegate(wish("forge", "helm", "look", 900))).leaves(&[
        "RoutingDecided",
        "Reserved",
        "DelegationRequested",
        "AccountOpened",
        "Reserved",
        "InvocationStarted",
    ]);
}

#[test]
fn what_a_delegation_did_not_spend_goes_back() {
    let mut scene = at_work(Some(1_000));
    let delegation = granted(&delegate(&mut scene, wish("forge", "helm", "look", 900)));
    let call = call_for(&scene, delegation);
    let then = scene.answered(&call, "seen", usage(30, 20));
    assert_eq!(funds(&then), [(Settlement::Confirmed, 50, 0, 0)]);
    let completed =
        found!(then, Event::Delegation(DelegationEvent::DelegationCompleted(one)) => one.clone());
    assert_eq!((completed[0].key.as_str(), completed[0].used.tokens.get()), ("seen", 50));
    granted(&delegate(&mut scene, wish("forge", "helm", "look again", 950)));
}

#[test]
fn without_a_word_on_tokens_a_delegation_has_a_thousand_or_what_is_left() {
    for (left, expected) in [(None, 1_000), (Some(5_000), 1_000), (Some(880), 880)] {
        let mut scene = at_work(left);
        let request = DelegationRequest { tokens: None, ..wish("forge", "helm", "look", 0) };
        let then = delegate(&mut scene, request);
        let budgets = found!(then, Event::Delegation(DelegationEvent::DelegationRequested(one)) => one.budget);
        assert_eq!(budgets, [Tokens::new(expected)], "{left:?}");
    }
}

#[test]
fn output_is_cut_to_the_budget_only_where_that_is_allowed() {
    let mut scene = at_work(None);
    let small = wish("forge", "helm", "look", 720);
    let then = delegate(&mut scene, small.clone());
    let [DelegationRefusal::TooSmall { needed, budget }] = refused(&then)[..] else {
        panic!("{:?}", then.answer);
    };
    assert!(needed > budget);
    let then = delegate(&mut scene, DelegationRequest { trim: true, ..small });
    let output = started(&then)[0].max_output;
    assert!(output < task_rules().max_output && output >= Tokens::new(16), "{output}");
}

#[test]
fn a_cycle_through_three_agents_is_refused() {
    let mut scene = at_work(None);
    let one = granted(&delegate(&mut scene, wish("forge", "helm", "Look!", 9_000)));
    let under = |parent, request| DelegationRequest { parent: Some(parent), ..request };
    let two = granted(&delegate(&mut scene, under(one, wish("helm", "quill", "look", 5_000))));
    let then = delegate(&mut scene, under(two, wish("quill", "forge", "look", 1_000)));
    assert_eq!(refused(&then), [&DelegationRefusal::Cycle]);
    let then = delegate(&mut scene, under(two, wish("quill", "helm", "look", 1_000)));
    assert_eq!(refused(&then), [&DelegationRefusal::Cycle]);
    // Another scope is another matter.
    granted(&delegate(&mut scene, under(two, wish("quill", "forge", "taste", 1_000))));
}

#[test]
fn nobody_hands_a_sub_task_to_itself() {
    let mut scene = at_work(None);
    let then = delegate(&mut scene, wish("forge", "forge", "look", 900));
    assert_eq!(refused(&then), [&DelegationRefusal::Cycle]);
}

#[test]
fn the_same_sub_task_is_handed_over_once() {
    let mut scene = at_work(None);
    granted(&delegate(&mut scene, wish("forge", "helm", "look", 900)));
    let then = delegate(&mut scene, wish("forge", "helm", "LOOK", 900));
    assert_eq!(refused(&then), [&DelegationRefusal::Repeated]);
}

#[test]
fn delegations_go_five_deep_and_no_deeper() {
    let mut scene = at_work(None);
    let slugs = ["forge", "helm", "quill", "forge", "helm", "quill", "forge"];
    let mut parent = None;
    for (depth, pair) in slugs.windows(2).enumerate() {
        let request = wish(
            pair[0],
            pair[1],
            &format!("part {depth}"),
            20_000 - 3_000 * u64::try_from(depth).unwrap(),
        );
        let then = delegate(&mut scene, DelegationRequest { parent, ..request });
        if depth == 5 {
            assert_eq!(refused(&then), [&DelegationRefusal::TooDeep { limit: 5 }]);
        } else {
            parent = Some(granted(&then));
        }
    }
}

#[test]
fn a_child_has_no_more_than_its_parent_left() {
    let mut scene = at_work(None);
    let parent = granted(&delegate(&mut scene, wish("forge", "helm", "look", 2_000)));
    let child = DelegationRequest { parent: Some(parent), ..wish("helm", "quill", "taste", 1_999) };
    let then = delegate(&mut scene, child);
    let [DelegationRefusal::Exhausted { needed, left: Some(left) }] = refused(&then)[..] else {
        panic!("{:?}", then.answer);
    };
    assert!(needed.tokens > *left, "{needed:?} {left}");
}

#[test]
fn only_who_works_on_a_delegation_hands_on_from_it() {
    let mut scene = at_work(None);
    let parent = granted(&delegate(&mut scene, wish("forge", "helm", "look", 5_000)));
    let foreign =
        DelegationRequest { parent: Some(parent), ..wish("forge", "quill", "taste", 900) };
    let then = delegate(&mut scene, foreign);
    assert_eq!(refused(&then), [&DelegationRefusal::ForeignParent]);
}

#[test]
fn handing_over_takes_the_verb_and_the_trust_for_it() {
    let mut scene = at_work(None);
    scene.command(allow("forge", "implementation", &[Verb::Propose], true));
    let then = delegate(&mut scene, wish("forge", "helm", "look", 900));
    assert!(matches!(
        refused(&then)[..],
        [DelegationRefusal::Blocked { verb: Verb::Delegate, .. }]
    ));
    // `mace` may only read implementations.
    let then = delegate(&mut scene, wish("helm", "mace", "look", 900));
    assert!(matches!(refused(&then)[..], [DelegationRefusal::Blocked { verb: Verb::Propose, .. }]));
}

#[test]
fn a_task_that_has_ended_has_nothing_to_hand_over() {
    let mut scene = at_work(None);
    all_answer(&mut scene, &[("forge", "a"), ("helm", "b"), ("quill", "c")]);
    let then = delegate(&mut scene, wish("forge", "helm", "look", 900));
    assert_eq!(refused(&then), [&DelegationRefusal::Ended]);
}

#[test]
fn the_verdict_waits_for_every_delegation() {
    let mut scene = at_work(None);
    let delegation = granted(&delegate(&mut scene, wish("forge", "helm", "look", 900)));
    let call = call_for(&scene, delegation);
    let contributions: Vec<Call> =
        scene.state().owed().calls.into_iter().filter(|one| one.delegation.is_none()).collect();
    for contribution in &contributions {
        let then = scene.answered(contribution, "fix", usage(1, 1));
        assert!(!then.types().contains(&"VerdictReached"));
    }
    let then = scene.answered(&call, "seen", usage(1, 1));
    assert!(then.types().contains(&"VerdictReached"));
}

#[test]
fn calling_off_is_one_event_and_what_was_sent_stays_charged() {
    let mut scene = at_work(None);
    let parent = granted(&delegate(&mut scene, wish("forge", "helm", "look", 5_000)));
    let child = DelegationRequest { parent: Some(parent), ..wish("helm", "quill", "taste", 900) };
    granted(&delegate(&mut scene, child));
    let reason = "never mind".to_owned();
    let cancel = Command::CancelDelegation { delegation: parent, reason };
    scene.command(cancel.clone()).leaves(&["DelegationCancelled"]);
    let then = scene.follow();
    let failed =
        found!(then, Event::Invocation(InvocationEvent::InvocationFailed(one)) => one.class);
    assert_eq!(failed, [FailureClass::Cancelled; 2]);
    let funds = funds(&then);
    assert_eq!(funds.len(), 2, "{funds:?}");
    for (settlement, charged, uncertain, overrun) in funds {
        assert_eq!((settlement, overrun), (Settlement::Confirmed, 0));
        assert!(charged > 0 && charged == uncertain, "what was sent may have been spent");
    }
    let refusal = scene.command(cancel).answer.unwrap_err();
    assert!(refusal.to_string().ends_with("or has ended"), "{refusal}");
}

#[test]
fn what_comes_late_of_a_delegation_that_ended_is_borne_by_its_task() {
    let mut scene = at_work(None);
    let delegation = granted(&delegate(&mut scene, wish("forge", "helm", "look", 900)));
    let call = call_for(&scene, delegation);
    let reason = "never mind".to_owned();
    scene.command(Command::CancelDelegation { delegation, reason });
    scene.follow();
    let then = scene.answered(&call, "late", usage(5_000, 5_000));
    let charged =
        found!(then, Event::Budget(BudgetEvent::OverrunCharged(one)) => (one.account, one.overrun));
    let task_account = convoke_events::AccountId::derive(&[&task("q").to_string()]);
    assert_eq!(charged.len(), 1, "{:?}", then.types());
    assert_eq!(charged[0].0, task_account);
    assert!(charged[0].1.tokens.get() > 9_000);
}

#[test]
fn a_second_outcome_of_a_delegated_call_leaves_nothing() {
    let mut scene = at_work(None);
    let delegation = granted(&delegate(&mut scene, wish("forge", "helm", "look", 900)));
    let call = call_for(&scene, delegation);
    scene.answered(&call, "seen", usage(1, 1));
    scene.answered(&call, "seen", usage(1, 1)).leaves(&[]);
}

#[test]
fn a_failed_call_fails_its_delegation_and_nothing_else() {
    let mut scene = at_work(None);
    let delegation = granted(&delegate(&mut scene, wish("forge", "helm", "look", 900)));
    let Call { invocation, attempt, .. } = call_for(&scene, delegation);
    let failure = ProviderFailure::new(FailureClass::Refused, "no");
    let (result, latency) = (Err(failure), Duration::ZERO);
    let mut then = scene.when(&Input::Outcome(Outcome { invocation, attempt, result, latency }));
    then.events.extend(scene.follow().events);
    assert!(then.types().contains(&"DelegationFailed"));
    assert!(ends(&then).is_empty());
}

#[test]
fn amounts_that_overflow_are_refused_and_not_wrapped() {
    let mut scene = at_work(Some(10_000));
    let then = delegate(&mut scene, wish("forge", "helm", "look", u64::MAX));
    assert!(matches!(refused(&then)[..], [DelegationRefusal::Exhausted { .. }]));
    let mut books = Books::default();
    then.events.iter().for_each(|draft| books.take(&draft.event));
}

#[test]
fn unknown_usage_under_a_delegation_stays_unknown_above_it() {
    let mut scene = at_work(None);
    let delegation = granted(&delegate(&mut scene, wish("forge", "helm", "look", 900)));
    let call = call_for(&scene, delegation);
    let then = scene.answered(&call, "seen", Usage::default());
    let [(Settlement::Confirmed, charged, uncertain, 0)] = funds(&then)[..] else {
        panic!("{:?}", funds(&then));
    };
    assert!(charged > 0 && charged == uncertain);
}

#[test]
fn a_parent_of_another_task_is_nobodys_parent_here() {
    let mut scene = at_work(None);
    let parent = granted(&delegate(&mut scene, wish("forge", "helm", "look", 5_000)));
    hand_in(&mut scene, question("other", task_rules()));
    let foreign = DelegationRequest {
        task: task("other"),
        parent: Some(parent),
        ..wish("helm", "quill", "taste", 900)
    };
    let then = delegate(&mut scene, foreign);
    assert_eq!(refused(&then), [&DelegationRefusal::ForeignParent]);
}

#[test]
fn who_is_deactivated_hands_nothing_over() {
    let mut scene = at_work(None);
    let reason = "it rests".to_owned();
    scene.command(Command::DeactivateAgent { slug: word("forge"), reason });
    let then = delegate(&mut scene, wish("forge", "helm", "look", 900));
    assert_eq!(refused(&then), [&DelegationRefusal::SenderInactive]);
}

#[test]
fn an_amount_beyond_all_numbers_is_refused_without_any_limit() {
    let mut scene = at_work(None);
    let then = delegate(&mut scene, wish("forge", "helm", "look", u64::MAX));
    assert!(
        matches!(refused(&then)[..], [DelegationRefusal::Exhausted { .. }]),
        "{:?}",
        then.answer
    );
}

#[test]
fn what_an_answer_overran_is_counted_before_what_it_hands_over() {
    // Of 5,000, what is handed over overruns until 500 are left: 900 more are not there.
    let mut scene = at_work(None);
    let parent = granted(&delegate(&mut scene, wish("forge", "helm", "look", 5_000)));
    let call = call_for(&scene, parent);
    let actions =
        serde_json::json!([{"delegate": {"to": "quill", "scope": "taste", "tokens": 900}}]);
    let mut outcome = super::actions::acting(&call, &actions, &[]);
    outcome.result.as_mut().unwrap().usage = usage(4_500, 0);
    let then = scene.when(&Input::Outcome(outcome));
    assert!(settled(&then)[0].overrun.tokens.get() > 100, "{:?}", settled(&then));
    assert!(
        matches!(refused(&then)[..], [DelegationRefusal::Exhausted { .. }]),
        "{:?}",
        then.types()
    );
}

#[test]
fn a_synthesiser_revised_meanwhile_is_not_sent_what_was_reckoned_for_another() {
    let mut scene = workshop();
    hand_in(&mut scene, question("q", task_rules()));
    let mut agent = member("forge", SETTINGS);
    agent.system_prompt = "You are another.".repeat(100);
    scene.command(Command::RegisterAgent(agent));
    let then = all_answer(&mut scene, &[("forge", "fix"), ("helm", "fix"), ("quill", "fix")]);
    assert!(started(&then).is_empty(), "{:?}", then.types());
    assert!(settled(&then).iter().any(|one| one.settlement == Settlement::Released));
    assert!(reason(&then, "TaskConcluded").contains("revised meanwhile"));
}
