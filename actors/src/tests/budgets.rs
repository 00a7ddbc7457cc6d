//! Nothing is spent that was not set aside, and nothing is set aside past a limit.

mod property;

use convoke_events::testkit::NOON;
use convoke_events::{
    AccountId, AccountReopened, Amount, BudgetEvent, Conclusion, Event, FailureClass, HeldFor,
    Limits, MicroUsd, OverrunCharged, ProviderName, Purpose, Settlement, TaskOutcome, Tokens,
    Usage,
};

use super::cast::{
    calls_of, ends, found, hand_in, limits, only_call, question, reason, reserved, settled, triage,
    usage, word, workshop,
};
use crate::budget::{Ledger, Settling};
use crate::command::{Command, Price, TaskSubmission};
use crate::hub::Input;
use crate::invocation::{Call, Outcome};
use crate::provider::ProviderFailure;
use crate::testkit::{Scene, Then, answer, hub, orders, task_rules};

fn hub_account() -> AccountId {
    AccountId::derive(&[hub().as_str()])
}

fn amount(tokens: u64, money: u64) -> Amount {
    Amount { tokens: Tokens::new(tokens), money: MicroUsd::new(money) }
}

fn closed(then: &Then) -> Vec<AccountId> {
    found!(then, Event::Budget(BudgetEvent::AccountClosed(closed)) => closed.account)
}

/// The small federation without a price for its model.
fn unpriced() -> Scene {
    let priced = |command: &Command| matches!(command, Command::SetPrice { .. });
    Scene::given(hub(), orders().into_iter().filter(|command| !priced(command)))
}

/// A request to be triaged under these limits.
fn bounded(request: &str, limits: Limits) -> TaskSubmission {
    TaskSubmission { limits, ..triage(request) }
}

/// A triage under way, and what is set aside for it.
fn under_way(limits: Limits) -> (Scene, Call, Amount, AccountId) {
    let mut scene = workshop();
    let then = hand_in(&mut scene, bounded("a", limits));
    let (held, account) = (reserved(&then)[0].amount, reserved(&then)[0].account);
    let call = only_call(&scene);
    (scene, call, held, account)
}

fn failure(call: &Call, class: FailureClass, usage: Usage) -> Input {
    failed(call, ProviderFailure::new(class, "a test wanted it so").with_usage(usage))
}

fn failed(call: &Call, failure: ProviderFailure) -> Input {
    let (invocation, attempt) = (call.invocation, call.attempt);
    let (result, latency) = (Err(failure), std::time::Duration::ZERO);
    Input::Outcome(Outcome { invocation, attempt, result, latency })
}

#[test]
fn the_worst_case_is_set_aside_before_a_call_at_the_price_of_its_model() {
    let (_, call, held, _) = under_way(Limits::default());
    // "You are scout." and two line ends, the title and the body: 14 + 2 + 9 + 16 bytes.
    assert_eq!(held, amount(11 + 100, 11 + 2 * 100));
    assert_eq!(call.max_output, Tokens::new(100));
}

#[test]
fn what_was_not_used_goes_back() {
    let (mut scene, call, ..) = under_way(Limits::default());
    let then = scene.answered(&call, "ignore", usage(5, 7));
    assert_eq!(settled(&then)[0].settlement, Settlement::Confirmed);
    assert_eq!(settled(&then)[0].charged, amount(12, 5 + 2 * 7));
}

#[test]
fn a_reservation_is_settled_once() {
    let (mut scene, call, ..) = under_way(Limits::default());
    assert_eq!(settled(&scene.answered(&call, "ignore", usage(5, 7))).len(), 1);
    scene.answered(&call, "ignore", usage(5, 7)).leaves(&[]);
    scene.when(&failure(&call, FailureClass::Unavailable, usage(5, 7))).leaves(&[]);
}

#[test]
fn where_the_usage_is_unknown_all_of_the_reservation_stays_charged() {
    for partly in [Usage::default(), Usage { output: None, ..usage(5, 5) }] {
        let (mut scene, call, held, _) = under_way(Limits::default());
        let then = scene.answered(&call, "ignore", partly);
        assert_eq!(settled(&then)[0].settlement, Settlement::Unknown);
        assert_eq!((settled(&then)[0].charged, settled(&then)[0].overrun), (held, Amount::ZERO));
    }
}

