//! Tiers: up by runs that surely keep the rules, down by failures that cannot be borne.

use convoke_events::{Event, LifecycleEvent, LifecycleRules, Phase, Tier, TierEvidence};

use super::desk::*;
use crate::command::{Command, Packet};
use crate::testkit::{Scene, Then};
use crate::tests::cast::{task, word};

/// One run of alfa at this tier, good or bad; a person reinstates it after a bad one.
fn run(scene: &mut Scene, number: u32, tier: Tier, good: bool) -> Then {
    let request = format!("run-{number}");
    opened(scene, &request);
    let small = Packet {
        task: task(&request),
        tier: Some(tier),
        steps: Vec::new(),
        artifacts: Vec::new(),
        ..packet("alfa")
    };
    let then = scene.command(Command::IssuePacket(small));
    assert_eq!(then.answer, Ok(()), "run {number}");
    let mut on = |action| work_on(scene, "alfa", &request, action);
    on(enter(Phase::Bootstrap));
    if !good {
        let then = on(enter(Phase::Exit));
        let again = Command::ReinstateAgent { slug: word("alfa"), reason: "r".to_owned() };
        scene.command(again);
        return then;
    }
    on(enter(Phase::Preflight));
    on(enter(Phase::Plan));
    on(plan());
    for phase in [Phase::Execute, Phase::Verify, Phase::Package, Phase::Report] {
        on(enter(phase));
    }
    on(report());
    let then = on(enter(Phase::Exit));
    assert_eq!(then.answer, Ok(()), "run {number}");
    then
}

/// A hub that asks nobody about plans, with alfa registered at this tier.
fn at(tier: Tier) -> Scene {
    let mut scene = Scene::given(crate::testkit::hub(), crate::testkit::orders());
    let rules = LifecycleRules { plans_need_a_person: false, ..LifecycleRules::default() };
    scene.command(Command::SetLifecycleRules(rules));
    scene.command(Command::RegisterAgent(alfa(tier, "b")));
    let verbs = [convoke_events::Verb::Read, convoke_events::Verb::Propose];
    scene.command(crate::tests::cast::allow("alfa", "implementation", &verbs, true));
    scene
}

/// alfa, recommending this whatever it is asked.
fn alfa(tier: Tier, recommend: &str) -> crate::command::AgentRegistration {
    let otherwise = serde_json::json!({"recommend": recommend, "confidence": 1, "reason": "r"});
    let rule = serde_json::json!({"any": ["x"], "recommend": "a", "confidence": 1, "reason": "r"});
    let settings = serde_json::json!({"rules": [rule], "otherwise": otherwise}).to_string();
    crate::command::AgentRegistration { tier, ..crate::testkit::member("alfa", &settings) }
}

fn moves(then: &Then) -> Vec<(Tier, Tier)> {
    found!(then, Event::Lifecycle(LifecycleEvent::TierChanged(one)) => (one.from, one.to))
}

fn due(then: &Then) -> Vec<Tier> {
    found!(then, Event::Lifecycle(LifecycleEvent::PromotionDue(one)) => one.to)
}

#[test]
fn runs_that_keep_every_rule_take_an_agent_up_at_the_first_look_that_is_sure() {
    let mut scene = at(Tier::T0);
    for number in 1..60 {
        assert!(moves(&run(&mut scene, number, Tier::T0, true)).is_empty(), "run {number}");
    }
    let then = run(&mut scene, 60, Tier::T0, true);
    // Wilson's lower bound of 30 of 30 at z = 2.33 is .847, of 60 of 60 .917; of 120 of 120 .957.
    assert!(moves(&then).is_empty());
    for number in 61..120 {
        assert!(moves(&run(&mut scene, number, Tier::T0, true)).is_empty(), "run {number}");
    }
    let then = run(&mut scene, 120, Tier::T0, true);
    assert_eq!(moves(&then), [(Tier::T0, Tier::T1)]);
    let evidence =
        found!(then, Event::Lifecycle(LifecycleEvent::TierChanged(one)) => one.evidence.clone());
    let [TierEvidence::Conduct { runs: 120, compliant: 120, gate: 920_000, bound }] = evidence[..]
    else {
        panic!("{evidence:?}");
    };
    assert!(bound > 920_000);
}

#[test]
fn a_burst_of_easy_work_takes_nobody_up() {
    let mut scene = at(Tier::T1);
    for number in 1..=120 {
        let then = run(&mut scene, number, Tier::T0, true);
        assert!(moves(&then).is_empty() && due(&then).is_empty(), "run {number}");
    }
}

#[test]
fn to_the_third_tier_a_person_gives_the_last_word() {
    let mut scene = at(Tier::T2);
    let words = "alfa cannot go from T2 to T3: its runs at this tier have not earned it";
    scene.command(promote("alfa")).is_refused(words);
    for number in 1..120 {
        run(&mut scene, number, Tier::T2, true);
    }
    let then = run(&mut scene, 120, Tier::T2, true);
    assert_eq!((due(&then), moves(&then)), (vec![Tier::T3], Vec::new()));
    let then = scene.command(promote("alfa")).leaves(&["TierChanged"]);
    assert_eq!(moves(&then), [(Tier::T2, Tier::T3)]);
    scene
        .command(promote("alfa"))
        .is_refused("alfa cannot go from T3 to T4: its runs at this tier have not earned it");
}

#[test]
fn failures_that_cannot_be_borne_take_an_agent_down_at_once() {
    let mut scene = at(Tier::T1);
    let mut moved = Vec::new();
    let mut runs = 0;
    while moved.is_empty() {
        runs += 1;
        assert!(runs <= 10, "it is caught");
        moved = moves(&run(&mut scene, runs, Tier::T1, false));
    }
    // Every failure adds ln 4; 5.2 / 1.386 is 3.75.
    assert_eq!((runs, &moved[..]), (4, &[(Tier::T1, Tier::T0)][..]));
}

