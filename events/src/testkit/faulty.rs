//! A store that fails when it is told to.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{CommitError, CommitStore, StoreReadError};

/// How a commit fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is stored, and its fate is said to be unknown.
    UnknownButStored,
    /// It is lost, and its fate is said to be unknown.
    UnknownAndLost,
    /// There is no room for it.
    Full,
}

/// A store over another one that fails at one commit and takes none after it.
///
/// Wrap the other one anew to open it again.
pub struct FaultyStore {
    inner: Arc<dyn CommitStore>,
    fault: Fault,
    /// Commits until the fault; the error once it has happened.
    state: Mutex<Result<u64, CommitError>>,
}

impl FaultyStore {
    /// Fails at the `nth` commit from now on, counted from 1.
    pub fn new(inner: Arc<dyn CommitStore>, nth: u64, fault: Fault) -> Self {
        Self { inner, fault, state: Mutex::new(Ok(nth)) }
    }
}

impl CommitStore for FaultyStore {
    fn head(&self) -> u64 {
        self.inner.head()
    }

    fn commit(&self, after: u64, bytes: &[u8]) -> Result<(), CommitError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let left = state.clone()?.saturating_sub(1);
        if left > 0 {
            *state = Ok(left);
            return self.inner.commit(after, bytes);
        }
        let why = "a test wanted it so".to_owned();
        let error = match self.fault {
            Fault::UnknownButStored => {
                self.inner.commit(after, bytes)?;
                CommitError::Unknown { why }
            }
            Fault::UnknownAndLost => CommitError::Unknown { why },
            Fault::Full => CommitError::Full { why },
        };
        *state = Err(error.clone());
        Err(error)
    }

    fn read(&self, number: u64) -> Result<Vec<u8>, StoreReadError> {
        self.inner.read(number)
    }

    fn close(&self) -> Result<(), CommitError> {
        self.inner.close()
    }
}
