//! An append lands whole or not at all, in order, once.

use std::sync::Arc;
use std::time::Duration;

use convoke_events::testkit::{Fault, FaultyStore, ManualClock, NOON, interaction, prepared};
use convoke_events::{
    Append, AppendError, CommitStore, Digest, Engine, Event, Expected, Idempotency, Log,
    MAX_APPEND_BYTES, MAX_APPEND_EVENTS, MAX_TEXT, MemoryStore, OpenError, Options, Pending,
    Position, Query, Revision, StreamId, TextName, verify,
};

fn stream(name: &str) -> StreamId {
    StreamId::host(name).unwrap()
}

fn positions(log: &Log, query: Query) -> Vec<u64> {
    log.read(query).map(|event| event.unwrap().envelope.position.get()).collect()
}

fn append_of(events: impl IntoIterator<Item = Pending>) -> Append {
    Append { events: events.into_iter().collect(), ..interaction("none", "{}") }
}

fn event(stream: &str) -> Pending {
    interaction(stream, "{}").events.remove(0)
}

fn with_key(mut append: Append, key: &str, command: &str) -> Append {
    let digest = Digest::of(command.as_bytes());
    append.idempotency = Some(Idempotency { key: key.parse().unwrap(), digest });
    append
}

fn engine_on(store: Arc<dyn CommitStore>) -> Engine {
    Engine::open(store, Arc::new(ManualClock::default())).unwrap()
}

#[test]
fn events_of_one_append_land_next_to_each_other() {
    let log = Log::in_memory();
    log.append(interaction("a", "{}")).wait().unwrap();
    let receipt = log.append(append_of([event("a"), event("b"), event("a")])).wait().unwrap();
    assert_eq!((receipt.first.get(), receipt.last.get()), (2, 4));
    assert_eq!(log.head().position, 4);
    assert_eq!(log.head().hash, Some(receipt.hash));
    let places: Vec<_> = log
        .read(Query::all().from(receipt.first))
        .map(|event| event.unwrap().envelope)
        .map(|e| (e.stream.to_string(), e.revision.get(), e.index, e.count))
        .collect();
    let expected = [("host/a", 2, 0, 3), ("host/b", 1, 1, 3), ("host/a", 3, 2, 3)];
    assert_eq!(places, expected.map(|(s, r, i, c)| (s.to_owned(), r, i, c)));
}

#[test]
fn append_at_stale_revision_conflicts_with_both_numbers() {
    let log = Log::in_memory();
    let mut append = interaction("a", "{}");
    append.expected = vec![(stream("a"), Expected::Empty)];
    log.append(append.clone()).wait().unwrap();
    let actual = Some(Revision::FIRST);
    let conflict = AppendError::Conflict { stream: stream("a"), expected: Expected::Empty, actual };
    assert_eq!(log.append(append.clone()).wait(), Err(conflict.clone()));
    assert_eq!(conflict.to_string(), "stream `host/a` is at revision 1, expected an empty stream");
    append.expected = vec![(stream("a"), Expected::Exactly(Revision::FIRST))];
    assert!(log.append(append).wait().is_ok());
}

#[test]
fn an_expectation_also_holds_for_a_stream_that_is_not_written() {
    let log = Log::in_memory();
    let mut append = interaction("a", "{}");
    append.expected = vec![(stream("b"), Expected::Exactly(Revision::FIRST))];
    let refused = log.append(append.clone()).wait();
    assert!(matches!(refused, Err(AppendError::Conflict { actual: None, .. })), "{refused:?}");
    log.append(interaction("b", "{}")).wait().unwrap();
    assert!(log.append(append).wait().is_ok());
}

#[test]
fn later_appends_of_one_commit_see_the_earlier_ones() {
    let store = Arc::new(MemoryStore::new());
    let mut engine = engine_on(store.clone());
    let mut first = interaction("a", "{}");
    first.expected = vec![(stream("a"), Expected::Empty)];
    let answers = engine.commit(&prepared([first.clone(), first, interaction("a", "{}")]));
    assert_eq!(answers[0].as_ref().unwrap().first.get(), 1);
    assert!(matches!(answers[1], Err(AppendError::Conflict { .. })), "{:?}", answers[1]);
    assert_eq!(answers[2].as_ref().unwrap().first.get(), 2);
    assert_eq!(store.head(), 1, "they share one commit");
}

