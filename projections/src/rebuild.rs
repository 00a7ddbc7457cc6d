//! A view rebuilt from the first event on, in the caller's thread.

use convoke_events::{Log, Position, Query, ReadError};

use crate::{At, Projection};

/// Folds every event there is at the moment of the call.
///
/// # Errors
/// [`ReadError`] if an event cannot be read; a view with a gap is never returned.
pub fn fold_to_head<V: Projection>(log: &Log) -> Result<At<V>, ReadError> {
    match Position::new(log.head().position) {
        Some(head) => as_of(log, head),
        None => Ok(At::default()),
    }
}

/// Folds every event up to `position`, or up to the head where the log is shorter; the answer says
/// how far it came. Reports over several views ask for each of them at one position.
///
/// # Errors
/// [`ReadError`] if an event cannot be read; a view with a gap is never returned.
pub fn as_of<V: Projection>(log: &Log, position: Position) -> Result<At<V>, ReadError> {
    let mut at = At::<V>::default();
    for event in log.read(Query::all().to(position)) {
        at.take(&event?);
    }
    Ok(at)
}
