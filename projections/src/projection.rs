//! What a read model is: a state and a way to take in one event more.

use convoke_events::Recorded;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A read model, folded from the log and never a source of truth.
///
/// **Architecture invariant.** The same events in the same order always give the same state: a fold
/// reads no clock, rolls no die and asks nobody. That is what makes a rebuilt view, a live view and
/// a view resumed from a checkpoint equal.
pub trait Projection:
    Default + Clone + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// What it is called; names its checkpoint.
    const NAME: &'static str;

    /// The version of its state's shape and meaning: a checkpoint of another one is not read.
    const VERSION: u32;

    /// Takes in the next event; never fails and never panics, whatever the event says.
    fn fold(&mut self, event: &Recorded);
}

/// A view as it was when the log was this long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct At<V> {
    /// How many events it has taken in; 0 for none.
    pub position: u64,
    /// What it looked like then.
    pub view: V,
}

impl<V: Projection> At<V> {
    /// Takes in the next event.
    pub(crate) fn take(&mut self, event: &Recorded) {
        self.view.fold(event);
        self.position = event.envelope.position.get();
    }
}
