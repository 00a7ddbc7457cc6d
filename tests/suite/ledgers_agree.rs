//! A thousand delegations in a tree five deep, through failures, overruns, silence and crashes: the
//! ledger, the view and a sum over raw events say the same at every event, and no grant passes a
//! limit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use convoke_actors::command::{Caller, Command, Order, PolicyRule};
use convoke_actors::driver::scheduler::{Faults, Report, World};
use convoke_actors::hub::State;
use convoke_actors::provider::{ModelRequest, ModelResponse, Part, ProviderFailure};
use convoke_actors::testkit::{Script, hub, member, orders, said, submission, task_rules};
use convoke_events::{
    AccountId, AccountOpened, Amount, BudgetEvent, DelegationEvent, DelegationId, Digest, Event,
    FailureClass, FinishReason, InvocationEvent, Limits, MicroUsd, Recorded, ReservationId,
    TaskPlan, TaskRules, Tokens, TrustLevel, Usage, Verb,
};
use convoke_projections::{Budgets, Projection};

const AGENTS: [&str; 6] = ["forge", "helm", "quill", "ada", "bert", "cleo"];

/// How many sub-tasks each answer hands on; five levels of this make over a thousand.
const BRANCHES: usize = 4;

/// What a sub-task may spend that has so many levels below it.
fn budget(levels: usize) -> usize {
    (0..levels).fold(900, |below, _| BRANCHES * below + 900)
}

/// A number that follows from words alone.
fn chance(words: &str, of: u8) -> u8 {
    Digest::of(words.as_bytes()).as_bytes()[0] % of
}

/// Answers that hand sub-tasks on until five deep; some fail, some use too much or do not say.
#[allow(clippy::result_large_err, reason = "it is what a provider answers")]
fn answer(request: &ModelRequest) -> Result<ModelResponse, ProviderFailure> {
    let purpose = request.schema.as_ref().map_or("", |schema| schema.name);
    let scope = match purpose {
        "delegation" => said(request)[1].to_owned(),
        _ => format!("part {}", said(request)[0].len() % 7),
    };
    let depth = scope.matches('.').count();
    let actions: Vec<_> = match purpose {
        "contribution" | "delegation" if depth < 5 => (0..BRANCHES)
            .map(|branch| {
                let to = AGENTS[(depth + branch + usize::from(chance(&scope, 3))) % AGENTS.len()];
                let (scope, tokens) = (format!("{scope}.{branch}"), budget(4 - depth));
                serde_json::json!({"delegate": {"to": to, "scope": scope, "tokens": tokens}})
            })
            .collect(),
        _ => Vec::new(),
    };
    if depth > 2 && chance(&scope, 10) == 0 {
        return Err(ProviderFailure::new(FailureClass::Unavailable, "not today"));
    }
    let used = match chance(&scope, 9) {
        0 => None,
        1 if depth == 5 => Some(2_000),
        _ => Some(20),
    };
    let tokens = used.map(Tokens::new);
    let content = serde_json::json!({
        "recommendation": "fix", "body": "b", "dissent": [], "actions": actions,
    });
    Ok(ModelResponse {
        provider: request.provider.clone(),
        model: request.model.clone(),
        upstream: None,
        parts: vec![Part::Text(content.to_string())],
        finish: FinishReason::Stop,
        usage: Usage { input: tokens, output: tokens, ..Usage::default() },
    })
}

fn commands() -> Vec<Command> {
    let settings = r#"{"rules":[{"any":["x"],"recommend":"a","confidence":1,"reason":"r"}],
        "otherwise":{"recommend":"b","confidence":1,"reason":"r"}}"#;
    let mut commands = orders();
    for slug in AGENTS {
        let mut agent = member(slug, settings);
        agent.trust = TrustLevel::Elevated;
        commands.push(Command::RegisterAgent(agent));
        commands.push(Command::SetGovernancePolicy(PolicyRule::new(
            slug.parse().unwrap(),
            "implementation".parse().unwrap(),
            BTreeSet::from([Verb::Propose, Verb::Delegate]),
        )));
    }
    let mut work = submission("q", "A crash on start");
    let rules = TaskRules { min_contributions: 1, ..task_rules() };
    work.plan = TaskPlan::Collective {
        task_type: "implementation".parse().unwrap(),
        participants: Vec::new(),
        rules,
    };
    // Enough for two contributors and a half: the rest is refused.
    let tokens = Some(Tokens::new(u64::try_from(10 * budget(4)).unwrap()));
    work.limits = Limits { tokens, money: Some(MicroUsd::new(50_000_000)), ..Limits::default() };
    commands.push(Command::SubmitTask(work));
    commands
}

fn run(seed: u64, faults: Faults, more: Vec<Command>) -> Report {
    let orders = commands().into_iter().chain(more).enumerate().map(|(number, command)| {
        let key = format!("order {number}").parse().unwrap();
        Order::new(Caller::Person("ada".to_owned()), command).with_key(key)
    });
    World::new(seed, hub(), Arc::new(Script::new(answer)), orders.collect(), faults).run()
}

/// What raw events alone add up to, by a dozen lines that know nothing of the ledger.
#[derive(Default)]
struct Sums {
    accounts: BTreeMap<AccountId, (AccountOpened, Amount)>,
    held: BTreeMap<ReservationId, Amount>,
}

