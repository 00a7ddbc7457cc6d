//! Leases: taken, renewed, judged when they are used.

use std::time::Duration;

use convoke_events::{Event, LeaseEnd, LifecycleEvent, Phase, Tier};

use super::desk::*;
use crate::command::{Command, Packet};
use crate::hub::Input;
use crate::tests::cast::{task, word};

const HALF_AN_HOUR: Duration = Duration::from_mins(30);

#[test]
fn bootstrap_takes_a_lease_of_the_tiers_lifetime_and_the_lock() {
    let mut scene = told();
    let then =
        work(&mut scene, "alfa", enter(Phase::Bootstrap)).leaves(&["LeaseIssued", "PhaseEntered"]);
    let leases = found!(then, Event::Lifecycle(LifecycleEvent::LeaseIssued(one)) => (one.tier, one.expires, one.epoch));
    assert_eq!(leases, [(Tier::T2, scene.now().plus(HALF_AN_HOUR), 1)]);
}

#[test]
fn each_tier_has_its_lifetime() {
    for (tier, minutes) in [(Tier::T0, 60), (Tier::T1, 30), (Tier::T2, 30)] {
        let mut scene = told_with(Packet { tier: Some(tier), ..packet("alfa") });
        let then = work(&mut scene, "alfa", enter(Phase::Bootstrap));
        let expires =
            found!(then, Event::Lifecycle(LifecycleEvent::LeaseIssued(one)) => one.expires);
        assert_eq!(expires, [scene.now().plus(Duration::from_secs(minutes * 60))], "{tier}");
    }
    for tier in [Tier::T3, Tier::T4] {
        let mut scene = crew();
        let architect = crate::testkit::member("archie", SETTINGS);
        let architect = crate::command::AgentRegistration { tier: Tier::T4, ..architect };
        scene.command(Command::RegisterAgent(architect));
        let verbs = [convoke_events::Verb::Read, convoke_events::Verb::Propose];
        scene.command(crate::tests::cast::allow("archie", "implementation", &verbs, true));
        opened(&mut scene, "job");
        scene.command(Command::IssuePacket(Packet { tier: Some(tier), ..packet("archie") }));
        let then = work(&mut scene, "archie", enter(Phase::Bootstrap));
        let expires =
            found!(then, Event::Lifecycle(LifecycleEvent::LeaseIssued(one)) => one.expires);
        assert_eq!(expires, [scene.now().plus(Duration::from_mins(15))], "{tier}");
    }
}

/// Everything an agent can ask for on a task.
fn everything() -> Vec<crate::lifecycle::WorkAction> {
    let mut all: Vec<_> = Phase::ALL.iter().map(|phase| enter(*phase)).collect();
    all.extend([plan(), patch(), tests_run(), error("e"), permission("read"), report()]);
    all.push(crate::lifecycle::WorkAction::RenewLease {});
    all
}

#[test]
fn under_a_lease_that_is_another_agents_nothing_is_done() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Execute);
    for action in everything() {
        let then = work(&mut scene, "bravo", action.clone()).leaves(&["ActionRefused"]);
        assert!(refusal(&then).starts_with("bravo has no instruction packet"), "{action:?}");
    }
}

#[test]
fn under_a_lease_that_has_expired_nothing_is_done_but_to_begin_anew() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Execute);
    scene.wait(HALF_AN_HOUR);
    for action in everything().into_iter().filter(|one| *one != enter(Phase::Bootstrap)) {
        let then = work(&mut scene, "alfa", action.clone()).leaves(&["ActionRefused"]);
        assert!(refusal(&then).contains("expired at"), "{action:?}");
    }
    let decide = decided(convoke_events::PlanDecision::Approved);
    assert!(scene.command(decide).answer.is_err(), "nor is a plan decided on");
    let permission = word("sandbox");
    let reason = "as agreed".to_owned();
    let approve = Command::ApproveUse { task: task("job"), permission, reason };
    scene.command(approve).is_refused(&format!("nobody holds a lease on task {} now", task("job")));
    done(&mut scene, "alfa", vec![enter(Phase::Bootstrap)]);
}

#[test]
fn nothing_is_done_before_bootstrap() {
    let mut scene = told();
    let then = work(&mut scene, "alfa", tests_run()).leaves(&["ActionRefused"]);
    let words = format!("alfa holds no lease on task {}: it begins with BOOTSTRAP", task("job"));
    assert_eq!(refusal(&then), words);
}

#[test]
fn an_agent_without_a_packet_does_nothing() {
    let mut scene = told();
    let then = work(&mut scene, "bravo", enter(Phase::Bootstrap)).leaves(&["ActionRefused"]);
    assert_eq!(refusal(&then), format!("bravo has no instruction packet on task {}", task("job")));
}

