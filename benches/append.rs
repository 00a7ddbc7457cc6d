//! Durable appends per second: the log beside a bare file that takes the same records.
//!
//! The bare file is preallocated and zero-filled. It has the same queue and drains it by the same
//! rule, writes each drain at a 4 KiB boundary and syncs once; it neither encodes nor hashes nor
//! indexes. Both are measured in turn with 1, 64 and 512 appends in flight.
#![allow(clippy::unwrap_used, reason = "a bench that cannot run has no figure")]

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use convoke_benches::{Figure, RECORD, directory_on_disk, float, median};
use convoke_events::testkit::interaction;
use convoke_events::{Append, Disk, DiskFile, JournalOptions, JournaledStore, Log, Options};
use tokio::sync::oneshot;

const ROUNDS: usize = 9;

const DRAIN: usize = 1024 * 1024;

fn main() {
    let directory = directory_on_disk().unwrap();
    let log = Log::open(&directory.path().join("log"), Options::default()).unwrap();
    let file = BareFile::start(&directory.path().join("bare"));
    let record = record();
    let append = append();
    for (in_flight, appends) in [(1, 1_500), (64, 32_000), (512, 128_000)] {
        let (mut ours, mut floor) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            floor.push(drive(
                in_flight,
                appends,
                || file.append(record.clone()),
                |landing| {
                    landing.blocking_recv().unwrap();
                },
            ));
            ours.push(drive(
                in_flight,
                appends,
                || log.append(append.clone()),
                |landing| {
                    landing.wait().unwrap();
                },
            ));
        }
        let name = format!("append_{in_flight}");
        let (ours, floor) = (median(ours), median(floor));
        Figure { name: &name, ours, unit: "events/s", floor }.print();
    }
    file.end();
    count_syncs(&directory.path().join("counted"));
}

/// Syncs of journal and store for one event, 32 in flight; the aim stands in the floor's place.
fn count_syncs(directory: &Path) {
    const APPENDS: u32 = 16_000;
    fs::create_dir(directory).unwrap();
    let counting = Arc::new(Counting::default());
    let journal = JournalOptions { disk: counting.clone(), ..JournalOptions::default() };
    let store = Arc::new(JournaledStore::open(directory, &journal).unwrap());
    let log = Log::on(store, Options::default()).unwrap();
    let append = append();
    let ours = median(
        (0..ROUNDS)
            .map(|_| {
                let before = counting.0.load(Ordering::SeqCst);
                drive(
                    32,
                    APPENDS,
                    || log.append(append.clone()),
                    |landing| {
                        landing.wait().unwrap();
                    },
                );
                float(counting.0.load(Ordering::SeqCst) - before) / f64::from(APPENDS)
            })
            .collect(),
    );
    log.close().unwrap();
    Figure { name: "syncs_per_event_32", ours, unit: "syncs", floor: 0.1 }.print();
}

/// The disk, its syncs counted.
#[derive(Default)]
struct Counting(AtomicU64);

impl Disk for Counting {
    fn sync(&self, _which: DiskFile, file: &File) -> io::Result<()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        file.sync_data()
    }
}

/// Appends per second with this many in flight.
fn drive<L>(
    in_flight: usize,
    appends: u32,
    mut append: impl FnMut() -> L,
    mut wait: impl FnMut(L),
) -> f64 {
    let start = Instant::now();
    let mut landings = VecDeque::with_capacity(in_flight);
    for _ in 0..appends {
        if landings.len() == in_flight {
            landings.pop_front().into_iter().for_each(&mut wait);
        }
        landings.push_back(append());
    }
    landings.into_iter().for_each(wait);
    f64::from(appends) / start.elapsed().as_secs_f64()
}

/// An append whose record has about [`RECORD`] bytes.
fn append() -> Append {
    let log = Log::in_memory();
    log.append(interaction("bench", "")).wait().unwrap();
    let around = usize::try_from(log.stats().bytes).unwrap();
    interaction("bench", &"x".repeat(RECORD.saturating_sub(around)))
}

fn record() -> Vec<u8> {
    vec![0x5a; RECORD]
}

type Waiting = (Vec<u8>, oneshot::Sender<()>);

struct BareFile {
    queue: Sender<Waiting>,
    thread: JoinHandle<()>,
}

impl BareFile {
    const LENGTH: usize = 64 * 1024 * 1024;

    fn start(path: &Path) -> Self {
        let file = File::create_new(path).unwrap();
        file.write_all_at(&vec![0; Self::LENGTH], 0).unwrap();
        file.sync_all().unwrap();
        let (queue, waiting) = mpsc::channel();
        let thread = thread::spawn(move || Self::run(&file, &waiting));
        Self { queue, thread }
    }

    fn append(&self, record: Vec<u8>) -> oneshot::Receiver<()> {
        let (answer, landing) = oneshot::channel();
        self.queue.send((record, answer)).unwrap();
        landing
    }

    fn run(file: &File, waiting: &Receiver<Waiting>) {
        let mut offset = 0;
        while let Ok(first) = waiting.recv() {
            let mut bytes = Vec::new();
            let mut answers = Vec::new();
            let mut next = Some(first);
            while let Some((record, answer)) = next {
                bytes.extend(record);
                answers.push(answer);
                if bytes.len() >= DRAIN {
                    break;
                }
                next = waiting.try_recv().ok();
            }
            if offset + bytes.len() > Self::LENGTH {
                offset = 0;
            }
            file.write_all_at(&bytes, u64::try_from(offset).unwrap()).unwrap();
            file.sync_data().unwrap();
            offset = (offset + bytes.len()).next_multiple_of(4096);
            for answer in answers {
                answer.send(()).unwrap();
            }
        }
    }

    fn end(self) {
        drop(self.queue);
        self.thread.join().unwrap();
    }
}
