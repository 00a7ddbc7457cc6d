//! Budget: what may be spent, as a tree of accounts; nothing is sent that was not set aside before.

mod account;
mod estimate;
mod ledger;
mod plan;

use convoke_events::{
    AccountId, AccountLimitsSet, AccountOpened, AccountReopened, Amount, BudgetEvent,
    CorrelationId, Event, EventId, InvocationId, Limits, ModelName, Period, PriceSet, Principal,
    ProviderName, StreamId, TextName, Texts, Timestamp, Tokens,
};

pub(crate) use self::estimate::{
    DOCUMENT_OVERHEAD, brief_bound, choice_bound, document_bound, input_bound,
};
pub(crate) use self::ledger::{Held, Ledger, Settling};
pub(crate) use self::plan::{Plan, Short};
use crate::command::Price;
use crate::decision::{Draft, Story};
use crate::refusal::Refusal;

/// Says what a model costs from now on, where it differs.
pub(crate) fn set_price(
    ledger: &Ledger,
    provider: &ProviderName,
    model: &ModelName,
    price: Price,
    now: Timestamp,
) -> Vec<Draft> {
    if ledger.price(provider, model) == Some(price) {
        return Vec::new();
    }
    let Price { input, cached, output } = price;
    let (provider, model) = (provider.clone(), model.clone());
    let correlation = CorrelationId::derive(&["price", &provider.to_string(), model.as_str()]);
    let event = PriceSet { provider, model, input, cached, output, from: now }.into();
    vec![Draft { stream: StreamId::hub(), correlation, cause: None, event, texts: Texts::none() }]
}

/// Changes an account's limits, where they differ.
pub(crate) fn set_limits(ledger: &Ledger, account: AccountId, limits: Limits) -> Vec<Draft> {
    if ledger.limits(account) == Some(limits) {
        return Vec::new();
    }
    vec![on_account(account, None, AccountLimitsSet { account, limits }.into())]
}

/// Opens a person's way to spend again from an account that an overrun closed.
pub(crate) fn reopen(
    ledger: &Ledger,
    principal: &Principal,
    account: AccountId,
    reason: &str,
) -> Result<Vec<Draft>, Refusal> {
    if !matches!(principal, Principal::Person(_)) {
        return Err(Refusal::NotAPerson);
    }
    if ledger.limits(account).is_none() {
        return Err(Refusal::AccountUnknown { account });
    }
    if !ledger.is_closed(account) {
        return Ok(Vec::new());
    }
    let mut draft = on_account(account, None, AccountReopened { account }.into());
    draft.texts = Texts::none().with(TextName::REASON, reason);
    Ok(vec![draft])
}

/// Opens an account under its parent, or at the root.
pub(crate) fn open(
    account: AccountId,
    parent: Option<AccountId>,
    limits: Limits,
    correlation: Option<CorrelationId>,
) -> Draft {
    let opened = AccountOpened { account, parent, limits, funded_by: None };
    on_account(account, correlation, opened.into())
}

/// What a delegation's first call takes of what was set aside for the delegation: it has no more.
pub(crate) fn first_call(
    ledger: &Ledger,
    funds: Held,
    account: AccountId,
    invocation: InvocationId,
    (provider, model): (&ProviderName, &ModelName),
    (input, output): (Tokens, Tokens),
) -> Held {
    // What is unpriced under a limit in money was refused when the whole was set aside.
    let price = ledger.price(provider, model).unwrap_or_default();
    funds.part(
        account,
        invocation,
        Amount { tokens: input.plus(output), money: price.worst(input, output) },
    )
}

/// Opens the account of a delegation, which this reservation on its parent pays for.
pub(crate) fn open_funded(
    story: Story,
    account: AccountId,
    funds: Held,
    money_is_limited: bool,
) -> Draft {
    let Amount { tokens, money } = funds.amount;
    let money = money_is_limited.then_some(money);
    let limits = Limits { tokens: Some(tokens), money, period: Period::Total };
    let (parent, funded_by) = (Some(funds.account), Some(funds.reservation));
    let opened = AccountOpened { account, parent, limits, funded_by };
    story.draft(StreamId::account(account), opened, Texts::none())
}

/// Puts the ledger's events on the streams of their accounts.
pub(crate) fn on_accounts(story: Story, events: Vec<(AccountId, Event)>) -> Vec<Draft> {
    let draft = |(account, event)| story.draft(StreamId::account(account), event, Texts::none());
    events.into_iter().map(draft).collect()
}

/// What stays charged by a settlement, if this is one.
pub(crate) fn charged_by(draft: &Draft) -> Option<Amount> {
    let Event::Budget(BudgetEvent::Settled(settled)) = &draft.event else {
        return None;
    };
    Some(settled.charged.plus(settled.overrun))
}

/// Records what is set aside for a call of a task.
pub(crate) fn set_aside(story: Story, held: Held) -> Draft {
    story.draft(StreamId::account(held.account), held.event(), Texts::none())
}

fn on_account(account: AccountId, correlation: Option<CorrelationId>, event: Event) -> Draft {
    let correlation =
        correlation.unwrap_or_else(|| CorrelationId::derive(&["account", &account.to_string()]));
    let stream = StreamId::account(account);
    Draft { stream, correlation, cause: None::<EventId>, event, texts: Texts::none() }
}
