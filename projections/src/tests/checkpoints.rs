//! Checkpoints save time and never change what a view says.

use std::fs;
use std::path::Path;

use convoke_events::*;

use super::agreement::*;
use super::delegating::*;
use super::federation::*;
use super::history::*;
use crate::checkpoint::{self, Ignored};
use crate::*;

fn follow_to_the_head(history: &History, directory: &Path) -> At<Tasks> {
    let head = Position::new(history.log.head().position).unwrap();
    let mut lineup = Lineup::of(history.log.clone()).checkpoints(directory);
    let tasks = lineup.add::<Tasks>();
    let runner = lineup.start().unwrap();
    let followed = tasks.wait_for_blocking(head).unwrap().as_ref().clone();
    runner.stop();
    followed
}

#[test]
fn a_view_from_its_checkpoint_and_the_tail_is_the_rebuilt_view() {
    let directory = tempfile::tempdir().unwrap();
    let mut history = opened();
    agreed(&mut history, "login");
    let first = follow_to_the_head(&history, directory.path());
    let saved = checkpoint::load::<Tasks>(directory.path(), &history.log).unwrap();
    assert_eq!(saved, first);
    agreed(&mut history, "search");
    let second = follow_to_the_head(&history, directory.path());
    assert_eq!(second, fold_to_head(&history.log).unwrap());
    assert!(second.position > first.position);
}

fn comes_back<V: Projection + PartialEq + std::fmt::Debug>(history: &History, directory: &Path) {
    let rebuilt = fold_to_head::<V>(&history.log).unwrap();
    let hash = history.log.head().hash.unwrap();
    checkpoint::save(directory, &rebuilt, hash).unwrap();
    assert_eq!(checkpoint::load::<V>(directory, &history.log).unwrap(), rebuilt);
}

#[test]
fn every_view_comes_back_from_its_checkpoint_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let mut history = opened();
    agreed(&mut history, "login");
    convene(&mut history, "search");
    handed_over(&mut history, "search");
    for (event, texts) in testkit::samples() {
        history.add(event, texts);
    }
    every_view!(comes_back(&history, directory.path()));
}

#[test]
fn a_damaged_checkpoint_is_ignored_wherever_it_is_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let mut history = opened();
    agreed(&mut history, "login");
    let whole = follow_to_the_head(&history, directory.path());
    let file = directory.path().join("tasks.checkpoint");
    let good = fs::read(&file).unwrap();
    for at in [0, 31, 32, 40, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&file, &bad).unwrap();
        let ignored = checkpoint::load::<Tasks>(directory.path(), &history.log).unwrap_err();
        assert_eq!(ignored, Ignored::Damaged, "byte {at}");
    }
    for length in [0, 10, 32, good.len() - 1] {
        fs::write(&file, &good[..length]).unwrap();
        let ignored = checkpoint::load::<Tasks>(directory.path(), &history.log).unwrap_err();
        assert_eq!(ignored, Ignored::Damaged, "{length} bytes");
    }
    assert_eq!(follow_to_the_head(&history, directory.path()), whole);
    assert_eq!(fs::read(&file).unwrap(), good);
}

#[test]
fn a_checkpoint_of_another_log_is_ignored() {
    let directory = tempfile::tempdir().unwrap();
    let mut history = opened();
    agreed(&mut history, "login");
    follow_to_the_head(&history, directory.path());
    let mut other = opened();
    agreed(&mut other, "search");
    let load = |history: &History| checkpoint::load::<Tasks>(directory.path(), &history.log);
    assert_eq!(load(&other).unwrap_err(), Ignored::Diverged);
    assert_eq!(load(&opened()).unwrap_err(), Ignored::Diverged);
    assert_eq!(follow_to_the_head(&other, directory.path()), fold_to_head(&other.log).unwrap());
}

#[test]
fn a_checkpoint_of_another_view_is_ignored() {
    let directory = tempfile::tempdir().unwrap();
    let mut history = opened();
    agreed(&mut history, "login");
    follow_to_the_head(&history, directory.path());
    let name = |view| directory.path().join(format!("{view}.checkpoint"));
    fs::rename(name("tasks"), name("agents")).unwrap();
    let agents = checkpoint::load::<Agents>(directory.path(), &history.log).unwrap_err();
    let tasks = checkpoint::load::<Tasks>(directory.path(), &history.log).unwrap_err();
    assert_eq!((agents, tasks), (Ignored::Another, Ignored::Absent));
}

/// The view `tasks` in a newer version.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
struct Newer(Tasks);

impl Projection for Newer {
    const NAME: &'static str = Tasks::NAME;
    const VERSION: u32 = Tasks::VERSION + 1;

    fn fold(&mut self, event: &Recorded) {
        self.0.fold(event);
    }
}

#[test]
fn a_checkpoint_of_another_version_is_ignored() {
    let directory = tempfile::tempdir().unwrap();
    let mut history = opened();
    agreed(&mut history, "login");
    follow_to_the_head(&history, directory.path());
    let newer = checkpoint::load::<Newer>(directory.path(), &history.log).map(|_| ());
    assert_eq!(newer.unwrap_err(), Ignored::Another);
}

#[test]
fn a_checkpoint_that_cannot_be_written_stops_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("no-directory");
    fs::write(&file, "in the way").unwrap();
    let mut history = opened();
    agreed(&mut history, "login");
    let followed = follow_to_the_head(&history, &file);
    assert_eq!(followed, fold_to_head(&history.log).unwrap());
    assert_eq!(fs::read(&file).unwrap(), b"in the way");
}
