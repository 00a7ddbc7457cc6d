//! Reading ahead: a second thread that fetches and checks pages of a long read.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use super::fetch::{Fetcher, Page};
use crate::Reader;
use crate::log::index::Place;

/// A thread that fetches pages, one after the other; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Ahead {
    /// Gone once it is told to end.
    places: Option<Sender<(Vec<Place>, Page)>>,
    pages: Receiver<Page>,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    pub(super) fn start(reader: &Reader) -> io::Result<Self> {
        let (places, asked) = mpsc::channel::<(Vec<Place>, Page)>();
        let (answer, pages) = mpsc::channel();
        let mut fetcher = Fetcher::new(reader.clone());
        let thread = thread::Builder::new().name("convoke-read".to_owned()).spawn(move || {
            for (places, page) in asked {
                if answer.send(fetcher.fetch(&places, page)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { places: Some(places), pages, thread: Some(thread) })
    }

    /// Has one more page fetched, in one that was read.
    pub(super) fn ask(&self, places: &[Place], page: Page) {
        if let Some(asked) = &self.places {
            // A thread that is gone gives no page, which is where it is noticed.
            let _ = asked.send((places.to_vec(), page));
        }
    }

    /// The first page asked for that was not taken yet, if it is there.
    pub(super) fn poll(&self) -> Option<Page> {
        self.pages.try_recv().ok()
    }

    /// The same, waited for; nothing if the thread is gone.
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
