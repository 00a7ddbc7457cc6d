//! What agents hand to each other, in words.

use convoke_events::{
    DelegationEvent, DelegationRefusal, DelegationRefused, DelegationRequested, DelegationWished,
    PolicyRef, Recorded, TextName,
};

use super::because;
use super::told::Told;
use crate::wording::{self, amount, first_lines, short, tokens};

pub(super) fn tell(
    recorded: &Recorded,
    event: &DelegationEvent,
    told: &Told,
) -> (String, Vec<PolicyRef>) {
    let reason = || because(recorded.texts.get(&TextName::REASON));
    let text = match event {
        DelegationEvent::DelegationRequested(facts) => requested(recorded, facts, told),
        DelegationEvent::DelegationRefused(facts) => {
            return (refused(recorded, facts, told), denied_by(&facts.because));
        }
        DelegationEvent::DelegationCompleted(facts) => format!(
            "{} is done and recommends `{}`; with everything under it, it cost {}",
            told.delegation_in_words(facts.delegation),
            facts.key,
            amount(facts.used),
        ),
        DelegationEvent::DelegationFailed(facts) => format!(
            "{} came to nothing, `{}`{}; with everything under it, it cost {}",
            told.delegation_in_words(facts.delegation),
            facts.class,
            reason(),
            amount(facts.used),
        ),
        DelegationEvent::DelegationCancelled(facts) => format!(
            "{} was called off by {}, and everything under it with it{}",
            told.delegation_in_words(facts.delegation),
            told.principal(&recorded.envelope.principal),
            reason(),
        ),
        DelegationEvent::DelegationWished(facts) => wished(recorded, facts, told),
    };
    (text, Vec::new())
}

fn wished(recorded: &Recorded, facts: &DelegationWished, told: &Told) -> String {
    let scope = recorded.texts.get(&TextName::SCOPE).map(first_lines).unwrap_or_default();
    let spend = facts.tokens.map(|most| format!(" for {}", tokens(most))).unwrap_or_default();
    format!(
        "{} asks in its contribution to hand \"{scope}\" to `{}`{spend}: that is decided once all \
         contributions have ended",
        told.agent(facts.from, facts.from_version),
        facts.to,
    )
}

fn requested(recorded: &Recorded, facts: &DelegationRequested, told: &Told) -> String {
    let scope = told.wishes.granted(recorded, facts);
    let scope = format!("\"{}\" (`{}`)", first_lines(&scope), facts.scope);
    let above =
        facts.parent.map(|parent| format!(" as part of {}", told.delegation_in_words(parent)));
    format!(
        "{} handed {scope} to {}{}, {} deep: delegation {} may spend {}",
        told.newest(facts.from),
        told.newest(facts.to),
        above.unwrap_or_default(),
        facts.depth,
        short(facts.delegation),
        tokens(facts.budget),
    )
}

fn refused(recorded: &Recorded, facts: &DelegationRefused, told: &Told) -> String {
    let scope = told.wishes.refused(recorded, facts);
    let scope = first_lines(&scope);
    let to = facts.to.map_or_else(|| "an agent nobody knows".to_owned(), |to| told.newest(to));
    let reason = because(recorded.texts.get(&TextName::REASON));
    format!("{} could not hand \"{scope}\" to {to}{reason}", told.newest(facts.from))
}

fn denied_by(because: &DelegationRefusal) -> Vec<PolicyRef> {
    match because {
        DelegationRefusal::Blocked { because, .. } => {
            wording::denied_by(because).into_iter().collect()
        }
        DelegationRefusal::ReceiverUnknown
        | DelegationRefusal::SenderInactive
        | DelegationRefusal::TooDeep { .. }
        | DelegationRefusal::Cycle
        | DelegationRefusal::Repeated
        | DelegationRefusal::ForeignParent
        | DelegationRefusal::Exhausted { .. }
        | DelegationRefusal::TooSmall { .. }
        | DelegationRefusal::BreakerOpen
        | DelegationRefusal::Ended => Vec::new(),
    }
}
