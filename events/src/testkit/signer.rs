//! A signer whose key follows from a number.

use ed25519_dalek::{Signer as _, SigningKey};

use crate::{PublicKey, SignError, Signature, Signer};

/// A signer whose key follows from a number: for tests alone, since everyone knows it.
#[derive(Clone, Debug)]
pub struct TestSigner(SigningKey);

impl TestSigner {
    /// The signer with this number.
    pub fn new(number: u8) -> Self {
        Self(SigningKey::from_bytes(&[number; 32]))
    }
}

impl Signer for TestSigner {
    fn public_key(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.verifying_key().to_bytes())
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        Ok(Signature::from_bytes(self.0.sign(message).to_bytes()))
    }
}
