//! The public keys of a log, as its own records introduce them.

use crate::record::extension::{self, Entry, rotation_message};
use crate::{LogId, Position, PublicKey};

/// Which key vouches for how much of a log: the first key, then each one its forerunner handed over
/// to, with the position of the record that says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(Vec<(Position, PublicKey)>);

impl Keys {
    /// Takes in what the record at a position says.
    ///
    /// # Errors
    /// In words, if it says something that cannot be, or a handing over nobody signed.
    pub(crate) fn follow(
        &mut self,
        log: LogId,
        position: Position,
        area: &[u8],
    ) -> Result<(), &'static str> {
        if area.is_empty() {
            return Ok(());
        }
        for entry in extension::read(area).ok_or("its extension is malformed")? {
            let key = match (entry, self.newest()) {
                (Entry::Key(key), None) => key,
                (Entry::Key(_), Some(_)) => return Err("it introduces a second first key"),
                (Entry::Rotation { .. }, None) => return Err("no key is there to hand over"),
                (Entry::Rotation { next, signature }, Some(before)) => {
                    if !before.signed(&rotation_message(log, &before, &next), &signature) {
                        return Err("its new key was not signed by the one before");
                    }
                    next
                }
            };
            self.0.push((position, key));
        }
        Ok(())
    }

    /// Takes in a key whose introduction was checked when it was written.
    pub(crate) fn accept(&mut self, position: Position, key: PublicKey) {
        self.0.push((position, key));
    }

    /// The key in force at the end; none if nobody vouches for the log.
    pub fn newest(&self) -> Option<PublicKey> {
        self.0.last().map(|(_, key)| *key)
    }

    /// The key that signs for the first `size` events; none if there was none yet.
    pub fn at(&self, size: u64) -> Option<PublicKey> {
        let before = self.0.partition_point(|(position, _)| position.get() <= size);
        self.0.get(before.checked_sub(1)?).map(|(_, key)| *key)
    }

    /// Every key with the position it is in force from.
    pub fn iter(&self) -> impl Iterator<Item = (Position, PublicKey)> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::TestSigner;
    use crate::{Signature, Signer};

    const LOG: LogId = LogId::from_bytes([7; 16]);

    fn position(number: u64) -> Position {
        Position::new(number).unwrap()
    }

    fn rotation(before: &TestSigner, next: &TestSigner) -> Vec<u8> {
        let next = next.public_key();
        let message = rotation_message(LOG, &before.public_key(), &next);
        let signature = before.sign(&message).unwrap();
        Entry::Rotation { next, signature }.to_area()
    }

    #[test]
    fn a_key_is_in_force_until_it_hands_over() {
        let (one, two) = (TestSigner::new(1), TestSigner::new(2));
        let mut keys = Keys::default();
        keys.follow(LOG, position(1), &Entry::Key(one.public_key()).to_area()).unwrap();
        keys.follow(LOG, position(2), &[]).unwrap();
        keys.follow(LOG, position(9), &rotation(&one, &two)).unwrap();
        assert_eq!(keys.at(0), None);
        assert_eq!(keys.at(1), Some(one.public_key()));
        assert_eq!(keys.at(8), Some(one.public_key()));
        assert_eq!(keys.at(9), Some(two.public_key()));
        assert_eq!(keys.newest(), Some(two.public_key()));
    }

    #[test]
    fn nobody_else_can_hand_over() {
        let (one, two, thief) = (TestSigner::new(1), TestSigner::new(2), TestSigner::new(3));
        let mut keys = Keys::default();
        assert!(keys.follow(LOG, position(1), &rotation(&one, &two)).is_err());
        keys.follow(LOG, position(1), &Entry::Key(one.public_key()).to_area()).unwrap();
        let before = keys.clone();
        let (next, signature) = (thief.public_key(), Signature::from_bytes([0; 64]));
        let unsigned = Entry::Rotation { next, signature }.to_area();
        for wrong in [rotation(&thief, &thief), rotation(&two, &one), unsigned, vec![1]] {
            assert!(keys.follow(LOG, position(2), &wrong).is_err());
        }
        assert!(keys.follow(LOG, position(2), &Entry::Key(next).to_area()).is_err());
        let another = LogId::from_bytes([8; 16]);
        assert!(keys.follow(another, position(2), &rotation(&one, &two)).is_err());
        assert_eq!(keys, before, "what is refused changes nothing");
    }
}
