//! What a federation looks like from its log.
//!
//! Every view here is folded from the events of a [`convoke_events::Log`] and from nothing else. A
//! view can be thrown away at any time and rebuilt ([`fold_to_head`], [`as_of`]) or kept up to date
//! while the log grows ([`Lineup`], [`Live`]); all ways give the same view.
//!
//! This crate refuses to know who decides and why: it never appends, never calls a model and never
//! tells anybody what to do.
//!
//! **Invariants**
//!
//! 1. A view is a function of the events up to its position: no clock, no randomness, no order of
//!    threads.
//! 2. A fold is total: no event makes it fail, not even one that names things it has never met.
//! 3. A view with a gap is never shown: an event that cannot be read stops the view, and only it.
//! 4. A checkpoint is a cache: doubtful or missing, it costs time and nothing else.
//! 5. What views list, they list in an order that follows from the log.
//!
//! ```
//! use convoke_events::Log;
//! use convoke_projections::{Agents, fold_to_head};
//!
//! let log = Log::in_memory();
//! let agents = fold_to_head::<Agents>(&log)?;
//! assert_eq!(agents.position, 0);
//! assert_eq!(agents.view.iter().count(), 0);
//! # Ok::<(), convoke_events::ReadError>(())
//! ```

pub mod agents;
pub mod attention;
pub mod audit;
pub mod boards;
pub mod budgets;
pub mod collectives;
pub mod delegations;
pub mod estimates;
pub mod governance;
pub mod lifecycle;
pub mod performance;
pub mod proposals;
pub mod provenance;
pub mod roles;
pub mod routing;
pub mod tasks;
pub mod trust;

mod checkpoint;
mod lineup;
mod live;
mod moment;
mod names;
mod page;
mod projection;
mod rebuild;
mod runner;
mod seats;
mod wait;
mod wording;

#[cfg(test)]
mod tests;

pub use agents::Agents;
pub use attention::Attention;
pub use boards::Boards;
pub use budgets::Budgets;
pub use collectives::Collectives;
pub use delegations::Delegations;
pub use estimates::Estimates;
pub use governance::Governance;
pub use lifecycle::Lifecycle;
pub use lineup::Lineup;
pub use live::{Breakdown, Live, RebuildError, Status, WaitError};
pub use moment::{Moment, MomentParseError};
pub use page::{Listed, Order, Page, Paging, page};
pub use performance::Performance;
pub use projection::{At, Projection};
pub use proposals::Proposals;
pub use rebuild::{as_of, fold_to_head};
pub use roles::Roles;
pub use routing::Routing;
pub use runner::{Held, Runner, StartError};
pub use tasks::Tasks;
pub use trust::Trust;
