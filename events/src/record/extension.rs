//! The extension area of a record: what the log itself has to say beside the event.
//!
//! A list of entries, each a tag `u8`, a length `u8` and that many bytes. An unknown tag is passed
//! over, so that a later build can add one.
//!
//! | tag | bytes | meaning |
//! |---|---|---|
//! | 1 | 32 | the Ed25519 public key in force from this record on, where none was before |
//! | 2 | 96 | a rotation: the public key in force from this record on, and the signature, by the key in force before it, of [`rotation_message`] |

use crate::{LogId, PublicKey, Signature};

const KEY: u8 = 1;
const ROTATION: u8 = 2;

/// What the key before signs to hand over to the next one: `convoke key rotation 1` and a line feed,
/// the log id, the public key before, the public key from now on.
pub fn rotation_message(log: LogId, before: &PublicKey, next: &PublicKey) -> Vec<u8> {
    let parts: [&[u8]; 4] =
        [b"convoke key rotation 1\n", log.as_bytes(), before.as_bytes(), next.as_bytes()];
    parts.concat()
}

/// An entry this build knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Key(PublicKey),
    Rotation { next: PublicKey, signature: Signature },
}

impl Entry {
    /// The key in force from its record on.
    pub(crate) const fn key(self) -> PublicKey {
        match self {
            Self::Key(key) | Self::Rotation { next: key, .. } => key,
        }
    }

    /// The area that holds this entry alone.
    pub(crate) fn to_area(self) -> Vec<u8> {
        match self {
            Self::Key(key) => [&[KEY, 32], &key.as_bytes()[..]].concat(),
            Self::Rotation { next, signature } => {
                [&[ROTATION, 96], &next.as_bytes()[..], &signature.as_bytes()[..]].concat()
            }
        }
    }
}

/// The entries of an area that this build knows; nothing if it is no list, or one of them is not as
/// long as it must be.
pub(crate) fn read(mut area: &[u8]) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    while !area.is_empty() {
        let (&[tag, length], rest) = area.split_first_chunk::<2>()?;
        let (bytes, rest) = rest.split_at_checked(length.into())?;
        area = rest;
        match tag {
            KEY => entries.push(Entry::Key(PublicKey::from_bytes(bytes.try_into().ok()?))),
            ROTATION => {
                let (next, signature) = bytes.split_first_chunk::<32>()?;
                let next = PublicKey::from_bytes(*next);
                let signature = Signature::from_bytes(signature.try_into().ok()?);
                entries.push(Entry::Rotation { next, signature });
            }
            _ => {}
        }
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_laid_out_as_documented_and_read_back() {
        let (one, two) = (PublicKey::from_bytes([1; 32]), PublicKey::from_bytes([2; 32]));
        let signature = Signature::from_bytes([3; 64]);
        let key = Entry::Key(one);
        let rotation = Entry::Rotation { next: two, signature };
        assert_eq!(key.to_area(), [&[1, 32][..], &[1; 32]].concat());
        assert_eq!(rotation.to_area(), [&[2, 96][..], &[2; 32], &[3; 64]].concat());
        let unknown = [200, 3, 7, 7, 7];
        let area = [&unknown[..], &key.to_area(), &unknown, &rotation.to_area()].concat();
        assert_eq!(read(&area), Some(vec![key, rotation]));
        assert_eq!(read(&[]), Some(vec![]));
    }

    #[test]
    fn what_is_no_list_of_entries_is_refused() {
        let whole = Entry::Key(PublicKey::from_bytes([1; 32])).to_area();
        for length in 1..whole.len() {
            assert_eq!(read(&whole[..length]), None, "{length} bytes");
        }
        for wrong in [&[1, 1, 0][..], &[2, 32], &[1, 0], &[9]] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_message_of_a_rotation_names_the_log_and_both_keys() {
        let (one, two) = (PublicKey::from_bytes([1; 32]), PublicKey::from_bytes([2; 32]));
        let message = rotation_message(LogId::from_bytes([9; 16]), &one, &two);
        let expected = [&b"convoke key rotation 1\n"[..], &[9; 16], &[1; 32], &[2; 32]].concat();
        assert_eq!(message, expected);
    }
}
