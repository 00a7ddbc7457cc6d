//! `convoke log append`: the host's own records, acknowledged one by one.
//!
//! One thread reads ahead and hands over, another waits and acknowledges, so that lines which wait
//! together are stored together.

use std::io::BufRead;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

use convoke_events::{
    Append, Clock, CorrelationId, Digest, EventId, HubId, Landing, Log, LogId, OpenError, Pending,
    Position, Principal, ServiceName, SystemClock, TextName, Texts,
};
use serde::Serialize;

use super::lines::{Entry, entry, next_line, standard_input};
use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::opening;
use crate::cli::render::Output;

/// How many lines may wait for their receipt.
const AHEAD: usize = 1_024;

const SERVICE: &str = "convoke log append";

type Handed = Result<(usize, Landing), Failure>;

pub(super) fn append(global: &Global, hub: &HubId, output: &mut Output) -> Result<(), Failure> {
    let (mut input, mut number) = (standard_input(), 0);
    let there = match opening::to_write(global) {
        Ok(log) => Some(log),
        Err(Failure::Open(OpenError::NotFound { .. })) => None,
        Err(failure) => return Err(failure),
    };
    // Nothing is made for an input that holds nothing, or whose first line is a mistake.
    let Some(first) = next_line(&mut input, &mut number)? else {
        return Ok(());
    };
    let first = entry(&first, number)?;
    let log = there.map_or_else(|| opening::to_create(global), Ok)?;
    let (sender, receiver) = mpsc::sync_channel(AHEAD);
    let reading = Reading { log, hub: hub.clone(), clock: SystemClock::start() };
    let reader = thread::Builder::new()
        .name("convoke-input".to_owned())
        .spawn(move || reading.read(first, &mut input, number, &sender))
        .map_err(|source| Failure::Waiting { source })?;
    for handed in receiver {
        let (line, landing) = handed?;
        let receipt = landing.wait().map_err(|source| Failure::Append { line, source })?;
        output.json(&Acknowledged { position: receipt.last, hash: receipt.hash })?;
        output.flush()?;
    }
    // It has said its last word; only its hold on the log is waited for.
    let _ = reader.join();
    Ok(())
}

/// What is said of a line once it is on disk.
#[derive(Serialize)]
struct Acknowledged {
    position: Position,
    hash: Digest,
}

struct Reading {
    log: Log,
    hub: HubId,
    clock: SystemClock,
}

impl Reading {
    /// Hands over the first line's record and line after line behind it, up to the end or the first
    /// mistake.
    fn read(
        &self,
        first: Entry,
        input: &mut impl BufRead,
        mut number: usize,
        sender: &SyncSender<Handed>,
    ) {
        let mut waiting = Some(first);
        loop {
            let next = match waiting.take() {
                Some(first) => Ok(Some(first)),
                None => next_line(input, &mut number)
                    .and_then(|line| line.map(|line| entry(&line, number)).transpose()),
            };
            let handed = match next {
                Ok(Some(entry)) => {
                    // Found out before it is handed over, so that no later line is recorded.
                    let prepared = self.log.reader().prepare(self.append(entry));
                    prepared
                        .map(|prepared| (number, self.log.append_prepared(prepared)))
                        .map_err(|source| Failure::Append { line: number, source })
                }
                Ok(None) => return,
                Err(failure) => Err(failure),
            };
            let last = handed.is_err();
            // Nobody waits any more once a receipt could not be given.
            if sender.send(handed).is_err() || last {
                return;
            }
        }
    }

    fn append(&self, entry: Entry) -> Append {
        let content = entry.content();
        let now = self.clock.now();
        let entropy = u128::from_le_bytes(*LogId::random().as_bytes());
        let event = Pending {
            id: EventId::mint(now, entropy),
            correlation: CorrelationId::derive(&[self.hub.as_str(), entry.stream.as_str()]),
            stream: entry.stream,
            causation: None,
            decided_at: now,
            event: entry.event,
            texts: Texts::none().with_media(TextName::BODY, entry.media, entry.body),
        };
        Append {
            hub: self.hub.clone(),
            principal: service(),
            trace: None,
            idempotency: None,
            content: Some(content),
            expected: Vec::new(),
            events: vec![event],
        }
    }
}

fn service() -> Principal {
    ServiceName::new(SERVICE).map_or(Principal::Runtime, Principal::Service)
}
