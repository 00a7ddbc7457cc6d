//! Samples of sub-tasks that agents hand to each other.

use super::federation::{account, agent, invocation, policy, reason, reservation, task};
use crate::testkit::{NOON, word};
use crate::{
    AgentId, Amount, BlockReason, CollectiveId, DelegationCancelled, DelegationCompleted,
    DelegationFailed, DelegationId, DelegationRefusal, DelegationRefused, DelegationRequested,
    DelegationWished, Event, EventId, FailureClass, MicroUsd, TextName, Texts, Tokens, Verb,
};

pub(super) fn delegation() -> DelegationId {
    DelegationId::derive(&["sample"])
}

pub(super) fn samples() -> Vec<(Event, Texts)> {
    let (delegation, to) = (delegation(), AgentId::derive(&["receiver"]));
    let parent = Some(DelegationId::derive(&["parent"]));
    let used = Amount { tokens: Tokens::new(321), money: MicroUsd::new(45) };
    let requested = DelegationRequested {
        delegation,
        task: task(),
        parent,
        depth: 2,
        from: agent(),
        to,
        scope: word("duplicates"),
        account: account(),
        reservation: reservation(),
        budget: Tokens::new(1_000),
        invocation: invocation(),
        wish: Some(EventId::mint(NOON, 3)),
    };
    let because = DelegationRefusal::Blocked {
        agent: agent(),
        verb: Verb::Delegate,
        because: BlockReason::VerbNotAllowed(policy()),
    };
    let (task, from, to) = (task(), agent(), Some(to));
    let refused = DelegationRefused { task, parent, from, to, because, wish: None };
    let wished = DelegationWished {
        task,
        collective: CollectiveId::derive(&["sample"]),
        invocation: invocation(),
        from,
        from_version: 2,
        to: word("receiver"),
        scope: word("duplicates"),
        scope_bytes: 19,
        tokens: Some(Tokens::new(600)),
        trim: true,
    };
    let class = FailureClass::Timeout;
    vec![
        (requested.into(), Texts::none().with(TextName::SCOPE, "look for duplicates")),
        (refused.into(), reason().with(TextName::SCOPE, "look for duplicates")),
        (DelegationCompleted { delegation, key: word("unique"), used }.into(), reason()),
        (DelegationFailed { delegation, class, used }.into(), reason()),
        (DelegationCancelled { delegation }.into(), reason()),
        (wished.into(), Texts::none().with(TextName::SCOPE, "look for duplicates")),
    ]
}
