use std::sync::Arc;
use std::thread;

use super::*;
use crate::testkit::interaction;
use crate::{CommitError, CommitStore, EventId, Log, MemoryStore, Options, StoreReadError};

/// More events than are read alone, and than are looked up at once.
const EVENTS: u64 = 10_240;

fn log(store: Arc<dyn CommitStore>) -> Log {
    let log = Log::on(store, Options::default()).unwrap();
    for nth in 0..EVENTS / 512 {
        let mut append = interaction("long", "");
        let event = append.events.remove(0);
        append.events = (0..512)
            .map(|inner| (nth, inner))
            .map(|(nth, inner)| {
                let mut event = event.clone();
                event.id = EventId::mint(Timestamp::from_micros(0), u128::from(nth * 512 + inner));
                event
            })
            .collect();
        log.append(append).wait().unwrap();
    }
    log
}

fn positions(log: &Log, query: Query) -> Vec<u64> {
    log.read(query).map(|event| event.unwrap().envelope.position.get()).collect()
}

#[test]
fn a_long_read_gives_every_event_once_and_in_order_whoever_fetched_it() {
    let log = log(Arc::new(MemoryStore::new()));
    let forward: Vec<u64> = (1..=EVENTS).collect();
    let backward: Vec<u64> = forward.iter().rev().copied().collect();
    assert_eq!(positions(&log, Query::all()), forward);
    assert_eq!(positions(&log, Query::all().backward()), backward);
}

/// A store with one commit damaged; or, without, one that panics under the second thread.
struct Touchy {
    store: MemoryStore,
    damaged: Option<u64>,
}

impl CommitStore for Touchy {
    fn head(&self) -> u64 {
        self.store.head()
    }

    fn commit(&self, after: u64, bytes: &[u8]) -> Result<(), CommitError> {
        self.store.commit(after, bytes)
    }

    fn read(&self, number: u64) -> Result<Vec<u8>, StoreReadError> {
        let is_second = thread::current().name() == Some("convoke-read");
        assert!(!is_second || self.damaged.is_some(), "as it should");
        let mut bytes = self.store.read(number)?;
        if self.damaged == Some(number) {
            *bytes.last_mut().unwrap() ^= 1;
        }
        Ok(bytes)
    }

    fn close(&self) -> Result<(), CommitError> {
        self.store.close()
    }
}

#[test]
fn a_read_whose_second_thread_is_gone_goes_on_alone() {
    let log = log(Arc::new(Touchy { store: MemoryStore::new(), damaged: None }));
    assert_eq!(positions(&log, Query::all()), (1..=EVENTS).collect::<Vec<_>>());
}

#[test]
fn a_damaged_record_of_a_long_read_is_an_error_in_its_place_and_the_others_come() {
    let log = log(Arc::new(Touchy { store: MemoryStore::new(), damaged: Some(15) }));
    let bad = 15 * 512;
    for (nth, event) in (1..).zip(log.read(Query::all())) {
        match event {
            Ok(event) => assert_eq!(event.envelope.position.get(), nth),
            Err(error) => {
                assert!(
                    matches!(error, ReadError::Damaged { position, .. }
                    if position.get() == bad && nth == bad),
                    "{error} at {nth}"
                );
            }
        }
    }
    assert_eq!(log.read(Query::all()).filter(Result::is_err).count(), 1);
    assert_eq!(log.read(Query::all()).count(), usize::try_from(EVENTS).unwrap());
}
