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
//!
//! What grows with the log is asked for by a filter and in pages, of every view in the same way; what a
//! view reckons when it is asked, or holds little of, it answers whole ([`Performance::records`],
//! [`Attention::waiting`]). A snapshot ([`Live::view`]) shares what does not change with the live view:
//!
//! ```
//! use convoke_events::{Log, TaskOutcome};
//! use convoke_projections::tasks::TaskFilter;
//! use convoke_projections::{Live, Order, Paging, Tasks};
//!
//! let tasks = Live::<Tasks>::follow(Log::in_memory())?;
//! let failed = TaskFilter { outcome: Some(TaskOutcome::Failed), ..TaskFilter::default() };
//! let mut paging = Paging { limit: 20, order: Order::Newest, after: None };
//! let now = tasks.view();
//! loop {
//!     let page = now.view.page(&failed, paging);
//!     for task in &page.entries {
//!         println!("{}: {}", task.title, task.reason.as_deref().unwrap_or("why is not known"));
//!     }
//!     let Some(next) = page.next else { break };
//!     paging.after = Some(next);
//! }
//! # Ok::<(), convoke_projections::StartError>(())
//! ```

pub mod agents;
pub mod attention;
pub mod audit;
pub mod boards;
pub mod budgets;
pub mod calls;
pub mod collectives;
pub mod delegations;
pub mod estimates;
pub mod governance;
pub mod lifecycle;
pub mod packets;
pub mod performance;
pub mod proposals;
pub mod provenance;
pub mod roles;
pub mod routing;
pub mod tasks;
pub mod trust;

mod ahead;
mod checkpoint;
mod entries;
mod index;
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
mod wishes;
mod wording;

#[cfg(test)]
mod tests;

pub use agents::Agents;
pub use attention::Attention;
pub use boards::Boards;
pub use budgets::Budgets;
pub use calls::Calls;
pub use collectives::Collectives;
pub use delegations::Delegations;
pub use entries::{Entries, Listed};
pub use estimates::Estimates;
pub use governance::Governance;
pub use lifecycle::Lifecycle;
pub use lineup::Lineup;
pub use live::{Breakdown, Live, RebuildError, Status, WaitError};
pub use moment::{Moment, MomentParseError};
pub use packets::Packets;
pub use page::{Order, Page, Paging};
pub use performance::Performance;
pub use projection::{At, Projection};
pub use proposals::Proposals;
pub use rebuild::{as_of, fold_to_head};
pub use roles::Roles;
pub use routing::Routing;
pub use runner::{Held, Runner, StartError};
pub use tasks::Tasks;
pub use trust::Trust;
