//! Due: what a moment brings by itself, and when the next such moment is.

use convoke_events::Timestamp;

use super::{Session, Turn};
use crate::hub::Input;

/// A moment, and what to decide on then.
type Due = Option<(Timestamp, Input)>;

impl<R, W> Session<R, W> {
    /// When to call [`Self::tick`] next.
    pub fn wake_at(&self) -> Option<Timestamp> {
        let all = [self.deadline(), self.silence(), self.bidding(), self.expiry()];
        let next = all.into_iter().flatten().map(|(at, _)| at).min();
        next.filter(|_| self.stopped.is_none() && !self.at_rest)
    }

    /// Takes everything of one kind whose time has come.
    pub(super) fn take_due(
        &mut self,
        next: impl Fn(&Self) -> Due,
        now: Timestamp,
        turn: &mut Turn<R, W>,
    ) {
        while let Some((at, input)) = next(self)
            && at <= now
            && self.stopped.is_none()
        {
            if self.take(&input, None, now, turn) != Ok(true) {
                break;
            }
        }
    }

    /// The next call to look at: its deadline passes, or its next try goes out.
    pub(super) fn deadline(&self) -> Due {
        self.state.next_deadline().map(|(at, call)| (at, Input::Deadline(call)))
    }

    /// The next task of which nothing was heard for too long.
    pub(super) fn silence(&self) -> Due {
        self.silence.first(&self.state)
    }

    /// The next bidding to end.
    pub(super) fn bidding(&self) -> Due {
        self.state.next_bidding_end().map(|(at, task)| (at, Input::BiddingEnds(task)))
    }

    /// The next lease whose time is over.
    pub(super) fn expiry(&self) -> Due {
        self.state.next_expiry().map(|(at, lease)| (at, Input::LeaseExpires(lease)))
    }
}
