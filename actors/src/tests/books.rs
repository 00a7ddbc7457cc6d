//! Books kept beside the ledger, from raw events alone, that hold it to everything it promises.

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    AccountId, AccountOpened, Amount, BudgetEvent, Event, Limits, ReservationId, Reserved, Settled,
    Settlement,
};

#[derive(Debug, Default)]
struct Page {
    parent: Option<AccountId>,
    funded_by: Option<ReservationId>,
    limits: Limits,
    closed: bool,
    used: Amount,
    overrun: Amount,
    /// What it had used when its limits were last changed.
    at_change: Amount,
}

/// The books of one hub.
#[derive(Debug, Default)]
pub(super) struct Books {
    pages: BTreeMap<AccountId, Page>,
    open: BTreeMap<ReservationId, Reserved>,
    settled: BTreeSet<ReservationId>,
    /// Accounts that an overrun pushed over their limit, and that are not closed yet.
    to_close: BTreeSet<AccountId>,
}

fn within(limits: Limits, used: Amount) -> bool {
    limits.tokens.is_none_or(|most| used.tokens <= most)
        && limits.money.is_none_or(|most| used.money <= most)
}

impl Books {
    /// The books of these events, each of which kept every promise.
    pub(super) fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut books = Self::default();
        events.into_iter().for_each(|event| books.take(event));
        books
    }

    /// Takes an event down; whatever breaks a promise of the ledger panics.
    pub(super) fn take(&mut self, event: &Event) {
        let Event::Budget(event) = event else { return };
        match event {
            BudgetEvent::PriceSet(_) => {}
            BudgetEvent::AccountOpened(opened) => {
                let AccountOpened { parent, limits, funded_by, .. } = *opened;
                let page = Page { parent, funded_by, limits, ..Page::default() };
                assert!(self.pages.insert(opened.account, page).is_none(), "opened twice");
            }
            BudgetEvent::AccountLimitsSet(set) => {
                let page = self.pages.get_mut(&set.account).expect("an open account");
                (page.limits, page.at_change) = (set.limits, page.used);
            }
            BudgetEvent::AccountClosed(closed) => {
                self.pages.get_mut(&closed.account).expect("an open account").closed = true;
                assert!(self.to_close.remove(&closed.account), "closed for nothing");
            }
            BudgetEvent::AccountReopened(reopened) => {
                let page = self.pages.get_mut(&reopened.account).expect("an open account");
                assert!(std::mem::take(&mut page.closed), "reopened, but not closed");
            }
            BudgetEvent::Reserved(reserved) => self.reserve(reserved),
            BudgetEvent::Settled(settled) => self.settle(settled),
            BudgetEvent::OverrunCharged(charged) => {
                assert!(self.settled.contains(&charged.reservation), "late, but not settled");
                assert!(!charged.overrun.is_zero(), "an overrun of nothing");
                self.charge(charged.account, Amount::ZERO, Amount::ZERO, charged.overrun);
            }
        }
        self.check();
    }

    fn reserve(&mut self, reserved: &Reserved) {
        assert!(self.to_close.is_empty(), "left open: {:?}", self.to_close);
        assert!(!self.settled.contains(&reserved.reservation), "reserved after its end");
        assert!(self.open.insert(reserved.reservation, reserved.clone()).is_none(), "held twice");
        self.charge(reserved.account, Amount::ZERO, reserved.amount, Amount::ZERO);
        for account in self.chain(reserved.account) {
            let page = &self.pages[&account];
            assert!(!page.closed, "set aside on a closed account");
            assert!(within(page.limits, page.used), "a grant past a limit: {page:?}");
        }
    }

    fn settle(&mut self, settled: &Settled) {
        let Settled { reservation, settlement, charged, overrun, .. } = *settled;
        let held = self.open.remove(&reservation).expect("settled once, after it was set aside");
        self.settled.insert(reservation);
        assert_eq!((held.account, held.held_for), (settled.account, settled.held_for));
        assert!(charged.less(held.amount).is_zero(), "charged more than was set aside");
        let fits = match settlement {
            Settlement::Confirmed => overrun.is_zero(),
            Settlement::Unknown => overrun.is_zero() && charged == held.amount,
            Settlement::Released => overrun.is_zero() && charged.is_zero(),
            Settlement::Exceeded => !overrun.is_zero(),
        };
        assert!(fits, "{settled:?} of {held:?}");
        self.charge(settled.account, held.amount, charged, overrun);
    }

    fn charge(&mut self, account: AccountId, back: Amount, more: Amount, overrun: Amount) {
        for account in self.chain(account) {
            let page = self.pages.get_mut(&account).expect("an open account");
            assert!(back.less(page.used).is_zero(), "more goes back than was used");
            page.used = page.used.less(back).plus(more).plus(overrun);
            page.overrun = page.overrun.plus(overrun);
            if !overrun.is_zero() && !page.closed && !within(page.limits, page.used) {
                self.to_close.insert(account);
            }
        }
    }

    /// At every account: settled + unknown + reserved ≤ max(limit, use when it was last changed)
    /// + recorded overruns.
    fn check(&self) {
        for page in self.pages.values() {
            let bound = |limit: Option<u64>, then: u64, overrun: u64| {
                limit.map_or(u64::MAX, |limit| limit.max(then).saturating_add(overrun))
            };
            let Page { limits, used, overrun, at_change, .. } = page;
            let tokens = limits.tokens.map(convoke_events::Tokens::get);
            let money = limits.money.map(convoke_events::MicroUsd::get);
            let most = bound(tokens, at_change.tokens.get(), overrun.tokens.get());
            assert!(used.tokens.get() <= most, "past its tokens: {page:?}");
            let most = bound(money, at_change.money.get(), overrun.money.get());
            assert!(used.money.get() <= most, "past its money: {page:?}");
        }
    }

    /// The account and its ancestors, up to the first one that a reservation pays for.
    fn chain(&self, account: AccountId) -> Vec<AccountId> {
        let parent = |one: &AccountId| {
            let page = &self.pages[one];
            page.parent.filter(|_| page.funded_by.is_none())
        };
        std::iter::successors(Some(account), parent).collect()
    }

    /// All that is set aside, charged and overrun on an account.
    pub(super) fn used(&self, account: AccountId) -> Amount {
        self.pages[&account].used
    }

    pub(super) fn is_closed(&self, account: AccountId) -> bool {
        self.pages[&account].closed
    }

    /// What is set aside and not settled.
    pub(super) fn held(&self) -> Vec<&Reserved> {
        self.open.values().collect()
    }

    /// Whether every account that an overrun pushed over its limit is closed.
    pub(super) fn are_complete(&self) -> bool {
        self.to_close.is_empty()
    }
}
