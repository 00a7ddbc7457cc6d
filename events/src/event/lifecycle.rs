//! The governed life of an agent on a task: packets, leases, phases, errors, revocation, hand-over
//! and tiers.

mod conduct;
mod packet;
mod revocation;
mod tiers;

pub use conduct::*;
pub use packet::*;
pub use revocation::*;
pub use tiers::*;
