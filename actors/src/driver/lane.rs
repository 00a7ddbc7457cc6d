//! Lanes: how many calls may be under way at once; the others wait their turn.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many at once, in the order in which they came.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    permits: Arc<Semaphore>,
    /// How many there are, under way or free.
    limit: Arc<Mutex<usize>>,
}

impl Lane {
    pub(super) fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(0)), limit: Arc::new(Mutex::new(0)) }
    }

    /// Lets so many go at once. What is under way beyond that goes on; a lower limit takes hold as
    /// far as there are free permits now, and wholly when it is set again.
    pub(super) fn widen_to(&self, wanted: u32) {
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS);
        let mut limit = self.limit.lock().unwrap_or_else(PoisonError::into_inner);
        if wanted > *limit {
            self.permits.add_permits(wanted.saturating_sub(*limit));
            *limit = wanted;
        } else {
            let forgotten = self.permits.forget_permits(limit.saturating_sub(wanted));
            *limit = limit.saturating_sub(forgotten);
        }
    }

    /// Waits for a turn, which lasts as long as what is handed out.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        Arc::clone(&self.permits).acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(lane: &Lane) -> usize {
        lane.permits.available_permits()
    }

    #[test]
    fn a_lane_lets_as_many_go_at_once_as_was_last_said() {
        let lane = Lane::new();
        lane.widen_to(3);
        assert_eq!(free(&lane), 3);
        let one = Arc::clone(&lane.permits).try_acquire_owned().unwrap();
        lane.widen_to(1);
        assert_eq!(free(&lane), 0, "the one under way is the one there may be");
        drop(one);
        lane.widen_to(1);
        assert_eq!(free(&lane), 1);
        lane.widen_to(2);
        assert_eq!(free(&lane), 2);
    }
}
