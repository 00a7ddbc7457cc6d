//! Checking many inclusion proofs against one checkpoint.

use super::{InclusionProof, ProofError, is_as_large, is_of, leads_there};
use crate::merkle::Climb;
use crate::{Checkpoint, CheckpointError, PublicKey, SignedCheckpoint};

/// Checks inclusion proofs against a checkpoint that is signed by the log's key.
///
/// What it finds is what [`InclusionProof::check`] finds. It remembers the last proof that held, and
/// where the way of the next one meets that, it need not be climbed again: proofs in the order of
/// their positions cost about three hashes each, instead of one for every level of the tree.
#[derive(Clone, Debug)]
pub struct Verifier {
    checkpoint: Checkpoint,
    last: Option<Climb>,
}

impl Verifier {
    /// Relies on a checkpoint, if the key signed it.
    ///
    /// # Errors
    /// [`CheckpointError::NotSigned`] if it did not.
    pub fn new(checkpoint: &SignedCheckpoint, key: &PublicKey) -> Result<Self, CheckpointError> {
        checkpoint.check(key)?;
        Ok(Self { checkpoint: *checkpoint.checkpoint(), last: None })
    }

    /// What it relies on.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Checks that the record with this hash is at its place in the log.
    ///
    /// # Errors
    /// [`ProofError`] says what does not fit.
    pub fn check(&mut self, proof: &InclusionProof) -> Result<(), ProofError> {
        is_of(proof.log, &self.checkpoint)?;
        is_as_large(proof.size, &self.checkpoint)?;
        let index = proof.position.get() - 1;
        let root = self.checkpoint.root;
        let climb =
            Climb::to_root((&proof.hash, index), proof.size, &proof.path, self.last.as_ref());
        let climb = climb.filter(|climb| climb.root() == Some(root));
        leads_there(climb.is_some(), &self.checkpoint)?;
        self.last = climb;
        Ok(())
    }
}