#[test]
fn an_agent_at_the_lowest_tier_stays_there() {
    let mut scene = at(Tier::T0);
    for number in 1..=6 {
        assert!(moves(&run(&mut scene, number, Tier::T0, false)).is_empty());
    }
}

#[test]
fn a_new_model_takes_what_spoke_for_an_agent_and_leaves_what_speaks_against_it() {
    let mut scene = at(Tier::T1);
    for number in 1..=3 {
        run(&mut scene, number, Tier::T1, false);
    }
    scene.command(Command::RegisterAgent(alfa(Tier::T4, "c"))).leaves(&["AgentRevised"]);
    let then = run(&mut scene, 4, Tier::T1, false);
    assert_eq!(moves(&then), [(Tier::T1, Tier::T0)], "and no registration gives it a tier");
}

#[test]
fn rules_that_contradict_themselves_are_refused() {
    let mut scene = crew();
    let mut rules = LifecycleRules::default();
    rules.tiers.pop();
    scene.command(Command::SetLifecycleRules(rules)).is_refused(
        "the lifecycle rules cannot hold: every tier from T0 to T4 is named once, in order",
    );
    let rules = LifecycleRules { gate: 1_000_000, ..LifecycleRules::default() };
    scene
        .command(Command::SetLifecycleRules(rules))
        .is_refused("the lifecycle rules cannot hold: the gate lies between 0 and 1");
}

#[test]
fn an_idle_agent_keeps_its_tier_and_what_speaks_for_it() {
    let years = std::time::Duration::from_hours(10 * 365 * 24);
    let mut scene = at(Tier::T0);
    for number in 1..=60 {
        run(&mut scene, number, Tier::T0, true);
    }
    scene.wait(years);
    assert_eq!(scene.state().owed(), crate::hub::Owed::default());
    for number in 61..120 {
        assert!(moves(&run(&mut scene, number, Tier::T0, true)).is_empty(), "run {number}");
    }
    assert_eq!(moves(&run(&mut scene, 120, Tier::T0, true)), [(Tier::T0, Tier::T1)]);
    scene.wait(years);
    assert!(moves(&run(&mut scene, 121, Tier::T1, true)).is_empty(), "it works at its tier");
}

/// Gives alfa a packet of this tier on a task of its own, and has it begin.
fn begins(scene: &mut Scene, request: &str, tier: Tier) {
    opened(scene, request);
    let begun = Packet { task: task(request), tier: Some(tier), ..packet("alfa") };
    assert_eq!(scene.command(Command::IssuePacket(begun)).answer, Ok(()));
    let then = work_on(scene, "alfa", request, enter(Phase::Bootstrap));
    assert_eq!(then.answer, Ok(()));
}

#[test]
fn two_runs_that_end_at_once_count_both() {
    let mut scene = at(Tier::T1);
    run(&mut scene, 1, Tier::T1, false);
    run(&mut scene, 2, Tier::T1, false);
    begins(&mut scene, "one", Tier::T1);
    begins(&mut scene, "other", Tier::T1);
    let (slug, reason) = (word("alfa"), "enough".to_owned());
    let then = scene.command(Command::RevokeAgent { slug, reason });
    assert_eq!(ended(&then).len(), 2);
    // One failure more is the third, of which nobody goes down; the fourth convicts.
    assert_eq!(moves(&then), [(Tier::T1, Tier::T0)]);
}

#[test]
fn what_an_expired_run_does_to_a_tier_holds_for_the_packet_that_ends_it() {
    let mut scene = at(Tier::T1);
    for number in 1..=3 {
        run(&mut scene, number, Tier::T1, false);
    }
    begins(&mut scene, "job", Tier::T1);
    scene.wait(std::time::Duration::from_mins(30));
    let again = Packet { tier: Some(Tier::T1), ..packet("alfa") };
    scene
        .command(Command::IssuePacket(again))
        .is_refused("alfa is of tier T0 on this kind of work, which takes T1");
    let then = scene.command(Command::IssuePacket(packet("alfa")));
    assert_eq!((then.answer.clone(), moves(&then)), (Ok(()), vec![(Tier::T1, Tier::T0)]));
}

fn promote(slug: &str) -> Command {
    let (slug, task_type) = (word(slug), word("implementation"));
    Command::PromoteAgent { slug, task_type, reason: "well done".to_owned() }
}

#[test]
fn what_waits_for_a_person_is_due_once_and_not_given_to_a_revoked_agent() {
    let mut scene = at(Tier::T2);
    let mut told = Vec::new();
    for number in 1..=240 {
        told.extend(due(&run(&mut scene, number, Tier::T2, true)).iter().map(|to| (number, *to)));
    }
    assert_eq!(told, [(120, Tier::T3)], "the look at 240 says nothing new");
    let (slug, reason) = (word::<convoke_events::Slug>("alfa"), "why".to_owned());
    scene.command(Command::RevokeAgent { slug: slug.clone(), reason: reason.clone() });
    scene.command(promote("alfa")).is_refused("alfa was revoked, and only a person reinstates it");
    scene.command(Command::ReinstateAgent { slug, reason });
    assert_eq!(moves(&scene.command(promote("alfa"))), [(Tier::T2, Tier::T3)]);
}

#[test]
fn above_the_highest_tier_there_is_nothing_to_give() {
    at(Tier::T4)
        .command(promote("alfa"))
        .is_refused("alfa cannot go from T4 to T4: there is no tier above");
}
