//! Which commands have landed, by their idempotency keys.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::{Digest, HubId, IdempotencyKey, Principal, Receipt, Timestamp};

/// How long a key is remembered, counted in the log's own time.
const KEEP_FOR: Duration = Duration::from_hours(7 * 24);

/// How many keys are remembered.
const KEEP: usize = 1_000_000;

/// A command, by the name its caller gave it.
pub(crate) type Command = (HubId, Principal, IdempotencyKey);

/// The commands of the last seven days, at most a million.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    most: usize,
    landed: HashMap<Command, (Digest, Receipt)>,
    order: VecDeque<(Timestamp, Command)>,
}

impl Default for Remembered {
    fn default() -> Self {
        Self { most: KEEP, landed: HashMap::new(), order: VecDeque::new() }
    }
}

impl Remembered {
    pub(crate) fn get(&self, command: &Command) -> Option<(Digest, Receipt)> {
        self.landed.get(command).copied()
    }

    /// Every command remembered, in the order they landed.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Command, Digest, Receipt, Timestamp)> {
        self.order.iter().filter_map(|(at, command)| {
            let (digest, receipt) = self.landed.get(command)?;
            Some((command, *digest, *receipt, *at))
        })
    }

    /// About how many bytes of memory it takes, names that others hold too left out.
    pub(crate) fn memory(&self) -> usize {
        self.order.capacity() * size_of::<(Timestamp, Command)>()
            + self.landed.capacity() * (size_of::<(Command, (Digest, Receipt))>() + 1)
            + self.order.iter().map(|(_, (_, _, key))| key.as_str().len()).sum::<usize>()
    }

    pub(crate) fn insert(
        &mut self,
        command: Command,
        digest: Digest,
        receipt: Receipt,
        at: Timestamp,
    ) {
        self.landed.insert(command.clone(), (digest, receipt));
        self.order.push_back((at, command));
        while let Some((landed_at, _)) = self.order.front() {
            if at.since(*landed_at) <= KEEP_FOR && self.order.len() <= self.most {
                break;
            }
            if let Some((_, command)) = self.order.pop_front() {
                self.landed.remove(&command);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Position;

    fn command(key: &str) -> Command {
        let hub = HubId::new("h").unwrap();
        (hub, Principal::Runtime, IdempotencyKey::new(key).unwrap())
    }

    fn receipt() -> Receipt {
        Receipt { first: Position::FIRST, last: Position::FIRST, hash: Digest::of(b"h") }
    }

    #[test]
    fn a_key_is_remembered_for_seven_days_of_the_log() {
        let mut remembered = Remembered::default();
        let start = Timestamp::from_micros(0);
        remembered.insert(command("first"), Digest::of(b"1"), receipt(), start);
        remembered.insert(command("second"), Digest::of(b"2"), receipt(), start.plus(KEEP_FOR));
        assert!(remembered.get(&command("first")).is_some());
        let later = start.plus(KEEP_FOR + Duration::from_micros(1));
        remembered.insert(command("third"), Digest::of(b"3"), receipt(), later);
        assert!(remembered.get(&command("first")).is_none());
        assert!(remembered.get(&command("second")).is_some());
    }

    #[test]
    fn the_oldest_of_too_many_keys_is_forgotten() {
        let mut remembered = Remembered { most: 100, ..Remembered::default() };
        let at = Timestamp::from_micros(0);
        for key in 0..=100 {
            remembered.insert(command(&key.to_string()), Digest::of(b"c"), receipt(), at);
        }
        assert!(remembered.get(&command("0")).is_none());
        assert!(remembered.get(&command("1")).is_some());
        assert_eq!(remembered.landed.len(), 100);
        assert_eq!(Remembered::default().most, 1_000_000);
    }
}