impl Sums {
    /// Takes an event in; which accounts it touched.
    fn take(&mut self, event: &BudgetEvent) -> Vec<AccountId> {
        let (account, back, more) = match event {
            BudgetEvent::AccountOpened(opened) => {
                self.accounts.insert(opened.account, (opened.clone(), Amount::ZERO));
                return vec![opened.account];
            }
            BudgetEvent::Reserved(one) => {
                assert!(self.held.insert(one.reservation, one.amount).is_none(), "held twice");
                (one.account, Amount::ZERO, one.amount)
            }
            BudgetEvent::Settled(one) => {
                let held = self.held.remove(&one.reservation).expect("settled once, when held");
                (one.account, held, one.charged.plus(one.overrun))
            }
            BudgetEvent::OverrunCharged(one) => (one.account, Amount::ZERO, one.overrun),
            BudgetEvent::PriceSet(_)
            | BudgetEvent::AccountLimitsSet(_)
            | BudgetEvent::AccountClosed(_)
            | BudgetEvent::AccountReopened(_) => return Vec::new(),
        };
        let (mut touched, mut next) = (Vec::new(), Some(account));
        while let Some((opened, used)) = next.and_then(|id| self.accounts.get_mut(&id)) {
            *used = used.less(back).plus(more);
            if matches!(event, BudgetEvent::Reserved(_)) {
                let limit = opened.limits;
                assert!(limit.tokens.is_none_or(|most| used.tokens <= most), "past its tokens");
                assert!(limit.money.is_none_or(|most| used.money <= most), "past its money");
            }
            touched.push(opened.account);
            next = opened.parent.filter(|_| opened.funded_by.is_none());
        }
        touched
    }
}

/// Holds the ledger, the view and the sums against each other at every event.
fn all_agree(events: &[Recorded]) {
    let (mut state, mut view, mut sums) =
        (State::empty(hub()), Budgets::default(), Sums::default());
    for recorded in events {
        state.evolve(recorded.envelope.id, recorded.envelope.decided_at, &recorded.event);
        view.fold(recorded);
        let Event::Budget(event) = &recorded.event else { continue };
        for account in sums.take(event) {
            let (_, sum) = &sums.accounts[&account];
            let shown = view.get(account).expect("an account in the view").totals.counted();
            assert_eq!(shown, *sum, "the view at {}", recorded.envelope.position);
            if let Some(counted) = state.counted(account) {
                assert_eq!(counted, *sum, "the ledger at {}", recorded.envelope.position);
            }
        }
    }
    assert!(sums.held.is_empty(), "still held at the end: {:?}", sums.held);
}

const CALM: Faults = Faults { crashes: 0, clock_step: Duration::from_millis(5) };

/// Every delegation that was granted, in order.
fn delegations(events: &[Recorded]) -> Vec<DelegationId> {
    let granted = events.iter().filter_map(|recorded| {
        let Event::Delegation(DelegationEvent::DelegationRequested(one)) = &recorded.event else {
            return None;
        };
        Some(one.delegation)
    });
    granted.collect()
}

fn counts(events: &[Recorded]) -> (usize, usize, u32) {
    let (mut granted, mut refused, mut deepest) = (0, 0, 0);
    for recorded in events {
        let Event::Delegation(event) = &recorded.event else { continue };
        if let DelegationEvent::DelegationRequested(one) = event {
            granted += 1;
            deepest = deepest.max(one.depth);
        } else if let DelegationEvent::DelegationRefused(_) = event {
            refused += 1;
        }
    }
    (granted, refused, deepest)
}

#[test]
fn a_thousand_delegations_five_deep_balance_at_every_event() {
    let report = run(1, CALM, Vec::new());
    let (granted, refused, deepest) = counts(&report.events);
    assert!(granted >= 1_000 && refused > 0 && deepest == 5, "{granted} {refused} {deepest}");
    all_agree(&report.events);
}

#[test]
fn they_balance_through_crashes_deadlines_and_cancellations_too() {
    let granted = delegations(&run(1, CALM, Vec::new()).events);
    let cancel = |delegation: &DelegationId| Command::CancelDelegation {
        delegation: *delegation,
        reason: "never mind".to_owned(),
    };
    // Again and again: most are refused, as what they name is not there yet or no more.
    let some = granted.iter().step_by(granted.len() / 40);
    let cancels: Vec<Command> = some.cycle().take(800).map(cancel).collect();
    // Hours pass in a run: some calls are given up at their deadline, and come back late.
    let stormy = Faults { crashes: 4, clock_step: Duration::from_secs(30) };
    let (mut crashes, mut cancelled, mut late) = (0, 0, 0);
    for seed in 0..3 {
        let report = run(seed, stormy, cancels.clone());
        crashes += report.crashes;
        let timed_out = |one: &&Recorded| {
            matches!(
                &one.event,
                Event::Invocation(InvocationEvent::InvocationFailed(failed))
                    if failed.class == FailureClass::Timeout
            )
        };
        let called_off = |one: &&Recorded| one.event.event_type() == "DelegationCancelled";
        cancelled += report.events.iter().filter(called_off).count();
        late += report.events.iter().filter(timed_out).count();
        all_agree(&report.events);
    }
    assert!(crashes > 0, "no crash in any run");
    assert!(cancelled > 0, "nothing was called off in any run");
    assert!(late > 0, "no deadline passed in any run");
}
