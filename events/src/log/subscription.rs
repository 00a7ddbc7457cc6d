//! Following a log: what is there first, then what comes.

use tokio::sync::watch;

use super::landing::block_on;
use super::reader::{End, Progress, Reader};
use crate::record::Recorded;
use crate::{Events, Position, Query, ReadError};

/// Every event behind a position, in order, without a gap, until the log is closed; if it stops
/// otherwise, an error says so.
///
/// It works in any asynchronous runtime or in none.
#[derive(Debug)]
pub struct Subscription {
    reader: Reader,
    progress: watch::Receiver<Progress>,
    events: Events,
    delivered: u64,
    failed: bool,
}

impl Subscription {
    pub(crate) fn new(reader: Reader, after: u64) -> Self {
        let progress = reader.progress();
        let events = reader.read(Query::all().from(Position::after(after)));
        Self { reader, progress, events, delivered: after, failed: false }
    }

    /// The next event, once it is durable; nothing once the log is closed and all was delivered.
    ///
    /// An error is the last thing that comes: subscribe again behind [`Self::delivered`] to go on.
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Recorded, ReadError>> {
        loop {
            if self.failed {
                return None;
            }
            if let Some(event) = self.events.next() {
                match &event {
                    Ok(recorded) => self.delivered = recorded.envelope.position.get(),
                    Err(_) => self.failed = true,
                }
                return Some(event);
            }
            let delivered = self.delivered;
            let end = {
                let is_news =
                    |progress: &Progress| progress.events > delivered || progress.end.is_some();
                let progress = self.progress.wait_for(is_news).await.ok()?;
                progress.end.clone().filter(|_| progress.events <= delivered)
            };
            match end {
                None => {}
                Some(End::Closed) => return None,
                Some(End::Stopped(why)) => {
                    self.failed = true;
                    return Some(Err(ReadError::Stopped { delivered, why: why.to_string() }));
                }
            }
            self.events = self.reader.read(Query::all().from(Position::after(self.delivered)));
        }
    }

    /// As [`Self::next`], blocking the thread.
    pub fn next_blocking(&mut self) -> Option<Result<Recorded, ReadError>> {
        block_on(self.next())
    }

    /// How many events there are: what is not [`Self::delivered`] of them is the lag.
    pub fn head(&self) -> u64 {
        self.progress.borrow().events
    }

    /// The number of the newest event delivered.
    pub const fn delivered(&self) -> u64 {
        self.delivered
    }
}
