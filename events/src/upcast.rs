//! Upcasting: facts written in an older version become the newest one when they are read.
//!
//! A version that was ever released stays in the catalogue as a struct of its own, frozen, with one
//! [`Upcast`] that says what the newest version makes of it: what it did not say is absent, never
//! guessed. So a log is never rewritten, its hashes stay what they are, and whoever folds events
//! knows only the newest shape.

use serde::de::DeserializeOwned;

use crate::codec::{self, CodecError};

/// An older version of the facts `Newest`.
pub(crate) trait Upcast<Newest> {
    /// What the newest version makes of it.
    fn upcast(self) -> Newest;
}

/// Decodes facts written in the version `Older`.
pub(crate) fn decode<Older, Newest>(facts: &[u8]) -> Result<Newest, CodecError>
where
    Older: Upcast<Newest> + DeserializeOwned,
{
    codec::decode::<Older>(facts).map(Older::upcast)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::Event;

    #[test]
    fn every_version_from_the_first_to_the_newest_can_be_read() {
        let mut versions: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
        for (event_type, version) in Event::VERSIONS {
            versions.entry(event_type).or_default().push(*version);
        }
        assert_eq!(versions.len(), Event::TYPES.len());
        for (event_type, newest) in Event::TYPES {
            let all: Vec<u16> = (1..=*newest).collect();
            assert_eq!(versions[event_type], all, "{event_type}");
        }
    }
}
