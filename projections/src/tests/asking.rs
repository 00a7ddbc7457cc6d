//! What a host asks of views: filters take what they say and nothing else, page by page, both ways.

use std::fmt::Debug;

use convoke_events::*;

use super::agreement::*;
use super::delegating::*;
use super::federation::*;
use super::history::*;
use crate::agents::AgentFilter;
use crate::boards::BoardFilter;
use crate::budgets::AccountFilter;
use crate::collectives::CollectiveFilter;
use crate::delegations::{DelegationFilter, DelegationStatus, RefusedFilter};
use crate::estimates::CallFilter;
use crate::governance::BlockedFilter;
use crate::lifecycle::{HandoffFilter, HandoffStanding};
use crate::proposals::{ProposalFilter, ProposalStatus};
use crate::routing::DecisionFilter;
use crate::tasks::TaskFilter;
use crate::*;

/// Holds what a view answers, whatever the limit and the order, to those of all that pass.
fn holds<'a, T: Debug + PartialEq + 'a>(
    page: impl Fn(Paging) -> Page<'a, T>,
    all: impl Iterator<Item = &'a T>,
    passes: impl Fn(&T) -> bool,
) -> usize {
    let oldest: Vec<&T> = all.filter(|one| passes(one)).collect();
    for order in [Order::Oldest, Order::Newest] {
        for limit in [1, 2, 50] {
            let mut paging = Paging { after: None, limit, order };
            let mut told = Vec::new();
            loop {
                let found = page(paging);
                told.extend(found.entries);
                let Some(next) = found.next else { break };
                paging.after = Some(next);
            }
            if order == Order::Newest {
                told.reverse();
            }
            assert_eq!(told, oldest, "{order:?}, {limit} a page");
        }
    }
    oldest.len()
}

/// A history in which every filter below finds something and leaves something out.
fn history() -> History {
    let mut history = opened();
    agreed(&mut history, "login");
    handed_over(&mut history, "search");
    submit(&mut history, "export");
    for (event, texts) in testkit::samples() {
        history.add(event, texts);
    }
    convene(&mut history, "open");
    agreed(&mut history, "typo");
    left_twice(&mut history);
    history
}

/// What was left of the samples' task is settled by its end, what was left of another is not.
fn left_twice(history: &mut History) {
    let left = testkit::samples().into_iter().find_map(|(event, _)| {
        let Event::Lifecycle(LifecycleEvent::HandoffOpened(facts)) = event else { return None };
        Some(facts)
    });
    let left = left.unwrap();
    let (outcome, because) = (TaskOutcome::Failed, Conclusion::Reported);
    history.add(TaskConcluded { task: left.task, outcome, because }, Texts::none());
    let handoff = HandoffId::derive(&["another"]);
    history.add(HandoffOpened { handoff, task: task("open"), ..left }, Texts::none());
}

fn middle(history: &History) -> Timestamp {
    let head = history.log.head().position;
    let middle = history.log.read(Query::all().from(Position::after(head / 2))).next();
    middle.unwrap().unwrap().envelope.decided_at
}

/// Asks a view by this filter and holds the answer to a predicate of the test's own.
macro_rules! asks {
    ($view:expr, $list:ident, $page:ident, $filter:expr, $passes:expr) => {{
        let (view, filter) = (&$view, $filter);
        let found = holds(|paging| view.$page(&filter, paging), view.$list(), $passes);
        assert!(found > 0, "{filter:?} finds nothing");
        assert!(found < view.$list().count(), "{filter:?} leaves nothing out");
    }};
    ($view:expr, $filter:expr, $passes:expr) => {
        asks!($view, iter, page, $filter, $passes)
    };
}

/// A filter of which one field is set.
macro_rules! only {
    ($filter:ident, $field:ident, $value:expr) => {
        $filter { $field: Some($value), ..$filter::default() }
    };
}

#[test]
fn tasks_proposals_and_collectives_are_asked_for_by_what_they_are() {
    let history = history();
    let since = middle(&history);
    let tasks = view::<Tasks>(&history);
    asks!(tasks, only!(TaskFilter, ended, true), |one| one.outcome.is_some());
    asks!(tasks, only!(TaskFilter, ended, false), |one| one.outcome.is_none());
    let proposed = TaskOutcome::Proposed;
    asks!(tasks, only!(TaskFilter, outcome, proposed), |one| one.outcome == Some(proposed));
    asks!(tasks, only!(TaskFilter, since, since), |one| one.submitted_at >= since);
    let source = |one: &tasks::Task| one.source.as_deref() == Some("nowhere");
    let filter = only!(TaskFilter, source, "nowhere".to_owned());
    assert_eq!(holds(|paging| tasks.page(&filter, paging), tasks.iter(), source), 0);

    let proposals = view::<Proposals>(&history);
    let accepted = ProposalStatus::Accepted;
    asks!(proposals, only!(ProposalFilter, status, accepted), |one| one.status == accepted);
    let task = proposals.iter().next().unwrap().task;
    asks!(proposals, only!(ProposalFilter, task, task), |one| one.task == task);
    asks!(proposals, only!(ProposalFilter, since, since), |one| one.made_at >= since);

    let collectives = view::<Collectives>(&history);
    let pending = ConsensusStatus::Pending;
    asks!(collectives, only!(CollectiveFilter, status, pending), |one| one.status == pending);
    let helm = agent("helm");
    let asked = |one: &collectives::Collective| one.participants.iter().any(|p| p.agent == helm);
    asks!(collectives, only!(CollectiveFilter, agent, helm), asked);
    asks!(collectives, only!(CollectiveFilter, since, since), |one| one.convened_at >= since);
}

