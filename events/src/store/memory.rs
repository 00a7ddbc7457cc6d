//! Commits in memory: for tests, and for logs that need not outlive their process.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use crate::{CommitError, CommitStore, StoreReadError};

/// Commits in memory, as durable as the value itself. Opening it again is using it again.
#[derive(Default)]
pub struct MemoryStore(RwLock<Vec<Vec<u8>>>);

impl MemoryStore {
    /// A store with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }
}

fn number(commits: &[Vec<u8>]) -> u64 {
    u64::try_from(commits.len()).unwrap_or(u64::MAX)
}

impl CommitStore for MemoryStore {
    fn head(&self) -> u64 {
        number(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn commit(&self, after: u64, bytes: &[u8]) -> Result<(), CommitError> {
        let mut commits = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let actual = number(&commits);
        if after != actual {
            return Err(CommitError::Conflict { expected: after, actual });
        }
        commits.push(bytes.to_vec());
        Ok(())
    }

    fn read(&self, number: u64) -> Result<Vec<u8>, StoreReadError> {
        let commits = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let commit = number.checked_sub(1).and_then(|at| commits.get(usize::try_from(at).ok()?));
        let head = || self::number(&commits);
        commit.cloned().ok_or_else(|| StoreReadError::Absent { number, head: head() })
    }

    fn close(&self) -> Result<(), CommitError> {
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("head", &self.head()).finish()
    }
}
