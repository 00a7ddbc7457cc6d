//! What is durable can be read, by whatever it is looked for, and followed.

use std::sync::Arc;
use std::thread;

use convoke_events::testkit::{ManualClock, interaction};
use convoke_events::{Engine, Log, MemoryStore, Options, Position, Query, StreamId};

fn stream(name: &str) -> StreamId {
    StreamId::host(name).unwrap()
}

fn positions(log: &Log, query: Query) -> Vec<u64> {
    log.read(query).map(|event| event.unwrap().envelope.position.get()).collect()
}

fn at(position: u64) -> Position {
    Position::new(position).unwrap()
}

/// Events 1 to 1,300: three streams in turn, every tenth event one of another hub.
fn filled() -> Log {
    let log = Log::in_memory();
    for nth in 1..=1_300_u64 {
        let mut append = interaction(["a", "b", "c"][usize::try_from(nth % 3).unwrap()], "{}");
        if nth.is_multiple_of(10) {
            append.hub = "other".parse().unwrap();
        }
        drop(log.append(append));
    }
    assert_eq!(log.fence().wait().unwrap().position, 1_300);
    log
}

#[test]
fn events_are_found_by_everything_they_are_asked_by() {
    let log = filled();
    let (here, other) = ("samples".parse().unwrap(), "other".parse().unwrap());
    let all = || 1..=1_300_u64;
    assert_eq!(positions(&log, Query::all()), all().collect::<Vec<_>>());
    let in_other: Vec<_> = all().filter(|nth| nth.is_multiple_of(10)).collect();
    assert_eq!(positions(&log, Query::hub(other)), in_other);
    let in_b = |nth: &u64| nth % 3 == 1;
    let here_b: Vec<_> = all().filter(in_b).filter(|nth| !nth.is_multiple_of(10)).collect();
    assert_eq!(positions(&log, Query::stream(here, stream("b"))), here_b);
    let story = interaction("b", "{}").events[0].correlation;
    let in_story: Vec<_> = all().filter(in_b).collect();
    assert_eq!(positions(&log, Query::correlation(story)), in_story);
    assert_eq!(positions(&log, Query::event_type("InteractionRecorded")).len(), 1_300);
    assert!(positions(&log, Query::event_type("HubOpened")).is_empty());
    assert!(positions(&log, Query::hub("nobody".parse().unwrap())).is_empty());
}

#[test]
fn every_query_can_be_cut_and_turned_around() {
    let log = filled();
    let queries = [
        Query::all(),
        Query::hub("other".parse().unwrap()),
        Query::stream("samples".parse().unwrap(), stream("a")),
        Query::event_type("InteractionRecorded"),
    ];
    for query in queries {
        let whole = positions(&log, query.clone());
        for (from, to) in
            [(1, 1_300), (1, 1), (20, 1_250), (600, 599), (1_300, 9_999), (5_000, 9_999)]
        {
            let within: Vec<_> =
                whole.iter().copied().filter(|nth| (from..=to).contains(nth)).collect();
            let cut = query.clone().from(at(from)).to(at(to));
            assert_eq!(positions(&log, cut.clone()), within, "{cut:?}");
            let turned: Vec<_> = within.into_iter().rev().collect();
            assert_eq!(positions(&log, cut.backward()), turned);
        }
    }
}

#[test]
fn a_read_ends_where_the_log_ended_when_it_began() {
    let log = Log::in_memory();
    log.append(interaction("a", "{}")).wait().unwrap();
    let events = log.read(Query::all());
    log.append(interaction("a", "{}")).wait().unwrap();
    assert_eq!(events.count(), 1);
}

#[test]
fn the_statistics_count_every_event_once() {
    let stats = filled().stats();
    assert_eq!(stats.events, 1_300);
    assert_eq!(stats.by_type["InteractionRecorded"], 1_300);
    let by_hub: Vec<_> = stats.by_hub.iter().map(|(hub, n)| (hub.as_str(), *n)).collect();
    assert_eq!(by_hub, [("other", 130), ("samples", 1_170)]);
    assert!(stats.bytes > 1_300 * 100 && stats.bytes < 1_300 * 400, "{}", stats.bytes);
    assert!((1..=1_300).contains(&stats.commits));
}

#[test]
fn a_subscription_catches_up_and_then_follows_without_a_gap() {
    let log = Log::in_memory();
    for _ in 0..700 {
        drop(log.append(interaction("a", "{}")));
    }
    log.fence().wait().unwrap();
    let mut subscription = log.subscribe(100);
    assert_eq!((subscription.head(), subscription.delivered()), (700, 100));
    let reader = thread::spawn(move || {
        let mut seen = Vec::new();
        while let Some(event) = subscription.next_blocking() {
            seen.push(event.unwrap().envelope.position.get());
            assert_eq!(seen.last(), Some(&subscription.delivered()));
            if seen.len() == 1_400 {
                break;
            }
        }
        (seen, subscription.head())
    });
    for _ in 0..800 {
        drop(log.append(interaction("a", "{}")));
    }
    let (seen, head) = reader.join().unwrap();
    assert_eq!(seen, (101..=1_500).collect::<Vec<_>>());
    assert_eq!(head, 1_500);
}

#[test]
fn a_subscription_ends_when_the_log_is_closed_and_everything_was_delivered() {
    let log = Log::in_memory();
    let mut subscription = log.subscribe(0);
    let waiting = thread::spawn(move || {
        let first = subscription.next_blocking().map(|event| event.unwrap().envelope.position);
        (first, subscription.next_blocking().is_none())
    });
    log.append(interaction("a", "{}")).wait().unwrap();
    drop(log);
    assert_eq!(waiting.join().unwrap(), (Some(Position::FIRST), true));
}

#[test]
fn a_subscription_ends_when_its_engine_is_gone() {
    let engine =
        Engine::open(Arc::new(MemoryStore::new()), Arc::new(ManualClock::default())).unwrap();
    let mut subscription = engine.reader().subscribe(0);
    drop(engine);
    assert!(subscription.next_blocking().is_none());
}

#[test]
fn subscriptions_and_landings_work_inside_any_runtime() {
    async fn round_trip(log: &Log) -> u64 {
        let mut subscription = log.subscribe(log.head().position);
        let receipt = log.append(interaction("a", "{}")).await.unwrap();
        let event = subscription.next().await.unwrap().unwrap();
        assert_eq!(event.envelope.position, receipt.first);
        // Also where a runtime forbids its own blocking calls.
        log.append(interaction("a", "{}")).wait().unwrap();
        subscription.next_blocking().unwrap().unwrap().envelope.position.get()
    }
    let log = Log::on(Arc::new(MemoryStore::new()), Options::default()).unwrap();
    let current = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(current.block_on(round_trip(&log)), 2);
    let many = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    assert_eq!(many.block_on(round_trip(&log)), 4);
}
