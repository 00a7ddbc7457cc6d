//! Whether a log is still what was written.

use super::chain::{Broken, Chain};
use crate::bodies::Bodies;
use crate::merkle::Tree;
use crate::record::RecordView;
use crate::{CommitStore, Digest, HubId, Keys, Vouched};

/// A log that is what was written, as far as it proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many events it has.
    pub events: u64,
    /// The newest link of its hash chain; none where it is empty.
    pub head: Option<Digest>,
    /// Who says so beside the log itself.
    pub checkpoints: Vouched,
    /// How many of its events, from the first on, are covered by a signed checkpoint.
    pub signed: u64,
}

/// A log whose every hash was computed anew.
pub(crate) struct Examined {
    pub(crate) verified: Verified,
    pub(crate) tree: Tree,
    pub(crate) keys: Keys,
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
    up_to(store, store.head(), None).map(|examined| examined.verified)
}

/// Verifies the first `commits` commits, and the texts beside them.
pub(crate) fn up_to(
    store: &dyn CommitStore,
    commits: u64,
    bodies: Option<&Bodies>,
) -> Result<Examined, Broken> {
    let (mut tree, mut keys) = (Tree::default(), Keys::default());
    let mut chain = Chain::default();
    for number in 1..=commits {
        let bytes = store.read(number).map_err(|error| chain.broken(error.to_string()))?;
        for link in chain.follow(&bytes)? {
            let record = &link.record;
            keys.follow(record.log, record.position, record.extension)
                .map_err(|why| Broken { first_bad: record.position, why: why.to_owned() })?;
            tree.push(link.hash);
            if let Some(bodies) = bodies {
                check_bodies(bodies, &link.record)?;
            }
        }
    }
    let (events, head) = (chain.events, chain.hash);
    let verified = Verified { events, head, checkpoints: Vouched::None, signed: 0 };
    Ok(Examined { verified, tree, keys })
}

fn check_bodies(bodies: &Bodies, record: &RecordView<'_>) -> Result<(), Broken> {
    let broken = |why: String| Broken { first_bad: record.position, why };
    let stored = record.stored_texts().map_err(|error| broken(error.to_string()))?;
    if stored.is_empty() {
        return Ok(());
    }
    let hub = HubId::new(record.hub).map_err(|error| broken(error.to_string()))?;
    for (name, digest, length) in stored {
        let found = bodies.get(&hub, digest, length);
        found.map_err(|error| broken(format!("its text `{name}`: {error}")))?;
    }
    Ok(())
}
