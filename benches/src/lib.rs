//! What every bench shares: the middle of several rounds, and the line a figure is printed on.

use std::io;
use std::path::Path;

use tempfile::TempDir;

/// One figure beside its floor, measured in the same run.
#[derive(Clone, Copy, Debug)]
pub struct Figure<'a> {
    /// What was measured.
    pub name: &'a str,
    /// Ours, the middle of all rounds.
    pub ours: f64,
    /// In what it is measured.
    pub unit: &'a str,
    /// The floor, the middle of all rounds.
    pub floor: f64,
}

impl Figure<'_> {
    /// Prints `figure NAME OURS UNIT floor FLOOR ratio R`.
    pub fn print(&self) {
        let Self { name, ours, unit, floor } = self;
        println!("figure {name} {ours:.1} {unit} floor {floor:.1} ratio {:.2}", ours / floor);
    }
}

/// The middle of the values; of an even number, the lower of the two.
///
/// # Panics
/// If there are none.
pub fn median(mut values: Vec<f64>) -> f64 {
    assert!(!values.is_empty(), "a figure needs at least one round");
    values.sort_by(f64::total_cmp);
    values.swap_remove((values.len() - 1) / 2)
}

/// A directory on the disk the workspace is on, gone when it is dropped: the system's own
/// temporary one is often in memory, where a sync costs nothing.
///
/// # Errors
/// What the operating system said.
pub fn directory_on_disk() -> io::Result<TempDir> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    std::fs::create_dir_all(&target)?;
    tempfile::tempdir_in(target)
}
