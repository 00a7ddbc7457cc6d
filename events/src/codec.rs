//! Facts to bytes and back. The only file that says `bincode`.
//!
//! The crate is no longer maintained; it is pinned to 2.0.1 and its `standard()` configuration
//! (little-endian variable-length integers, no field names) is frozen by the golden files, so that
//! it can be replaced behind these two functions.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes and a value do not agree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CodecError(String);

/// Encodes a value.
///
/// # Errors
/// [`CodecError`] if the type cannot be written without field names (maps of unknown length, JSON).
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, CodecError> {
    bincode::serde::encode_to_vec(value, bincode::config::standard())
        .map_err(|error| CodecError(error.to_string()))
}

/// Writes a value's bytes behind `out`.
///
/// # Errors
/// As [`encode`]; what was written of it stays.
pub(crate) fn encode_behind<T: Serialize>(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    bincode::serde::encode_into_writer(value, Behind(out), bincode::config::standard())
        .map_err(|error| CodecError(error.to_string()))
}

/// Writes behind what is there.
struct Behind<'a>(&'a mut Vec<u8>);

impl bincode::enc::write::Writer for Behind<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), bincode::error::EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// Decodes a value that takes up all of `bytes`.
///
/// # Errors
/// [`CodecError`] if the bytes have another shape, are cut short or go on behind the value.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let config = bincode::config::standard().with_limit::<{ 1 << 30 }>();
    let (value, read) = bincode::serde::borrow_decode_from_slice(bytes, config)
        .map_err(|error| CodecError(error.to_string()))?;
    if read == bytes.len() {
        Ok(value)
    } else {
        Err(CodecError(format!("{} bytes behind the value", bytes.len() - read)))
    }
}
