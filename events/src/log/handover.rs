//! What the next record says about the key that vouches for the log, if anything.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::record::extension::Entry;

/// An entry on its way into a record: put in by whoever holds the key, taken out by the writer.
#[derive(Debug, Default)]
pub(crate) struct Handover(Mutex<State>);

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Nothing,
    Waits(Entry),
    /// The writer has it; whether it lands is not known yet.
    Taken,
}

impl Handover {
    /// Gives the next record an entry; says whether it will have it, which it will not if another
    /// one is on its way.
    pub(crate) fn put(&self, entry: Entry) -> bool {
        let mut state = self.state();
        let is_free = matches!(*state, State::Nothing);
        if is_free {
            *state = State::Waits(entry);
        }
        is_free
    }

    /// Takes the entry for the next record.
    pub(crate) fn take(&self) -> Option<Entry> {
        let mut state = self.state();
        match *state {
            State::Waits(entry) => {
                *state = State::Taken;
                Some(entry)
            }
            State::Nothing | State::Taken => None,
        }
    }

    /// Puts an entry back that no record was written for.
    pub(crate) fn put_back(&self, entry: Entry) {
        *self.state() = State::Waits(entry);
    }

    /// Says that the entry taken is in a durable record.
    pub(crate) fn landed(&self) {
        *self.state() = State::Nothing;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
