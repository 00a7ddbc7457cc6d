//! What is done when store, journal and mark do not say the same: the table, row by row.

use std::fs;
use std::path::{Path, PathBuf};

use convoke_events::{
    CommitStore, Disagreement, Durability, JournalOptions, JournaledStore, OpenError,
};
use tempfile::TempDir;

use crate::image::{Images, cut, flip, zero};

const BLOCK: u64 = 4_096;

/// Segments of eight frames of one block each.
fn options() -> JournalOptions {
    JournalOptions {
        durability: Durability::Buffered,
        segment_bytes: 9 * BLOCK,
        ..JournalOptions::default()
    }
}

fn content(log: u8, number: u64) -> Vec<u8> {
    format!("commit {number} of log {log}").into_bytes()
}

fn open(path: &Path) -> Result<JournaledStore, OpenError> {
    JournaledStore::open(path, &options())
}

/// A directory closed after so many commits of a log.
fn closed(path: &Path, log: u8, commits: u64) {
    let store = open(path).unwrap();
    for number in store.head() + 1..=commits {
        store.commit(number - 1, &content(log, number)).unwrap();
    }
    store.close().unwrap();
}

/// A directory put together.
struct Made {
    _place: TempDir,
    path: PathBuf,
}

impl Made {
    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    #[track_caller]
    fn serves(&self, commits: u64) {
        self.serves_from(1, commits);
    }

    /// It serves so many commits of log 1, takes another one and keeps all of them.
    #[track_caller]
    fn serves_from(&self, log: u8, commits: u64) {
        for head in commits..commits + 3 {
            let store = open(&self.path).unwrap();
            assert_eq!(store.head(), head);
            for number in 1..=head {
                assert_eq!(store.read(number).unwrap(), content(log, number), "commit {number}");
            }
            store.found_whole().unwrap();
            store.commit(head, &content(log, head + 1)).unwrap();
            if head == commits {
                store.close().unwrap();
            }
        }
        assert!(!self.file("sled.copy").exists());
    }

    #[track_caller]
    fn refuses(&self, expected: &Disagreement) {
        // Also the second time: a refusal must not make the directory look better than it is.
        for _ in 0..2 {
            match open(&self.path) {
                Err(OpenError::Disagreement(found)) => assert_eq!(found, *expected),
                other => panic!("{other:?} instead of {expected}"),
            }
        }
    }
}

fn make(images: &Images) -> Made {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("data");
    images.put(&path);
    Made { _place: place, path }
}

/// The directory of a log closed after `stored` commits, and again after `journaled`.
fn two_stops(stored: u64, journaled: u64) -> (Images, Images) {
    let place = tempfile::tempdir().unwrap();
    closed(place.path(), 1, stored);
    let early = Images::take(place.path());
    closed(place.path(), 1, journaled);
    (early, Images::take(place.path()))
}

/// The store as it was after `stored` commits and the journal after `journaled`; no mark.
fn apart(stored: u64, journaled: u64) -> Made {
    let (early, late) = two_stops(stored, journaled);
    make(&late.without("sled").without("clean").with(early.only("sled")))
}

/// The block in which a commit lies, where nothing has turned over yet.
const fn block_of(commit: u64) -> u64 {
    commit * BLOCK
}

#[test]
fn of_nothing_an_empty_log_is_made() {
    let place = tempfile::tempdir().unwrap();
    let made = Made { path: place.path().join("data"), _place: place };
    fs::create_dir(&made.path).unwrap();
    made.serves(0);
}

#[test]
fn what_an_interrupted_making_left_behind_is_no_obstacle() {
    let (empty, _) = two_stops(0, 0);
    let [zero, one] = ["journal-0", "journal-1"].map(|name| empty.only(name));
    for left in [zero.clone(), zero.clone().with(one)] {
        let made = make(&left);
        fs::remove_dir_all(made.file("sled")).unwrap();
        made.serves(0);
    }
    let made = make(&zero);
    fs::remove_dir_all(made.file("sled")).unwrap();
    fs::rename(made.file("journal-0"), made.file("journal-0.new")).unwrap();
    made.serves(0);
    assert!(!made.file("journal-0.new").exists());
}

