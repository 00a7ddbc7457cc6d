//! Who was asked under which policies, and who was denied.

use convoke_events::*;

use super::agreement::*;
use super::federation::*;
use super::history::*;
use crate::*;

#[test]
fn decisions_come_newest_first_and_count_for_everyone_they_considered() {
    let mut history = opened();
    agreed(&mut history, "login");
    agreed(&mut history, "search");
    let routing = view::<Routing>(&history);
    let in_force: Vec<_> = routing
        .in_force(&hub(), &word("implementation"))
        .iter()
        .map(|one| (one.priority, one.slug.as_str()))
        .collect();
    assert_eq!(in_force, [(1, "forge"), (2, "mace"), (3, "helm")]);
    let newest = routing.of_agent(agent("helm"), 1);
    assert_eq!(newest.iter().map(|one| one.task).collect::<Vec<_>>(), [task("search")]);
    assert_eq!(routing.of_task(task("login"), 10).len(), 2);
    let records = routing.records(&hub());
    let of = |slug: &str| {
        let record = &records[&agent(slug)];
        (record.considered, record.won, record.win_rate())
    };
    assert_eq!(of("forge"), (2, 2, Some(1.0)));
    assert_eq!(of("helm"), (2, 0, Some(0.0)));
}

#[test]
fn a_routing_policy_switched_off_is_no_longer_in_force() {
    let mut history = opened();
    let policy = PolicyRef { version: 2, ..policy("route forge") };
    let task_type = word("implementation");
    let (agent, priority) = (agent("forge"), 1);
    let off = RoutingPolicySet { policy, task_type, agent, priority, active: false };
    history.add(off, Texts::none());
    let routing = view::<Routing>(&history);
    assert_eq!(routing.in_force(&hub(), &word("implementation")).len(), 2);
    assert_eq!(routing.policies(&hub())[0].policy.version, 2);
}

#[test]
fn denied_attempts_count_for_seven_days() {
    let mut history = opened();
    convene(&mut history, "login");
    history.pass(6);
    convene(&mut history, "search");
    let governance = view::<Governance>(&history);
    assert_eq!(governance.default_of(&hub()), GovernanceDefault::Deny);
    assert_eq!(governance.in_force(&hub()).len(), 4);
    let now = governance.blocked_counts(&hub(), history.now());
    assert_eq!((now.total, now.by_agent[&agent("helm")]), (2, 2));
    history.pass(2);
    let later = governance.blocked_counts(&hub(), history.now());
    assert_eq!((later.total, later.by_artifact[&word::<ArtifactType>("implementation")]), (1, 1));
    let hub = hub();
    let newest = governance.blocked(&hub).next().unwrap();
    assert_eq!((newest.slug.as_str(), newest.task), ("helm", task("search")));
}

#[test]
fn a_denied_attempt_counts_up_to_its_seventh_day_and_not_a_moment_longer() {
    let mut history = opened();
    convene(&mut history, "login");
    let governance = view::<Governance>(&history);
    let hub = hub();
    let at = governance.blocked(&hub).next().unwrap().at;
    let week = std::time::Duration::from_hours(7 * 24);
    let moment = std::time::Duration::from_micros(1);
    let total = |span| governance.blocked_counts(&hub, at.plus(span)).total;
    assert_eq!((total(week.saturating_sub(moment)), total(week)), (1, 0));
}

#[test]
fn a_delegation_that_governance_denied_counts_as_a_denied_attempt() {
    let mut history = opened();
    convene(&mut history, "login");
    let refusals = [
        DelegationRefusal::Cycle,
        DelegationRefusal::Blocked {
            agent: agent("mace"),
            verb: Verb::Delegate,
            because: BlockReason::VerbNotAllowed(policy("propose mace")),
        },
    ];
    for because in refusals {
        let (task, from, to) = (task("login"), agent("mace"), Some(agent("helm")));
        let refused = DelegationRefused { task, parent: None, from, to, because, wish: None };
        history.on("login", refused, Texts::none().with(TextName::REASON, "mace may not"));
    }
    let governance = view::<Governance>(&history);
    let now = governance.blocked_counts(&hub(), history.now());
    assert_eq!((now.total, now.by_agent[&agent("mace")]), (2, 1), "helm's, and mace's");
    let hub = hub();
    let newest = governance.blocked(&hub).next().unwrap();
    assert_eq!((newest.purpose, newest.verb), (Purpose::Delegation, Verb::Delegate));
    assert_eq!((newest.slug.as_str(), newest.agent_version), ("mace", 1));
    assert_eq!(newest.artifact, word("implementation"));
}
