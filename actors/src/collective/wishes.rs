//! Wishes: what contributions ask to hand over, decided once all of them have ended.
//!
//! **Invariant.** Which wishes are granted, and what is left for them, follows from what was answered
//! and from the order of the participants, never from who answered first.

use convoke_events::{
    Amount, CollectiveId, DelegationEvent, DelegationWished, EventId, InvocationId,
    InvocationStarted, Purpose, TextName, Texts, Timestamp,
};

use super::Collective;
use crate::action::{Actor, Delegate};
use crate::decision::{Draft, Story};
use crate::delegation::{Handing, Scope, Sender, Wish};
use crate::state::State;

/// The collective to which an answer contributes, and its call, where its wishes are to wait.
pub(crate) fn contribution(
    state: &State,
    started: &InvocationStarted,
) -> Option<(CollectiveId, InvocationId)> {
    let collective = started.collective.filter(|_| started.purpose == Purpose::Contribution)?;
    let is_open = state.collectives.open.get(&collective)?.verdict.is_none();
    is_open.then_some((collective, started.invocation))
}

/// Records what a contribution asks to hand over.
pub(crate) fn wished(
    story: Story,
    (collective, invocation): (CollectiveId, InvocationId),
    actor: &Actor,
    wish: &Wish,
    delegate: &Delegate,
) -> Draft {
    let facts = DelegationWished {
        task: story.task,
        collective,
        invocation,
        from: actor.agent,
        from_version: actor.agent_version,
        to: wish.to.clone(),
        scope: wish.key.clone(),
        scope_bytes: u32::try_from(delegate.scope.len()).unwrap_or(u32::MAX),
        tokens: wish.tokens,
        trim: wish.trim,
    };
    story.on_task(facts, Texts::none().with(TextName::SCOPE, &delegate.scope))
}

impl Collective {
    /// What the first participant asks for of whom anything is undecided, once nobody is waited for.
    fn next_wishes(&self) -> Option<&[(EventId, DelegationWished)]> {
        let mut wishes =
            self.convened.participants.iter().filter_map(|one| self.wishes.get(&one.invocation));
        wishes.next().map(Vec::as_slice).filter(|_| self.open.is_empty())
    }

    /// Whether wishes are to be decided now.
    pub(super) fn has_wishes(&self) -> bool {
        self.next_wishes().is_some()
    }

    /// Takes in that a sub-task is asked for, or that this was decided.
    pub(super) fn take_wish(&mut self, id: EventId, event: &DelegationEvent) {
        let decided = match event {
            DelegationEvent::DelegationWished(wished) => {
                self.wishes.entry(wished.invocation).or_default().push((id, wished.clone()));
                None
            }
            DelegationEvent::DelegationRequested(requested) => requested.wish,
            DelegationEvent::DelegationRefused(refused) => refused.wish,
            DelegationEvent::DelegationCompleted(_)
            | DelegationEvent::DelegationFailed(_)
            | DelegationEvent::DelegationCancelled(_) => None,
        };
        if let Some(decided) = decided {
            self.wishes.retain(|_, wishes| {
                wishes.retain(|(wish, _)| *wish != decided);
                !wishes.is_empty()
            });
        }
    }
}

/// Decides what one participant asks for, one wish after the other.
pub(super) fn decide(
    state: &State,
    collective: &Collective,
    story: Story,
    now: Timestamp,
) -> Option<Vec<Draft>> {
    let wishes = collective.next_wishes()?;
    let sender = Sender { agent: wishes.first()?.1.from, parent: None };
    let mut handing = Handing::new(state, story, sender, Amount::ZERO, now);
    let decided = wishes.iter().flat_map(|(id, wished)| {
        let DelegationWished { to, scope, scope_bytes, tokens, trim, .. } = wished.clone();
        let words = Scope::OnRecord { wish: *id, bytes: scope_bytes };
        let wish = Wish { to, scope: words, key: scope, tokens, trim };
        handing.hand(&wish).unwrap_or_else(|refused| vec![*refused.draft])
    });
    Some(decided.collect())
}
