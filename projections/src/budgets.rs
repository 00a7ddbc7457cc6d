//! The accounts of every hub as a tree: limits, what is held, what was spent.

mod account;

use std::collections::BTreeMap;

use convoke_events::{
    AccountId, Amount, BudgetEvent, DelegationEvent, Event, HeldFor, HubEvent, HubId, Period,
    Recorded, ReservationId, TaskEvent, TaskId, TextName, Timestamp,
};
use serde::{Deserialize, Serialize};

pub use account::{Account, AccountFilter, Totals};

use self::account::Kept;
use crate::index::Index;
use crate::names::{Slugs, text};
use crate::wishes::Wishes;
use crate::{Entries, Page, Paging, Projection};

/// Every account that was ever opened, and every reservation that is still open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budgets {
    accounts: Entries<Kept>,
    tasks: Index<TaskId, AccountId>,
    reservations: BTreeMap<ReservationId, Reservation>,
    slugs: Slugs,
    wishes: Wishes,
}

/// An amount set aside for a call or a delegation that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Its id.
    pub id: ReservationId,
    /// What for.
    pub held_for: HeldFor,
    /// The account it stands on; it counts on the ancestors too.
    pub account: AccountId,
    /// How much.
    pub amount: Amount,
    /// When: the period in which it counts, whenever it is settled.
    pub at: Timestamp,
}

impl Budgets {
    /// A page of the accounts that pass.
    pub fn page(&self, filter: &AccountFilter, paging: Paging) -> Page<'_, Account> {
        self.accounts.page(|kept| filter.takes(&kept.account), paging).map(|kept| &kept.account)
    }

    /// The account with this id.
    pub fn get(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(id).map(|kept| &kept.account)
    }

    /// The account that a task spends from.
    pub fn of_task(&self, task: TaskId) -> Option<&Account> {
        self.get(self.tasks.get(task)?)
    }

    /// Every account of every hub, in the order in which they were opened.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter().map(|kept| &kept.account)
    }

    /// Every reservation that is still open, in order of their ids.
    pub fn reservations(&self) -> impl Iterator<Item = &Reservation> {
        self.reservations.values()
    }

    /// What counts against an account's limits in the period of this moment.
    pub fn used(&self, account: &Account, at: Timestamp) -> Amount {
        let kept = self.accounts.get(account.id);
        let of_days = |counts: &dyn Fn(i64) -> bool| {
            let days = kept.into_iter().flat_map(|kept| &kept.days);
            let days = days.filter(|(day, _)| counts(*day));
            days.fold(Amount::ZERO, |sum, (_, amount)| sum.plus(*amount))
        };
        match account.limits.period {
            Period::Total => account.totals.counted(),
            Period::Day => of_days(&|day| day == at.day()),
            Period::Month => of_days(&|day| month_of(day) == at.month()),
        }
    }

    /// The hub's accounts as a tree: parents before children, siblings in the order they were
    /// opened, each with its depth, 0 for a root.
    pub fn tree(&self, hub: &HubId) -> Vec<(usize, &Account)> {
        let mut children: BTreeMap<Option<AccountId>, Vec<&Account>> = BTreeMap::new();
        for account in self.iter().filter(|account| account.hub == *hub) {
            children.entry(account.parent).or_default().push(account);
        }
        for siblings in children.values_mut() {
            siblings.sort_by_key(|account| std::cmp::Reverse((account.opened, account.id)));
        }
        let mut open: Vec<(usize, &Account)> = Vec::new();
        let mut tree = Vec::new();
        open.extend(children.remove(&None).into_iter().flatten().map(|root| (0, root)));
        while let Some((depth, account)) = open.pop() {
            tree.push((depth, account));
            let below = children.remove(&Some(account.id)).into_iter().flatten();
            open.extend(below.map(|child| (depth + 1, child)));
        }
        tree
    }

    /// What the whole hub holds and has spent.
    pub fn totals(&self, hub: &HubId) -> Totals {
        let roots = self.iter().filter(|account| account.hub == *hub && account.parent.is_none());
        roots.map(|account| account.totals).sum()
    }

    fn account_mut(&mut self, id: AccountId, event: &Recorded) -> &mut Account {
        &mut self.accounts.get_or_add(id, || Kept::unlabelled(id, event)).account
    }

    /// Changes the account and those above it on which the same counts: up to the first one that a
    /// reservation pays for.
    fn on_the_way_up(&mut self, from: AccountId, at: Timestamp, change: impl Fn(&mut Totals)) {
        // No more steps than accounts, so that not even a ring of parents could hold it up.
        let mut next = Some(from);
        for _ in 0..self.accounts.len() {
            let Some(kept) = next.and_then(|id| self.accounts.get_mut(id)) else {
                return;
            };
            kept.change(at.day(), &change);
            let account = &kept.account;
            next = account.parent.filter(|_| account.funded_by.is_none());
        }
    }

    fn budget_event(&mut self, recorded: &Recorded, event: &BudgetEvent) {
        let at = recorded.envelope.decided_at;
        match event {
            BudgetEvent::AccountOpened(facts) => {
                let account = self.account_mut(facts.account, recorded);
                account.parent = facts.parent;
                account.limits = facts.limits;
                account.funded_by = facts.funded_by;
            }
            BudgetEvent::AccountLimitsSet(facts) => {
                self.account_mut(facts.account, recorded).limits = facts.limits;
            }
            BudgetEvent::AccountClosed(facts) => {
                self.account_mut(facts.account, recorded).closed = true;
            }
            BudgetEvent::AccountReopened(facts) => {
                self.account_mut(facts.account, recorded).closed = false;
            }
            BudgetEvent::Reserved(facts) => {
                let reservation = Reservation {
                    id: facts.reservation,
                    held_for: facts.held_for,
                    account: facts.account,
                    amount: facts.amount,
                    at,
                };
                self.reservations.insert(facts.reservation, reservation);
                self.on_the_way_up(facts.account, at, |totals| {
                    totals.reserved = totals.reserved.plus(facts.amount);
                });
            }
            BudgetEvent::Settled(facts) => {
                let held = self.reservations.remove(&facts.reservation);
                let (held, at) = held.map_or((Amount::ZERO, at), |held| (held.amount, held.at));
                self.on_the_way_up(facts.account, at, |totals| {
                    totals.reserved = totals.reserved.less(held);
                    totals.settled = totals.settled.plus(facts.charged.less(facts.uncertain));
                    totals.unknown = totals.unknown.plus(facts.uncertain);
                    totals.overrun = totals.overrun.plus(facts.overrun);
                });
            }
            BudgetEvent::OverrunCharged(facts) => {
                self.on_the_way_up(facts.account, facts.since, |totals| {
                    totals.overrun = totals.overrun.plus(facts.overrun);
                });
            }
            BudgetEvent::PriceSet(_) => {}
        }
    }
}

