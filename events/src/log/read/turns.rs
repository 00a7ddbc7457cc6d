//! The pages of a read, in their order: fetched here, or by a second thread once the read is long.

use std::collections::VecDeque;

use super::ahead::Ahead;
use super::fetch::{Fetcher, Page};
use crate::Reader;
use crate::log::index::Place;

/// How many pages of a long read are looked up before they are read.
const WINDOW: usize = 8;

/// How many pages wait for the second thread.
const ASKED: usize = 4;

/// Pages that were looked up and not read yet.
#[derive(Debug)]
pub(super) struct Turns {
    fetcher: Fetcher,
    waiting: VecDeque<Turn>,
    /// Pages that were read, whose memory the next ones take.
    spent: Vec<Page>,
    /// How many turns are asked for.
    asked: usize,
    ahead: Option<Ahead>,
    /// Whether the second thread could not be started, or is gone.
    is_alone: bool,
}

#[derive(Debug)]
enum Turn {
    Waits(Vec<Place>),
    /// The second thread has it.
    Asked(Vec<Place>),
    Fetched(Page),
}

impl Turns {
    pub(super) const fn new(reader: Reader) -> Self {
        let fetcher = Fetcher::new(reader);
        Self {
            fetcher,
            waiting: VecDeque::new(),
            spent: Vec::new(),
            asked: 0,
            ahead: None,
            is_alone: false,
        }
    }

    pub(super) const fn reader(&self) -> &Reader {
        self.fetcher.reader()
    }

    pub(super) fn are_full(&self) -> bool {
        self.waiting.len() >= WINDOW
    }

    pub(super) fn push(&mut self, places: Vec<Place>) {
        self.waiting.push_back(Turn::Waits(places));
    }

    /// The next page, in exchange for the one that was read. While the second thread is busy with it, those behind it are fetched here, so
    /// that neither waits for the other.
    pub(super) fn next(&mut self, read: Page) -> Option<Page> {
        self.spent.push(read);
        loop {
            self.collect();
            self.ask();
            match self.waiting.pop_front()? {
                Turn::Fetched(page) => return Some(page),
                Turn::Waits(places) => return Some(self.fetch(&places)),
                Turn::Asked(places) => {
                    self.waiting.push_front(Turn::Asked(places));
                    if !self.fetch_one() {
                        self.wait();
                    }
                }
            }
        }
    }

    fn fetch(&mut self, places: &[Place]) -> Page {
        let page = self.spent.pop().unwrap_or_default();
        self.fetcher.fetch(places, page)
    }

    /// Puts what the second thread has fetched in its place.
    fn collect(&mut self) {
        while let Some(page) = self.ahead.as_ref().filter(|_| self.asked > 0).and_then(Ahead::poll)
        {
            self.put(page);
        }
    }

    fn put(&mut self, page: Page) {
        let first = self.waiting.iter_mut().find(|turn| matches!(turn, Turn::Asked(_)));
        if let Some(turn) = first {
            *turn = Turn::Fetched(page);
            self.asked -= 1;
        }
    }

    /// Keeps the second thread busy, but not with the page that is read next; without one a read is
    /// only slower.
    fn ask(&mut self) {
        if self.ahead.is_none() && self.waiting.len() > 1 && !self.is_alone {
            self.ahead = Ahead::start(self.reader()).ok();
            self.is_alone = self.ahead.is_none();
        }
        let Some(ahead) = &self.ahead else { return };
        for turn in self.waiting.iter_mut().skip(1) {
            if self.asked == ASKED {
                return;
            }
            if let Turn::Waits(places) = turn {
                ahead.ask(places, self.spent.pop().unwrap_or_default());
                *turn = Turn::Asked(std::mem::take(places));
                self.asked += 1;
            }
        }
    }

    /// Fetches the first page that nobody has begun with, if there is one.
    fn fetch_one(&mut self) -> bool {
        for turn in &mut self.waiting {
            if let Turn::Waits(places) = turn {
                let page = self.spent.pop().unwrap_or_default();
                *turn = Turn::Fetched(self.fetcher.fetch(places, page));
                return true;
            }
        }
        false
    }

    fn wait(&mut self) {
        match self.ahead.as_ref().and_then(Ahead::take) {
            Some(page) => self.put(page),
            None => self.take_back(),
        }
    }

    /// Takes back what a thread that is gone was asked for.
    fn take_back(&mut self) {
        self.ahead = None;
        self.is_alone = true;
        self.asked = 0;
        for turn in &mut self.waiting {
            if let Turn::Asked(places) = turn {
                *turn = Turn::Waits(std::mem::take(places));
            }
        }
    }
}