#[test]
fn what_was_used_beyond_is_charged_as_overrun_and_closes_the_accounts_it_pushes_over() {
    let tight = limits(120, 300);
    let (mut scene, call, held, account) = under_way(tight);
    let then = scene.answered(&call, "ignore", usage(100, 100));
    assert_eq!(settled(&then)[0].settlement, Settlement::Exceeded);
    assert_eq!(settled(&then)[0].charged, held);
    assert_eq!(settled(&then)[0].overrun, amount(200, 300).less(held));
    assert_eq!(closed(&then), [account], "the task's account, and not the hub's, which has room");
}

#[test]
fn an_overrun_closes_every_ancestor_it_pushes_over() {
    let (mut scene, call, _, account) = under_way(limits(120, 300));
    scene.command(Command::SetHubLimits(limits(199, 1_000))).leaves(&["AccountLimitsSet"]);
    let then = scene.answered(&call, "ignore", usage(100, 100));
    assert_eq!(closed(&then), [account, hub_account()]);
}

#[test]
fn an_overrun_within_the_limits_closes_nothing() {
    let (mut scene, call, ..) = under_way(limits(200, 300));
    let then = scene.answered(&call, "ignore", usage(100, 100));
    assert_eq!(settled(&then)[0].settlement, Settlement::Exceeded);
    assert_eq!(closed(&then), []);
}

#[test]
fn a_closed_account_takes_no_reservation() {
    let (mut scene, call, ..) = under_way(Limits::default());
    scene.command(Command::SetHubLimits(limits(199, 1_000)));
    scene.answered(&call, "ignore", usage(100, 100));
    // With room again, but no person has reopened it.
    scene.command(Command::SetHubLimits(limits(100_000, 100_000)));
    let then = hand_in(&mut scene, triage("b"));
    assert_eq!(ends(&then), [(TaskOutcome::Refused, Conclusion::Budget)]);
    assert_eq!(
        reason(&then, "TaskConcluded"),
        format!("the triage cannot be paid: account {} is closed", hub_account())
    );
    assert_eq!(reserved(&then).len(), 0);
}

#[test]
fn a_reopened_account_takes_reservations_again() {
    let (mut scene, call, ..) = under_way(Limits::default());
    scene.command(Command::SetHubLimits(limits(199, 1_000)));
    scene.answered(&call, "ignore", usage(100, 100));
    scene.command(Command::SetHubLimits(limits(100_000, 100_000)));
    scene.happened(&AccountReopened { account: hub_account() }.into());
    assert_eq!(reserved(&hand_in(&mut scene, triage("b"))).len(), 1);
}

#[test]
fn a_limit_is_met_to_the_last_token_and_not_passed_by_one() {
    let (_, _, held, _) = under_way(Limits::default());
    let (tokens, money) = (held.tokens.get(), held.money.get());
    let exactly = hand_in(&mut workshop(), bounded("a", limits(tokens, money)));
    assert_eq!(reserved(&exactly).len(), 1);
    for short in [limits(tokens - 1, money), limits(tokens, money - 1)] {
        let then = hand_in(&mut workshop(), bounded("a", short));
        assert_eq!(ends(&then), [(TaskOutcome::Refused, Conclusion::Budget)], "{short:?}");
        assert!(reason(&then, "TaskConcluded").contains("it needs 111 tokens and 211 micro-"));
    }
}

#[test]
fn a_child_cannot_raise_what_its_parent_allows() {
    let mut scene = workshop();
    scene.command(Command::SetHubLimits(limits(110, 1_000)));
    let then = hand_in(&mut scene, bounded("a", limits(100_000, 100_000)));
    assert_eq!(ends(&then), [(TaskOutcome::Refused, Conclusion::Budget)]);
}

#[test]
fn a_limit_lowered_below_use_stops_new_reservations_only() {
    let (mut scene, call, ..) = under_way(Limits::default());
    scene.command(Command::SetHubLimits(limits(1, 1)));
    let then = scene.answered(&call, "ignore", usage(5, 7));
    assert_eq!(settled(&then)[0].settlement, Settlement::Confirmed);
    assert_eq!(closed(&then), []);
    let then = hand_in(&mut scene, triage("b"));
    assert_eq!(ends(&then), [(TaskOutcome::Refused, Conclusion::Budget)]);
    assert!(reason(&then, "TaskConcluded").ends_with("0 tokens and 0 micro-dollars left"));
}

