//! Which hub is meant, where a log may hold several.

use std::collections::BTreeSet;

use convoke_events::{HubId, Log};

use super::args::HubFilter;
use super::failure::Failure;

/// Takes a hub that was named only if the log has events of it.
pub(super) fn known(log: &Log, filter: &HubFilter) -> Result<(), Failure> {
    let Some(named) = &filter.hub else {
        return Ok(());
    };
    let hubs = log.stats().by_hub;
    if hubs.contains_key(named) {
        return Ok(());
    }
    Err(Failure::NoHub { hub: named.clone(), known: hubs.into_keys().collect() })
}

/// The hub that was named, or the only one there is.
pub(super) fn only<'a>(
    hubs: impl Iterator<Item = &'a HubId>,
    named: Option<&HubId>,
) -> Result<HubId, Failure> {
    let hubs: BTreeSet<&HubId> = hubs.collect();
    let hubs: Vec<HubId> = hubs.into_iter().cloned().collect();
    match (named, &hubs[..]) {
        (Some(named), _) if hubs.contains(named) => Ok(named.clone()),
        (Some(named), _) => Err(Failure::NoHub { hub: named.clone(), known: hubs }),
        (None, []) => Err(Failure::Hubless),
        (None, [hub]) => Ok(hub.clone()),
        (None, _) => Err(Failure::SeveralHubs { hubs }),
    }
}
