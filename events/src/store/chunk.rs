//! How a commit lies in a store whose values are bounded: cut into chunks, each under a key and
//! behind a header of its own.
//!
//! A key is the commit's number as `u64` and the chunk's number, from 0, as `u32`, both
//! big-endian, so that keys sort as commits do. A value, its integers little-endian:
//!
//! | field | type | meaning |
//! |---|---|---|
//! | checksum | `u32` | CRC-32 (IEEE) of the key and everything behind this field |
//! | count | `u32` | how many chunks the commit has |
//! | bytes | the rest | the commit's bytes from `number × 98,296` on, at most so many |
//!
//! An empty value keeps the place of a commit that is still to come.

/// The longest value.
const MAX_VALUE: usize = 96 * 1024;

const HEADER: usize = 4 + 4;

/// The most bytes of a commit in one chunk.
pub(super) const MAX_CHUNK: usize = MAX_VALUE - HEADER;

/// Bytes of a key.
pub(super) type Key = [u8; 12];

pub(super) fn key(commit: u64, chunk: u32) -> Key {
    let mut key = [0; 12];
    let (of_commit, of_chunk) = key.split_at_mut(8);
    of_commit.copy_from_slice(&commit.to_be_bytes());
    of_chunk.copy_from_slice(&chunk.to_be_bytes());
    key
}

/// The commit and the chunk of a key; nothing if it is none.
pub(super) fn parse_key(key: &[u8]) -> Option<(u64, u32)> {
    let (commit, chunk) = key.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*commit), u32::from_be_bytes(chunk.try_into().ok()?)))
}

/// The keys and values of a commit.
pub(super) fn cut(commit: u64, bytes: &[u8]) -> impl Iterator<Item = (Key, Vec<u8>)> {
    // A commit of no bytes is one empty chunk.
    let chunks = bytes.len().div_ceil(MAX_CHUNK).max(1);
    let count = u32::try_from(chunks).unwrap_or(u32::MAX);
    (0..count).zip(0..chunks).map(move |(number, nth)| {
        let key = key(commit, number);
        let rest = bytes.get(nth * MAX_CHUNK..).unwrap_or_default();
        let part = rest.get(..MAX_CHUNK).unwrap_or(rest);
        let mut value = Vec::with_capacity(HEADER + part.len());
        value.extend([0; 4]);
        value.extend(count.to_le_bytes());
        value.extend(part);
        let checksum = checksum(&key, &value).to_le_bytes();
        if let Some(field) = value.first_chunk_mut::<4>() {
            *field = checksum;
        }
        (key, value)
    })
}

/// How many chunks its commit has, and the bytes of this one; nothing if the value was changed.
pub(super) fn open<'a>(key: &Key, value: &'a [u8]) -> Option<(u32, &'a [u8])> {
    let (stored, rest) = value.split_first_chunk::<4>()?;
    let (count, bytes) = rest.split_first_chunk::<4>()?;
    let whole = u32::from_le_bytes(*stored) == checksum(key, value);
    whole.then(|| (u32::from_le_bytes(*count), bytes))
}

fn checksum(key: &Key, value: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(value.get(4..).unwrap_or_default());
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_put_together_are_the_commit() {
        for length in [0, 1, MAX_CHUNK, MAX_CHUNK + 1, 3 * MAX_CHUNK] {
            let bytes: Vec<u8> = (0..=255).cycle().take(length).collect();
            let cut: Vec<_> = cut(7, &bytes).collect();
            let mut together: Vec<u8> = Vec::new();
            for (key, value) in &cut {
                assert!(value.len() <= MAX_VALUE);
                let (count, part) = open(key, value).unwrap();
                assert_eq!(usize::try_from(count).unwrap(), cut.len());
                together.extend(part);
            }
            assert_eq!(together, bytes);
        }
    }

    #[test]
    fn a_value_under_another_key_is_not_taken_for_its_own() {
        let (_, value) = cut(7, b"commit").next().unwrap();
        assert!(open(&key(7, 0), &value).is_some());
        assert!(open(&key(8, 0), &value).is_none());
    }
}
