//! Endings: a delegation is done, failed or called off; what it did not spend goes back.

use convoke_events::{
    DelegationCancelled, DelegationCompleted, DelegationFailed, DelegationId, StreamId, TextName,
    Texts, Timestamp,
};

use super::{CallState, Delegation};
use crate::budget::on_accounts;
use crate::decision::{Decision, Draft, Story};
use crate::invocation::call_off;
use crate::refusal::Refusal;
use crate::state::State;

/// Calls a delegation off: one event, which everything under it inherits.
pub(crate) fn cancel(
    state: &State,
    delegation: DelegationId,
    reason: &str,
) -> Result<Vec<Draft>, Refusal> {
    let unknown = Refusal::DelegationUnknown { delegation };
    let open = state.delegations.open.get(&delegation).ok_or(unknown)?;
    if open.cancelled {
        return Ok(Vec::new());
    }
    let story = Story { task: open.requested.task, cause: None };
    let texts = Texts::none().with(TextName::REASON, reason);
    let facts = DelegationCancelled { delegation };
    Ok(vec![story.draft(StreamId::delegation(delegation), facts, texts)])
}

/// Does what is owed of a delegation: calls its call off, or ends it.
pub(crate) fn step(state: &State, id: DelegationId, now: Timestamp, seed: u64) -> Decision {
    let Some(open) = state.delegations.open.get(&id) else {
        return Decision::nothing();
    };
    let story = Story { task: open.requested.task, cause: Some(open.cause) };
    match &open.call {
        CallState::InFlight => {
            let why = "the delegation was called off";
            Decision::of(call_off(state, open.requested.invocation, why, now, seed))
        }
        CallState::Answered(key) => {
            let used = state.ledger.spent(open.requested.account);
            let completed = DelegationCompleted { delegation: id, key: key.clone(), used };
            let stream = StreamId::delegation(id);
            let end = story.draft(stream, completed, Texts::none());
            Decision::of(ended(state, story, open, end))
        }
        CallState::Failed(class) => {
            let used = state.ledger.spent(open.requested.account);
            let failed = DelegationFailed { delegation: id, class: *class, used };
            let reason = format!("its call failed: {class}");
            let texts = Texts::none().with(TextName::REASON, reason);
            let end = story.draft(StreamId::delegation(id), failed, texts);
            Decision::of(ended(state, story, open, end))
        }
    }
}

/// What was set aside is settled, and how it ended recorded, unless it was called off: then that is
/// how it ended.
fn ended(state: &State, story: Story, open: &Delegation, end: Draft) -> Vec<Draft> {
    let held = state.ledger.held(open.requested.reservation);
    let settled = held.map(|held| state.ledger.settle_delegation(held, open.requested.account));
    let mut drafts = Vec::new();
    if !open.cancelled {
        drafts.push(end);
    }
    drafts.extend(on_accounts(story, settled.unwrap_or_default()));
    drafts
}
