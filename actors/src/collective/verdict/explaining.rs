//! Explaining: a recorded verdict reached again from the log alone, and held against the record.
//!
//! Nothing of the record goes into the verdict that is reached again but which collective it is on
//! and the version of its rule. Who contributed what, what is known of them and by which rule it
//! falls come from the events before it, by the code that reached it then.

use convoke_events::{
    CollectiveEvent, CollectiveId, Event, Recorded, TextName, VerdictReached, VerdictRule,
};
use serde::Serialize;

use super::{Reached, in_words, reach, version_of};
use crate::collective::basis;
use crate::difference::{Difference, compare};
use crate::state::State;

/// A verdict as it is recorded, and what reaching it again gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The record.
    pub recorded: VerdictReached,
    /// Why, in the record's words.
    pub reason: String,
    /// Where the record and the verdict reached again are not the same, bit for bit; nothing where
    /// they are.
    pub differences: Vec<Difference>,
}

/// Why a verdict cannot be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// The append holds no such verdict.
    #[error("no verdict on collective {collective} is in this append")]
    NotHere {
        /// On which collective.
        collective: CollectiveId,
    },
    /// Nobody was asked before the verdict.
    #[error("collective {collective} was not convened before its verdict")]
    NotConvened {
        /// Which collective.
        collective: CollectiveId,
    },
    /// This version of the rule is not one of this build.
    #[error("rule `{rule}` version {version} is unknown to this version of Convoke")]
    RuleUnknown {
        /// Which rule.
        rule: VerdictRule,
        /// In which version.
        version: u32,
    },
}

/// Reaches the recorded verdict on a collective again. `state` is the hub's before the append that
/// holds it, `append` all events of that append.
///
/// # Errors
/// [`ExplainError`] if the verdict is not there, followed a version of its rule that is not known,
/// or nobody was asked before it.
pub fn explain(
    state: &State,
    append: &[Recorded],
    collective: CollectiveId,
) -> Result<Explanation, ExplainError> {
    let mut before = state.clone();
    for event in append {
        if let Event::Collective(CollectiveEvent::VerdictReached(recorded)) = &event.event
            && recorded.collective == collective
        {
            return held_against(&before, event, recorded);
        }
        before.evolve(event.envelope.id, event.envelope.decided_at, &event.event);
    }
    Err(ExplainError::NotHere { collective })
}

/// The record beside what the state before it gives.
fn held_against(
    state: &State,
    event: &Recorded,
    recorded: &VerdictReached,
) -> Result<Explanation, ExplainError> {
    let VerdictReached { collective, rule, rule_version: version, .. } = *recorded;
    if version != version_of(rule) {
        return Err(ExplainError::RuleUnknown { rule, version });
    }
    let open = state.collectives.open.get(&collective);
    let open = open.ok_or(ExplainError::NotConvened { collective })?;
    let basis = basis::of(state, open);
    let reached = reach(open.convened.settings.verdict, &basis);
    let reason = event.texts.get(&TextName::REASON).unwrap_or_default().to_owned();
    let again = in_words(&reached, &basis);
    let mut differences = compare("reason", &reason, &again);
    let Reached { rule, version, verdict, figures } = reached;
    let again = VerdictReached { collective, rule, rule_version: version, verdict, figures, basis };
    differences.extend(compare("", recorded, &again));
    Ok(Explanation { recorded: recorded.clone(), reason, differences })
}
