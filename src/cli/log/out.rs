//! Files that a subcommand writes: never over those of a log.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::cli::failure::Failure;

/// Makes a file to write to.
pub(super) fn create(path: &Path) -> Result<File, Failure> {
    let not_written = |source| Failure::Write { file: path.to_owned(), source };
    if holds_a_log(path.parent().filter(|parent| !parent.as_os_str().is_empty())) {
        let why = "a data directory holds the log's own files and no others";
        return Err(not_written(io::Error::new(ErrorKind::InvalidInput, why)));
    }
    File::create(path).map_err(not_written)
}

/// Whether a directory, or one above it, is a data directory.
fn holds_a_log(directory: Option<&Path>) -> bool {
    let Ok(directory) = directory.unwrap_or(Path::new(".")).canonicalize() else {
        return false;
    };
    directory.ancestors().any(|one| {
        fs::read(one.join("format")).is_ok_and(|format| format.starts_with(b"convoke-data"))
    })
}
