//! Who vouches for a log: an Ed25519 key, held by the host or in a file.

mod key_file;
mod keys;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::key_file::{KeyFile, KeyFileError};
pub use self::keys::Keys;
use crate::word::spelled;
use crate::{Digest, LogId};

/// Signs with one Ed25519 key (RFC 8032), wherever that is kept.
///
/// It is asked from one thread at a time, and never by the one that commits.
pub trait Signer: Send + Sync + 'static {
    /// The public half of the key.
    fn public_key(&self) -> PublicKey;

    /// Signs a message.
    ///
    /// # Errors
    /// [`SignError`] if the key cannot be had now.
    fn sign(&self, message: &[u8]) -> Result<Signature, SignError>;
}

/// A message was not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing was signed: {why}")]
pub struct SignError {
    /// What the signer said.
    pub why: String,
}

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Takes 64 bytes as a signature.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

/// An Ed25519 public key, spelled as 64 lower-case hex digits; read also from a C2SP verifier key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

/// The kind of an Ed25519 key in a C2SP signed note.
const ED25519: u8 = 1;

impl PublicKey {
    /// Takes 32 bytes as a public key.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether the signature is this key's, of exactly this message.
    pub fn signed(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        VerifyingKey::from_bytes(&self.0)
            .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }

    /// By what a signed note tells this key under a name: the first four bytes of SHA-256 of the
    /// name, a line feed, the kind and the key.
    pub(crate) fn note_id(&self, name: &str) -> [u8; 4] {
        let digest = Digest::of_all(&[name.as_bytes(), b"\n", &[ED25519], &self.0]);
        let [a, b, c, d, ..] = *digest.as_bytes();
        [a, b, c, d]
    }

    /// The key as other tools for C2SP signed notes take it: name, key id and key.
    pub fn verifier_key(&self, log: LogId) -> String {
        let name = crate::checkpoint::origin(log);
        let [a, b, c, d] = self.note_id(&name);
        let key = STANDARD.encode([&[ED25519], &self.0[..]].concat());
        format!("{name}+{a:02x}{b:02x}{c:02x}{d:02x}+{key}")
    }

    fn from_verifier_key(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let key = STANDARD.decode(key).ok()?;
        let (&[kind], key) = key.split_first_chunk::<1>()?;
        let key = Self(key.try_into().ok()?);
        let [a, b, c, d] = key.note_id(name);
        let is_its_own = id == format!("{a:02x}{b:02x}{c:02x}{d:02x}");
        (kind == ED25519 && is_its_own).then_some(key)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Digest::from_bytes(self.0), f)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a public key is 64 hex digits, or a C2SP verifier key such as NAME+0123abcd+BASE64")]
pub struct PublicKeyParseError;

impl FromStr for PublicKey {
    type Err = PublicKeyParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = text.parse::<Digest>().ok().map(|digest| Self(*digest.as_bytes()));
        hex.or_else(|| Self::from_verifier_key(text)).ok_or(PublicKeyParseError)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Digest::from_bytes(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            spelled(deserializer)
        } else {
            <[u8; 32]>::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the first and the second test of RFC 8032, §7.1.
    const KEYS: [&str; 2] = [
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    ];
    const SIGNATURES: [&str; 2] = [
        "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw==",
        "kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA==",
    ];

    fn signature(text: &str) -> Option<Signature> {
        Some(Signature(STANDARD.decode(text).ok()?.try_into().ok()?))
    }

    #[test]
    fn a_key_is_read_from_both_its_spellings() {
        for text in KEYS {
            let key: PublicKey = text.parse().unwrap();
            assert_eq!(key.to_string(), text);
            let verifier = key.verifier_key(LogId::derive(&["a"]));
            assert_eq!(verifier.parse(), Ok(key));
            let other = verifier.replacen("convoke", "another", 1);
            assert_eq!(other.parse::<PublicKey>(), Err(PublicKeyParseError));
        }
        for wrong in ["", "ab", "a+b", "a+b+c", "x+00000000+AQ=="] {
            assert_eq!(wrong.parse::<PublicKey>(), Err(PublicKeyParseError), "{wrong}");
        }
    }

    #[test]
    fn a_verifier_key_that_another_tool_wrote_is_read() {
        // The example in the documentation of golang.org/x/mod/sumdb/note.
        let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key: PublicKey = vkey.parse().unwrap();
        assert_eq!(key.note_id("PeterNeumann"), [0xc7, 0x4f, 0x20, 0xa3]);
    }

    #[test]
    fn signatures_of_others_or_of_another_message_are_none() {
        let keys = KEYS.map(|key| key.parse::<PublicKey>().unwrap());
        let signatures = SIGNATURES.map(|text| signature(text).unwrap());
        assert!(keys[0].signed(b"", &signatures[0]));
        assert!(keys[1].signed(&[0x72], &signatures[1]));
        assert!(!keys[0].signed(b"", &signatures[1]));
        assert!(!keys[1].signed(b"", &signatures[0]));
        assert!(!keys[0].signed(&[0], &signatures[0]));
    }
}
