//! Whether a log is still what was written.

use super::chain::{Broken, Chain};
use crate::{CommitStore, Digest};

/// A log that is what was written, as far as it proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many events it has.
    pub events: u64,
    /// The newest link of its hash chain; none where it is empty.
    pub head: Option<Digest>,
}

/// Reads a store's whole log and computes every hash anew.
///
/// A changed, removed, inserted or reordered record is found, and so is a commit that is missing
/// between others. A log cut off at its end proves itself as far as it goes: compare the head with
/// one that was kept elsewhere.
///
/// # Errors
/// [`Broken`] names the first position that is not as it must be.
pub fn verify(store: &dyn CommitStore) -> Result<Verified, Broken> {
    up_to(store, store.head())
}

/// Verifies the first `commits` commits.
pub(crate) fn up_to(store: &dyn CommitStore, commits: u64) -> Result<Verified, Broken> {
    let mut chain = Chain::default();
    for number in 1..=commits {
        let bytes = store.read(number).map_err(|error| chain.broken(error.to_string()))?;
        chain.follow(&bytes)?;
    }
    Ok(Verified { events: chain.events, head: chain.hash })
}
