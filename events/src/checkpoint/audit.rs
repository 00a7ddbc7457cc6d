//! Holding a whole log against all of its checkpoints.

use std::path::Path;

use super::file::all;
use super::{Checkpoint, SignedCheckpoint};
use crate::merkle::Tree;
use crate::{Broken, Keys, LogId, Position, PublicKey};

crate::event::enumeration! {
    /// Who says that a log is what was written.
    Vouched "kind of vouching" {
        /// Nobody: no checkpoint of it was ever signed.
        None = "none",
        /// Only the log itself, by the key its own records introduce.
        SelfAsserted = "self-asserted",
        /// A key that is trusted, or one it handed over to.
        Trusted = "trusted",
    }
}

/// A log whose every hash was computed anew.
pub(crate) struct Subject<'a> {
    pub(crate) log: LogId,
    pub(crate) tree: &'a Tree,
    pub(crate) keys: &'a Keys,
}

/// All checkpoints of a log, the oldest first.
pub(crate) fn checkpoints_in(path: &Path) -> Result<Vec<SignedCheckpoint>, Broken> {
    // What lies beside the log is not at a position of its own.
    all(path).map_err(|error| {
        let why = std::error::Error::source(&error).map(|source| format!(": {source}"));
        broken(0, format!("{error}{}", why.unwrap_or_default()))
    })
}

impl Subject<'_> {
    /// Checks that every checkpoint is signed by the key of its time and says what the log says;
    /// answers who vouches for the log, and for how many of its events.
    ///
    /// # Errors
    /// [`Broken`] names the first position that the first wrong checkpoint leaves in doubt.
    pub(crate) fn vouched(
        &self,
        checkpoints: &[SignedCheckpoint],
        trusted: Option<&PublicKey>,
    ) -> Result<(Vouched, u64), Broken> {
        let mut covered = 0;
        for checkpoint in checkpoints {
            covered = self.agrees_with(checkpoint, covered)?;
        }
        if trusted.is_some() && self.tree.size() == 0 {
            let why = "there is no event here that the key given could have signed";
            return Err(broken(0, why.to_owned()));
        }
        let Some(trusted) = trusted else {
            let nobody = checkpoints.is_empty();
            return Ok((if nobody { Vouched::None } else { Vouched::SelfAsserted }, covered));
        };
        let mut keys = self.keys.iter();
        let Some((since, _)) = keys.find(|(_, key)| key == trusted) else {
            return Err(broken(
                0,
                "the key given is none of this log's: was it written down right?".to_owned(),
            ));
        };
        if covered < since.get() {
            let why = "neither the key given nor one it handed over to signed a checkpoint";
            return Err(broken(0, why.to_owned()));
        }
        Ok((Vouched::Trusted, covered))
    }

    fn agrees_with(&self, signed: &SignedCheckpoint, covered: u64) -> Result<u64, Broken> {
        let Checkpoint { log, size, root } = *signed.checkpoint();
        let events = self.tree.size();
        let wrong = |why: &str| broken(covered, format!("a checkpoint of {size} events {why}"));
        if size > events {
            let why = format!("a checkpoint of {size} events was signed, and there are {events}");
            return Err(broken(events, why));
        }
        if log != self.log {
            return Err(wrong("is of another log"));
        }
        if size < covered {
            return Err(wrong("lies behind a larger one"));
        }
        if self.keys.at(size).is_none_or(|key| signed.check(&key).is_err()) {
            return Err(wrong("is not signed by the key of its time"));
        }
        if self.tree.root(size) != Some(root) {
            return Err(wrong("was signed for other ones"));
        }
        Ok(size)
    }
}

/// Everything behind the first `intact` is in doubt.
fn broken(intact: u64, why: String) -> Broken {
    Broken { first_bad: Position::after(intact), why }
}