#[test]
fn an_expired_lease_refuses_at_once() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Execute);
    let expires = scene.now().plus(HALF_AN_HOUR);
    scene.wait(HALF_AN_HOUR.saturating_sub(Duration::from_micros(1)));
    done(&mut scene, "alfa", vec![tests_run()]);
    scene.wait(Duration::from_micros(1));
    let then = work(&mut scene, "alfa", patch()).leaves(&["ActionRefused"]);
    assert!(refusal(&then).contains(&format!("expired at {expires}: BOOTSTRAP takes a new one")));
}

#[test]
fn a_renewed_lease_holds_for_its_tiers_time_from_then_on() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Execute);
    scene.wait(Duration::from_mins(29));
    done(&mut scene, "alfa", vec![crate::lifecycle::WorkAction::RenewLease {}]);
    scene.wait(HALF_AN_HOUR.saturating_sub(Duration::from_micros(1)));
    done(&mut scene, "alfa", vec![patch()]);
    scene.wait(Duration::from_micros(1));
    assert!(work(&mut scene, "alfa", patch()).answer.is_err());
}

#[test]
fn an_expired_lease_cannot_be_renewed() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Execute);
    scene.wait(HALF_AN_HOUR);
    let then = work(&mut scene, "alfa", crate::lifecycle::WorkAction::RenewLease {});
    then.leaves(&["ActionRefused"]);
}

#[test]
fn the_next_bootstrap_ends_an_expired_lease_as_a_run_that_did_not_comply() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Execute);
    scene.wait(HALF_AN_HOUR);
    let then = work(&mut scene, "alfa", enter(Phase::Bootstrap)).leaves(&[
        "LeaseEnded",
        "HandoffOpened",
        "LeaseIssued",
        "PhaseEntered",
    ]);
    assert_eq!(ended(&then), [(LeaseEnd::Expired, false)]);
}

#[test]
fn a_task_has_one_lock() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Preflight);
    let until = scene.now().plus(HALF_AN_HOUR);
    let words = format!("alfa holds the lock of task {} until {until}", task("job"));
    scene.command(Command::IssuePacket(packet("bravo"))).is_refused(&words);
    let then = work(&mut scene, "alfa", enter(Phase::Bootstrap)).leaves(&["ActionRefused"]);
    assert_eq!(refusal(&then), words);
}

#[test]
fn a_packet_for_the_next_agent_ends_the_expired_lease_of_the_one_before() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Execute);
    scene.wait(HALF_AN_HOUR);
    let then = scene.command(Command::IssuePacket(packet("bravo"))).leaves(&[
        "LeaseEnded",
        "HandoffOpened",
        "PacketIssued",
    ]);
    let continues =
        found!(then, Event::Lifecycle(LifecycleEvent::PacketIssued(one)) => one.continues);
    assert!(continues[0].is_some());
    let then = work(&mut scene, "alfa", patch()).leaves(&["ActionRefused"]);
    assert!(refusal(&then).contains("no instruction packet"));
}

#[test]
fn work_above_an_agents_tier_is_not_given_to_it() {
    let mut scene = crew();
    opened(&mut scene, "job");
    let high = Packet { tier: Some(Tier::T3), ..packet("alfa") };
    scene
        .command(Command::IssuePacket(high))
        .is_refused("alfa is of tier T2 on this kind of work, which takes T3");
}

#[test]
fn a_packet_needs_a_task_that_is_worked_on_in_sessions() {
    let mut scene = crew();
    let words =
        format!("task {} is not worked on by instruction packets, or has ended", task("job"));
    scene.command(Command::IssuePacket(packet("alfa"))).is_refused(&words);
}

#[test]
fn a_packet_needs_an_objective_and_a_budget_that_allows_something() {
    let mut scene = crew();
    opened(&mut scene, "job");
    let vague = Packet { objective: "  ".to_owned(), ..packet("alfa") };
    scene
        .command(Command::IssuePacket(vague))
        .is_refused("the instruction packet cannot be issued: its objective is empty");
    let budget = Some(convoke_events::ErrorBudget { errors: 0, repeats: 1, violations: 1 });
    let strict = Packet { budget, ..packet("alfa") };
    let why = "each number of its error budget is 1 or more";
    scene
        .command(Command::IssuePacket(strict))
        .is_refused(&format!("the instruction packet cannot be issued: {why}"));
}