#[test]
fn money_and_what_is_handed_over_are_asked_for_by_whose_they_are() {
    let history = history();
    let budgets = view::<Budgets>(&history);
    let parent = account("hub");
    asks!(budgets, only!(AccountFilter, parent, parent), |one| one.parent == Some(parent));
    let delegations = view::<Delegations>(&history);
    let completed = DelegationStatus::Completed;
    asks!(delegations, only!(DelegationFilter, status, completed), |one| one.status == completed);
    let of_task = task("search");
    asks!(delegations, only!(DelegationFilter, task, of_task), |one| one.task == of_task);
    let mace = agent("mace");
    let takes_part = |one: &delegations::Delegation| one.from.agent == mace || one.to.agent == mace;
    asks!(delegations, only!(DelegationFilter, agent, mace), takes_part);
    let refused = |paging| delegations.page_refused(&RefusedFilter::default(), paging);
    assert!(holds(refused, delegations.refused(), |_| true) > 0);
    let of_task = delegations.refused().next().unwrap().task;
    let filter = only!(RefusedFilter, task, of_task);
    let refused = |paging| delegations.page_refused(&filter, paging);
    assert!(holds(refused, delegations.refused(), |one| one.task == of_task) > 0);
    let calls = view::<Estimates>(&history);
    let filter = only!(CallFilter, agent, agent("scout"));
    asks!(calls, calls, page, filter, |one: &estimates::EstimatedCall| one.slug == "scout");
}

#[test]
fn agents_and_what_they_may_not_are_asked_for_by_what_is_known_of_them() {
    let history = history();
    let since = middle(&history);
    let agents = view::<Agents>(&history);
    asks!(agents, only!(AgentFilter, tier, Tier::T2), |one| one.tier == Tier::T2);
    let rules = ProviderName::Rules;
    asks!(agents, only!(AgentFilter, provider, rules.clone()), |one| one.provider == rules);
    let trust = TrustLevel::Elevated;
    asks!(agents, only!(AgentFilter, trust, trust), |one| one.trust == trust);
    let filter = only!(AgentFilter, active, false);
    assert_eq!(holds(|paging| agents.page(&filter, paging), agents.iter(), |one| !one.active), 0);

    let governance = view::<Governance>(&history);
    let blocked: Vec<_> = governance.blocked(&hub()).collect();
    let whose = blocked.first().unwrap().agent;
    let all = || blocked.iter().rev().copied();
    let asked = |filter: BlockedFilter, passes: &dyn Fn(&governance::Blocked) -> bool| {
        holds(|paging| governance.page(&filter, paging), all(), passes)
    };
    assert!(asked(only!(BlockedFilter, agent, whose), &|one| one.agent == whose) > 0);
    let later = asked(only!(BlockedFilter, since, since), &|one| one.at >= since);
    assert!((1..blocked.len()).contains(&later), "{later} of {}", blocked.len());
    assert_eq!(asked(only!(BlockedFilter, hub, word("other")), &|_| false), 0);
}

#[test]
fn decisions_boards_and_handoffs_are_asked_for_by_what_came_of_them() {
    let history = history();
    let since = middle(&history);
    let routing = view::<Routing>(&history);
    let decisions: Vec<_> = routing.newest_first().collect();
    let all = || decisions.iter().rev().copied();
    let asked = |filter: DecisionFilter, passes: &dyn Fn(&routing::Decision) -> bool| {
        holds(|paging| routing.page(&filter, paging), all(), passes)
    };
    let later = asked(only!(DecisionFilter, since, since), &|one| one.at >= since);
    assert!((1..decisions.len()).contains(&later), "{later} of {}", decisions.len());
    let work: TaskType = word("implementation");
    let filter = only!(DecisionFilter, task_type, work.clone());
    assert!(asked(filter, &|one| one.task_type == work) > 0);

    let boards = view::<Boards>(&history);
    let trigger = boards.iter().find_map(|board| board.help.first()).unwrap().trigger;
    let called = |one: &boards::Board| one.help.iter().any(|help| help.trigger == trigger);
    let filter = only!(BoardFilter, trigger, trigger);
    assert!(holds(|paging| boards.page(&filter, paging), boards.iter(), called) > 0);

    let lives = view::<Lifecycle>(&history);
    let every = HandoffFilter::default();
    let paging = Paging { limit: usize::MAX, order: Order::Oldest, ..Paging::default() };
    let left = lives.page(&every, paging).entries;
    let is_open = |one: &lifecycle::Handoff| one.standing == HandoffStanding::Open;
    for open in [true, false] {
        let filter = only!(HandoffFilter, open, open);
        let page = |paging| lives.page(&filter, paging);
        assert_eq!(holds(page, left.iter().copied(), |one| is_open(one) == open), 1, "{open}");
    }
}
