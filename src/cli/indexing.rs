//! How far the index is built, for a person at a terminal, where opening takes a while.

use std::io::{self, IsTerminal};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use convoke_events::{Indexing, OnIndexing};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Opening that takes no longer is not worth a word.
const PATIENCE: Duration = Duration::from_millis(300);

/// Tells on standard error, if a person is there to read it.
pub(super) fn told(quiet: bool) -> Option<OnIndexing> {
    if quiet || !io::stderr().is_terminal() {
        return None;
    }
    let start = Instant::now();
    let shown = OnceLock::new();
    Some(OnIndexing::new(move |Indexing { done, of }| {
        if start.elapsed() < PATIENCE {
            return;
        }
        let bar: &ProgressBar = shown.get_or_init(|| bar(of));
        bar.set_position(done);
        if done == of {
            bar.finish_and_clear();
        }
    }))
}

fn bar(commits: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(commits), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("indexing {pos} of {len} commits {bar:40} {elapsed}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