#[test]
fn the_same_stream_name_in_two_hubs_is_two_streams() {
    let log = Log::in_memory();
    let mut other = interaction("a", "{}");
    other.hub = "other".parse().unwrap();
    other.expected = vec![(stream("a"), Expected::Empty)];
    log.append(interaction("a", "{}")).wait().unwrap();
    log.append(other.clone()).wait().unwrap();
    assert_eq!(log.revision(&other.hub, &stream("a")), Some(Revision::FIRST));
    assert_eq!(positions(&log, Query::stream(other.hub.clone(), stream("a"))), [2]);
    assert_eq!(positions(&log, Query::hub(other.hub)), [2]);
}

#[test]
fn the_same_command_again_gets_the_first_receipt_and_adds_nothing() {
    let log = Log::in_memory();
    let append = with_key(append_of([event("a"), event("b")]), "key", "command");
    let first = log.append(append.clone()).wait().unwrap();
    log.append(interaction("c", "{}")).wait().unwrap();
    assert_eq!(log.append(append.clone()).wait(), Ok(first));
    assert_eq!(log.head().position, 3);
    let known = log.idempotent(&append.hub, &append.principal, &"key".parse().unwrap());
    assert_eq!(known, Some((Digest::of(b"command"), first)));
}

#[test]
fn a_key_that_stands_for_another_command_is_refused() {
    let log = Log::in_memory();
    let append = interaction("a", "{}");
    log.append(with_key(append.clone(), "key", "one")).wait().unwrap();
    let first = Position::FIRST;
    let reused = AppendError::KeyReused { key: "key".parse().unwrap(), first };
    assert_eq!(log.append(with_key(append.clone(), "key", "two")).wait(), Err(reused));
    // The key is the caller's own: another principal may use it for something else.
    let mut other = with_key(append, "key", "two");
    other.principal = convoke_events::Principal::Runtime;
    assert!(log.append(other).wait().is_ok());
}

#[test]
fn a_command_repeated_within_one_commit_lands_once() {
    let mut engine = engine_on(Arc::new(MemoryStore::new()));
    let append = with_key(interaction("a", "{}"), "key", "one");
    let other = with_key(interaction("a", "{}"), "key", "two");
    let answers = engine.commit(&prepared([append.clone(), append, other]));
    assert_eq!(answers[0], answers[1]);
    assert!(matches!(answers[2], Err(AppendError::KeyReused { .. })), "{:?}", answers[2]);
    assert_eq!(engine.reader().head().position, 1);
}

#[test]
fn a_key_is_known_again_when_the_log_is_opened_again() {
    let store = Arc::new(MemoryStore::new());
    let append = with_key(append_of([event("a"), event("b")]), "key", "command");
    let first = engine_on(store.clone()).commit(&prepared([append.clone()])).remove(0);
    let mut again = engine_on(store);
    assert_eq!(again.commit(&prepared([append])).remove(0), first);
    assert_eq!(again.reader().head().position, 2);
}

#[test]
fn an_append_of_nothing_or_of_too_much_is_refused_with_both_numbers() {
    let log = Log::in_memory();
    let refused = |append: Append| {
        let checked = append.clone().prepare().unwrap_err();
        assert_eq!(log.append(append).wait().as_ref(), Err(&checked));
        checked.to_string()
    };
    assert_eq!(refused(append_of([])), "an append holds at least one event");
    let many = (0..=MAX_APPEND_EVENTS).map(|_| event("a"));
    assert_eq!(refused(append_of(many)), "an append of 1025 events, more than the 1024 allowed");
    let text = refused(interaction("a", &"x".repeat(MAX_TEXT + 1)));
    assert!(text.contains("8388609") && text.contains("8388608"), "{text}");
    // Texts of this length stay in their records.
    let large = interaction("a", &"x".repeat(4_000)).events.remove(0);
    let count = MAX_APPEND_BYTES / 4_000 + 1;
    let whole = refused(append_of(std::iter::repeat_n(large, count)));
    assert!(whole.starts_with("an append takes 1"), "{whole}");
    assert!(whole.ends_with("bytes, more than the 1048576 allowed"), "{whole}");
    assert_eq!(log.head().position, 0);
}

