//! Keys: where they are looked for, to whom they go, and why nothing can print them.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use convoke_events::ProviderName;

use super::settings::KeySettings;

/// The longest key, in bytes.
const MAX_KEY: u64 = 4096;

/// A key. It has no `Debug`, no `Display` and no serialisation: nothing prints it by accident.
pub(super) struct Key(String);

impl Key {
    /// Takes the text if it is one line of visible characters; white space at its ends is dropped.
    pub(super) fn new(text: &str) -> Option<Self> {
        let key = text.trim();
        let fits = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(key.to_owned()))
    }

    /// The key itself, for the one header or variable it is meant for.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// The text without the key, should a server have sent it back.
    pub(super) fn scrub(&self, text: &str) -> String {
        text.replace(&self.0, "[key]")
    }
}

type Variable = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where keys are looked for: the environment first, then a file.
#[derive(Clone)]
pub struct Keys {
    environment: Arc<Variable>,
    directory: PathBuf,
}

/// Why there is no key. It repeats nothing of what was found.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Neither place holds one.
    #[error("no key for `{provider}`: neither the environment ({variables}) nor {file} holds one")]
    Missing {
        /// For whom.
        provider: ProviderName,
        /// The variables that were looked at.
        variables: String,
        /// The file that was looked for.
        file: String,
    },
    /// Others could have read the file.
    #[error("the key file {} may be read by others: `chmod 600` it, and think of a new key", .file.display())]
    Open {
        /// Which file.
        file: PathBuf,
    },
    /// The file cannot be read.
    #[error("the key file {} cannot be read: {why}", .file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        why: std::io::ErrorKind,
    },
    /// What is there is no key.
    #[error("{place} holds no key: one line of visible characters, {MAX_KEY} bytes at most")]
    Unfit {
        /// Where.
        place: String,
    },
}

impl Keys {
    /// The environment of this process, and the files in `convoke/keys` under `$XDG_CONFIG_HOME` or
    /// `~/.config`, one per provider and named after it.
    pub fn of_process() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = || set("HOME").map(|home| Path::new(&home).join(".config"));
        let config = set("XDG_CONFIG_HOME").map(PathBuf::from).or_else(home);
        let directory = config.unwrap_or_default().join("convoke").join("keys");
        Self::new(|name| std::env::var(name).ok(), directory)
    }

    /// Variables and key files from elsewhere.
    pub fn new(
        environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        directory: impl Into<PathBuf>,
    ) -> Self {
        Self { environment: Arc::new(environment), directory: directory.into() }
    }

    /// A variable of this environment; an empty one counts as none.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name).filter(|value| !value.is_empty())
    }

    /// The key of an agent: from where its settings say, else from the provider's own places, which
    /// hold for the provider's own address alone. None where none is wanted.
    ///
    /// # Errors
    /// [`KeyError`] names both places.
    pub(super) fn look_up(
        &self,
        provider: &ProviderName,
        elsewhere: bool,
        settings: &KeySettings,
        customary: &[&str],
    ) -> Result<Option<Key>, KeyError> {
        if settings.keyless || (elsewhere && !settings.is_named()) {
            return Ok(None);
        }
        let (variables, file) = if settings.is_named() {
            (
                settings.env.as_deref().into_iter().collect(),
                settings.file.clone().map(PathBuf::from),
            )
        } else {
            (customary.to_vec(), Some(self.directory.join(provider.to_string())))
        };
        for name in &variables {
            if let Some(value) = self.variable(name) {
                let unfit = || KeyError::Unfit { place: format!("the variable {name}") };
                return Key::new(&value).map(Some).ok_or_else(unfit);
            }
        }
        if let Some(file) = &file
            && let Some(key) = read(file)?
        {
            return Ok(Some(key));
        }
        let or = |empty: &str, text: String| if text.is_empty() { empty.to_owned() } else { text };
        Err(KeyError::Missing {
            provider: provider.clone(),
            variables: or("no `key_env` is set", variables.join(", ")),
            file: file.map_or_else(
                || "a key file (no `key_file` is set)".to_owned(),
                |file| format!("the key file {}", file.display()),
            ),
        })
    }
}

/// Reads a key file that only its owner may read; nothing if there is no file.
fn read(path: &Path) -> Result<Option<Key>, KeyError> {
    let unreadable =
        |error: &std::io::Error| KeyError::Unreadable { file: path.to_owned(), why: error.kind() };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(&error)),
    };
    let about = file.metadata().map_err(|error| unreadable(&error))?;
    if is_open_to_others(&about) {
        return Err(KeyError::Open { file: path.to_owned() });
    }
    let mut text = String::new();
    let read = file.take(MAX_KEY.saturating_add(1)).read_to_string(&mut text);
    read.map_err(|error| unreadable(&error))?;
    let fits = u64::try_from(text.len()).is_ok_and(|size| size <= MAX_KEY);
    let unfit = || KeyError::Unfit { place: format!("the key file {}", path.display()) };
    Key::new(&text).filter(|_| fits).map(Some).ok_or_else(unfit)
}

#[cfg(unix)]
fn is_open_to_others(about: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0
}

/// Where there are no such modes, the folder's own rules have to do.
#[cfg(not(unix))]
const fn is_open_to_others(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests;
