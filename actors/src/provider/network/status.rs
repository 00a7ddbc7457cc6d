//! What an HTTP status means where the provider says nothing clearer.

use std::time::Duration;

use convoke_events::FailureClass;

use super::Failed;
use crate::provider::words::brief;
use crate::provider::{Billed, ProviderFailure, Retry};

/// First and last status, what it means, and whether such a call may have been billed.
const MEANINGS: &[(u16, u16, FailureClass, Billed)] = &[
    (401, 401, FailureClass::Auth, Billed::No),
    (402, 402, FailureClass::Billing, Billed::No),
    (403, 403, FailureClass::Auth, Billed::No),
    (404, 404, FailureClass::NoModel, Billed::No),
    // The server gave up waiting, for us or for a model.
    (408, 408, FailureClass::Unavailable, Billed::Unknown),
    (425, 425, FailureClass::RateLimited, Billed::No),
    (429, 429, FailureClass::RateLimited, Billed::No),
    (400, 499, FailureClass::InvalidRequest, Billed::No),
    (503, 503, FailureClass::Overloaded, Billed::No),
    (529, 529, FailureClass::Overloaded, Billed::No),
    (500, 599, FailureClass::Unavailable, Billed::Unknown),
];

/// What a status means; anything else than a failure's is an answer that nobody expected.
pub(in crate::provider) fn meaning(status: u64) -> (FailureClass, Billed) {
    let known = MEANINGS
        .iter()
        .find(|(first, last, ..)| (u64::from(*first)..=u64::from(*last)).contains(&status));
    known.map_or((FailureClass::Malformed, Billed::Unknown), |(_, _, class, billed)| {
        (*class, *billed)
    })
}

/// A failure that a provider told us of. `asked` is how long it wants to be left alone, which counts
/// where the class lets the call be repeated at all.
pub(in crate::provider) fn told(
    (class, billed): (FailureClass, Billed),
    asked: Option<Duration>,
    host: &str,
    message: &str,
) -> Failed {
    let message = match brief(message) {
        said if said.is_empty() => format!("{host} says nothing more"),
        said => format!("{host} says: {said}"),
    };
    let retry = match Retry::of(class) {
        Retry::After(_) => Retry::After(asked.unwrap_or_default()),
        Retry::Never => Retry::Never,
    };
    let failure = ProviderFailure::new(class, message).with_retry(retry);
    Box::new(match billed {
        Billed::No => failure.unbilled(),
        Billed::Unknown => failure,
    })
}