#[test]
fn appends_that_do_not_fit_into_one_commit_go_into_the_next() {
    let store = Arc::new(MemoryStore::new());
    let mut engine = engine_on(store.clone());
    let appends: Vec<_> = (0..700).map(|_| interaction("a", &"x".repeat(4_000))).collect();
    let answers = engine.commit(&prepared(appends));
    let firsts: Vec<u64> = answers.iter().map(|a| a.as_ref().unwrap().first.get()).collect();
    assert_eq!(firsts, (1..=700).collect::<Vec<_>>());
    assert_eq!(store.head(), 3);
    let verified = engine.reader().verify().unwrap();
    assert_eq!(verified.events, 700);
    let bodies = engine.reader().read(Query::all());
    let whole = |text: Option<&str>| text.is_some_and(|text| text.len() == 4_000);
    assert!(bodies.into_iter().all(|event| whole(event.unwrap().texts.get(&TextName::BODY))));
}

#[test]
fn a_commit_of_unknown_fate_stops_the_log_until_it_is_opened_again() {
    for (fault, landed) in [(Fault::UnknownButStored, 2), (Fault::UnknownAndLost, 1)] {
        let memory = Arc::new(MemoryStore::new());
        let mut engine = engine_on(Arc::new(FaultyStore::new(memory.clone(), 2, fault)));
        engine.commit(&prepared([interaction("a", "{}")])).remove(0).unwrap();
        let lost = with_key(interaction("a", "{}"), "key", "command");
        let mut behind = interaction("a", "{}");
        behind.expected = vec![(stream("a"), Expected::Exactly(Revision::FIRST))];
        let answers = engine.commit(&prepared([lost.clone(), behind]));
        assert!(matches!(answers[0], Err(AppendError::Unknown { .. })), "{:?}", answers[0]);
        // This refusal rested on an event that may not exist.
        assert!(matches!(answers[1], Err(AppendError::Stopped { .. })), "{:?}", answers[1]);
        assert_eq!(engine.reader().head().position, 1, "nothing of it is visible");
        let after = engine.commit(&prepared([interaction("b", "{}")])).remove(0);
        assert!(matches!(after, Err(AppendError::Stopped { .. })), "{after:?}");

        let mut reopened = engine_on(memory);
        assert_eq!(reopened.reader().head().position, landed, "{fault:?}");
        // Safe to repeat, whatever became of it.
        assert_eq!(reopened.commit(&prepared([lost])).remove(0).unwrap().first.get(), 2);
        assert_eq!(reopened.reader().head().position, 2);
    }
}

#[test]
fn a_full_store_stops_the_log_and_says_that_nothing_landed() {
    let memory = Arc::new(MemoryStore::new());
    let log =
        Log::on(Arc::new(FaultyStore::new(memory, 1, Fault::Full)), Options::default()).unwrap();
    for _ in 0..2 {
        let refused = log.append(interaction("a", "{}")).wait();
        assert!(matches!(refused, Err(AppendError::Stopped { .. })), "{refused:?}");
    }
    assert!(matches!(log.fence().wait(), Err(AppendError::Stopped { .. })));
}

#[test]
fn appends_are_decided_in_the_order_of_the_calls() {
    let log = Log::in_memory();
    let landings: Vec<_> =
        (0..500).map(|nth| log.append(interaction("a", &nth.to_string()))).collect();
    let fence = log.fence();
    assert_eq!(fence.wait().unwrap().position, 500);
    let firsts: Vec<u64> = landings.into_iter().map(|l| l.wait().unwrap().first.get()).collect();
    assert_eq!(firsts, (1..=500).collect::<Vec<_>>());
}