#[test]
fn a_deactivated_agent_gets_no_packet_and_does_nothing() {
    let off = |slug: &str| Command::DeactivateAgent { slug: word(slug), reason: "r".to_owned() };
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Preflight);
    scene.command(off("alfa"));
    work(&mut scene, "alfa", tests_run()).leaves(&["ActionRefused"]);
    let mut scene = crew();
    opened(&mut scene, "job");
    scene.command(off("alfa"));
    scene.command(Command::IssuePacket(packet("alfa"))).is_refused("alfa is deactivated");
}

#[test]
fn a_task_under_a_lease_is_not_concluded_by_anybody_else() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Preflight);
    let outcome = convoke_events::TaskOutcome::Failed;
    let end = Command::ConcludeTask { task: task("job"), outcome, reason: "r".to_owned() };
    assert!(scene.command(end).answer.is_err());
}

#[test]
fn the_hub_ends_a_lease_when_its_time_is_over_and_hands_the_work_over() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Execute);
    let (at, lease) = scene.state().owed().expiry.unwrap();
    assert_eq!(at, scene.now().plus(HALF_AN_HOUR));
    scene.wait(HALF_AN_HOUR.saturating_sub(Duration::from_micros(1)));
    scene.when(&Input::LeaseExpires(lease)).leaves(&[]);
    scene.wait(Duration::from_micros(1));
    let then = scene.when(&Input::LeaseExpires(lease)).leaves(&["LeaseEnded", "HandoffOpened"]);
    assert_eq!(ended(&then), [(LeaseEnd::Expired, false)]);
    assert_eq!(scene.state().owed().expiry, None);
    scene.when(&Input::LeaseExpires(lease)).leaves(&[]);
    let then = scene.command(Command::IssuePacket(packet("bravo"))).leaves(&["PacketIssued"]);
    let continues =
        found!(then, Event::Lifecycle(LifecycleEvent::PacketIssued(one)) => one.continues);
    assert!(continues[0].is_some(), "the next agent takes up what was left");
}

#[test]
fn a_lease_is_due_when_it_was_last_renewed_to_and_never_once_it_has_ended() {
    let mut scene = told();
    up_to(&mut scene, "alfa", Phase::Execute);
    scene.wait(Duration::from_mins(29));
    done(&mut scene, "alfa", vec![crate::lifecycle::WorkAction::RenewLease {}]);
    let due = scene.state().owed().expiry.map(|(at, _)| at);
    assert_eq!(due, Some(scene.now().plus(HALF_AN_HOUR)));
    let reason = "enough".to_owned();
    scene.command(Command::RevokeAgent { slug: word("alfa"), reason });
    assert_eq!(scene.state().owed().expiry, None);
}

#[test]
fn an_agent_works_on_64_tasks_at_once_and_no_more() {
    let mut scene = crew();
    let begin = |scene: &mut crate::testkit::Scene, number: u32| {
        let request = format!("job-{number}");
        opened(scene, &request);
        let mine = Packet { task: task(&request), ..packet("alfa") };
        assert_eq!(scene.command(Command::IssuePacket(mine)).answer, Ok(()));
        work_on(scene, "alfa", &request, enter(Phase::Bootstrap))
    };
    for number in 1..=64 {
        assert_eq!(begin(&mut scene, number).answer, Ok(()), "task {number}");
    }
    let then = begin(&mut scene, 65).leaves(&["ActionRefused"]);
    assert_eq!(refusal(&then), "alfa works on 64 tasks, as many as an agent may at once");
    scene.wait(HALF_AN_HOUR);
    let (_, lease) = scene.state().owed().expiry.unwrap();
    scene.when(&Input::LeaseExpires(lease));
    assert_eq!(work_on(&mut scene, "alfa", "job-65", enter(Phase::Bootstrap)).answer, Ok(()));
}

#[test]
fn what_a_packet_names_is_bounded_in_number_and_in_size() {
    let mut scene = crew();
    opened(&mut scene, "job");
    let steps = |count: usize, size: usize| -> Vec<_> {
        (0..count).map(|number| word(&format!("{number:0size$}"))).collect()
    };
    let why = |why: &str| format!("the instruction packet cannot be issued: {why}");
    let many = Packet { steps: steps(65, 3), ..packet("alfa") };
    let words = why("it names 65 steps, more than the 64 allowed");
    scene.command(Command::IssuePacket(many)).is_refused(&words);
    // The packet names an artifact of 5 bytes and a permission of 13 beside its steps.
    let words = why(
        "its steps, artifacts and forbidden permissions take 4114 bytes, more than the 4096 allowed",
    );
    let large = Packet { steps: steps(64, 64), ..packet("alfa") };
    scene.command(Command::IssuePacket(large)).is_refused(&words);
    let largest = Packet { steps: steps(63, 64), ..packet("alfa") };
    assert_eq!(scene.command(Command::IssuePacket(largest)).answer, Ok(()));
}
