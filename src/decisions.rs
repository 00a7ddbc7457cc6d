//! Recorded decisions and verdicts, made again from the log alone.

use std::fmt;
use std::str::FromStr;

use convoke_actors::hub::State;
use convoke_actors::routing::explain as routing;
use convoke_actors::routing::what_if::{Alternative, Change, Totals, WhatIf};
use convoke_actors::verdict;
use convoke_events::{
    CollectiveEvent, CollectiveId, DecisionId, Event, EventId, HubId, IdParseError, Log, Position,
    Query, ReadError, Recorded, RoutingEvent,
};

/// What is to be explained, by its id: a routing decision, the verdict on a collective, or either by
/// the event that records it. An id names one thing only, whatever its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sought([u8; 16]);

impl FromStr for Sought {
    type Err = IdParseError;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        id.parse().map(|id: EventId| id.into())
    }
}

impl fmt::Display for Sought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        EventId::from_bytes(self.0).fmt(f)
    }
}

impl From<DecisionId> for Sought {
    fn from(id: DecisionId) -> Self {
        Self(*id.as_bytes())
    }
}

impl From<CollectiveId> for Sought {
    fn from(id: CollectiveId) -> Self {
        Self(*id.as_bytes())
    }
}

impl From<EventId> for Sought {
    fn from(id: EventId) -> Self {
        Self(*id.as_bytes())
    }
}

/// What was recorded, beside what the log before it gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Explained {
    /// Of a routing decision.
    Routing(Box<routing::Explanation>),
    /// Of a verdict.
    Verdict(Box<verdict::Explanation>),
}

/// Why a decision could not be made again.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// The log holds neither a decision nor a verdict of this id.
    #[error("there is no decision {sought} in this log, and no verdict")]
    Unknown {
        /// What was asked for.
        sought: Sought,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The decision cannot be explained.
    #[error(transparent)]
    Routing(#[from] routing::ExplainError),
    /// The verdict cannot be explained.
    #[error(transparent)]
    Verdict(#[from] verdict::ExplainError),
}

/// Makes a recorded decision or verdict again, from the events before it, and compares the two bit
/// for bit.
///
/// # Errors
/// [`DecisionError`] if there is none of this id, it followed a rule this build does not know, or
/// the log cannot be read.
pub fn explain(log: &Log, sought: impl Into<Sought>) -> Result<Explained, DecisionError> {
    let sought = sought.into();
    let (hub, position, found) = find(log, sought)?.ok_or(DecisionError::Unknown { sought })?;
    let mut state = State::empty(hub.clone());
    for append in appends(log, Query::hub(hub).without_bodies()) {
        let append = append?;
        if append.iter().any(|event| event.envelope.position == position) {
            return Ok(match found {
                Found::Decision(decision) => {
                    Explained::Routing(Box::new(routing::explain(&state, &append, decision)?))
                }
                Found::Verdict(collective) => {
                    Explained::Verdict(Box::new(verdict::explain(&state, &append, collective)?))
                }
            });
        }
        for event in &append {
            state.evolve(event.envelope.id, event.envelope.decided_at, &event.event);
        }
    }
    Err(DecisionError::Unknown { sought })
}

/// What an id turned out to name.
#[derive(Clone, Copy)]
enum Found {
    Decision(DecisionId),
    Verdict(CollectiveId),
}

fn find(log: &Log, sought: Sought) -> Result<Option<(HubId, Position, Found)>, ReadError> {
    for event_type in ["RoutingDecided", "VerdictReached"] {
        for event in log.read(Query::event_type(event_type).without_bodies()) {
            let Recorded { envelope, event, .. } = event?;
            let (id, found) = if let Event::Routing(RoutingEvent::RoutingDecided(decided)) = event {
                (decided.decision.into(), Found::Decision(decided.decision))
            } else if let Event::Collective(CollectiveEvent::VerdictReached(reached)) = event {
                (reached.collective.into(), Found::Verdict(reached.collective))
            } else {
                continue;
            };
            if sought == id || sought == envelope.id.into() {
                return Ok(Some((envelope.hub, envelope.position, found)));
            }
        }
    }
    Ok(None)
}

/// Makes every decision, refusal and verdict of a hub from one position to another again, or to the
/// end of the log, under an alternative; `tell` hears of each that would have fallen otherwise, in
/// order.
///
/// # Errors
/// [`ReadError`] if the log cannot be read.
pub fn what_if(
    log: &Log,
    hub: &HubId,
    alternative: Alternative,
    (since, until): (Position, Option<Position>),
    mut tell: impl FnMut(Change),
) -> Result<Totals, ReadError> {
    let mut what_if = WhatIf::new(hub.clone(), alternative);
    for append in appends(log, Query::hub(hub.clone())) {
        let append = append?;
        let last = append.last().map(|event| event.envelope.position);
        if until.is_some_and(|until| last > Some(until)) {
            break;
        }
        if last >= Some(since) {
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