#[test]
fn a_landing_that_nobody_waits_for_lands_all_the_same() {
    let log = Log::in_memory();
    drop(log.append(interaction("a", "{}")));
    log.fence().wait().unwrap();
    assert_eq!(log.head().position, 1);
}

#[test]
fn a_closed_log_decides_what_waited_and_takes_nothing_more() {
    let log = Log::in_memory();
    let waiting = log.append(interaction("a", "{}"));
    assert_eq!(log.close(), Ok(()));
    assert_eq!(log.close(), Ok(()));
    assert!(waiting.wait().is_ok());
    let late = log.append(interaction("a", "{}")).wait().unwrap_err();
    assert_eq!(late.to_string(), "the log has stopped: it is closed");
}

#[test]
fn recorded_time_never_goes_back() {
    let clock = Arc::new(ManualClock::default());
    let mut engine = Engine::open(Arc::new(MemoryStore::new()), clock.clone()).unwrap();
    for at in [NOON, NOON.plus(Duration::from_secs(9)), NOON] {
        clock.set(at);
        engine.commit(&prepared([interaction("a", "{}")])).remove(0).unwrap();
    }
    let times: Vec<_> = engine
        .reader()
        .read(Query::all())
        .map(|event| event.unwrap().envelope.recorded_at.since(NOON).as_secs())
        .collect();
    assert_eq!(times, [0, 9, 9]);
}

#[test]
fn a_log_from_the_future_is_not_opened_unless_that_is_asked_for() {
    use convoke_events::ClockBehind;

    let store: Arc<dyn CommitStore> = Arc::new(MemoryStore::new());
    engine_on(store.clone()).commit(&prepared([interaction("a", "{}")])).remove(0).unwrap();
    let behind = |span: u64| {
        let clock = ManualClock::default();
        clock.set(convoke_events::Timestamp::from_micros(
            NOON.as_micros() - 1_000 * span.cast_signed(),
        ));
        Arc::new(clock)
    };
    let refused = Engine::open(store.clone(), behind(5_001)).err().unwrap();
    assert!(matches!(refused, OpenError::ClockBehind { newest: NOON, .. }), "{refused}");
    assert!(Engine::open_with(store.clone(), behind(5_001), ClockBehind::Allow).is_ok());
    // A clock that is only a little behind is waited for.
    let clock = behind(5_000);
    assert!(Engine::open(store, clock.clone()).is_ok());
    assert_eq!(convoke_events::Clock::now(&*clock), NOON);
}

#[test]
fn an_empty_log_verifies_as_empty_and_gets_its_id_with_its_first_event() {
    let store = Arc::new(MemoryStore::new());
    let empty = verify(&*store).unwrap();
    assert_eq!((empty.events, empty.head), (0, None));
    drop(engine_on(store.clone()));
    assert_eq!(store.head(), 0);
    let mut engine = engine_on(store.clone());
    engine.commit(&prepared([interaction("a", "{}")])).remove(0).unwrap();
    let id = engine.reader().id();
    assert_eq!(engine_on(store).reader().id(), id);
}

#[test]
fn what_was_appended_is_what_is_read() {
    let log = Log::in_memory();
    for (event, texts) in convoke_events::testkit::samples() {
        let mut append = interaction("a", "{}");
        append.trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
        append.content = Some(Digest::of(b"content"));
        append.events[0].event = event;
        append.events[0].texts = texts;
        let pending = append.events[0].clone();
        let receipt = log.append(append.clone()).wait().unwrap();
        let read = log.read(Query::all().from(receipt.first)).next().unwrap().unwrap();
        assert_eq!(
            (read.event, read.texts, read.hash),
            (pending.event, pending.texts, receipt.hash)
        );
        assert_eq!(read.envelope.trace, append.trace);
        assert_eq!(read.envelope.content, append.content);
        assert_eq!(read.envelope.decided_at, pending.decided_at);
    }
    assert_eq!(log.head().position, u64::try_from(Event::TYPES.len()).unwrap());
}