/// What an account is for, where an event says so.
pub(crate) fn label(
    event: &Recorded,
    slugs: &Slugs,
    wishes: &Wishes,
) -> Option<(AccountId, String)> {
    if let Event::Hub(HubEvent::HubOpened(facts)) = &event.event {
        let name = text(event, &TextName::NAME);
        Some((facts.account, name.unwrap_or_else(|| event.envelope.hub.to_string())))
    } else if let Event::Task(TaskEvent::TaskSubmitted(facts)) = &event.event {
        let title = text(event, &TextName::TITLE);
        Some((facts.account, title.unwrap_or_else(|| facts.task.to_string())))
    } else if let Event::Delegation(DelegationEvent::DelegationRequested(facts)) = &event.event {
        let (from, to) = (slugs.of(facts.from), slugs.of(facts.to));
        let scope = wishes.granted(event, facts);
        Some((facts.account, format!("delegation of {from} to {to}: {scope}")))
    } else {
        None
    }
}

/// The month a day falls in, counted as [`Timestamp::month`] counts.
fn month_of(day: i64) -> i64 {
    Timestamp::from_micros(day.saturating_mul(86_400_000_000)).month()
}

impl Projection for Budgets {
    const NAME: &'static str = "budgets";
    const VERSION: u32 = 3;

    fn quotes(event: &Event) -> bool {
        matches!(event, Event::Delegation(_) | Event::Hub(_) | Event::Task(_))
    }

    fn fold(&mut self, event: &Recorded) {
        self.slugs.fold(&event.event);
        self.wishes.fold(event);
        if let Event::Budget(budget) = &event.event {
            self.budget_event(event, budget);
        } else if let Some((account, label)) = label(event, &self.slugs, &self.wishes) {
            let account = self.account_mut(account, event);
            account.label = label;
            if let Event::Delegation(DelegationEvent::DelegationRequested(facts)) = &event.event {
                account.delegation = Some(facts.delegation);
            } else if let Event::Task(TaskEvent::TaskSubmitted(facts)) = &event.event {
                account.task = Some(facts.task);
                self.tasks.insert(facts.task, facts.account);
            }
        }
    }
}
