//! Drivers: what performs the pure core. [`Federation`] does so in production, with actors on
//! threads of its own; the scheduler (feature `testkit`) does so in tests, on one thread, owning
//! time, order and faults. Both are small around [`session::Session`].
//!
//! **Invariant.** Actors own mailboxes, permits and calls in flight, never truth: whatever one of
//! them forgets is owed by the hub's state, and done again after a restart.
//!
//! actix appears in this room only, and in no public signature.

mod agent;
mod delegation;
mod desk;
mod federation;
mod hub;
mod lane;
mod message;
#[cfg(test)]
mod rehearsal;
mod restart;
#[cfg(any(test, feature = "testkit"))]
pub mod scheduler;
pub mod session;
mod setup;
mod supervisor;

pub use self::federation::{Federation, StartError};
pub use self::setup::Setup;
