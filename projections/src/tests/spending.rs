//! What was held, what was spent, and on which accounts.

use convoke_events::testkit::NOON;
use convoke_events::*;

use super::agreement::*;
use super::federation::*;
use super::history::*;
use crate::*;

#[test]
fn a_late_outcome_is_kept_and_its_overruns_add_up_in_the_cost() {
    let mut history = opened();
    convene(&mut history, "login");
    start(&mut history, "login", Purpose::Contribution, "forge");
    settle(&mut history, "login", Purpose::Contribution, "forge", Settlement::Unknown, (412, 0));
    let invocation = call("login", "contribution", "forge");
    let usage = Usage { output: Some(Tokens::new(500)), ..Usage::default() };
    history.on("login", OutcomeArrivedLate { invocation, attempt: 1, usage }, Texts::none());
    for more in [88, 12] {
        let (reservation, account) =
            (reservation("login", "contribution", "forge"), account("login"));
        let overrun = tokens(more);
        let held_for = HeldFor::Call(invocation);
        let charged = OverrunCharged { reservation, held_for, account, since: NOON, overrun };
        history.on("login", charged, Texts::none());
    }
    let collectives = view::<Collectives>(&history);
    let collective = collectives.get(collective("login")).unwrap();
    let call = &collective.participants[0].call;
    assert_eq!((call.charged, call.overrun), (tokens(412), tokens(100)));
    assert_eq!((call.late, call.answer.is_none()), (Some(usage), true));
    assert_eq!(collective.cost(), tokens(512));
    let budgets = view::<Budgets>(&history);
    let totals = budgets.get(account("login")).unwrap().totals;
    assert_eq!(
        (totals.unknown, totals.overrun, totals.spent()),
        (tokens(412), tokens(100), tokens(300 + 512))
    );
    assert_eq!(totals.reserved, Amount::ZERO);
}

#[test]
fn every_amount_counts_on_its_account_and_on_every_ancestor() {
    let mut history = opened();
    submit(&mut history, "login");
    for slug in ["scout", "forge", "mace", "helm"] {
        start(&mut history, "login", Purpose::Triage, slug);
    }
    settle(&mut history, "login", Purpose::Triage, "scout", Settlement::Confirmed, (300, 0));
    settle(&mut history, "login", Purpose::Triage, "forge", Settlement::Unknown, (412, 0));
    settle(&mut history, "login", Purpose::Triage, "mace", Settlement::Exceeded, (412, 88));
    history.on("login", AccountClosed { account: account("login") }, Texts::none());
    let budgets = view::<Budgets>(&history);
    let of_task = budgets.of_task(task("login")).unwrap();
    assert_eq!((of_task.label.as_str(), of_task.closed), ("login crashes", true));
    assert_eq!(of_task.limits.tokens, Some(Tokens::new(5_000)));
    let totals = of_task.totals;
    assert_eq!(
        [totals.reserved, totals.settled, totals.unknown, totals.overrun],
        [tokens(412), tokens(712), tokens(412), tokens(88)]
    );
    assert_eq!(budgets.totals(&hub()), totals);
    let tree: Vec<_> =
        budgets.tree(&hub()).iter().map(|(depth, one)| (*depth, one.label.clone())).collect();
    assert_eq!(tree, [(0, "Engineering intake".to_owned()), (1, "login crashes".to_owned())]);
    history.on("login", AccountReopened { account: account("login") }, Texts::none());
    let reopened = view::<Budgets>(&history);
    assert!(reopened.of_task(task("login")).is_some_and(|account| !account.closed));
    let open: Vec<_> = budgets.reservations().map(|one| one.held_for).collect();
    assert_eq!(open, [HeldFor::Call(call("login", "triage", "helm"))]);
}

#[test]
fn a_ring_of_parents_does_not_hold_the_budgets_up() {
    let mut history = History::new();
    for (child, parent) in [("a", "b"), ("b", "a")] {
        let (account, parent) = (account(child), Some(account(parent)));
        let (limits, funded_by) = (Limits::default(), None);
        history.add(AccountOpened { account, parent, limits, funded_by }, Texts::none());
    }
    let reserved = Reserved {
        reservation: reservation("t", "p", "s"),
        held_for: HeldFor::Call(call("t", "p", "s")),
        account: account("a"),
        amount: tokens(10),
    };
    history.add(reserved, Texts::none());
    let budgets = view::<Budgets>(&history);
    assert_eq!(budgets.get(account("b")).unwrap().totals.reserved, tokens(10));
    assert!(budgets.tree(&hub()).is_empty());
}
