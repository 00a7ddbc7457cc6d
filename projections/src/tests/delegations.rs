//! Who handed what to whom, what it may spend, and that the accounts above agree with it.

use convoke_events::testkit::NOON;
use convoke_events::*;

use super::agreement::*;
use super::delegating::*;
use super::federation::*;
use super::history::*;
use crate::audit::{Subject, story};
use crate::budgets::Totals;
use crate::delegations::DelegationStatus;
use crate::*;

fn totals(history: &History, name: &str) -> [Amount; 4] {
    let Totals { reserved, settled, unknown, overrun } =
        view::<Budgets>(history).get(account(name)).unwrap().totals;
    [reserved, settled, unknown, overrun]
}

fn amounts(amounts: [u64; 4]) -> [Amount; 4] {
    amounts.map(tokens)
}

#[test]
fn what_pays_for_a_delegation_counts_above_it_until_it_ends_and_then_what_it_spent() {
    let mut history = opened();
    convene(&mut history, "login");
    start(&mut history, "login", Purpose::Contribution, "mace");
    answer(&mut history, "login", Purpose::Contribution, "mace", "fix");
    // Triage and contribution.
    assert_eq!(totals(&history, "login"), amounts([0, 600, 0, 0]));
    hand_over(&mut history, "login", &OUTER);
    hand_over(&mut history, "login", &INNER);
    for above in ["hub", "login"] {
        assert_eq!(totals(&history, above), amounts([1_000, 600, 0, 0]), "{above}");
    }
    assert_eq!(totals(&history, "outer"), amounts([900, 0, 0, 0]));
    assert_eq!(totals(&history, "inner"), amounts([400, 0, 0, 0]));
    call_ends(&mut history, "login", "outer", Some(300));
    call_ends(&mut history, "login", "inner", None);
    assert_eq!(totals(&history, "outer"), amounts([500, 300, 0, 0]));
    assert_eq!(totals(&history, "inner"), amounts([0, 0, 400, 0]));
    ends(&mut history, "login", &INNER, Some(failed("inner", 400)), (400, 400, 0));
    assert_eq!(totals(&history, "outer"), amounts([0, 300, 400, 0]));
    assert_eq!(totals(&history, "login"), amounts([1_000, 600, 0, 0]), "as long as it is open");
    ends(&mut history, "login", &OUTER, Some(completed("outer", 700)), (700, 400, 0));
    for above in ["hub", "login"] {
        assert_eq!(totals(&history, above), amounts([0, 900, 400, 0]), "{above}");
    }
}

#[test]
fn an_overrun_of_a_delegation_counts_above_it_and_a_late_one_on_who_bears_it() {
    let mut history = opened();
    convene(&mut history, "login");
    hand_over(&mut history, "login", &OUTER);
    call_ends(&mut history, "login", "outer", Some(1_100));
    assert_eq!(totals(&history, "outer"), amounts([0, 400, 0, 700]));
    ends(&mut history, "login", &OUTER, Some(completed("outer", 1_100)), (1_000, 0, 100));
    assert_eq!(totals(&history, "login"), amounts([0, 1_300, 0, 100]));
    let late = OverrunCharged {
        since: NOON,
        reservation: ReservationId::derive(&["call", "outer"]),
        held_for: HeldFor::Call(call_of("outer")),
        account: account("login"),
        overrun: tokens(20),
    };
    history.on("login", late, Texts::none());
    assert_eq!(totals(&history, "hub"), amounts([0, 1_300, 0, 120]));
    let delegations = view::<Delegations>(&history);
    let outer = delegations.get(delegation("outer")).unwrap();
    assert_eq!((outer.used, outer.call.spent()), (tokens(1_100), tokens(1_120)));
}

#[test]
fn accounts_of_delegations_say_who_handed_what_to_whom() {
    let mut history = opened();
    convene(&mut history, "login");
    handed_over(&mut history, "login");
    let budgets = view::<Budgets>(&history);
    let hub = hub();
    let tree: Vec<_> =
        budgets.tree(&hub).iter().map(|(depth, one)| (*depth, one.label.as_str())).collect();
    assert_eq!(
        tree,
        [
            (0, "Engineering intake"),
            (1, "login crashes"),
            (2, "delegation of mace to helm: look for duplicates"),
            (3, "delegation of helm to scout: look for duplicates"),
        ]
    );
    assert_eq!(budgets.reservations().count(), 0);
}

#[test]
fn a_delegation_knows_its_parties_its_budget_its_result_and_its_times() {
    let mut history = opened();
    convene(&mut history, "login");
    let profile = AgentProfile { model: word("rules-2"), ..profile("mace", "mace") };
    handed_over(&mut history, "login");
    history.add(AgentRevised { agent: agent("mace"), version: 2, profile }, Texts::none());
    let delegations = view::<Delegations>(&history);
    let tree = delegations.tree(task("login"));
    let names: Vec<_> = tree.iter().map(|(depth, one)| (*depth, one.to.slug.as_str())).collect();
    assert_eq!(names, [(0, "helm"), (1, "scout")]);
    let (outer, inner) = (tree[0].1, tree[1].1);
    assert_eq!((outer.from.slug.as_str(), outer.from.agent_version), ("mace", 1));
    assert_eq!(
        (outer.status, outer.budget, outer.used),
        (DelegationStatus::Completed, tokens(1_000), tokens(700))
    );
    let outcome = outer.outcome().unwrap();
    assert_eq!((outcome.key.as_str(), outcome.body.as_str()), ("unique", "nothing like it"));
    assert!(outer.ended_at.unwrap() > outer.requested_at);
    assert_eq!((inner.status, inner.parent), (DelegationStatus::Failed, Some(outer.id)));
    assert_eq!((inner.depth, inner.used, inner.call.held), (2, tokens(400), tokens(400)));
    assert_eq!((inner.reason.as_deref(), inner.outcome()), (Some("its call failed"), None));
}

