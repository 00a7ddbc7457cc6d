//! What may be spent and what was, in words.

use convoke_events::{Amount, BudgetEvent, Settled, Settlement};

use super::told::Told;
use crate::wording::{amount, limits, money};

pub(super) fn tell(event: &BudgetEvent, told: &Told) -> String {
    match event {
        BudgetEvent::PriceSet(facts) => format!(
            "a million tokens of `{}` of {} cost {} as input, {} from a cache and {} as output, \
             from {} on",
            facts.model,
            facts.provider,
            money(facts.input),
            money(facts.cached),
            money(facts.output),
            facts.from,
        ),
        BudgetEvent::AccountOpened(facts) => {
            let parent = facts.parent.map(|parent| told.account(parent));
            let parent = parent.map(|parent| format!(" under {parent}")).unwrap_or_default();
            let account = told.account(facts.account);
            format!("{account} was opened{parent}, {}", limits(facts.limits))
        }
        BudgetEvent::AccountLimitsSet(facts) => {
            format!(
                "the limits of {} are now {}",
                told.account(facts.account),
                limits(facts.limits)
            )
        }
        BudgetEvent::AccountClosed(facts) => {
            format!(
                "{} was closed to new reservations: an overrun passed its limit",
                told.account(facts.account)
            )
        }
        BudgetEvent::AccountReopened(facts) => {
            format!("{} was opened to reservations again", told.account(facts.account))
        }
        BudgetEvent::Reserved(facts) => format!(
            "{} set aside on {} for {}",
            amount(facts.amount),
            told.account(facts.account),
            told.call_in_words(facts.invocation),
        ),
        BudgetEvent::Settled(facts) => settled(facts, told),
        BudgetEvent::OverrunCharged(facts) => format!(
            "{} more than was charged for {}: charged as overrun",
            amount(facts.overrun),
            told.call_in_words(facts.invocation),
        ),
    }
}

fn settled(facts: &Settled, told: &Told) -> String {
    let call = told.call_in_words(facts.invocation);
    let charged = amount(facts.charged);
    let back = told.amount(facts.reservation).map(|held| held.less(facts.charged));
    let back = back.filter(|back| *back != Amount::ZERO).map(amount);
    let back = back.map(|back| format!(", {back} given back")).unwrap_or_default();
    match facts.settlement {
        Settlement::Confirmed => format!("{call} was settled: {charged} charged{back}"),
        Settlement::Unknown => {
            format!("{call} was settled without knowing its usage: all {charged} stay charged")
        }
        Settlement::Exceeded => format!(
            "{call} was settled: {charged} charged, and {} beyond it as overrun",
            amount(facts.overrun)
        ),
        Settlement::Released => format!("{call} was not sent: nothing charged{back}"),
    }
}
