//! Who is asked is decided by the hub's policies and recorded before anything is sent.

use std::collections::BTreeMap;

use convoke_events::{
    CandidateStanding, Conclusion, DecisionId, Event, EventId, InvocationEvent, RoutingDecided,
    RoutingEvent, TaskOutcome, TaskType,
};

use super::cast::{
    agent, calls_of, ends, found, hand_in, only_call, question, reason, reserved, settled, triage,
    usage, word, workshop,
};
use super::crashes::{STORMY, run};
use crate::command::Command;
use crate::testkit::{Scene, Then, task_rules};

fn route(task_type: &str, slug: &str, priority: u32, active: bool) -> Command {
    let (task_type, agent) = (word::<TaskType>(task_type), word(slug));
    Command::SetRoutingPolicy { task_type, agent, priority, active }
}

fn deactivate(slug: &str) -> Command {
    Command::DeactivateAgent { slug: word(slug), reason: "it rests".to_owned() }
}

fn decisions(then: &Then) -> Vec<&RoutingDecided> {
    found!(then, Event::Routing(RoutingEvent::RoutingDecided(decided)) => decided)
}

fn standings(decided: &RoutingDecided) -> Vec<(u32, CandidateStanding)> {
    decided.candidates.iter().map(|one| (one.priority, one.standing)).collect()
}

/// The small federation, where `helm` and `quill` may triage too.
fn crowd() -> Scene {
    let mut scene = workshop();
    for (slug, priority) in [("quill", 3), ("helm", 2)] {
        scene.command(route("triage", slug, priority, true));
        let read = [convoke_events::Verb::Read];
        scene.command(super::cast::allow(slug, "request", &read, true));
    }
    scene
}

#[test]
fn the_active_policy_of_the_highest_priority_says_who_is_asked() {
    let mut scene = crowd();
    let then = hand_in(&mut scene, triage("a"));
    assert_eq!(decisions(&then)[0].selected, [agent("scout")]);
    let eligible = CandidateStanding::Eligible;
    assert_eq!(standings(decisions(&then)[0]), [(1, eligible), (2, eligible), (3, eligible)]);
    assert_eq!(only_call(&scene).agent, agent("scout"));
}

#[test]
fn a_policy_that_is_switched_off_is_passed_over() {
    let mut scene = crowd();
    scene.command(route("triage", "scout", 1, false)).leaves(&["RoutingPolicySet"]);
    let then = hand_in(&mut scene, triage("a"));
    assert_eq!(decisions(&then)[0].selected, [agent("helm")]);
    assert_eq!(standings(decisions(&then)[0])[0], (1, CandidateStanding::PolicyInactive));
    assert_eq!(decisions(&then)[0].candidates[0].policy.map(|policy| policy.version), Some(2));
}

#[test]
fn a_deactivated_agent_is_passed_over_and_recorded_with_the_reason() {
    let mut scene = crowd();
    scene.command(deactivate("scout"));
    let then = hand_in(&mut scene, triage("a"));
    assert_eq!(decisions(&then)[0].selected, [agent("helm")]);
    assert_eq!(standings(decisions(&then)[0])[0], (1, CandidateStanding::AgentInactive));
    assert_eq!(
        reason(&then, "RoutingDecided"),
        "routed to `triage` in this order of priority: helm; passed over: scout (agent_inactive)"
    );
}

#[test]
fn an_agent_that_is_active_again_is_asked_again() {
    let mut scene = crowd();
    scene.command(deactivate("scout"));
    let slug = word("scout");
    scene.command(Command::ReactivateAgent { slug, reason: "it is rested".to_owned() });
    let then = hand_in(&mut scene, triage("a"));
    assert_eq!(decisions(&then)[0].selected, [agent("scout")]);
}

#[test]
fn where_nobody_is_routed_the_request_is_refused_by_hub_and_task_type() {
    let mut scene = workshop();
    scene.command(deactivate("scout"));
    let then = hand_in(&mut scene, triage("a"));
    assert_eq!(decisions(&then)[0].selected, []);
    assert_eq!(ends(&then), [(TaskOutcome::Refused, Conclusion::NoRoute)]);
    assert_eq!(
        reason(&then, "TaskConcluded"),
        "no agent of hub `workshop` is routed to task type `triage`"
    );
    assert_eq!(reserved(&then).len(), 0);
}

