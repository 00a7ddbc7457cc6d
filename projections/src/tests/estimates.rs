//! What calls were thought to use, beside what they used.

use convoke_events::*;

use super::federation::*;
use super::history::*;
use crate::*;

#[test]
fn every_call_shows_its_estimate_beside_its_use() {
    let mut history = opened();
    submit(&mut history, "login");
    let reservation = reservation("login", "triage", "scout");
    let invocation = call("login", "triage", "scout");
    let (held_for, account) = (HeldFor::Call(invocation), account("login"));
    let amount = tokens(375);
    history.on("login", Reserved { reservation, held_for, account, amount }, Texts::none());
    start(&mut history, "login", Purpose::Triage, "scout");
    let estimates = view::<Estimates>(&history);
    let pending = estimates.calls().next().unwrap();
    assert_eq!((pending.input, pending.max_output), (Tokens::new(175), Tokens::new(200)));
    assert_eq!((pending.usage.total(), pending.error()), (None, None));
    answer(&mut history, "login", Purpose::Triage, "scout", "bug");
    let estimates = view::<Estimates>(&history);
    let call = estimates.calls().next().unwrap();
    assert_eq!((call.estimate(), call.usage.total()), (Tokens::new(375), Some(Tokens::new(300))));
    assert_eq!(call.error(), Some(0.25));
}

#[test]
fn the_mean_error_is_told_by_provider_and_agent_without_the_calls_that_say_nothing() {
    let mut history = opened();
    for (name, amount) in [("a", 375), ("b", 450), ("c", 400)] {
        submit(&mut history, name);
        let reservation = reservation(name, "triage", "scout");
        let held_for = HeldFor::Call(call(name, "triage", "scout"));
        let (account, amount) = (account(name), tokens(amount));
        history.on(name, Reserved { reservation, held_for, account, amount }, Texts::none());
        start(&mut history, name, Purpose::Triage, "scout");
    }
    answer(&mut history, "a", Purpose::Triage, "scout", "bug");
    answer(&mut history, "b", Purpose::Triage, "scout", "bug");
    let records = view::<Estimates>(&history).records(&hub());
    let record = &records[&(ProviderName::Rules, agent("scout"))];
    assert_eq!((record.slug.as_str(), record.known, record.unknown), ("scout", 2, 1));
    assert_eq!((record.estimated, record.used), (Tokens::new(825), Tokens::new(600)));
    assert_eq!(record.mean_error, Some(0.375));
}
