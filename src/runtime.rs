//! The runtime: log, hubs and views under one handle, started and stopped together.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use convoke_actors::authority::Authority;
use convoke_actors::driver::{self, Federation, Setup};
use convoke_actors::provider::Provider;
use convoke_events::{
    Clock, CommitError, Durability, HubId, Log, OpenError, Options, ProviderName,
};
use dashmap::DashMap;

use crate::hub::Hub;
use crate::views::Views;

/// A federation at work: its log, its hubs, its views.
///
/// It is `Clone + Send + Sync`, and its futures may be awaited in any asynchronous runtime or in
/// none: what Convoke runs, it runs on threads of its own. Dropping the last handle tells those
/// threads to end and does not wait for them; [`Runtime::shutdown`] waits.
///
/// # Examples
///
/// See [the crate](crate).
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    federation: Federation,
    hubs: DashMap<HubId, Hub>,
    views: OnceLock<Views>,
    // Last, so that everything above has let go of the log before it is closed.
    log: Log,
}

/// How a [`Runtime`] is started.
pub struct Builder {
    place: Place,
    setup: Setup,
    durability: Durability,
    #[cfg(feature = "providers")]
    keys: Option<convoke_actors::provider::Keys>,
}

enum Place {
    Memory,
    Directory(PathBuf),
    Open(Log),
}

/// Why a runtime could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its log cannot be opened.
    #[error("the log cannot be opened")]
    Log(#[from] OpenError),
    /// Its hubs cannot be brought back.
    #[error("the federation cannot be started")]
    Federation(#[from] driver::StartError),
}

/// Why a runtime could not be shut down in good order; it has ended all the same.
#[derive(Debug, thiserror::Error)]
pub enum ShutdownError {
    /// The log could not promise to be whole.
    #[error("the log cannot be closed")]
    Log(#[from] CommitError),
}

impl Runtime {
    /// Prepares a runtime: in memory, with the `rules` provider, until told otherwise.
    pub fn builder() -> Builder {
        Builder {
            place: Place::Memory,
            setup: Setup::default(),
            durability: Durability::Synced,
            #[cfg(feature = "providers")]
            keys: None,
        }
    }

    /// The hub of this name; commands decide whether it exists.
    pub fn hub(&self, id: HubId) -> Hub {
        if let Some(hub) = self.0.hubs.get(&id) {
            return hub.clone();
        }
        let hub = Hub::new(id.clone(), self.0.federation.clone());
        self.0.hubs.entry(id).or_insert(hub).clone()
    }

    /// The log, to read from and to follow.
    pub fn log(&self) -> &Log {
        &self.0.log
    }

    /// The live views; they start to follow the log when they are first asked for.
    ///
    /// # Errors
    /// [`projections::StartError`](convoke_projections::StartError) if they get no thread.
    pub fn views(&self) -> Result<&Views, convoke_projections::StartError> {
        if let Some(views) = self.0.views.get() {
            return Ok(views);
        }
        // Of two callers at once one's views are kept, the other's end before they were seen.
        let views = Views::follow(&self.0.log)?;
        Ok(self.0.views.get_or_init(|| views))
    }

    /// Stops in stages: takes no more commands, lets what is under way be recorded, closes the log
    /// and waits for every thread to end.
    ///
    /// # Errors
    /// [`ShutdownError`] if the log could not be closed in good order.
    pub async fn shutdown(self) -> Result<(), ShutdownError> {
        self.0.federation.shutdown().await;
        let closed = self.0.log.close();
        if let Some(views) = self.0.views.get() {
            views.stop();
        }
        Ok(closed?)
    }
}

impl Builder {
    /// Keeps the log in this directory, which is made if it is not there.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.place = Place::Directory(directory.into());
        self
    }

    /// Keeps the log in memory: it ends with the runtime.
    pub fn in_memory(mut self) -> Self {
        self.place = Place::Memory;
        self
    }

    /// Works on a log that is open already; its durability and clock are its own.
    pub fn on(mut self, log: Log) -> Self {
        self.place = Place::Open(log);
        self
    }

    /// Lets this provider answer for the agents that name it.
    pub fn provider(mut self, name: ProviderName, provider: Arc<dyn Provider>) -> Self {
        self.setup.providers.insert(name, provider);
        self
    }

    /// Lets `OpenAI`, `OpenRouter`, Gemini and Claude Code answer for the agents that name them,
    /// with keys from here. Without it, nothing ever leaves this process.
    #[cfg(feature = "providers")]
    pub fn real_models(mut self, keys: convoke_actors::provider::Keys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Decides who may give which command; without it, roles granted in the hub do.
    pub fn authority(mut self, authority: Arc<dyn Authority>) -> Self {
        self.setup.authority = authority;
        self
    }

    /// Takes the time from here.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.setup.clock = clock;
        self
    }

    /// What an acknowledged command survives; [`Durability::Synced`] until told otherwise.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Records commands and does nothing else: what is under way is left to another start.
    #[cfg(feature = "cli")]
    pub(crate) fn at_rest(mut self) -> Self {
        self.setup.at_rest = true;
        self
    }

    /// Opens the log, brings every hub back and goes on with what was under way.
    ///
    /// # Errors
    /// [`StartError`] if the log or the hubs cannot be brought up; nothing runs then.
    pub fn start(self) -> Result<Runtime, StartError> {
        #[cfg(feature = "providers")]
        let this = self.with_real_models();
        #[cfg(not(feature = "providers"))]
        let this = self;
        this.open()
    }

    /// Registers the real models, but those whose place the host has given to another.
    #[cfg(feature = "providers")]
    fn with_real_models(mut self) -> Self {
        if let Some(keys) = self.keys.take() {
            let clock = Arc::clone(&self.setup.clock);
            for (name, provider) in convoke_actors::provider::real_models(keys, clock) {
                self.setup.providers.entry(name).or_insert(provider);
            }
        }
        self
    }

    fn open(self) -> Result<Runtime, StartError> {
        let log = match self.place {
            Place::Memory => Log::in_memory(),
            Place::Open(log) => log,
            Place::Directory(directory) => {
                let clock = Arc::clone(&self.setup.clock);
                let durability = self.durability;
                Log::open(&directory, Options { durability, clock, ..Options::default() })?
            }
        };
        let federation = Federation::start(log.clone(), self.setup)?;
        let (hubs, views) = (DashMap::new(), OnceLock::new());
        Ok(Runtime(Arc::new(Inner { federation, hubs, views, log })))
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("log", &self.0.log.id()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("durability", &self.durability).finish_non_exhaustive()
    }
}