#[test]
fn an_unknown_price_refuses_where_money_is_limited_here_or_above() {
    let money = Limits { money: Some(MicroUsd::new(1_000_000)), ..Limits::default() };
    for (own, above) in [(money, Limits::default()), (Limits::default(), money)] {
        let mut scene = unpriced();
        scene.command(Command::SetHubLimits(above));
        let then = hand_in(&mut scene, bounded("a", own));
        assert_eq!(ends(&then), [(TaskOutcome::Refused, Conclusion::Budget)]);
        assert_eq!(
            reason(&then, "TaskConcluded"),
            "the triage cannot be paid: model rules-1 of rules has no price, and money is limited"
        );
    }
}

#[test]
fn an_unknown_price_is_free_of_money_where_only_tokens_are_limited() {
    let tokens = Limits { tokens: Some(Tokens::new(1_000)), ..Limits::default() };
    let mut scene = unpriced();
    let then = hand_in(&mut scene, bounded("a", tokens));
    assert_eq!(reserved(&then)[0].amount, amount(111, 0));
    let call = only_call(&scene);
    let then = scene.answered(&call, "ignore", usage(5, 7));
    assert_eq!(settled(&then)[0].charged, amount(12, 0));
}

#[test]
fn where_no_provider_is_configured_everything_goes_back() {
    let (mut scene, call, ..) = under_way(Limits::default());
    let then = scene.when(&failure(&call, FailureClass::NoProvider, Usage::default()));
    assert_eq!(settled(&then)[0].settlement, Settlement::Released);
    assert!(settled(&then)[0].charged.is_zero());
}

#[test]
fn what_is_known_not_to_be_billed_goes_back_unless_it_says_what_it_used() {
    let (scene, call, ..) = under_way(Limits::default());
    for (said, charged) in [(Usage::default(), amount(0, 0)), (usage(3, 0), amount(3, 3))] {
        let mut scene = scene.clone();
        let failure = ProviderFailure::new(FailureClass::Quota, "too many").unbilled();
        let then = scene.when(&failed(&call, failure.with_usage(said)));
        assert_eq!(settled(&then)[0].charged, charged);
    }
}

#[test]
fn any_other_failure_is_charged_for_what_it_used() {
    let unsent = [FailureClass::NoProvider, FailureClass::Withheld, FailureClass::BreakerOpen];
    for class in FailureClass::ALL.iter().filter(|class| !unsent.contains(class)) {
        let (mut scene, call, held, _) = under_way(Limits::default());
        let mut blind = scene.clone();
        let then = scene.when(&failure(&call, *class, usage(3, 0)));
        assert_eq!(settled(&then)[0].charged, amount(3, 3), "{class}");
        let then = blind.when(&failure(&call, *class, Usage::default()));
        assert_eq!(settled(&then)[0].charged, held, "{class}");
    }
}

#[test]
fn a_cost_is_rounded_up_once_and_not_for_each_of_its_parts() {
    let price = |micros| MicroUsd::new(micros);
    let third = Price { input: price(400_000), cached: price(400_000), output: price(400_000) };
    let (provider, model) = (ProviderName::Rules, word("rules-1"));
    let mut scene = workshop();
    scene.command(Command::SetPrice { provider, model, price: third }).leaves(&["PriceSet"]);
    hand_in(&mut scene, triage("a"));
    let call = only_call(&scene);
    let used = Usage { cached: Some(Tokens::new(1)), ..usage(2, 1) };
    // Three parts of 0.4 micro-dollars: 1.2, and not 3.
    assert_eq!(settled(&scene.answered(&call, "ignore", used))[0].charged, amount(3, 2));
}

#[test]
fn cached_input_is_charged_at_its_own_price() {
    let (mut scene, call, ..) = under_way(Limits::default());
    let used = Usage { cached: Some(Tokens::new(10)), ..usage(11, 1) };
    // 1 at 1, 10 at 0.1 and 1 at 2 micro-dollars.
    assert_eq!(settled(&scene.answered(&call, "ignore", used))[0].charged, amount(12, 4));
}

