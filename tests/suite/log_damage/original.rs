//! Directories before they are damaged, and what each of their files proves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use convoke_events::testkit::interaction;
use convoke_events::{
    Append, CommitStore, Digest, Durability, JournalOptions, JournaledStore, Log, Options, Proofs,
    Query, Recorded, Signing, SledStore, TextBody,
};

use crate::image::{Image, Images};

/// A directory as it would be found, and what was acknowledged in it.
pub(super) struct Original {
    pub(super) images: Images,
    pub(super) clean: bool,
    /// The hash of every event.
    pub(super) hashes: Vec<Digest>,
    /// How many events there were before the first commit, and behind each.
    pub(super) ends: Vec<usize>,
    /// The commits that lie whole in a file.
    pub(super) whole: BTreeMap<PathBuf, BTreeSet<usize>>,
    /// The positions that name the text in a file.
    pub(super) texts: BTreeMap<PathBuf, Vec<u64>>,
    /// Where each checkpoint lies in its file, and for how many events it was signed.
    pub(super) notes: Vec<(Range<usize>, u64)>,
}

pub(super) fn options() -> Options {
    Options { durability: Durability::Buffered, ..Options::default() }
}

/// As whoever only reads opens a log: the key is not needed.
pub(super) fn reading() -> Options {
    let proofs = Proofs { signing: Signing::Nobody, ..Proofs::default() };
    Options { proofs, ..options() }
}

/// Short and long logs, closed and not: the journal of a long one no longer holds its beginning.
pub(super) fn originals() -> Vec<Original> {
    let kinds = [(24, true), (24, false), (90, true), (90, false)];
    kinds.map(|(appends, clean)| Original::make(appends, clean)).into()
}

/// An append of one to three events; now and then with a text that lies beside the log.
fn some(nth: u64) -> Append {
    let length = if nth.is_multiple_of(9) { 5_000 } else { 20 * (nth % 40) };
    let body = format!("{nth} {}", "x".repeat(usize::try_from(length).unwrap()));
    let mut append = interaction(&format!("s{}", nth % 5), &body);
    let event = append.events[0].clone();
    append.events = vec![event; usize::try_from(nth % 3 + 1).unwrap()];
    append
}

impl Original {
    /// A log of three sessions.
    fn make(appends: u64, clean: bool) -> Self {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        fs::create_dir(&data).unwrap();
        let journal = JournalOptions {
            durability: Durability::Buffered,
            segment_bytes: 128 * 1024,
            ..JournalOptions::default()
        };
        JournaledStore::open(&data, &journal).unwrap().close().unwrap();
        fs::write(data.join("format"), "convoke-data 1\n").unwrap();
        let session = |from: u64, to: u64| {
            let log = Log::open(&data, options()).unwrap();
            for nth in from..to {
                log.append(some(nth)).wait().unwrap();
            }
            log
        };
        session(0, appends / 3).close().unwrap();
        session(appends / 3, appends / 2).close().unwrap();
        let store = Images::take(&data).only("sled");
        let log = session(appends / 2, appends);
        let query = Query::all().without_bodies();
        let events: Vec<Recorded> = log.read(query).map(Result::unwrap).collect();
        if clean {
            log.close().unwrap();
        }
        let images = Images::take(&data);
        // Behind a stop that was not clean the store is as far back as it may be, not as it happened.
        let images = if clean { images } else { images.without("sled").with(store) };
        drop(log);
        Self::of(images, clean, &events, place.path())
    }

    fn of(images: Images, clean: bool, events: &[Recorded], place: &Path) -> Self {
        let [stored, opened] = ["stored", "opened"].map(|name| place.join(name));
        images.put(&stored);
        let store = SledStore::open(&stored.join("sled"), Durability::Buffered).unwrap();
        let stored = 1..=usize::try_from(store.head()).unwrap();
        images.put(&opened);
        let store = JournaledStore::open(&opened, &JournalOptions::default()).unwrap();
        let commits: Vec<Vec<u8>> = (1..=store.head()).map(|n| store.read(n).unwrap()).collect();
        let mut ends = vec![0];
        for commit in &commits {
            let count = u32::from_le_bytes(commit[1..5].try_into().unwrap());
            ends.push(ends[ends.len() - 1] + usize::try_from(count).unwrap());
        }
        assert_eq!(ends[commits.len()], events.len());
        let mut whole = BTreeMap::from([(PathBuf::from("sled/db"), stored.collect())]);
        for name in ["journal-0", "journal-1"] {
            let image = images.0.iter().find(|image| *image.name == *Path::new(name)).unwrap();
            whole.insert(name.into(), whole_in_journal(image, &commits));
        }
        let mut texts: BTreeMap<PathBuf, Vec<u64>> = BTreeMap::new();
        for event in events {
            for text in event.texts.iter() {
                if let TextBody::Stored { digest, .. } = text.body {
                    let digest = digest.to_string();
                    let file = format!("bodies/{}/{}/{digest}", event.envelope.hub, &digest[..2]);
                    texts.entry(file.into()).or_default().push(event.envelope.position.get());
                }
            }
        }
        assert!(texts.keys().all(|file| images.0.iter().any(|image| image.name == *file)));
        let notes = notes(&images);
        let hashes = events.iter().map(|event| event.hash).collect();
        Self { images, clean, hashes, ends, whole, texts, notes }
    }

    /// How many commits there were.
    pub(super) fn commits(&self) -> usize {
        self.ends.len() - 1
    }

    /// The positions of a commit.
    pub(super) fn positions(&self, commit: usize) -> Range<u64> {
        let wide = |events: usize| u64::try_from(events).unwrap();
        wide(self.ends[commit - 1]) + 1..wide(self.ends[commit]) + 1
    }

    /// Whether the journal holds every commit.
    pub(super) fn is_in_journal(&self) -> bool {
        self.proven_without(Path::new("sled/db")).len() == self.commits()
    }

    /// The commits that lie whole in any file but this one.
    pub(super) fn proven_without(&self, damaged: &Path) -> BTreeSet<usize> {
        let others = self.whole.iter().filter(|(file, _)| *file != damaged);
        others.flat_map(|(_, commits)| commits.iter().copied()).collect()
    }
}

/// The commits whose frames are as the journal documents them to the byte.
fn whole_in_journal(image: &Image, commits: &[Vec<u8>]) -> BTreeSet<usize> {
    let bytes = image.bytes();
    let whole = |offset: &u64| {
        let frame = &bytes[usize::try_from(*offset).unwrap()..];
        let commit = u64::from_le_bytes(frame[8..16].try_into().unwrap());
        let commit = usize::try_from(commit).ok().filter(|_| frame.starts_with(b"cvkf"))?;
        frame[28..].starts_with(commits.get(commit.checked_sub(1)?)?).then_some(commit)
    };
    image.used().iter().filter_map(whole).collect()
}

/// A note is a text, an empty line, its signatures; another empty line follows.
fn notes(images: &Images) -> Vec<(Range<usize>, u64)> {
    let file = images.0.iter().find(|image| *image.name == *Path::new("checkpoints")).unwrap();
    let text = String::from_utf8(file.bytes()).unwrap();
    let parts: Vec<&str> = text.split_inclusive("\n\n").collect();
    let mut start = 0;
    let note = |note: &[&str]| {
        let range = start..start + note.concat().len();
        start = range.end;
        (range, note[0].lines().nth(1).unwrap().parse().unwrap())
    };
    parts.chunks_exact(2).map(note).collect()
}
