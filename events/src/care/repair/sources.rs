//! Where the records of a damaged data directory may lie.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::super::carve::Sources;
use crate::{CommitStore, Durability, OpenError, SledStore};

/// Every file that may hold records. What the store itself can still read comes first: it knows
/// which parts belong together.
pub(super) fn sources(from: &Path, scratch: &Path) -> Sources {
    let mut sources = Sources::default();
    for store in ["sled", "sled.copy"] {
        let (copy, commits) = (scratch.join(store), scratch.join(format!("{store}.commits")));
        // The store changes what it opens, so it is given a copy. Nothing depends on whether it
        // can read that: all its files are looked through too.
        if copy_files(&from.join(store), &copy).is_ok() && read_out(&copy, &commits).is_ok() {
            sources.add(&commits);
        }
    }
    for name in ["journal-0", "journal-1"] {
        sources.add(&from.join(name));
    }
    for store in ["sled", "sled.copy"] {
        let entries = fs::read_dir(from.join(store)).into_iter().flatten();
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.is_file()) {
            sources.add(file);
        }
    }
    sources
}

fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Writes every commit that a store can read into one file.
fn read_out(store: &Path, to: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io { doing: "write", path: to.to_owned(), source };
    let opened = SledStore::open(store, Durability::Buffered)?;
    let mut file = BufWriter::new(File::create(to).map_err(io)?);
    for number in 1..=opened.head() {
        if let Ok(commit) = opened.read(number) {
            file.write_all(&commit).map_err(io)?;
        }
    }
    file.flush().map_err(io)
}
