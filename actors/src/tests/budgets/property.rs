//! Whatever is asked of the ledger in whatever order, every prefix of its events keeps its promises.

use convoke_events::testkit::NOON;
use convoke_events::{
    AccountId, AccountLimitsSet, AccountOpened, Amount, BudgetEvent, Event, HeldFor, InvocationId,
    Limits, MicroUsd, ModelName, PriceSet, ProviderName, Tokens, Usage,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::budget::{Held, Ledger, Settling, Short};
use crate::command::Price;
use crate::tests::books::Books;
use crate::tests::cast::word;

/// A hub with two tasks, one of which has two tasks below it.
const TREE: [(&str, Option<&str>); 5] = [
    ("hub", None),
    ("task", Some("hub")),
    ("other", Some("hub")),
    ("below", Some("task")),
    ("beside", Some("task")),
];

#[derive(Clone, Debug)]
enum Ask {
    Reserve { account: usize, calls: Vec<(u64, u64)> },
    Settle { which: usize, usage: Option<Usage> },
    Late { which: usize, usage: Usage },
    Limit { account: usize, limits: Limits },
    Price(Price),
}

fn some_limits() -> impl Strategy<Value = Limits> {
    (option::of(0..3_000_u64), option::of(0..6_000_u64)).prop_map(|(tokens, money)| Limits {
        tokens: tokens.map(Tokens::new),
        money: money.map(MicroUsd::new),
        ..Limits::default()
    })
}

fn some_usage() -> impl Strategy<Value = Usage> {
    let tokens = || option::weighted(0.8, (0..800_u64).prop_map(Tokens::new));
    let cost = option::weighted(0.2, (0..2_000_u64).prop_map(MicroUsd::new));
    (tokens(), tokens(), tokens(), cost).prop_map(|(input, cached, output, cost)| Usage {
        input,
        cached,
        output,
        cost,
        ..Usage::default()
    })
}

fn some_price() -> impl Strategy<Value = Price> {
    let one = || (0..3_000_000_u64).prop_map(MicroUsd::new);
    (one(), one(), one()).prop_map(|(input, cached, output)| Price { input, cached, output })
}

fn some_ask() -> impl Strategy<Value = Ask> {
    let calls = vec((0..400_u64, 0..400_u64), 1..4);
    prop_oneof![
        4 => (0..5_usize, calls).prop_map(|(account, calls)| Ask::Reserve { account, calls }),
        4 => (any::<usize>(), option::of(some_usage()))
            .prop_map(|(which, usage)| Ask::Settle { which, usage }),
        2 => (any::<usize>(), some_usage()).prop_map(|(which, usage)| Ask::Late { which, usage }),
        1 => (0..5_usize, some_limits())
            .prop_map(|(account, limits)| Ask::Limit { account, limits }),
        1 => some_price().prop_map(Ask::Price),
    ]
}

fn id(account: usize) -> AccountId {
    AccountId::derive(&[TREE[account].0])
}

/// A ledger, the books beside it, and what can be settled or come late.
struct Run {
    ledger: Ledger,
    books: Books,
    model: (ProviderName, ModelName),
    held: Vec<Held>,
    settled: Vec<(Held, Amount)>,
    calls: usize,
}

impl Run {
    fn start(limits: &[Limits]) -> Self {
        let mut run = Self {
            ledger: Ledger::default(),
            books: Books::default(),
            model: (ProviderName::Rules, word("rules-1")),
            held: Vec::new(),
            settled: Vec::new(),
            calls: 0,
        };
        for (place, (name, parent)) in TREE.into_iter().enumerate() {
            let account = AccountId::derive(&[name]);
            let parent = parent.map(|parent| AccountId::derive(&[parent]));
            let (limits, funded_by) = (limits[place], None);
            run.take(&AccountOpened { account, parent, limits, funded_by }.into());
        }
        run
    }

    fn take(&mut self, event: &Event) {
        if let Event::Budget(event) = event {
            self.ledger.evolve(NOON, event);
        }
        self.books.take(event);
    }

    fn ask(&mut self, ask: Ask) {
        match ask {
            Ask::Reserve { account, calls } => self.reserve(id(account), &calls),
            Ask::Settle { which, usage } => self.settle(which, usage.as_ref()),
            Ask::Late { which, usage } => self.come_late(which, &usage),
            Ask::Limit { account, limits } => {
                self.take(&AccountLimitsSet { account: id(account), limits }.into());
            }
            Ask::Price(Price { input, cached, output }) => {
                let (provider, model) = self.model.clone();
                let from = NOON;
                self.take(&PriceSet { provider, model, input, cached, output, from }.into());
            }
        }
    }

    /// Sets several calls aside in one append, as a collective does.
    fn reserve(&mut self, account: AccountId, calls: &[(u64, u64)]) {
        let mut granted = Vec::new();
        let mut plan = self.ledger.plan(account, NOON);
        for (input, output) in calls {
            self.calls += 1;
            let call = HeldFor::Call(InvocationId::derive(&[&self.calls.to_string()]));
            let (provider, model) = &self.model;
            let worst = (Tokens::new(*input), Tokens::new(*output));
            match plan.reserve(call, (provider, model), worst) {
                Ok(held) => granted.push(held),
                Err(Short::Closed { account }) => assert!(self.books.is_closed(account)),
                Err(Short::Exhausted { account, needed, left }) => {
                    let lacks = |left: Option<u64>, needed| left.is_some_and(|left| left < needed);
                    let tokens = lacks(left.tokens.map(Tokens::get), needed.tokens.get());
                    let money = lacks(left.money.map(MicroUsd::get), needed.money.get());
                    assert!(tokens || money, "{account} has {left:?} left for {needed:?}");
                }
                Err(Short::PriceUnknown { .. }) => {
                    assert_eq!(self.ledger.price(provider, model), None);
                }
            }
        }
        for held in granted {
            self.take(&held.event().into());
            self.held.push(held);
        }
    }

    fn settle(&mut self, which: usize, usage: Option<&Usage>) {
        if self.held.is_empty() {
            return;
        }
        let held = self.held.swap_remove(which % self.held.len());
        let settling = usage.map_or(Settling::NothingSent, Settling::Used);
        let events = self.ledger.settle(held, (&self.model.0, &self.model.1), settling);
        for (_, event) in &events {
            self.take(event);
            if let Event::Budget(event @ BudgetEvent::Settled(settled)) = event {
                let mut twice = self.ledger.clone();
                twice.evolve(convoke_events::testkit::NOON, event);
                assert_eq!(twice, self.ledger, "a settlement counts once");
                self.settled.push((held, settled.charged.plus(settled.overrun)));
            }
        }
        assert!(self.books.are_complete(), "an account was pushed over its limit and left open");
    }

    fn come_late(&mut self, which: usize, usage: &Usage) {
        if self.settled.is_empty() {
            return;
        }
        let (held, charged) = self.settled.swap_remove(which % self.settled.len());
        let model = (&self.model.0, &self.model.1);
        for (_, event) in self.ledger.charge_late(held, charged, model, usage) {
            self.take(&event);
        }
        assert!(self.books.are_complete(), "an account was pushed over its limit and left open");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_prefix_of_any_history_keeps_what_the_ledger_promises(
        limits in vec(some_limits(), 5),
        asks in vec(some_ask(), 1..60),
    ) {
        let mut run = Run::start(&limits);
        for ask in asks {
            run.ask(ask);
        }
        let open: Vec<_> = run.books.held().iter().map(|one| one.reservation).collect();
        let mut held: Vec<_> = run.held.iter().map(|one| one.reservation).collect();
        held.sort();
        prop_assert!(held.iter().all(|one| run.ledger.held(*one).is_some()));
        prop_assert_eq!(open, held);
    }

    #[test]
    fn an_empty_account_holds_exactly_its_limit(
        limit in 1..2_000_u64,
        calls in vec((0..400_u64, 0..400_u64), 1..12),
    ) {
        let tokens = Limits { tokens: Some(Tokens::new(limit)), ..Limits::default() };
        let mut run = Run::start(&[Limits::default(), tokens, Limits::default(), Limits::default(), Limits::default()]);
        let mut room = limit;
        for (input, output) in calls {
            let before = run.held.len();
            run.reserve(id(3), &[(input, output)]);
            let granted = run.held.len() > before;
            prop_assert_eq!(granted, input + output <= room);
            if granted {
                room -= input + output;
            }
        }
        prop_assert_eq!(run.books.used(id(0)).tokens.get(), limit - room);
    }
}
