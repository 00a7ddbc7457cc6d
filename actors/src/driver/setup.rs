//! What a federation is made of.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use convoke_events::{Clock, ProviderName, SystemClock};

use crate::authority::{Authority, HubRoles};
use crate::provider::Provider;
use crate::provider::rules::Rules;

/// What a federation is made of.
#[derive(Clone)]
pub struct Setup {
    /// Who serves models. `rules` is there by default.
    pub providers: BTreeMap<ProviderName, Arc<dyn Provider>>,
    /// Who may give which command.
    pub authority: Arc<dyn Authority>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// How many commands may wait for their answer before more are turned away.
    pub waiting: usize,
    /// How many calls of one agent may wait for their turn before more are turned away.
    pub intake: usize,
    /// Whether commands are recorded and nothing else is done: no call is made, none that was in
    /// flight is judged. For one command on a hub whose providers are somebody else's to configure.
    pub at_rest: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let rules: Arc<dyn Provider> = Arc::new(Rules);
        Self {
            providers: BTreeMap::from([(ProviderName::Rules, rules)]),
            authority: Arc::new(HubRoles),
            clock: Arc::new(SystemClock::start()),
            waiting: 1024,
            intake: 1024,
            at_rest: false,
        }
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("providers", &self.providers.keys())
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}
