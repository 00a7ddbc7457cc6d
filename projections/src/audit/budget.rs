//! What may be spent and what was, in words.

use convoke_events::{Amount, BudgetEvent, HeldFor, Recorded, Settled, Settlement, TextName};

use super::because;
use super::told::Told;
use crate::wording::{amount, limits, money};

pub(super) fn tell(recorded: &Recorded, event: &BudgetEvent, told: &Told) -> String {
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
            let paid = if facts.funded_by.is_some() {
                ", paid for by what was set aside there"
            } else {
                ""
            };
            format!("{account} was opened{parent}, {}{paid}", limits(facts.limits))
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
            format!(
                "{} was opened to reservations again{}",
                told.account(facts.account),
                because(recorded.texts.get(&TextName::REASON)),
            )
        }
        BudgetEvent::Reserved(facts) => format!(
            "{} set aside on {} for {}",
            amount(facts.amount),
            told.account(facts.account),
            told.held_for(facts.held_for),
        ),
        BudgetEvent::Settled(facts) => settled(facts, told),
        BudgetEvent::OverrunCharged(facts) => format!(
            "{} more than was charged for {}: charged as overrun",
            amount(facts.overrun),
            told.held_for(facts.held_for),
        ),
    }
}

fn settled(facts: &Settled, told: &Told) -> String {
    let what = told.held_for(facts.held_for);
    let charged = amount(facts.charged);
    let back = told.amount(facts.reservation).map(|held| held.less(facts.charged));
    let back = back.filter(|back| *back != Amount::ZERO).map(amount);
    let back = back.map(|back| format!(", {back} given back")).unwrap_or_default();
    let uncertain = Some(facts.uncertain).filter(|amount| !amount.is_zero()).map(amount);
    let uncertain = uncertain.map(|some| format!(", {some} of it not known but assumed"));
    let uncertain = uncertain.unwrap_or_default();
    match facts.settlement {
        Settlement::Confirmed => format!("{what} was settled: {charged} charged{uncertain}{back}"),
        Settlement::Unknown => {
            format!("{what} was settled without knowing its usage: all {charged} stay charged")
        }
        Settlement::Exceeded => format!(
            "{what} was settled: {charged} charged{uncertain}, and {} beyond it as overrun",
            amount(facts.overrun)
        ),
        Settlement::Released => match facts.held_for {
            HeldFor::Call(_) => format!("{what} was not sent: nothing charged{back}"),
            HeldFor::Delegation(_) => format!("{what} spent nothing: nothing charged{back}"),
        },
    }
}
