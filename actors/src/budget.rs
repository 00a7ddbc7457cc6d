//! Budget: what may be spent, as a tree of accounts; nothing is sent that was not set aside before.

mod estimate;
mod ledger;

use convoke_events::{
    AccountId, AccountLimitsSet, AccountOpened, CorrelationId, Event, EventId, Limits, ModelName,
    PriceSet, ProviderName, StreamId, Texts, Timestamp,
};

pub(crate) use self::estimate::{DOCUMENT_OVERHEAD, document_bound, input_bound};
pub(crate) use self::ledger::{Held, Ledger, Settling, Short};
use crate::command::Price;
use crate::decision::{Draft, Story};

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

/// Opens an account.
pub(crate) fn open(
    account: AccountId,
    parent: Option<AccountId>,
    limits: Limits,
    correlation: Option<CorrelationId>,
) -> Draft {
    on_account(account, correlation, AccountOpened { account, parent, limits }.into())
}

/// Puts the ledger's events on the streams of their accounts.
pub(crate) fn on_accounts(story: Story, events: Vec<(AccountId, Event)>) -> Vec<Draft> {
    let draft = |(account, event)| story.draft(StreamId::account(account), event, Texts::none());
    events.into_iter().map(draft).collect()
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
