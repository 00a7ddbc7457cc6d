//! A private key in a file of its own.
//!
//! One line: `convoke-key 1`, a space, and 64 hex digits, the seed of an Ed25519 key (RFC 8032).
//! Only its owner may read it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey};

use super::{PublicKey, SignError, Signature, Signer};
use crate::Digest;

const HEADING: &str = "convoke-key 1 ";

/// The key in a file.
pub struct KeyFile {
    path: PathBuf,
    key: SigningKey,
}

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is none.
    #[error("there is no key file `{}`", .path.display())]
    Absent {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Others than its owner can read or change it.
    #[error("the key file `{}` is open to others: its mode is {mode:03o}", .path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permissions; only the owner's may be set.
        mode: u32,
    },
    /// It holds something else.
    #[error("the key file `{}` is damaged: it holds no key", .path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
    },
    /// The operating system refused something.
    #[error("cannot {doing} the key file `{}`", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl KeyFile {
    /// Reads a key that only its owner can read.
    ///
    /// # Errors
    /// [`KeyFileError`] says what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, KeyFileError> {
        let failed = |source| KeyFileError::Io { doing: "read", path: path.to_owned(), source };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(KeyFileError::Absent { path: path.to_owned() });
            }
            Err(source) => return Err(failed(source)),
        };
        check_private(path, &file)?;
        let text = io::read_to_string(io::Read::take(file, 1024));
        let text = match text {
            Err(error) if error.kind() != io::ErrorKind::InvalidData => return Err(failed(error)),
            text => text.unwrap_or_default(),
        };
        let malformed = || KeyFileError::Malformed { path: path.to_owned() };
        let seed = text.strip_prefix(HEADING).and_then(|seed| seed.strip_suffix('\n'));
        let seed: Digest = seed.and_then(|seed| seed.parse().ok()).ok_or_else(malformed)?;
        Ok(Self { path: path.to_owned(), key: SigningKey::from_bytes(seed.as_bytes()) })
    }

    /// Draws a key at random and writes it, whole and synced, to a file only its owner can read.
    ///
    /// # Errors
    /// [`KeyFileError::Io`] if it cannot be written, or there is a file already.
    pub fn create(path: &Path) -> Result<Self, KeyFileError> {
        let failed = |source| KeyFileError::Io { doing: "write", path: path.to_owned(), source };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| failed(error.into()))?;
        let line = format!("{HEADING}{}\n", Digest::from_bytes(seed));
        write_new(path, line.as_bytes()).map_err(failed)?;
        Ok(Self { path: path.to_owned(), key: SigningKey::from_bytes(&seed) })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Writes a private file that was not there, whole or not at all.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    // Unlike renaming, this never puts a new key in the place of one that is there.
    let linked = fs::hard_link(&new, path);
    fs::remove_file(&new)?;
    linked?;
    match path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        Some(directory) => File::open(directory)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

#[cfg(unix)]
fn check_private(path: &Path, file: &File) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt;

    let failed = |source| KeyFileError::Io { doing: "read", path: path.to_owned(), source };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & !0o700 == 0 {
        return Ok(());
    }
    Err(KeyFileError::Exposed { path: path.to_owned(), mode })
}

#[cfg(not(unix))]
fn check_private(_: &Path, _: &File) -> Result<(), KeyFileError> {
    Ok(())
}

impl Signer for KeyFile {
    fn public_key(&self) -> PublicKey {
        PublicKey::from_bytes(self.key.verifying_key().to_bytes())
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        Ok(Signature::from_bytes(self.key.sign(message).to_bytes()))
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_back() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("key");
        assert!(matches!(KeyFile::open(&path), Err(KeyFileError::Absent { .. })));
        let made = KeyFile::create(&path).unwrap();
        assert!(KeyFile::create(&path).is_err(), "a key is never overwritten");
        let read = KeyFile::open(&path).unwrap();
        assert_eq!(read.public_key(), made.public_key());
        let signature = read.sign(b"message").unwrap();
        assert!(made.public_key().signed(b"message", &signature));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing else is left");
        let other = KeyFile::create(&place.path().join("other")).unwrap();
        assert_ne!(other.public_key(), made.public_key());
        let shown = format!("{made:?}");
        assert!(!shown.contains(&fs::read_to_string(&path).unwrap()[HEADING.len()..20]));
    }

    #[test]
    fn what_holds_no_key_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("key");
        KeyFile::create(&path).unwrap();
        let line = fs::read_to_string(&path).unwrap();
        let wrong = [String::new(), line.repeat(2), line.replace(' ', ""), line[..40].to_owned()];
        for text in wrong {
            fs::write(&path, &text).unwrap();
            let opened = KeyFile::open(&path);
            assert!(matches!(opened, Err(KeyFileError::Malformed { .. })), "{text:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;

        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("key");
        KeyFile::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for mode in [0o640, 0o604, 0o620, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let opened = KeyFile::open(&path);
            assert!(
                matches!(opened, Err(KeyFileError::Exposed { mode: found, .. }) if found == mode)
            );
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(KeyFile::open(&path).is_ok());
    }
}
