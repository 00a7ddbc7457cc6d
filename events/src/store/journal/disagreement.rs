//! What it means when the store, the journal and the marks beside them do not say the same.
//!
//! | what is found | what is done |
//! |---|---|
//! | nothing at all | an empty log is made |
//! | the store ends where the mark of a clean stop says | served; the journal is not needed |
//! | the store and the journal end alike | served |
//! | the journal goes on behind the store | the store takes the rest, then it is served |
//! | the store goes on behind the journal | served: the journal's end was damaged or never whole |
//! | the journal ends in something that is no frame | it is the commit that was being written; served without it |
//! | a frame is whole and the same commit is damaged in the store | the store takes it again |
//! | the store cannot be opened, and the journal holds every commit from the first on | made anew from the journal |
//! | the store cannot be opened, and the journal begins later | refused by what the store says |
//! | a whole frame behind one that is missing | [`Disagreement::JournalDamaged`] |
//! | the store ends before the journal begins | [`Disagreement::StoreShort`] |
//! | a commit differs between the two, or does not follow the one before | [`Disagreement::Diverged`] |
//! | a segment is missing, cut, unreadable or another log's, after a clean stop | made anew |
//! | the same, after any other stop | refused by the name of what is wrong |
//! | less than a clean stop left | [`Disagreement::ShorterThanMark`] |
//! | another commit where a clean stop's newest was | [`Disagreement::OtherThanMark`] |
//! | less than a signed checkpoint covers | [`Disagreement::ShorterThanCheckpoint`] |
//!
//! The last commit before a stop that was not clean is the only one whose damage cannot be told
//! from a write that was torn: where only the journal held it, and nothing beside the journal
//! covers it, the log is served without it.

use std::collections::BTreeMap;

/// Why what lies in a directory is not taken for one whole log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    /// Commits between the store's end and the journal's beginning are in neither.
    #[error("the store ends at commit {store}, and the journal begins at commit {journal}")]
    StoreShort {
        /// The store's newest commit.
        store: u64,
        /// The oldest commit in the journal behind it.
        journal: u64,
    },
    /// A commit that only the journal held is damaged, and later ones are there.
    #[error("commit {commit} is damaged in the journal, and the store does not hold it")]
    JournalDamaged {
        /// The first such commit.
        commit: u64,
    },
    /// A segment of the journal is not there.
    #[error("`journal-{segment}` is missing, and the log was not closed")]
    JournalMissing {
        /// Which one.
        segment: u8,
    },
    /// A segment of the journal has another length than it was made with.
    #[error("`journal-{segment}` has {found} bytes of {expected}, and the log was not closed")]
    JournalCut {
        /// Which one.
        segment: u8,
        /// Its length in bytes.
        found: u64,
        /// The length it was made with.
        expected: u64,
    },
    /// No segment of the journal begins as one.
    #[error("no part of the journal begins as one, and the log was not closed")]
    JournalUnreadable,
    /// The two segments are not of one journal.
    #[error("`journal-0` and `journal-1` are not of one journal, and the log was not closed")]
    JournalMixed,
    /// A commit is one thing in the journal and another beside it.
    #[error("commit {commit} of the journal does not fit what is beside it")]
    Diverged {
        /// The first such commit.
        commit: u64,
    },
    /// There is less than when the log was closed.
    #[error("the log ends at commit {found}, and was closed at commit {mark}")]
    ShorterThanMark {
        /// The newest commit there is.
        found: u64,
        /// The newest commit there was.
        mark: u64,
    },
    /// The log was closed with another commit in this place.
    #[error("commit {commit} is not the one at which the log was closed")]
    OtherThanMark {
        /// Which one.
        commit: u64,
    },
    /// There is less than a signed checkpoint covers.
    #[error("the log ends at position {events}, and a signed checkpoint covers {checkpoint}")]
    ShorterThanCheckpoint {
        /// How many events there are.
        events: u64,
        /// How many the checkpoint covers.
        checkpoint: u64,
    },
}

