//! Sub-tasks that agents of a collective hand to each other.

use convoke_events::*;

use super::federation::*;
use super::history::*;

pub(super) fn delegation(name: &str) -> DelegationId {
    DelegationId::derive(&[name])
}

pub(super) fn call_of(name: &str) -> InvocationId {
    InvocationId::derive(&["delegation", name])
}

pub(super) fn funds_of(name: &str) -> ReservationId {
    ReservationId::derive(&["funds", name])
}

/// One delegation: its name, the one above it, who hands over to whom, and how much it may spend.
pub(super) struct Handed {
    pub(super) name: &'static str,
    pub(super) above: Option<&'static str>,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) budget: u64,
}

impl Handed {
    fn account_above(&self, task: &str) -> AccountId {
        account(self.above.unwrap_or(task))
    }
}

/// The append that hands over, event by event: the funds, the delegation, its account, its call.
pub(super) fn hand_over(history: &mut History, task_name: &str, handed: &Handed) {
    let Handed { name, above, from, to, budget } = *handed;
    let held_for = HeldFor::Delegation(delegation(name));
    let (reservation, parent) = (funds_of(name), handed.account_above(task_name));
    let funds = Reserved { reservation, held_for, account: parent, amount: tokens(budget) };
    history.on(task_name, funds, Texts::none());
    let requested = DelegationRequested {
        delegation: delegation(name),
        task: task(task_name),
        parent: above.map(delegation),
        depth: if above.is_some() { 2 } else { 1 },
        from: agent(from),
        to: agent(to),
        scope: word("duplicates"),
        account: account(name),
        reservation,
        budget: Tokens::new(budget),
        invocation: call_of(name),
        wish: None,
    };
    let scope = Texts::none().with(TextName::SCOPE, "look for duplicates");
    history.on(task_name, requested, scope);
    let Amount { tokens: most, money } = tokens(budget);
    let opened = AccountOpened {
        account: account(name),
        parent: Some(parent),
        limits: Limits { tokens: Some(most), money: Some(money), period: Period::Total },
        funded_by: Some(reservation),
    };
    history.on(task_name, opened, Texts::none());
    let invocation = call_of(name);
    let reservation = ReservationId::derive(&["call", name]);
    let held_for = HeldFor::Call(invocation);
    let held = Reserved { reservation, held_for, account: account(name), amount: tokens(400) };
    history.on(task_name, held, Texts::none());
    let started = InvocationStarted {
        invocation,
        task: task(task_name),
        collective: None,
        delegation: Some(delegation(name)),
        purpose: Purpose::Delegation,
        attempt: 1,
        mends: None,
        instead_of: None,
        endpoint: EndpointId::derive(&["rules"]),
        agent: agent(to),
        agent_version: 1,
        provider: ProviderName::Rules,
        model: word("rules-1"),
        decision: DecisionId::derive(&[name]),
        verb: Verb::Propose,
        artifact: word("implementation"),
        granted_by: None,
        reservation,
        max_output: Tokens::new(200),
        deadline: history.now(),
    };
    history.on(task_name, started, Texts::none());
}

/// The call of a delegation is answered, or fails without telling what it used.
pub(super) fn call_ends(history: &mut History, task_name: &str, name: &str, used: Option<u64>) {
    let invocation = call_of(name);
    if let Some(used) = used {
        let answered = InvocationAnswered {
            invocation,
            attempt: 1,
            provider: ProviderName::Rules,
            model: word("rules-1"),
            upstream: None,
            finish: FinishReason::Stop,
            usage: Usage {
                input: Some(Tokens::new(used - 50)),
                output: Some(Tokens::new(50)),
                ..Usage::default()
            },
            key: word("unique"),
            confidence: None,
            latency_us: 10,
        };
        let content = r#"{"recommendation":"unique","body":"nothing like it"}"#;
        history.on(task_name, answered, Texts::none().with(TextName::CONTENT, content));
    } else {
        let (class, usage) = (FailureClass::Timeout, Usage::default());
        let failed = call_failed(invocation, class, usage);
        history.on(task_name, failed, Texts::none().with(TextName::REASON, "too late"));
    }
    let charged = tokens(used.unwrap_or(400).min(400));
    let overrun = tokens(used.unwrap_or(0).saturating_sub(400));
    let settlement = match used {
        None => Settlement::Unknown,
        Some(_) if overrun.is_zero() => Settlement::Confirmed,
        Some(_) => Settlement::Exceeded,
    };
    let settled = Settled {
        reservation: ReservationId::derive(&["call", name]),
        held_for: HeldFor::Call(invocation),
        account: account(name),
        settlement,
        charged,
        uncertain: if used.is_none() { charged } else { Amount::ZERO },
        overrun,
    };
    history.on(task_name, settled, Texts::none());
}

/// A delegation ends: completed, failed, or (with neither) called off before.
pub(super) fn ends(
    history: &mut History,
    task_name: &str,
    handed: &Handed,
    end: Option<Event>,
    (charged, uncertain, overrun): (u64, u64, u64),
) {
    if let Some(end) = end {
        history.on(task_name, end, Texts::none().with(TextName::REASON, "its call failed"));
    }
    let settled = Settled {
        reservation: funds_of(handed.name),
        held_for: HeldFor::Delegation(delegation(handed.name)),
        account: handed.account_above(task_name),
        settlement: if overrun > 0 { Settlement::Exceeded } else { Settlement::Confirmed },
        charged: tokens(charged),
        uncertain: tokens(uncertain),
        overrun: tokens(overrun),
    };
    history.on(task_name, settled, Texts::none());
}

pub(super) fn completed(name: &str, used: u64) -> Event {
    let (delegation, key, used) = (delegation(name), word("unique"), tokens(used));
    DelegationCompleted { delegation, key, used }.into()
}

pub(super) fn failed(name: &str, used: u64) -> Event {
    let (delegation, class, used) = (delegation(name), FailureClass::Timeout, tokens(used));
    DelegationFailed { delegation, class, used }.into()
}

pub(super) fn cancelled(history: &mut History, task_name: &str, name: &str) {
    history.by_person("Grace");
    let reason = Texts::none().with(TextName::REASON, "no longer wanted");
    history.on(task_name, DelegationCancelled { delegation: delegation(name) }, reason);
    history.by_runtime();
}

pub(super) const OUTER: Handed =
    Handed { name: "outer", above: None, from: "mace", to: "helm", budget: 1_000 };
pub(super) const INNER: Handed =
    Handed { name: "inner", above: Some("outer"), from: "helm", to: "scout", budget: 500 };

/// Mace contributes, hands over to helm, helm to scout; scout's use is never known. Both end.
pub(super) fn handed_over(history: &mut History, name: &str) {
    start(history, name, Purpose::Contribution, "mace");
    answer(history, name, Purpose::Contribution, "mace", "fix");
    hand_over(history, name, &OUTER);
    hand_over(history, name, &INNER);
    call_ends(history, name, "outer", Some(300));
    call_ends(history, name, "inner", None);
    ends(history, name, &INNER, Some(failed("inner", 400)), (400, 400, 0));
    ends(history, name, &OUTER, Some(completed("outer", 700)), (700, 400, 0));
}

pub(super) fn refuse(history: &mut History, task_name: &str, from: &str) {
    let refused = DelegationRefused {
        task: task(task_name),
        parent: None,
        from: agent(from),
        to: None,
        because: DelegationRefusal::ReceiverUnknown,
        wish: None,
    };
    let texts = Texts::none()
        .with(TextName::SCOPE, "ask somebody")
        .with(TextName::REASON, "no active agent `ghost` is registered");
    history.on(task_name, refused, texts);
}