#[test]
fn a_cost_that_the_provider_says_is_the_cost() {
    let (mut scene, call, ..) = under_way(Limits::default());
    let used = Usage { cost: Some(MicroUsd::new(3)), ..usage(11, 1) };
    assert_eq!(settled(&scene.answered(&call, "ignore", used))[0].charged, amount(12, 3));
}

#[test]
fn where_another_model_answered_its_own_price_holds() {
    let (mut scene, call, ..) = under_way(Limits::default());
    let dear = Price {
        input: MicroUsd::new(3_000_000),
        cached: MicroUsd::ZERO,
        output: MicroUsd::new(3_000_000),
    };
    let (provider, model) = (ProviderName::Rules, word("rules-2"));
    scene.command(Command::SetPrice { provider, model, price: dear });
    let mut outcome = answer(&call, "ignore", usage(5, 5));
    if let Ok(response) = &mut outcome.result {
        response.model = word("rules-2");
    }
    let then = scene.when(&Input::Outcome(outcome));
    assert_eq!(settled(&then)[0].charged, amount(10, 30));
}

#[test]
fn a_collective_is_paid_as_a_whole_before_anybody_is_asked() {
    let mut scene = workshop();
    let then = hand_in(&mut scene, question("a", task_rules()));
    let experts = [("forge", Purpose::Synthesis), ("forge", Purpose::Contribution)];
    let experts = experts
        .into_iter()
        .chain([("helm", Purpose::Contribution), ("quill", Purpose::Contribution)]);
    let calls: Vec<_> =
        experts.map(|(slug, purpose)| super::cast::invocation("a", purpose, slug)).collect();
    let paid: Vec<_> = reserved(&then).iter().filter_map(|one| one.held_for.call()).collect();
    assert_eq!(paid, calls);
    // Three documents of at most 4 × 100 bytes, each between lines of 64 and twice its author's slug,
    // what is told about them in 640, and the request itself.
    let slugs = u64::try_from(2 * "forgehelmquill".len()).unwrap();
    let input = (3 * 464 + slugs + 640 + 41).div_ceil(4);
    assert_eq!(reserved(&then)[0].amount.tokens, Tokens::new(input + 100));
    assert_eq!(calls_of(&scene, &["forge", "helm", "quill"]).len(), 3);
}

#[test]
fn only_the_excess_of_a_late_outcome_is_charged_and_it_can_close_accounts() {
    let mut ledger = Ledger::default();
    let (account, parent) = (AccountId::derive(&["task"]), AccountId::derive(&["hub"]));
    for (account, parent, limits) in
        [(parent, None, limits(250, 900)), (account, Some(parent), limits(200, 900))]
    {
        ledger.evolve(
            NOON,
            &BudgetEvent::AccountOpened(convoke_events::AccountOpened {
                account,
                parent,
                limits,
                funded_by: None,
            }),
        );
    }
    let (provider, model) = (ProviderName::Rules, word("rules-1"));
    let price = MicroUsd::new(1_000_000);
    ledger.evolve(
        NOON,
        &BudgetEvent::PriceSet(convoke_events::PriceSet {
            provider: provider.clone(),
            model: word("rules-1"),
            input: price,
            cached: price,
            output: price,
            from: NOON,
        }),
    );
    let model = (&provider, &model);
    let call = HeldFor::Call(super::cast::invocation("a", Purpose::Triage, "scout"));
    let worst = (Tokens::new(50), Tokens::new(50));
    let held = ledger.plan(account, NOON).reserve(call, model, worst).unwrap();
    ledger.evolve(NOON, &BudgetEvent::Reserved(held.event()));
    let unknown = Usage::default();
    let charged = amount(100, 100);
    for (_, event) in ledger.settle(held, model, Settling::Used(&unknown)) {
        if let Event::Budget(event) = event {
            ledger.evolve(NOON, &event);
        }
    }
    assert_eq!(ledger.charge_late(held, charged, model, &usage(60, 40)), []);
    let late = ledger.charge_late(held, charged, model, &usage(150, 60));
    let overrun = amount(110, 110);
    let (reservation, held_for) = (held.reservation, held.held_for);
    let event = OverrunCharged { reservation, held_for, account, since: NOON, overrun };
    assert_eq!(late[0].1, event.into());
    let closed: Vec<_> = late[1..].iter().map(|(account, _)| *account).collect();
    assert_eq!(closed, [account], "210 of 200, and 210 of 250");
}
