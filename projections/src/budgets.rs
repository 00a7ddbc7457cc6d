//! The accounts of every hub as a tree: limits, what is held, what was spent.

mod account;

use std::collections::BTreeMap;

use convoke_events::{
    AccountId, Amount, BudgetEvent, Event, HubEvent, HubId, InvocationId, Recorded, ReservationId,
    Settlement, TaskEvent, TaskId, TextName,
};
use serde::{Deserialize, Serialize};

pub use account::{Account, Totals};

use crate::Projection;
use crate::names::text;

/// Every account that was ever opened, and every reservation that is still open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budgets {
    accounts: BTreeMap<AccountId, Account>,
    reservations: BTreeMap<ReservationId, Reservation>,
}

/// An amount set aside for a call that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Its id.
    pub id: ReservationId,
    /// The call.
    pub invocation: InvocationId,
    /// The account it stands on; it counts on every ancestor too.
    pub account: AccountId,
    /// How much.
    pub amount: Amount,
}

impl Budgets {
    /// The account with this id.
    pub fn get(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// The account that a task spends from.
    pub fn of_task(&self, task: TaskId) -> Option<&Account> {
        self.iter().find(|account| account.task == Some(task))
    }

    /// Every account of every hub, in order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// Every reservation that is still open, in order of their ids.
    pub fn reservations(&self) -> impl Iterator<Item = &Reservation> {
        self.reservations.values()
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
        self.accounts.entry(id).or_insert_with(|| Account::unlabelled(id, event))
    }

    /// Changes the account and every ancestor of it.
    fn on_the_way_up(&mut self, from: AccountId, change: impl Fn(&mut Totals)) {
        // No more steps than accounts, so that not even a ring of parents could hold it up.
        let mut next = Some(from);
        for _ in 0..self.accounts.len() {
            let Some(account) = next.and_then(|id| self.accounts.get_mut(&id)) else {
                return;
            };
            change(&mut account.totals);
            next = account.parent;
        }
    }

    fn budget_event(&mut self, recorded: &Recorded, event: &BudgetEvent) {
        match event {
            BudgetEvent::AccountOpened(facts) => {
                let account = self.account_mut(facts.account, recorded);
                account.parent = facts.parent;
                account.limits = facts.limits;
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
                    invocation: facts.invocation,
                    account: facts.account,
                    amount: facts.amount,
                };
                self.reservations.insert(facts.reservation, reservation);
                self.on_the_way_up(facts.account, |totals| {
                    totals.reserved = totals.reserved.plus(facts.amount);
                });
            }
            BudgetEvent::Settled(facts) => {
                let held = self.reservations.remove(&facts.reservation);
                let held = held.map_or(Amount::ZERO, |reservation| reservation.amount);
                self.on_the_way_up(facts.account, |totals| {
                    totals.reserved = totals.reserved.less(held);
                    totals.overrun = totals.overrun.plus(facts.overrun);
                    match facts.settlement {
                        Settlement::Unknown => totals.unknown = totals.unknown.plus(facts.charged),
                        Settlement::Confirmed | Settlement::Exceeded | Settlement::Released => {
                            totals.settled = totals.settled.plus(facts.charged);
                        }
                    }
                });
            }
            BudgetEvent::OverrunCharged(facts) => {
                self.on_the_way_up(facts.account, |totals| {
                    totals.overrun = totals.overrun.plus(facts.overrun);
                });
            }
            BudgetEvent::PriceSet(_) => {}
        }
    }
}

impl Projection for Budgets {
    const NAME: &'static str = "budgets";
    const VERSION: u32 = 1;

    fn fold(&mut self, event: &Recorded) {
        if let Event::Budget(budget) = &event.event {
            self.budget_event(event, budget);
        } else if let Event::Hub(HubEvent::HubOpened(facts)) = &event.event {
            let name = text(event, &TextName::NAME);
            self.account_mut(facts.account, event).label =
                name.unwrap_or_else(|| event.envelope.hub.to_string());
        } else if let Event::Task(TaskEvent::TaskSubmitted(facts)) = &event.event {
            let title = text(event, &TextName::TITLE);
            let account = self.account_mut(facts.account, event);
            account.task = Some(facts.task);
            account.label = title.unwrap_or_else(|| facts.task.to_string());
        }
    }
}
