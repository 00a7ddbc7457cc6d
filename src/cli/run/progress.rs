//! How far a run has come: a bar on a terminal, a plain line now and then otherwise.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::failure::complain;

/// How many plain lines a run prints.
const LINES: usize = 10;

/// Tells on standard error how far a run has come.
pub(super) struct Progress {
    shown: Shown,
    total: usize,
    done: Cell<usize>,
}

enum Shown {
    Nothing,
    Lines,
    Bar(ProgressBar),
}

impl Progress {
    pub(super) fn new(total: usize, quiet: bool) -> Self {
        let shown = match (quiet, io::stderr().is_terminal()) {
            (true, _) => Shown::Nothing,
            (false, false) => Shown::Lines,
            (false, true) => Shown::Bar(bar(total)),
        };
        Self { shown, total, done: Cell::new(0) }
    }

    /// Tells what the operator should know.
    pub(super) fn note(&self, note: &str) {
        match &self.shown {
            Shown::Nothing => {}
            Shown::Lines => complain("note", note),
            Shown::Bar(bar) => bar.suspend(|| complain("note", note)),
        }
    }

    /// One request more is handled.
    pub(super) fn step(&self) {
        let done = self.done.get().saturating_add(1);
        self.done.set(done);
        match &self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => bar.inc(1),
            Shown::Lines => {
                let every = self.total.div_ceil(LINES).max(1);
                if done.is_multiple_of(every) || done == self.total {
                    // Whether anybody reads it is not the run's concern.
                    let _ = writeln!(io::stderr(), "handled {done} of {}", self.total);
                }
            }
        }
    }

    pub(super) fn finish(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: usize) -> ProgressBar {
    let length = u64::try_from(total).unwrap_or(u64::MAX);
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} requests handled, {elapsed}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