#[test]
fn what_is_under_a_cancelled_delegation_is_cancelled_too_unless_it_had_ended() {
    let mut history = opened();
    convene(&mut history, "login");
    hand_over(&mut history, "login", &OUTER);
    hand_over(&mut history, "login", &INNER);
    let third = Handed { name: "third", above: Some("outer"), ..INNER };
    hand_over(&mut history, "login", &third);
    call_ends(&mut history, "login", "third", Some(60));
    ends(&mut history, "login", &third, Some(completed("third", 60)), (60, 0, 0));
    cancelled(&mut history, "login", "outer");
    let status = |history: &History, name| {
        view::<Delegations>(history).get(delegation(name)).unwrap().status
    };
    assert_eq!(status(&history, "outer"), DelegationStatus::Cancelled);
    assert_eq!(status(&history, "inner"), DelegationStatus::Cancelled);
    assert_eq!(status(&history, "third"), DelegationStatus::Completed);
    call_ends(&mut history, "login", "inner", None);
    ends(&mut history, "login", &INNER, None, (400, 400, 0));
    let delegations = view::<Delegations>(&history);
    let inner = delegations.get(delegation("inner")).unwrap();
    assert_eq!((inner.status, inner.used), (DelegationStatus::Cancelled, tokens(400)));
    assert!(inner.ended_at.is_some());
    assert_eq!(inner.reason.as_deref(), Some("no longer wanted"));
    assert_eq!(delegations.get(delegation("outer")).unwrap().ended_at, None);
}

#[test]
fn refused_delegations_are_kept_with_their_reason() {
    let mut history = opened();
    convene(&mut history, "login");
    refuse(&mut history, "login", "mace");
    let delegations = view::<Delegations>(&history);
    let refused: Vec<_> = delegations.refused().collect();
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].from.slug.as_str(), refused[0].to.as_ref()), ("mace", None));
    assert_eq!(refused[0].reason.as_deref(), Some("no active agent `ghost` is registered"));
    assert_eq!(refused[0].because, DelegationRefusal::ReceiverUnknown);
}

#[test]
fn the_story_of_a_delegation_is_told_in_words() {
    let mut history = opened();
    convene(&mut history, "login");
    handed_over(&mut history, "login");
    refuse(&mut history, "login", "mace");
    let third = Handed { name: "third", ..OUTER };
    hand_over(&mut history, "login", &third);
    cancelled(&mut history, "login", "third");
    let lines = story(&history.log, Subject::Task(task("login"))).unwrap();
    let mut rest = lines.iter();
    for piece in [
        "1000 tokens ($0.002) set aside on the task's account for the delegation from mace to helm",
        "mace handed \"look for duplicates\" (`duplicates`) to helm, 1 deep: delegation ",
        "the account of the delegation from mace to helm was opened under the task's account, at \
         most 1000 tokens and $0.002, paid for by what was set aside there",
        "helm (v1) was asked to do what was handed over",
        "as part of the delegation from mace to helm, 2 deep",
        "the delegation of scout (v1) was settled without knowing its usage: all 400 tokens",
        "the delegation from helm to scout came to nothing, `timeout`: its call failed; with \
         everything under it, it cost 400 tokens",
        "the delegation from mace to helm is done and recommends `unique`; with everything under \
         it, it cost 700 tokens ($0.0014)",
        "the delegation from mace to helm was settled: 700 tokens ($0.0014) charged, 400 tokens \
         ($0.0008) of it not known but assumed, 300 tokens ($0.0006) given back",
        "mace could not hand \"ask somebody\" to an agent nobody knows: no active agent `ghost` is \
         registered",
        "was called off by Grace, and everything under it with it: no longer wanted",
    ] {
        assert!(
            rest.any(|line| line.text.contains(piece)),
            "`{piece}` is not told where it should be:\n{}",
            lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
        );
    }
    let scouts = story(&history.log, Subject::Agent(agent("scout"))).unwrap();
    assert!(scouts.iter().any(|line| line.text.starts_with("helm handed")));
    assert!(scouts.iter().all(|line| !line.text.starts_with("mace handed")));
}

#[test]
fn what_is_used_in_a_period_counts_on_the_day_it_was_set_aside() {
    let mut history = opened();
    submit(&mut history, "login");
    let used = |history: &History| {
        let budgets = view::<Budgets>(history);
        let account = budgets.get(account("login")).unwrap();
        budgets.used(account, history.now())
    };
    let limit = |history: &mut History, period| {
        let limits = Limits { tokens: Some(Tokens::new(500)), money: None, period };
        let set = AccountLimitsSet { account: account("login"), limits };
        history.on("login", set, Texts::none());
    };
    start(&mut history, "login", Purpose::Triage, "scout");
    assert_eq!(used(&history), tokens(412));
    limit(&mut history, Period::Day);
    assert_eq!(used(&history), tokens(412), "set aside today");
    history.pass(1);
    assert_eq!(used(&history), Amount::ZERO, "another day");
    settle(&mut history, "login", Purpose::Triage, "scout", Settlement::Confirmed, (300, 0));
    assert_eq!(used(&history), Amount::ZERO, "it counts on the day before");
    start(&mut history, "login", Purpose::Triage, "forge");
    assert_eq!(used(&history), tokens(412));
    limit(&mut history, Period::Month);
    assert_eq!(used(&history), tokens(712), "both days are of this month");
    history.pass(31);
    assert_eq!(used(&history), Amount::ZERO, "another month");
    limit(&mut history, Period::Total);
    assert_eq!(used(&history), tokens(712));
}