#[test]
fn after_a_clean_stop_the_journal_is_not_needed() {
    let (_, late) = two_stops(3, 6);
    for segment in ["journal-0", "journal-1"] {
        make(&late.without(segment)).serves(6);
        let damaged = make(&late);
        zero(&damaged.file(segment), 0);
        damaged.serves(6);
        let short = make(&late);
        cut(&short.file(segment), 5_000);
        short.serves(6);
    }
    make(&late.without("journal-0").without("journal-1")).serves(6);
}

#[test]
fn a_store_and_a_journal_that_end_alike_are_served() {
    apart(6, 6).serves(6);
}

#[test]
fn what_only_the_journal_holds_goes_into_the_store() {
    for (stored, journaled) in [(0, 1), (0, 8), (0, 16), (3, 6), (8, 9), (7, 15)] {
        apart(stored, journaled).serves(journaled);
    }
    // Also where a clean stop had said that the store has it.
    let (early, late) = two_stops(3, 6);
    make(&late.without("sled").with(early.only("sled"))).serves(6);
    make(&late.without("sled")).serves(6);
}

#[test]
fn a_store_that_goes_on_behind_the_journal_is_served() {
    let made = apart(6, 6);
    flip(&made.file("journal-0"), block_of(6) * 8 + 200);
    made.serves(6);
    // Its last two commits are damaged in the journal, which then says nothing of their order.
    let made = apart(6, 6);
    zero(&made.file("journal-0"), block_of(5));
    zero(&made.file("journal-0"), block_of(6));
    made.serves(6);
}

#[test]
fn an_end_that_is_no_frame_was_being_written() {
    let made = apart(3, 6);
    flip(&made.file("journal-0"), block_of(6) * 8 + 300);
    made.serves(5);
}

#[test]
fn damage_in_the_middle_of_what_only_the_journal_holds_is_refused() {
    let made = apart(3, 6);
    flip(&made.file("journal-0"), block_of(5) * 8 + 300);
    made.refuses(&Disagreement::JournalDamaged { commit: 5 });
    let made = apart(3, 6);
    zero(&made.file("journal-0"), block_of(4));
    made.refuses(&Disagreement::JournalDamaged { commit: 4 });
}

#[test]
fn damage_in_what_the_store_holds_too_is_none() {
    let made = apart(3, 6);
    for commit in 1..=3 {
        zero(&made.file("journal-0"), block_of(commit));
    }
    made.serves(6);
}

#[test]
fn a_store_that_cannot_be_opened_is_made_anew_from_a_journal_that_holds_all() {
    let spoil = |made: &Made| fs::write(made.file("sled/conf"), "no configuration").unwrap();
    for (stored, journaled) in [(0, 1), (6, 6), (3, 6), (8, 16)] {
        let made = apart(stored, journaled);
        spoil(&made);
        made.serves(journaled);
    }
    // Also after a clean stop, and where an earlier try ended before it had made another.
    let (_, late) = two_stops(3, 6);
    let made = make(&late);
    spoil(&made);
    made.serves(6);
    let made = apart(6, 6);
    fs::rename(made.file("sled"), made.file("sled.copy")).unwrap();
    made.serves(6);
}

#[test]
fn a_store_that_cannot_be_opened_is_refused_where_the_journal_does_not_hold_all() {
    let later = apart(17, 17);
    let torn = apart(6, 6);
    zero(&torn.file("journal-0"), block_of(3));
    let empty = apart(0, 0);
    for made in [later, torn, empty] {
        fs::write(made.file("sled/conf"), "no configuration").unwrap();
        for _ in 0..2 {
            let refused = open(&made.path).unwrap_err();
            assert!(matches!(refused, OpenError::Store { .. }) && refused.is_damage(), "{refused}");
        }
        assert!(made.file("sled.copy/db").exists());
    }
}

#[test]
fn a_store_that_somebody_else_has_open_is_not_damaged() {
    let made = apart(6, 6);
    let _first = open(&made.path).unwrap();
    let refused = open(&made.path).unwrap_err();
    assert!(matches!(refused, OpenError::InUse { .. }) && !refused.is_damage(), "{refused}");
}

#[test]
fn a_store_that_ends_before_the_journal_begins_is_refused() {
    // Commits 17 to 24 took the place of 1 to 8.
    apart(7, 24).refuses(&Disagreement::StoreShort { store: 7, journal: 9 });
    apart(8, 24).serves(24);
    apart(0, 17).refuses(&Disagreement::StoreShort { store: 0, journal: 2 });
}

