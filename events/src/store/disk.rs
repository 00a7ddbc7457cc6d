//! What is asked of the operating system where durability hangs on the order of it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// A file whose writes and syncs are in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFile {
    /// A segment of the journal, by its number.
    Journal(u8),
    /// The store behind the journal; only its syncs come here.
    Store,
}

/// Writes and syncs, so that a test can watch their order or make them fail.
pub trait Disk: Send + Sync + 'static {
    /// Writes some of the bytes, from the first on, and answers how many.
    ///
    /// # Errors
    /// What the operating system says.
    fn write_at(
        &self,
        _which: DiskFile,
        file: &File,
        bytes: &[u8],
        offset: u64,
    ) -> io::Result<usize> {
        file.write_at(bytes, offset)
    }

    /// Returns once what was written survives a power cut.
    ///
    /// # Errors
    /// What the operating system says.
    fn sync(&self, _which: DiskFile, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

/// The operating system itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {}
