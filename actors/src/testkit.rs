//! What tests of this room and of those above share: a small federation, and a provider whose
//! calls wait at a gate.
#![allow(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod federation;
mod gate;

pub use self::federation::{hub, member, orders, submission, task_rules};
pub use self::gate::Gate;