/// What lies in a directory, as far as numbers say it.
pub(super) struct Evidence<'a, F> {
    /// The store's newest commit.
    pub(super) store: u64,
    /// How many commits a clean stop left, if the last one was clean.
    pub(super) mark: Option<u64>,
    /// Every whole frame of the journal.
    pub(super) frames: &'a BTreeMap<u64, F>,
    /// Whether a frame is the oldest that its segment was to hold.
    pub(super) is_oldest: &'a dyn Fn(&F) -> bool,
    /// What is wrong with the journal as a whole.
    pub(super) trouble: Option<&'a Disagreement>,
}

/// The number of the log's newest commit, if all before it is there.
pub(super) fn judge<F>(evidence: &Evidence<'_, F>) -> Result<u64, Disagreement> {
    let Evidence { store, mark, frames, is_oldest, trouble } = *evidence;
    if let (Some(trouble), None) = (trouble, mark) {
        return Err(trouble.clone());
    }
    let mut next = store.saturating_add(1);
    for (commit, frame) in frames.range(next..) {
        if *commit != next {
            return Err(if is_oldest(frame) {
                Disagreement::StoreShort { store: next.saturating_sub(1), journal: *commit }
            } else {
                Disagreement::JournalDamaged { commit: next }
            });
        }
        next = commit.saturating_add(1);
    }
    let found = next.saturating_sub(1);
    match mark {
        Some(mark) if found < mark => Err(Disagreement::ShorterThanMark { found, mark }),
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges frames of these numbers, of which some are the oldest of a segment.
    fn judged(
        store: u64,
        frames: &[u64],
        oldest: &[u64],
        mark: Option<u64>,
    ) -> Result<u64, Disagreement> {
        let frames: BTreeMap<u64, bool> =
            frames.iter().map(|commit| (*commit, oldest.contains(commit))).collect();
        judge(&Evidence {
            store,
            mark,
            frames: &frames,
            is_oldest: &|oldest| *oldest,
            trouble: None,
        })
    }

    #[test]
    fn the_log_ends_where_the_later_of_the_two_does() {
        assert_eq!(judged(0, &[], &[], None), Ok(0));
        assert_eq!(judged(3, &[1, 2, 3], &[1], None), Ok(3));
        assert_eq!(judged(3, &[2, 3, 4, 5], &[2], None), Ok(5));
        assert_eq!(judged(0, &[1, 2], &[1], None), Ok(2));
        assert_eq!(judged(9, &[4, 5], &[4], None), Ok(9));
        assert_eq!(judged(3, &[4, 5], &[4], Some(5)), Ok(5));
    }

    #[test]
    fn what_is_missing_between_the_two_is_named() {
        let short = Disagreement::StoreShort { store: 3, journal: 6 };
        assert_eq!(judged(3, &[6, 7], &[6], None), Err(short));
        let damaged = Disagreement::JournalDamaged { commit: 5 };
        assert_eq!(judged(3, &[4, 6, 7], &[4], None), Err(damaged.clone()));
        assert_eq!(judged(4, &[4, 6, 7], &[4], None), Err(damaged));
        // Behind a damaged end of one segment, the other one begins.
        let short = Disagreement::StoreShort { store: 4, journal: 6 };
        assert_eq!(judged(3, &[4, 6, 7], &[4, 6], None), Err(short));
    }

    #[test]
    fn less_than_a_clean_stop_left_is_refused() {
        let short = Disagreement::ShorterThanMark { found: 3, mark: 5 };
        assert_eq!(judged(3, &[1, 2], &[1], Some(5)), Err(short));
    }

    #[test]
    fn a_journal_that_cannot_be_asked_is_forgiven_only_after_a_clean_stop() {
        let frames: BTreeMap<u64, bool> = BTreeMap::new();
        let trouble = Disagreement::JournalMissing { segment: 1 };
        let evidence = |mark| Evidence {
            store: 3,
            mark,
            frames: &frames,
            is_oldest: &|oldest| *oldest,
            trouble: Some(&trouble),
        };
        assert_eq!(judge(&evidence(None)), Err(trouble.clone()));
        assert_eq!(judge(&evidence(Some(3))), Ok(3));
    }
}