#[test]
fn a_journal_of_another_log_is_refused() {
    let place = tempfile::tempdir().unwrap();
    for commits in [3, 5] {
        closed(place.path(), 2, commits);
        let (_, ours) = two_stops(5, 5);
        let theirs = Images::take(place.path()).only("sled");
        let made = make(&ours.without("sled").without("clean").with(theirs));
        // Where the other store is shorter, what the journal holds behind it does not follow.
        made.refuses(&Disagreement::Diverged { commit: 1 });
    }
}

#[test]
fn a_frame_that_does_not_follow_the_store_is_refused() {
    let place = tempfile::tempdir().unwrap();
    closed(place.path(), 2, 8);
    let (_, ours) = two_stops(8, 10);
    let theirs = Images::take(place.path()).only("sled");
    let made = make(&ours.without("sled").without("clean").with(theirs));
    for commit in 1..=8 {
        zero(&made.file("journal-0"), block_of(commit));
    }
    made.refuses(&Disagreement::Diverged { commit: 9 });
}

#[test]
fn a_journal_that_cannot_be_asked_is_refused_after_a_stop_that_was_not_clean() {
    let (_, late) = two_stops(6, 6);
    let late = late.without("clean");
    make(&late.without("journal-1")).refuses(&Disagreement::JournalMissing { segment: 1 });
    let made = make(&late);
    cut(&made.file("journal-0"), 7 * BLOCK);
    let (found, expected) = (7 * BLOCK, 9 * BLOCK);
    made.refuses(&Disagreement::JournalCut { segment: 0, found, expected });
    let made = make(&late);
    zero(&made.file("journal-0"), 0);
    made.serves(6);
    let made = make(&late);
    zero(&made.file("journal-0"), 0);
    zero(&made.file("journal-1"), 0);
    made.refuses(&Disagreement::JournalUnreadable);
    let (_, other) = two_stops(6, 6);
    let mixed = late.without("journal-1").with(other.only("journal-1"));
    make(&mixed).refuses(&Disagreement::JournalMixed);
}

#[test]
fn a_store_without_a_journal_is_refused_unless_it_was_closed() {
    let (_, late) = two_stops(6, 6);
    let bare = late.without("journal-0").without("journal-1");
    make(&bare).serves(6);
    make(&bare.without("clean")).refuses(&Disagreement::JournalMissing { segment: 1 });
}

#[test]
fn less_than_a_clean_stop_left_is_refused() {
    let (early, late) = two_stops(3, 6);
    let short = late.without("sled").with(early.only("sled"));
    let bare = short.without("journal-0").without("journal-1");
    make(&bare).refuses(&Disagreement::ShorterThanMark { found: 3, mark: 6 });
    let made = make(&short);
    zero(&made.file("journal-0"), block_of(6));
    made.refuses(&Disagreement::ShorterThanMark { found: 5, mark: 6 });
}

#[test]
fn another_commit_than_the_one_of_a_clean_stop_is_refused() {
    let place = tempfile::tempdir().unwrap();
    closed(place.path(), 2, 6);
    let (_, ours) = two_stops(6, 6);
    let theirs = Images::take(place.path()).only("sled");
    let bare = ours.without("sled").without("journal-0").without("journal-1").with(theirs);
    make(&bare).refuses(&Disagreement::OtherThanMark { commit: 6 });
}

#[test]
fn a_damaged_mark_is_none_and_a_stop_without_one_keeps_a_copy_until_the_log_is_whole() {
    let (_, late) = two_stops(3, 6);
    let made = make(&late);
    flip(&made.file("clean"), 203);
    let store = open(&made.path).unwrap();
    assert!(made.file("sled.copy/db").exists() && !store.was_closed());
    drop(store);
    made.serves(6);
    let made = make(&late);
    let store = open(&made.path).unwrap();
    assert!(!made.file("sled.copy").exists() && store.was_closed());
}

#[test]
fn the_mark_is_there_until_something_is_written() {
    let (_, late) = two_stops(3, 6);
    let made = make(&late);
    let store = open(&made.path).unwrap();
    assert!(made.file("clean").exists());
    store.commit(6, &content(1, 7)).unwrap();
    assert!(!made.file("clean").exists());
    store.close().unwrap();
    assert!(made.file("clean").exists());
    made.serves(7);
}
