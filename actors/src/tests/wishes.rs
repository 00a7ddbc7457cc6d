//! What contributions ask to hand over is decided once all of them have ended, in the order of the
//! participants: who answered first has no say in it.

use std::collections::BTreeSet;

use convoke_events::testkit::NOON;
use convoke_events::{
    AgentId, CollectiveEvent, DelegationEvent, DelegationRefusal, Event, Limits, Purpose,
    TrustLevel, Verb,
};

use super::actions::acting;
use super::cast::*;
use super::delegations::{SETTINGS, guild};
use super::stage::Stage;
use crate::authority::LocalOwner;
use crate::command::{AgentRegistration, Command, TaskSubmission};
use crate::hub::Input;
use crate::testkit::{Scene, Then, member, said, task_rules};

const CREW: [&str; 3] = ["forge", "helm", "quill"];

/// What an answer asks for: that scout looks at it, for so many tokens.
fn wish(scope: &str) -> serde_json::Value {
    serde_json::json!([{"delegate": {"to": "scout", "scope": scope, "tokens": 1_000}}])
}

/// A guild asked `q` under these limits, in which scout may be handed things.
fn asked(limits: Limits) -> Scene {
    let mut scene = guild();
    scene.command(allow("scout", "implementation", &[Verb::Propose], true));
    hand_in(&mut scene, TaskSubmission { limits, ..question("q", task_rules()) });
    scene
}

/// The contribution of one of the crew, which asks for a look of its own.
fn contributes(scene: &mut Scene, slug: &str) -> Then {
    let call = calls_of(scene, &[slug]).remove(0);
    let outcome = acting(&call, &wish(&format!("what {slug} wants")), &[]);
    let mut then = scene.when(&Input::Outcome(outcome));
    then.events.extend(scene.follow().events);
    then
}

fn granted(then: &Then) -> Vec<AgentId> {
    found!(then, Event::Delegation(DelegationEvent::DelegationRequested(one)) => one.from)
}

fn refused(then: &Then) -> Vec<(AgentId, &DelegationRefusal)> {
    found!(then, Event::Delegation(DelegationEvent::DelegationRefused(one)) => (one.from, &one.because))
}

fn verdicts(then: &Then) -> usize {
    found!(then, Event::Collective(CollectiveEvent::VerdictReached(one)) => one).len()
}

#[test]
fn what_contributions_ask_for_is_decided_once_all_have_ended_in_the_participants_order() {
    let mut scene = asked(Limits::default());
    for slug in ["quill", "helm"] {
        let then = contributes(&mut scene, slug);
        let expected =
            ["InvocationAnswered", "Settled", "ContributionRecorded", "DelegationWished"];
        assert_eq!(then.types(), expected, "{slug}");
    }
    let then = contributes(&mut scene, "forge");
    assert_eq!(granted(&then), CREW.map(agent));
    assert_eq!(verdicts(&then), 0, "the verdict waits for what was handed over");
    let calls = scene.state().owed().calls;
    assert_eq!(calls.len(), 3);
    let mut last = None;
    for call in &calls {
        last = Some(scene.answered(call, "seen", usage(1, 1)));
    }
    assert_eq!(verdicts(&last.unwrap()), 1);
}

#[test]
fn under_a_tight_limit_the_same_are_granted_in_whatever_order_the_answers_come() {
    let whole = |scene: &Scene| scene.state().counted(task_account(scene)).unwrap();
    let aside = whole(&asked(Limits::default())).tokens;
    // Room for one of three once the contributions have ended, whatever was set aside for them.
    let limits =
        Limits { tokens: Some(aside.plus(convoke_events::Tokens::new(900))), ..Limits::default() };
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut seen: BTreeSet<(Vec<AgentId>, Vec<AgentId>, u64)> = BTreeSet::new();
    for order in orders {
        let mut scene = asked(limits);
        let mut last = None;
        for which in order {
            last = Some(contributes(&mut scene, CREW[which]));
        }
        let then = last.unwrap();
        let refused = refused(&then);
        assert!(
            refused.iter().all(|(_, why)| matches!(why, DelegationRefusal::Exhausted { .. })),
            "{refused:?}"
        );
        let refused = refused.into_iter().map(|(from, _)| from).collect();
        seen.insert((granted(&then), refused, whole(&scene).tokens.get()));
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    let (granted, refused, _) = seen.first().unwrap();
    assert_eq!(granted[..], [agent("forge")]);
    assert_eq!(refused[..], [agent("helm"), agent("quill")]);
}

/// The account of the one task of a scene.
fn task_account(scene: &Scene) -> convoke_events::AccountId {
    scene.state().tasks.get(task("q")).unwrap().account
}

#[test]
fn a_participant_that_fails_or_is_not_waited_for_holds_up_nothing() {
    let mut scene = asked(Limits::default());
    contributes(&mut scene, "quill");
    let calls = calls_of(&scene, &["forge", "helm"]);
    let failure =
        crate::provider::ProviderFailure::new(convoke_events::FailureClass::Auth, "no key");
    super::failures::fails(&mut scene, &calls[0], failure);
    let then = contributes(&mut scene, "helm");
    assert_eq!(granted(&then), ["helm", "quill"].map(agent));
}

#[test]
fn what_asks_twice_is_granted_once_and_what_governance_denies_is_refused_on_record() {
    let mut scene = asked(Limits::default());
    scene.command(allow("helm", "implementation", &[Verb::Propose], true));
    let call = calls_of(&scene, &["forge"]).remove(0);
    let one = serde_json::json!({"delegate": {"to": "scout", "scope": "look", "tokens": 1_000}});
    let outcome = acting(&call, &serde_json::json!([one, one]), &[]);
    let then = scene.when(&Input::Outcome(outcome));
    assert_eq!(then.types().iter().filter(|one| **one == "DelegationWished").count(), 2);
    contributes(&mut scene, "helm");
    let then = all_answer(&mut scene, &[("quill", "fix")]);
    assert_eq!(granted(&then), [agent("forge")]);
    let refused = refused(&then);
    assert!(
        matches!(
            refused[..],
            [(_, DelegationRefusal::Repeated), (_, DelegationRefusal::Blocked { .. })]
        ),
        "{refused:?}"
    );
}

#[test]
fn who_is_handed_something_is_told_it_in_the_words_of_who_asked() {
    let mut stage = Stage::workshop(LocalOwner);
    let forge = AgentRegistration { trust: TrustLevel::Elevated, ..member("forge", SETTINGS) };
    stage.done(Command::RegisterAgent(forge));
    let verbs = [Verb::Propose, Verb::Delegate];
    stage.done(allow("forge", "implementation", &verbs, true));
    stage.done(allow("scout", "implementation", &[Verb::Propose], true));
    let mut sent = stage.done(Command::SubmitTask(question("q", task_rules()))).calls;
    let mut handed = Vec::new();
    while let Some(call) = sent.pop() {
        let wishes = if call.agent == agent("forge") {
            wish("Look, & closely!")
        } else {
            serde_json::json!([])
        };
        handed.extend(stage.returns(acting(&call, &wishes, &[]), NOON).calls);
    }
    let call = handed.iter().find(|call| call.purpose == Purpose::Delegation).unwrap();
    let request = stage.request(call);
    let said = said(&request);
    assert!(said.contains(&"Look, & closely!"), "{said:?}");
}
