//! Nothing is acknowledged before the sync that covers it, and no segment of the journal is used
//! again before the store is synced past it: by the order of what is asked of the disk.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use convoke_events::testkit::interaction;
use convoke_events::{
    CommitStore, Disk, DiskFile, Durability, JournalOptions, JournaledStore, Log, Options, Query,
    SledStore,
};

use crate::image::Images;

/// What was asked of the disk, and what was said to whoever waited.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// A commit, with the positions it holds.
    Written {
        segment: u8,
        commit: u64,
        last: u64,
    },
    JournalSynced {
        segment: u8,
    },
    /// With the number of the image taken just before.
    StoreSynced {
        image: usize,
    },
    Acknowledged {
        position: u64,
    },
}

struct Watched {
    steps: Mutex<Vec<Step>>,
    store: PathBuf,
    images: PathBuf,
}

impl Watched {
    fn note(&self, step: Step) {
        self.steps.lock().unwrap().push(step);
    }
}

fn number(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset..offset + 8].try_into().unwrap())
}

/// Bytes before the commit's own.
const HEADER: usize = 28;

impl Disk for Watched {
    fn write_at(
        &self,
        which: DiskFile,
        file: &File,
        bytes: &[u8],
        offset: u64,
    ) -> io::Result<usize> {
        let DiskFile::Journal(segment) = which else { panic!("{which:?} is not written") };
        assert_eq!(&bytes[..4], b"cvkf", "a whole frame in one write");
        let events = u32::from_le_bytes(bytes[HEADER + 1..HEADER + 5].try_into().unwrap());
        let last = number(bytes, HEADER + 5) + u64::from(events) - 1;
        self.note(Step::Written { segment, commit: number(bytes, 8), last });
        file.write_at(bytes, offset)
    }

    fn sync(&self, which: DiskFile, file: &File) -> io::Result<()> {
        match which {
            DiskFile::Journal(segment) => {
                file.sync_data()?;
                self.note(Step::JournalSynced { segment });
            }
            DiskFile::Store => {
                // What a power cut right behind this sync would leave.
                let image = fs::read_dir(&self.images)?.count();
                let path = self.images.join(image.to_string());
                Images::take(&self.store).put(&path);
                file.sync_data()?;
                self.note(Step::StoreSynced { image });
            }
        }
        Ok(())
    }
}

/// Runs eight writers over small segments, and answers what happened in which order.
fn run(directory: &Path) -> Vec<Step> {
    let images = directory.join("images");
    fs::create_dir(&images).unwrap();
    let data = directory.join("data");
    fs::create_dir(&data).unwrap();
    let (steps, store) = (Mutex::default(), data.join("sled"));
    let disk = Arc::new(Watched { steps, store, images });
    let seam: Arc<dyn Disk> = Arc::<Watched>::clone(&disk);
    let journal =
        JournalOptions { durability: Durability::Synced, segment_bytes: 160 * 1024, disk: seam };
    let store = JournaledStore::open(&data, &journal).unwrap();
    let log = Log::on(Arc::new(store), Options::default()).unwrap();
    thread::scope(|scope| {
        for writer in 0..8 {
            let (log, disk) = (&log, &disk);
            scope.spawn(move || {
                for _ in 0..50 {
                    let append = interaction(&format!("w{writer}"), &"x".repeat(4_000));
                    let position = log.append(append).wait().unwrap().last.get();
                    disk.note(Step::Acknowledged { position });
                }
            });
        }
    });
    assert_eq!(log.read(Query::all()).map(Result::unwrap).count(), 400);
    log.close().unwrap();
    assert_eq!(fs::read_dir(data.join("sled/blobs")).unwrap().count(), 0);
    disk.steps.lock().unwrap().clone()
}

#[test]
fn no_event_is_acknowledged_before_its_sync_and_no_segment_is_used_again_before_the_stores() {
    let directory = tempfile::tempdir().unwrap();
    let steps = run(directory.path());
    let mut written: Option<(u8, u64)> = None;
    let mut durable = 0;
    let mut acknowledged = 0;
    // The newest commit of each segment, and the newest image of the store.
    let mut newest: HashMap<u8, u64> = HashMap::new();
    let mut image = None;
    let mut current = 0;
    let mut turns = 0;
    for step in &steps {
        match *step {
            Step::Written { segment, commit, last } => {
                if segment != current {
                    current = segment;
                    if let Some(needed) = newest.get(&segment) {
                        turns += 1;
                        let image: usize = image.expect("the store was never synced");
                        let path = directory.path().join("images").join(image.to_string());
                        let held = SledStore::open(&path, Durability::Buffered).unwrap().head();
                        assert!(held >= *needed, "segment {segment}: {held} of {needed} commits");
                    }
                }
                newest.insert(segment, commit);
                written = Some((segment, last));
            }
            Step::JournalSynced { segment } => {
                let (of, last) = written.unwrap();
                assert_eq!(segment, of);
                durable = last;
            }
            Step::StoreSynced { image: taken } => image = Some(taken),
            Step::Acknowledged { position } => {
                acknowledged += 1;
                assert!(position <= durable, "{position} was not synced: {durable} was");
            }
        }
    }
    assert_eq!(acknowledged, 400);
    assert!(turns >= 3, "{turns} segments were used again");
}
