//! Reading events in one thread while another takes in the ones before them.

use std::sync::mpsc;
use std::thread;

use convoke_events::{Events, ReadError, Recorded};

/// How many events are taken in at once, at most: readers of a view see them together.
pub(crate) const BATCH: usize = 512;

/// How many batches are read before they are taken in, at most.
const AHEAD: usize = 4;

/// Hands over the events in order until they end, one cannot be read, or nobody wants them; answers
/// with what could not be read, once all before it was taken in.
pub(crate) fn feed(
    mut events: Events,
    goes_on: impl Fn() -> bool,
    mut take: impl FnMut(&[Recorded]) + Send,
) -> Option<ReadError> {
    let fed = thread::scope(|scope| {
        let (full, read) = mpsc::sync_channel::<Vec<Recorded>>(AHEAD);
        let (empty, taken) = mpsc::channel();
        let take = &mut take;
        let taking = move || {
            for batch in read {
                take(&batch);
                // Who makes events throws them away: their memory is that of the next ones.
                let _unless_it_has_ended = empty.send(batch);
            }
        };
        let second = thread::Builder::new().name("convoke-fold".to_owned());
        let _second = second.spawn_scoped(scope, taking).ok()?;
        Some(hand_over(&mut events, &goes_on, |batch| {
            let _unless_it_panicked = full.send(batch);
            taken.try_recv().unwrap_or_default()
        }))
    });
    // Without a second thread it only takes longer.
    fed.unwrap_or_else(|| {
        hand_over(&mut events, &goes_on, |batch| {
            take(&batch);
            batch
        })
    })
}

/// Gives batch after batch away, each for an old one in return.
fn hand_over(
    events: &mut Events,
    goes_on: &impl Fn() -> bool,
    mut give: impl FnMut(Vec<Recorded>) -> Vec<Recorded>,
) -> Option<ReadError> {
    let mut batch = Vec::new();
    while goes_on() {
        let broken = fill(&mut batch, events);
        let is_last = batch.len() < BATCH;
        if !batch.is_empty() {
            batch = give(batch);
        }
        if is_last {
            return broken;
        }
    }
    None
}

/// Fills a batch anew, as far as there are events that can be read.
fn fill(batch: &mut Vec<Recorded>, events: &mut Events) -> Option<ReadError> {
    batch.clear();
    while batch.len() < BATCH {
        match events.next()? {
            Ok(event) => batch.push(event),
            Err(why) => return Some(why),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use convoke_events::testkit::interaction;
    use convoke_events::{Log, Query};

    use super::*;

    fn log(events: usize) -> Log {
        let log = Log::in_memory();
        let mut append = interaction("seen", "{}");
        append.events = vec![append.events.remove(0); 512];
        let mut left = events;
        while left > 0 {
            append.events.truncate(left);
            left -= append.events.len();
            log.append(append.clone()).wait().unwrap();
        }
        log
    }

    fn positions(batch: &[Recorded]) -> impl Iterator<Item = u64> {
        batch.iter().map(|event| event.envelope.position.get())
    }

    #[test]
    fn events_are_handed_over_in_order_and_all_of_them_however_many() {
        for events in [0, 1, BATCH - 1, BATCH, BATCH + 1, BATCH * (AHEAD + 3) + 7] {
            let log = log(events);
            let mut taken = Vec::new();
            let take = |batch: &[Recorded]| {
                assert!(batch.len() <= BATCH);
                taken.extend(positions(batch));
            };
            assert_eq!(feed(log.read(Query::all()), || true, take), None);
            assert_eq!(taken, (1..=u64::try_from(events).unwrap()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn nothing_more_is_read_once_nobody_wants_it() {
        let log = log(BATCH * 9);
        let asked = std::cell::Cell::new(0);
        let goes_on = || {
            asked.set(asked.get() + 1);
            asked.get() <= 3
        };
        let mut taken = 0;
        assert_eq!(feed(log.read(Query::all()), goes_on, |batch| taken += batch.len()), None);
        assert_eq!(taken, BATCH * 3);
    }
}
