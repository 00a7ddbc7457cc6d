//! Recorded decisions, made again from the log alone.

use convoke_actors::hub::State;
use convoke_actors::routing::explain::{ExplainError, Explanation, explain as explained};
use convoke_actors::routing::what_if::{Alternative, Change, Totals, WhatIf};
use convoke_events::{
    DecisionId, Event, HubId, Log, Position, Query, ReadError, Recorded, RoutingEvent,
};

/// Why a decision could not be made again.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// The log holds no such decision.
    #[error("there is no decision {decision} in this log")]
    Unknown {
        /// Which decision.
        decision: DecisionId,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The decision cannot be explained.
    #[error(transparent)]
    Explain(#[from] ExplainError),
}

/// Makes a recorded decision again, from the events before it, and compares the two bit for bit.
///
/// # Errors
/// [`DecisionError`] if there is no such decision, it followed a rule this build does not know, or
/// the log cannot be read.
pub fn explain(log: &Log, decision: DecisionId) -> Result<Explanation, DecisionError> {
    let (hub, position) = find(log, decision)?.ok_or(DecisionError::Unknown { decision })?;
    let mut state = State::empty(hub.clone());
    for append in appends(log, Query::hub(hub).without_bodies()) {
        let append = append?;
        if append.iter().any(|event| event.envelope.position == position) {
            return Ok(explained(&state, &append, decision)?);
        }
        for event in &append {
            state.evolve(event.envelope.id, event.envelope.decided_at, &event.event);
        }
    }
    Err(DecisionError::Unknown { decision })
}

fn find(log: &Log, decision: DecisionId) -> Result<Option<(HubId, Position)>, ReadError> {
    for event in log.read(Query::event_type("RoutingDecided").without_bodies()) {
        let event = event?;
        if let Event::Routing(RoutingEvent::RoutingDecided(decided)) = &event.event
            && decided.decision == decision
        {
            return Ok(Some((event.envelope.hub.clone(), event.envelope.position)));
        }
    }
    Ok(None)
}

/// Makes every decision and refusal of a hub from a position on again, under an alternative; `tell`
/// hears of each that would have fallen otherwise, in order.
///
/// # Errors
/// [`ReadError`] if the log cannot be read.
pub fn what_if(
    log: &Log,
    hub: &HubId,
    alternative: Alternative,
    since: Position,
    mut tell: impl FnMut(Change),
) -> Result<Totals, ReadError> {
    let mut what_if = WhatIf::new(hub.clone(), alternative);
    for append in appends(log, Query::hub(hub.clone())) {
        let append = append?;
        if append.last().is_some_and(|event| event.envelope.position >= since) {
            what_if.take(&append).into_iter().for_each(&mut tell);
        } else {
            what_if.pass(&append);
        }
    }
    Ok(what_if.totals())
}

/// The events of a query, append by append; it must be one that takes whole appends.
fn appends(log: &Log, query: Query) -> impl Iterator<Item = Result<Vec<Recorded>, ReadError>> {
    let mut events = log.read(query);
    std::iter::from_fn(move || {
        let mut append = Vec::new();
        loop {
            match events.next() {
                Some(Ok(event)) => {
                    let is_last = event.envelope.index.saturating_add(1) >= event.envelope.count;
                    append.push(event);
                    if is_last {
                        return Some(Ok(append));
                    }
                }
                Some(Err(error)) => return Some(Err(error)),
                None => return (!append.is_empty()).then(|| Ok(std::mem::take(&mut append))),
            }
        }
    })
}
