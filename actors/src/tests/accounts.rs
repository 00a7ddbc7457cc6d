//! Accounts through time: limits that start anew, accounts that a person reopens.

use std::time::Duration;

use convoke_events::{BudgetEvent, Event, Limits, Period, Tokens};

use super::cast::*;
use super::delegations::guild;
use crate::command::Command;
use crate::hub::Input;
use crate::testkit::{Then, hub, task_rules};

#[test]
fn a_limit_of_a_day_starts_anew_at_midnight() {
    let mut scene = guild();
    let day = Limits { tokens: Some(Tokens::new(1_200)), money: None, period: Period::Day };
    scene.command(Command::SetHubLimits(day));
    let submission = |name: &str| crate::command::TaskSubmission {
        limits: Limits::default(),
        ..question(name, task_rules())
    };
    let invited = |then: &Then| started(then).len();
    let first = hand_in(&mut scene, submission("one"));
    assert!(invited(&first) >= 2);
    let second = hand_in(&mut scene, submission("two"));
    assert!(invited(&second) < invited(&first), "the day's limit binds");
    scene.wait(Duration::from_hours(24));
    let third = hand_in(&mut scene, submission("three"));
    assert_eq!(invited(&third), invited(&first), "a new day, a new limit");
}

#[test]
fn a_person_reopens_what_an_overrun_closed() {
    let mut scene = guild();
    let hub_account = convoke_events::AccountId::derive(&[hub().as_str()]);
    scene.command(Command::SetHubLimits(limits(3_000, 1_000_000)));
    hand_in(&mut scene, question("q", task_rules()));
    let call = scene.state().owed().calls[0].clone();
    let then = scene.answered(&call, "fix", usage(9_000, 9_000));
    let closed = found!(then, Event::Budget(BudgetEvent::AccountClosed(one)) => one.account);
    assert_eq!(closed, [hub_account]);
    let short = hand_in(&mut scene, question("r", task_rules()));
    assert!(started(&short).is_empty());
    scene.command(Command::SetHubLimits(limits(100_000, 100_000_000)));
    let short = hand_in(&mut scene, question("s", task_rules()));
    assert!(started(&short).is_empty(), "a higher limit alone does not reopen it");
    let reason = "looked into".to_owned();
    let reopen = Command::ReopenAccount { account: hub_account, reason };
    scene.command(reopen.clone()).leaves(&["AccountReopened"]);
    scene.command(reopen).leaves(&[]);
    assert!(!started(&hand_in(&mut scene, question("t", task_rules()))).is_empty());
}

#[test]
fn a_budget_of_nobody_is_not_reopened() {
    let account = convoke_events::AccountId::derive(&["another hub's"]);
    let reason = "mine".to_owned();
    let refusal = guild().command(Command::ReopenAccount { account, reason }).answer.unwrap_err();
    assert_eq!(
        refusal.to_string(),
        format!("account {account} is unknown to this hub, or ended with its task")
    );
}

#[test]
fn a_service_reopens_nothing() {
    let mut scene = guild();
    let account = convoke_events::AccountId::derive(&[hub().as_str()]);
    let reason = "please".to_owned();
    let then = scene.when(&Input::Command {
        principal: convoke_events::Principal::Service(word("billing")),
        roles: Some([convoke_events::Role::Owner].into()),
        command: Box::new(Command::ReopenAccount { account, reason }),
    });
    let refusal = then.answer.unwrap_err().to_string();
    assert_eq!(refusal, "only a person can review a proposal or reopen an account");
}

#[test]
fn what_comes_late_counts_in_the_period_in_which_it_was_set_aside() {
    let mut scene = guild();
    hand_in(&mut scene, question("q", task_rules()));
    let call = calls_of(&scene, &["forge"])[0].clone();
    let set_aside = scene.now();
    scene.wait(Duration::from_hours(30));
    scene.when(&Input::Deadline(call.invocation));
    let then = scene.answered(&call, "late", usage(5_000, 5_000));
    let since = found!(then, Event::Budget(BudgetEvent::OverrunCharged(one)) => one.since);
    assert_eq!(since, [set_aside]);
}
