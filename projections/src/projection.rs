//! What a read model is: a state and a way to take in one event more.

use convoke_events::{Event, Recorded};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A read model, folded from the log and never a source of truth. A host can bring its own: what
/// implements this is kept, checkpointed, rebuilt and waited for like every view here.
///
/// **Architecture invariant.** The same events in the same order always give the same state: a fold
/// reads no clock, rolls no die and asks nobody. That is what makes a rebuilt view, a live view and
/// a view resumed from a checkpoint equal.
///
/// # Examples
/// ```
/// use convoke_events::{Event, Log, Recorded};
/// use convoke_projections::{Lineup, Projection};
/// use serde::{Deserialize, Serialize};
///
/// /// How many events there are of each type.
/// #[derive(Clone, Debug, Default, Serialize, Deserialize)]
/// struct Census(std::collections::BTreeMap<String, u64>);
///
/// impl Projection for Census {
///     const NAME: &'static str = "census";
///     const VERSION: u32 = 1;
///
///     fn fold(&mut self, event: &Recorded) {
///         *self.0.entry(event.event.event_type().to_owned()).or_default() += 1;
///     }
///
///     fn quotes(_: &Event) -> bool {
///         false
///     }
/// }
///
/// let mut lineup = Lineup::of(Log::in_memory());
/// let census = lineup.add::<Census>();
/// let runner = lineup.start()?;
/// assert!(census.view().view.0.is_empty());
/// runner.stop();
/// # Ok::<(), convoke_projections::StartError>(())
/// ```
pub trait Projection:
    Default + Clone + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// What it is called; names its checkpoint.
    const NAME: &'static str;

    /// The version of its state's shape and meaning: a checkpoint of another one is not read.
    const VERSION: u32;

    /// Takes in the next event; never fails and never panics, whatever the event says.
    fn fold(&mut self, event: &Recorded);

    /// Whether the fold looks at the texts of such an event. One whose texts cannot be read stops
    /// the views that do, and no others; until told otherwise, a view quotes everything.
    fn quotes(event: &Event) -> bool {
        let _ = event;
        true
    }
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
