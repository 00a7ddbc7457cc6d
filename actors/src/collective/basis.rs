//! Basis: everything that a verdict rests on, from what is recorded.

use convoke_events::{Acceptance, CollectiveConvened, VerdictBasis, Voice};

use super::{Collective, distinct};
use crate::state::State;

/// What the verdict on a collective rests on, as it stands.
pub(super) fn of(state: &State, collective: &Collective) -> VerdictBasis {
    let task_type = &collective.convened.task_type;
    let voices = collective.in_order().filter_map(|(participant, contribution)| {
        let key = collective.meaning(&contribution.key);
        let (agent, agent_version) = (contribution.agent, contribution.agent_version);
        let record = state.records.of(agent, agent_version, task_type);
        collective.counts(key).then(|| Voice {
            agent,
            agent_version,
            family: participant.family.clone(),
            key: key.clone(),
            acceptance: record.map(Acceptance::from).unwrap_or_default(),
        })
    });
    with_voices(state, &collective.convened, voices.collect())
}

/// What it rests on where these have spoken.
pub(super) fn with_voices(
    state: &State,
    convened: &CollectiveConvened,
    voices: Vec<Voice>,
) -> VerdictBasis {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let hub = state.records.of_hub(&convened.task_type);
    VerdictBasis {
        voices,
        participants: count(convened.participants.len()),
        min_contributions: convened.rules.min_contributions,
        one_failure_fails_all: convened.rules.one_failure_fails_all,
        allowed: distinct(&convened.rules.allowed),
        hub: hub.map(Acceptance::from).unwrap_or_default(),
    }
}