#[test]
fn a_collective_that_nobody_is_routed_to_is_refused_too() {
    let mut scene = workshop();
    for slug in ["forge", "mace", "helm", "quill"] {
        scene.command(deactivate(slug));
    }
    let then = hand_in(&mut scene, question("a", task_rules()));
    assert_eq!(ends(&then), [(TaskOutcome::Refused, Conclusion::NoRoute)]);
    assert!(reason(&then, "TaskConcluded").ends_with("routed to task type `implementation`"));
}

#[test]
fn an_agent_that_two_policies_name_is_asked_and_paid_once() {
    let mut scene = workshop();
    scene.command(route("implementation", "forge", 5, true)).leaves(&["RoutingPolicySet"]);
    let then = hand_in(&mut scene, question("a", task_rules()));
    let experts = ["forge", "mace", "helm", "quill"].map(agent);
    assert_eq!(decisions(&then)[0].selected, experts);
    assert_eq!(reserved(&then).len(), 4, "a synthesis and three contributions");
    let forge = calls_of(&scene, &["forge"]).remove(0);
    assert_eq!(settled(&scene.answered(&forge, "fix", usage(1, 1))).len(), 1);
}

#[test]
fn priorities_are_counted_from_1() {
    let then = workshop().command(route("triage", "scout", 0, true));
    then.is_refused("priority 0 is none: priorities are counted from 1, the highest");
}

#[test]
fn a_policy_for_an_unknown_task_type_or_agent_is_refused_with_what_is_known() {
    let then = workshop().command(route("cooking", "scout", 1, true));
    then.is_refused(
        "task type `cooking` is unknown; known are implementation, policy_check, \
         requirement_draft, synthesis, triage",
    );
    let then = workshop().command(route("triage", "ghost", 1, true));
    then.is_refused("no agent `ghost` is registered in hub `workshop`");
}

#[test]
fn the_same_policy_again_leaves_nothing_and_another_agent_is_its_next_version() {
    let mut scene = workshop();
    scene.command(route("triage", "scout", 1, true)).leaves(&[]);
    let then = scene.command(route("triage", "helm", 1, true)).leaves(&["RoutingPolicySet"]);
    let versions =
        found!(then, Event::Routing(RoutingEvent::RoutingPolicySet(set)) => set.policy.version);
    assert_eq!(versions, [2]);
}

#[test]
fn every_call_of_any_run_names_a_recorded_decision_that_selected_its_agent() {
    for seed in 0..20 {
        let mut decided: BTreeMap<DecisionId, RoutingDecided> = BTreeMap::new();
        let mut newest: Option<EventId> = None;
        let mut calls = 0;
        for recorded in run(seed, STORMY).events {
            let event = recorded.event;
            let sets_route = matches!(event, Event::Routing(RoutingEvent::RoutingPolicySet(_)));
            if sets_route || matches!(event, Event::Registry(_)) {
                newest = Some(recorded.envelope.id);
            } else if let Event::Routing(RoutingEvent::RoutingDecided(one)) = event {
                assert_eq!(one.rests_on, newest, "seed {seed}: it rests on the newest");
                assert!(decided.insert(one.decision, one).is_none(), "seed {seed}: twice");
            } else if let Event::Invocation(InvocationEvent::InvocationStarted(one)) = event {
                let decision = decided.get(&one.decision).expect("a decision before the call");
                assert!(decision.selected.contains(&one.agent), "seed {seed}: {one:?}");
                assert_eq!((decision.task, decision.purpose), (one.task, one.purpose));
                let mut candidates = decision.candidates.iter();
                let candidate = candidates.find(|it| it.agent == one.agent);
                assert_eq!(candidate.map(|it| it.agent_version), Some(one.agent_version));
                calls += 1;
            }
        }
        assert!(calls > 10, "seed {seed}: only {calls} calls");
    }
}
