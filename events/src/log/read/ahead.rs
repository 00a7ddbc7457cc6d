//! Reading ahead: a second thread that decodes every other page of a long read.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use super::fetch::Fetcher;
use crate::log::index::Place;
use crate::record::Recorded;
use crate::{ReadError, Reader};

/// The events of a page, in order, those that cannot be read as errors in their places.
pub(super) type Page = VecDeque<Result<Recorded, ReadError>>;

/// A thread that reads pages, one after the other; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Ahead {
    /// Gone once it is told to end.
    places: Option<Sender<Vec<Place>>>,
    pages: Receiver<Page>,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    pub(super) fn start(reader: &Reader) -> io::Result<Self> {
        let (places, asked) = mpsc::channel::<Vec<Place>>();
        let (answer, pages) = mpsc::channel();
        let mut fetcher = Fetcher::new(reader.clone());
        let thread = thread::Builder::new().name("convoke-read".to_owned()).spawn(move || {
            for places in asked {
                let page = places.into_iter().map(|place| fetcher.event_at(place)).collect();
                if answer.send(page).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { places: Some(places), pages, thread: Some(thread) })
    }

    /// Has one more page read.
    pub(super) fn ask(&self, places: &[Place]) {
        if let Some(asked) = &self.places {
            // A thread that is gone gives no page, which is where it is noticed.
            let _ = asked.send(places.to_vec());
        }
    }

    /// The first page asked for that was not taken yet; nothing if the thread is gone.
    pub(super) fn take(&self) -> Option<Page> {
        self.pages.recv().ok()
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.places = None;
        if let Some(thread) = self.thread.take() {
            // What it could not read is read, and reported, by whoever asked for it.
            let _ = thread.join();
        }
    }
}
